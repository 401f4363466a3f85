"""Probes: how far root cause holds on shared cases that were disturbed without touching the answer.

    python -m tests.quality.cause_probes [EVERY]      every EVERYth case (default 1), every probe

Input:   the fault cases of the shared data; each probe changes the columns, the rows or the meta file.
Output:  a row a probe: Avg@5, AC@1, share called known, AC@1 among those; macro means over the groups.
Errors:  a case that raises fails the run.
Cost:    some seconds a probe over all 78 cases.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aiops.adapters.recording import csv_table
from aiops.bootstrap.rootcause import rank_case
from aiops.model import Floats
from tests.quality.kit import DATA

FAMILIES = ("nezha-rca", "petshop-rca")
SHORT = 12  # rows of calm that a short baseline keeps


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A case as a probe sees it; times (n,) in seconds, a column (n,) a metric."""

    times: Floats
    columns: Mapping[str, Floats]
    meta: Mapping[str, Any]

    @property
    def calm(self) -> int:
        """Rows before the alarm."""
        return int(np.searchsorted(self.times, self.meta["inject_time"]))


Probe = Callable[[Sample, np.random.Generator], Sample]


def load(folder: Path) -> Sample:
    """The case in ``folder`` with its answer."""
    table = csv_table.read(folder / "data.csv.gz")
    columns = dict(zip(table.names, table.values, strict=True))
    return Sample(table.times / 1000, columns, json.loads((folder / "meta.json").read_text()))


def permuted(case: Sample, random: np.random.Generator) -> Sample:
    """The columns and the candidates in another order."""
    names = [str(one) for one in random.permutation(list(case.columns))]
    candidates = [str(one) for one in random.permutation(case.meta["candidates"])]
    columns = {name: case.columns[name] for name in names}
    return replace(case, columns=columns, meta={**case.meta, "candidates": candidates})


def without_graph(case: Sample, random: np.random.Generator) -> Sample:
    """Nobody knows who calls whom."""
    return replace(case, meta={**case.meta, "call_graph": []})


def fewer_metrics(case: Sample, random: np.random.Generator) -> Sample:
    """Three metrics in ten are not there; the one that raised the alarm is."""
    target = case.meta.get("target")
    kept = {name: one for name, one in case.columns.items() if name == target or random.random() >= 0.3}
    return replace(case, columns=kept)


def short_calm(case: Sample, random: np.random.Generator) -> Sample:
    """Twelve rows of calm."""
    first = max(0, case.calm - SHORT)
    columns = {name: one[first:] for name, one in case.columns.items()}
    return replace(case, times=case.times[first:], columns=columns)


def late(rows: int) -> Probe:
    """The alarm comes ``rows`` rows later, as far as the fault lasts."""

    def probe(case: Sample, random: np.random.Generator) -> Sample:
        at = min(case.calm + rows, len(case.times) - 1)
        return replace(case, meta={**case.meta, "inject_time": int(case.times[at])})

    return probe


def scaled(case: Sample, random: np.random.Generator) -> Sample:
    """Every sample a thousandfold, as in milliseconds for seconds."""
    return replace(case, columns={name: one * 1000 for name, one in case.columns.items()})


def noisy(case: Sample, random: np.random.Generator) -> Sample:
    """Every candidate has three CPU metrics more, noise before and after."""
    size = len(case.times)
    added = {
        _named(case, who, f"SpareCpuUsage{i}"): random.standard_normal(size) for who, i in _each(case, 3)
    }
    return replace(case, columns={**case.columns, **added})


def waking(case: Sample, random: np.random.Generator) -> Sample:
    """Every candidate has a constant memory metric that wakes up at the alarm."""
    woken = np.where(np.arange(len(case.times)) < case.calm, 0.0, 1.0)
    added = {_named(case, who, "SpareMemoryUsage"): woken for who, _ in _each(case, 1)}
    return replace(case, columns={**case.columns, **added})


