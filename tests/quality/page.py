"""The page ``docs/reference/quality.md``: our row among the peers', as the kit judged both.

Made by ``make quality``, and by nothing else: no date, no machine, the same figures give the same page.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.markdown import table

HEAD = """<!-- made by `make quality` from the recordings in ../shared/data; do not edit -->

# Quality

How well incidents and their causes are found, judged by the kit in `../shared/eval` on recorded, labelled
metrics: one threshold for all series of a detector, taken on one half (`tune`) and applied to the other
(`check`), of which the figures are. Streaming and causal, false alarms counted. Every figure is a mean over
families. Differences under 0.06 in recall are noise.

The peers' figures come with the kit, judged by the same protocol. **Bold** is this project.
"""
NOTES = {
    "series": "## Single series\n\nFive families of single series. NAB: the standard profile, at a threshold "
    "of its own taken on one half of the files of that benchmark here, on the other half; the published "
    "score is over all 58 files at one threshold optimised over them.\n",
    "multi": "## Several metrics of one thing\n\nFour families of machines, services and pods.\n",
    "rca": "## Root cause\n\n78 cases with a known cause, all of which could be seen while it was built: "
    "there is no half held back. `late`: the alarm comes minutes after the fault.\n",
}
OURS = "**aiops**"
DETECTION = (
    "detector",
    "VUS-PR",
    "recall",
    "at false alarms",
    "recall at 0.1",
    "at false alarms",
    "delay, min",
    "precision",
    "NAB standard",
)
CAUSE = ("ranker", "Avg@5", "AC@1", "AC@3", "Avg@5 late", "chance of Avg@5")
Json = Mapping[str, Any]


def page(ours: Path, peers: Path) -> str:
    """The page, from the kit's result files of ours and of the peers."""
    parts = [HEAD]
    for kind in ("series", "multi"):
        parts += [NOTES[kind], *_detection(kind, ours, peers), ""]
    parts += [NOTES["rca"], *_causes(ours, peers), ""]
    return "\n".join(parts)


def _results(kind: str, ours: Path, peers: Path) -> list[tuple[str, Json]]:
    """(name, result) of every peer and of ours."""
    theirs = sorted(peers.glob(f"{kind}-*.json"))
    return [
        (OURS, _read(ours / f"{kind}-ours.json")),
        *((path.stem.removeprefix(f"{kind}-"), _read(path)) for path in theirs),
    ]


def _detection(kind: str, ours: Path, peers: Path) -> Iterator[str]:
    found = _results(kind, ours, peers)
    ranked = sorted(found, key=lambda one: -_figure(one[1]["splits"]["check"]["vus_pr"]))
    yield "At one false alarm in 2,000 points, as taken on the other half, and what was really paid for it.\n"
    yield table(DETECTION, [_row(name, one["splits"]["check"]) for name, one in ranked]) + "\n"
    yield from _as_shipped(found[0][1])
    yield "By family:\n"
    families = list(found[0][1]["splits"]["check"]["vus_pr_families"])
    rows = [_family(name, found[0][1]["splits"]["check"]) for name in families]
    yield table(("family", "events", "VUS-PR", "recall", "at false alarms", "as it ships", "at"), rows) + "\n"


def _row(name: str, split: Json) -> tuple[str, ...]:
    at, few = split["fa0.5"], split["fa0.1"]
    figures = (split["vus_pr"], at["recall"], at["fa_per_1000"], few["recall"], few["fa_per_1000"])
    rest = (_text(at["delay_minutes"], 0), _text(at["precision"], 2), _text(split.get("nab_standard"), 1))
    return (name, *map(_text, figures), *rest)


def _as_shipped(ours: Json) -> Iterator[str]:
    """Ours at its own threshold: nothing is tuned then. The peers' defaults are not in the kit."""
    lines = []
    for split in ("tune", "check"):
        one = ours["splits"][split]["default"]
        lines.append((split, *map(_text, (one["recall"], one["fa_per_1000"])), _text(one["precision"], 2)))
    yield "As it ships, with its own threshold and nothing tuned:\n"
    yield table(("half", "recall", "at false alarms", "precision"), lines) + "\n"


def _family(name: str, split: Json) -> tuple[str, ...]:
    at, ships = split["fa0.5"]["families"][name], split["default"]["families"][name]
    figures = (split["vus_pr_families"][name], at["recall"], at["fa_per_1000"])
    return (
        name,
        str(at["events"]),
        *map(_text, figures),
        _text(ships["recall"]),
        _text(ships["fa_per_1000"], 2),
    )


def _causes(ours: Path, peers: Path) -> Iterator[str]:
    found = _results("rca", ours, peers)
    ranked = sorted(found, key=lambda one: -_figure(one[1]["splits"]["shared"]["macro"]["avg5"]))
    yield table(CAUSE, [_cause(name, one["splits"]["shared"]) for name, one in ranked]) + "\n"
    split = found[0][1]["splits"]["shared"]
    rows = [
        (name, str(one["cases"]), *(_text(one[key]) for key in ("avg5", "ac1", "known", "ac1_known")))
        for name, one in split["groups"].items()
    ]
    yield "By group, with the verdict: the share that is called known, and of it right at rank 1.\n"
    yield table(("group", "cases", "Avg@5", "AC@1", "known", "right of known"), rows) + "\n"


def _cause(name: str, split: Json) -> tuple[str, ...]:
    macro, late = split["macro"], split["late"]["macro"]
    figures = (macro["avg5"], macro["ac1"], macro["ac3"], late["avg5"], macro["chance_avg5"])
    return (name, *map(_text, figures))


def _figure(value: object) -> float:
    """``value`` for ordering; what is not known comes last."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else -1.0


def _text(value: object, digits: int = 3) -> str:
    known = isinstance(value, int | float) and math.isfinite(value)
    return f"{value:.{digits}f}" if known else "-"


def _read(path: Path) -> Json:
    found: Json = json.loads(path.read_text())
    return found


def write(path: Path, ours: Path, peers: Path, parts: Sequence[str]) -> bool:
    """Write the page where all of ``parts`` were measured; whether it was."""
    if not {"series", "multi", "rca"} <= set(parts):
        return False
    path.write_text(page(ours, peers).rstrip() + "\n")
    return True
