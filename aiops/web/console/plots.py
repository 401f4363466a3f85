"""Plots: what a browser draws of an incident: samples, the band that was expected, and what happened when.

Where the daemon's memory, or a kept dry run, has the samples, they are shown; else those that the journal
keeps of every anomaly, up to the sample that raised it, and what its detector said since.

Size: at most ``MOST_PLOTS`` plots of ``MOST_POINTS`` points; peaks, dips and gaps survive the thinning.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aiops.core.words import clock, plain
from aiops.model import Anomaly, ClusterEvent, Floats, Incident, Plot, Record, Target
from aiops.model.wire import from_json
from aiops.web.console.told import INCIDENT, SORTS, Told
from aiops.web.report.decimate import at_gaps, kept
from aiops.web.report.view import anomaly_words

MOST_PLOTS, MOST_POINTS, MOST_MARKS = 6, 3_000, 60
MARKED = {
    "incident_opened": "opened",
    "incident_closed": "closed",
    "plan_started": "acted",
    "rung_started": "acted",
    "step_ended": "outcome",
    "approval_asked": "asked",
    "approval_moved": "answered",
    "reverted": "undone",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One plot with its caption."""

    number: int
    plot: Plot
    words: str
    source: str  # where the samples come from, where that limits what they show

    @property
    def target(self) -> str:
        """As text."""
        return str(self.plot.target)


def drawn(found: Sequence[Plot], story: Told) -> tuple[Drawn, ...]:
    """The plots of an incident, the first suspect's first; from the journal where there are no others."""
    source = ""
    if not found:
        found = from_journal(story.incident, story.records)
        source = "the samples that the journal keeps: those before it was raised, and what was said since"
    words = {one.key: anomaly_words(one) for one in story.incident.anomalies}
    return tuple(
        Drawn(number, plot, words.get((plot.target, plot.signal), ""), source)
        for number, plot in enumerate(found[:MOST_PLOTS])
    )