def echo(case: Sample, random: np.random.Generator) -> Sample:
    """Another candidate repeats half the move of the faulty one's metrics, two rows later."""
    faulty = case.meta["fault_service"]
    others = [one for one in case.meta["candidates"] if one != faulty]
    other = others[int(random.integers(len(others)))]
    changed = dict(case.columns)
    for name, one in case.columns.items():
        twin = other + name[len(faulty) :]
        if name.startswith(faulty) and twin in changed and case.calm:
            before = one[: case.calm]
            move = one - (np.nanmedian(before) if np.isfinite(before).any() else 0.0)
            move[: case.calm + 2] = 0.0
            changed[twin] = changed[twin] + 0.5 * np.nan_to_num(move)
    return replace(case, columns=changed)


def _each(case: Sample, times: int) -> list[tuple[str, int]]:
    return [(who, number) for who in case.meta["candidates"] for number in range(times)]


def _named(case: Sample, who: str, metric: str) -> str:
    return f"{who}|{metric}" if any("|" in name for name in case.columns) else f"{who}_{metric}"


PROBES: Mapping[str, Probe] = {
    "as it is": lambda case, random: case,
    "columns in another order": permuted,
    "no call graph": without_graph,
    "30 % of metrics gone": fewer_metrics,
    "12 rows of calm": short_calm,
    "alarm 1 row late": late(1),
    "alarm 2 rows late": late(2),
    "alarm 5 rows late": late(5),
    "values x 1000": scaled,
    "3 noisy CPU metrics a service": noisy,
    "a constant memory wakes up": waking,
    "an echo elsewhere at half size": echo,
}


def judged(case: Sample) -> tuple[int, bool, float]:
    """Rank of the true cause from 0 (99: not listed), whether it is called known, and the confidence."""
    asked = {
        key: case.meta[key]
        for key in ("inject_time", "candidates", "call_graph", "target")
        if key in case.meta
    }
    with tempfile.TemporaryDirectory() as made:
        rows = np.column_stack([case.times, *case.columns.values()])
        lines = [",".join("" if np.isnan(x) else repr(float(x)) for x in row) for row in rows]
        (Path(made) / "data.csv").write_text("\n".join([",".join(["time", *case.columns]), *lines]))
        (Path(made) / "meta.json").write_text(json.dumps(asked))
        ranked = rank_case(Path(made))
    names = [one.target.name for one in ranked.suspects]
    truth = case.meta["fault_service"]
    return names.index(truth) if truth in names else 99, ranked.known, ranked.suspects[0].confidence


def measured(probe: Probe, cases: list[Sample]) -> tuple[float, float, float, float]:
    """Avg@5, AC@1 and known as macro means over groups; AC@1 among the known over all cases."""
    groups: dict[str, list[tuple[int, bool, float]]] = {}
    for number, case in enumerate(cases):
        found = judged(probe(case, np.random.default_rng(number)))
        groups.setdefault(case.meta["group"], []).append(found)
    means = np.array(
        [
            [
                np.mean([max(0, 5 - at) / 5 for at, _, _ in some]),
                np.mean([at == 0 for at, _, _ in some]),
                np.mean([known for _, known, _ in some]),
            ]
            for some in groups.values()
        ]
    ).mean(axis=0)
    sure = [at == 0 for some in groups.values() for at, known, _ in some if known]
    return float(means[0]), float(means[1]), float(means[2]), float(np.mean(sure)) if sure else float("nan")


def main(every: int) -> None:
    """Print the table."""
    folders = sorted(path.parent for one in FAMILIES for path in (DATA / one).glob("*/meta.json"))
    cases = [load(folder) for folder in folders[::every]]
    print(f"{'probe':32} Avg@5  AC@1 known AC@1 known   ({len(cases)} cases)")
    for name, probe in PROBES.items():
        five, first, known, sure = measured(probe, cases)
        print(f"{name:32} {five:5.2f} {first:5.2f} {known:5.2f} {sure:10.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