def document(found: Iterable[Drawn], story: Told, changes: Sequence[ClusterEvent] = ()) -> dict[str, Any]:
    """What the browser asks for. Times in seconds, as its library wants them; a gap is null."""
    incident = story.incident
    return {
        "incident": incident.id,
        "since": incident.since_ms / 1000,
        "opened": incident.opened_ms / 1000,
        "closed": None if incident.closed_ms is None else incident.closed_ms / 1000,
        "marks": [
            {"at": one.at_ms / 1000, "kind": one.kind, "label": plain(one.label), "detail": plain(one.detail)}
            for one in marks(story, changes)
        ],
        "plots": [_flat(one) for one in found],
    }


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a time: an upright line with a few words above it."""

    at_ms: int
    kind: str  # "onset", "opened", "change", "asked", ...: the style of it
    label: str
    detail: str = ""


def marks(story: Told, changes: Sequence[ClusterEvent] = ()) -> list[Mark]:
    """Upright lines: onset, what changed in the cluster, what was asked, decided and done, the end."""
    found = [Mark(story.incident.since_ms, "onset", "first bad sample")]
    together: dict[int, list[Mark]] = {}
    for one in changed(story.incident, changes):  # a rollout and its image are one line
        together.setdefault(one.at_ms, []).append(one)
    for at_ms, those in together.items():
        labels = dict.fromkeys(one.label for one in those)
        found.append(Mark(at_ms, "change", ", ".join(labels), "; ".join(one.detail for one in those)))
    for record in story.records:
        kind = MARKED.get(record.entry.kind)
        if kind is not None:
            detail = next((one.what for one in story.moments if one.seq == record.seq), "")
            found.append(Mark(record.entry.at_ms, kind, _label(record), detail))
    unique = {(one.at_ms, one.kind, one.label): one for one in found}
    return sorted(unique.values(), key=lambda one: one.at_ms)[:MOST_MARKS]


def changed(incident: Incident, changes: Sequence[ClusterEvent]) -> list[Mark]:
    """What changed near an incident: as the cluster tells it, else what its suspects are blamed for."""
    found = [
        Mark(one.at_ms, "change", one.kind.replace("_", " "), f"{one.target}: {one.detail}".strip(": "))
        for one in changes
    ]
    blamed = [
        Mark(evidence.at_ms, "change", evidence.what, f"{suspect.target}: {evidence.what}")
        for suspect in incident.suspects
        for evidence in suspect.evidence
        if evidence.at_ms is not None and not evidence.signal
    ]
    known = {one.at_ms for one in found}
    return sorted([*found, *(one for one in blamed if one.at_ms not in known)], key=lambda one: one.at_ms)


def _label(record: Record) -> str:
    payload, kind = record.entry.payload, record.entry.kind
    match kind:
        case "step_ended" | "reverted":
            return str(payload.get("result", "")).replace("_", " ")
        case "plan_started" | "rung_started":
            return str(payload.get("remediation", "")).replace("_", " ")
        case "approval_moved":
            return str(payload.get("state", ""))
    return SORTS.get(kind, kind)


def _flat(one: Drawn) -> dict[str, Any]:
    plot = one.plot
    low, high = _open_ends(plot)
    index = kept(plot.values, MOST_POINTS // 2, plot.anomalous)
    lines = {"v": plot.values, "low": low, "high": high, "bad": np.where(plot.anomalous, plot.values, np.nan)}
    holes, _ = at_gaps(plot.times[index], plot.values[index])
    columns = {name: _numbers(at_gaps(plot.times[index], values[index])[1]) for name, values in lines.items()}
    return {
        "number": one.number,
        "target": one.target,
        "signal": plot.signal,
        "unit": plot.unit,
        "words": one.words,
        "range": _reach(plot),
        "t": [float(at) / 1000 for at in holes.tolist()],
        **columns,
    }


def _reach(plot: Plot) -> list[float]:
    """The least and the greatest of what was observed and expected, where that is a number."""
    parts = [values[np.isfinite(values)] for values in (plot.values, plot.low, plot.high)]
    known = np.concatenate(parts) if any(map(len, parts)) else np.zeros(1)
    return [float(known.min()), float(known.max())]


def _open_ends(plot: Plot) -> tuple[Floats, Floats]:
    """The band as it can be drawn: a side that is not judged (an infinity) is open to the edge of the plot,
    which is null for the browser where nothing at all is known."""
    finite = [values[np.isfinite(values)] for values in (plot.values, plot.low, plot.high)]
    all_values = np.concatenate(finite) if any(len(one) for one in finite) else np.zeros(1)
    reach = float(all_values.max() - all_values.min()) or abs(float(all_values.max())) or 1.0
    floor, roof = float(all_values.min()) - reach, float(all_values.max()) + reach
    if float(all_values.min()) >= 0:
        floor = max(floor, 0.0)
    return np.where(np.isneginf(plot.low), floor, plot.low), np.where(np.isposinf(plot.high), roof, plot.high)


def _numbers(values: Floats) -> list[float | None]:
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in values.tolist()]


def from_journal(incident: Incident, records: Sequence[Record]) -> tuple[Plot, ...]:
    """A plot of each anomaly whose samples the journal keeps, as far as it keeps them."""
    newest = {(str(one.target), one.signal): one for one in incident.anomalies}
    samples: dict[tuple[str, str], dict[int, float]] = {}
    said: dict[tuple[str, str], list[Anomaly]] = {}
    for record in records:
        payload = record.entry.payload
        if record.entry.kind == "evidence_seen":
            key = str(payload["target"]), str(payload["signal"])
            values = payload["samples"]
            known = samples.setdefault(key, {})
            for at, value in zip(values["times_ms"], values["values"], strict=True):
                known[int(at)] = math.nan if value is None else float(value)
        elif record.entry.kind in INCIDENT:
            for one in payload["incident"]["anomalies"]:
                anomaly: Anomaly = from_json(Anomaly, one)
                said.setdefault((str(anomaly.target), anomaly.signal), []).append(anomaly)
    return tuple(
        _joined(newest[key], known, said.get(key, []))
        for key, known in samples.items()
        if key in newest and known
    )


def _joined(newest: Anomaly, samples: Mapping[int, float], said: Sequence[Anomaly]) -> Plot:
    """The samples, and behind them what was said of each later one; the band where it is known."""
    values, bands = dict(samples), dict[int, tuple[float, float]]()
    for one in said:
        values.setdefault(one.at_ms, one.observed)
        bands[one.at_ms] = one.low, one.high
    times = np.array(sorted(values), np.int64)
    low, high = np.full(len(times), np.nan), np.full(len(times), np.nan)
    first = said[0] if said else newest
    for row, at in enumerate(times.tolist()):
        known = [bands[when] for when in bands if when <= at]
        if at >= first.since_ms:
            low[row], high[row] = known[-1] if known else (first.low, first.high)
    observed = np.array([values[at] for at in times.tolist()])
    with np.errstate(invalid="ignore"):
        bad = (times >= first.since_ms) & ((observed < low) | (observed > high))
    target = Target(newest.target.kind, newest.target.namespace, newest.target.name)
    return Plot(
        replace(target, cluster=newest.target.cluster),
        newest.signal,
        newest.unit,
        newest.direction,
        times,
        observed,
        low,
        high,
        bad,
    )


def spoken(plot: Plot) -> str:
    """A plot in words, for whoever cannot see it."""
    there = np.isfinite(plot.values)
    if not there.any():
        return "no samples"
    seen = plot.values[there]
    return (
        f"{clock(int(plot.times[0]))} to {clock(int(plot.times[-1]))} UTC, {len(seen)} samples from"
        f" {seen.min():.4g} to {seen.max():.4g} {plot.unit}, {int(plot.anomalous.sum())} outside the band"
    )
