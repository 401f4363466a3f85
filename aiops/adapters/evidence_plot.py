"""Evidence plot: the samples an incident was opened on, as a PNG for a chat: light or dark behind it.

Input:   an incident and the payloads of its first ``evidence_seen`` records.
Output:  PNG, 1200 pixels wide, below 200 kB: a panel a signal (three at most) with what was observed, the
         band that was expected, the first bad sample, and what changed just before.
Errors:  ValueError where there is nothing to draw.
Cost:    about 150 ms; 40 MB for matplotlib, loaded at the first picture. Safe between threads: figures are
         made without pyplot, and drawn one at a time, for fonts are shared.
"""

import io
import math
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from aiops.core.words import day, plain, quantity
from aiops.model import Anomaly, Incident

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

DAY_MS = 86_400_000
MOST_PANELS, MOST_CHANGES = 3, 4
WIDTH_IN, PANEL_IN, DPI = 8.0, 1.9, 150
PAPER, INK, FAINT = "#ffffff", "#1f2933", "#8a94a0"  # a card of its own: chats are light or dark around it
LINE, BAND, ONSET, CHANGE, BAD = "#1f5fa8", "#cfe3f7", "#c0392b", "#7a5195", "#c0392b"
SPREAD = 0.35  # of the height, left free above and below what is drawn
_one_at_a_time = threading.Lock()


def draw(incident: Incident, seen: Sequence[Mapping[str, Any]]) -> bytes:
    """The evidence of ``incident``."""
    panels = [one for one in seen if _samples(one)[0]][:MOST_PANELS]
    if not panels:
        raise ValueError("evidence plot: expected samples, got none")
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - 40 MB, at the first picture
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    with _one_at_a_time:
        height = PANEL_IN * len(panels) + 0.75
        figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI, facecolor=PAPER, layout="constrained")
        canvas: Any = FigureCanvasAgg(figure)  # its methods have no types
        figure.suptitle(_title(incident), x=0.02, ha="left", fontsize=11, color=INK, fontweight="bold")
        axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
        for number, one in enumerate(panels):
            _panel(axes[number], incident, one, named=number == 0)
        newest_ms = max(_samples(one)[0][-1] for one in panels)
        axes[-1].set_xlabel(f"{day(newest_ms)} UTC", loc="right", fontsize=8, color=INK)
        page = io.BytesIO()
        canvas.print_png(page)
    return page.getvalue()


def _title(incident: Incident) -> str:
    text = f"{incident.severity} · {incident.incident_class.replace('_', ' ')} · {incident.prime}"
    return _safe(text, 90)


def _safe(text: str, longest: int) -> str:
    """Text from labels: printable, short, and no formula ($ begins one)."""
    text = plain(text)
    return (text if len(text) <= longest else text[: longest - 1] + "…").replace("$", r"\$")


def _samples(payload: Mapping[str, Any]) -> tuple[list[int], list[float]]:
    """(times, values) in order of time; a gap is NaN."""
    samples = payload.get("samples") or {}
    times = [int(one) for one in samples.get("times_ms") or ()]
    values = [math.nan if one is None else float(one) for one in samples.get("values") or ()]
    if len(times) != len(values) or all(math.isnan(one) for one in values):
        return [], []
    return times, values


def _panel(axis: "Axes", incident: Incident, payload: Mapping[str, Any], *, named: bool) -> None:
    """One signal; what changed is ``named`` in the first panel only."""
    times_ms, values = _samples(payload)
    name, target = str(payload.get("signal", "")), str(payload.get("target", ""))
    anomaly = next(
        (one for one in incident.anomalies if (one.signal, str(one.target)) == (name, target)), None
    )
    times = [_at(one) for one in times_ms]
    if anomaly is not None:
        _expected(axis, anomaly, values)
        _marked(axis, anomaly, times_ms, values)
    axis.plot(times, values, color=LINE, linewidth=1.6, marker=".", markersize=3, zorder=3)
    _changes(axis, incident, times_ms, named=named)
    _limits(axis, values, anomaly)
    _dress(axis, name, target, anomaly.unit if anomaly is not None else "")


def _at(at_ms: float) -> float:
    """A time as matplotlib counts it: days since 1970."""
    return at_ms / DAY_MS


def _expected(axis: "Axes", anomaly: Anomaly, values: Sequence[float]) -> None:
    """The band: shaded where it ends within sight, up or down to the edge where a side is open."""
    known = [one for one in values if math.isfinite(one)]
    reach = 10 * (max(map(abs, known)) + 1)
    low = anomaly.low if math.isfinite(anomaly.low) else -reach
    high = anomaly.high if math.isfinite(anomaly.high) else reach
    axis.axhspan(low, high, color=BAND, zorder=1, linewidth=0)
    edges = [one for one in (anomaly.high, anomaly.low) if math.isfinite(one)]
    for edge in edges:
        axis.axhline(edge, color=LINE, linewidth=0.7, alpha=0.5, zorder=2)
    if edges:
        axis.annotate(
            "expected",
            (0.005, edges[0]),
            xycoords=("axes fraction", "data"),
            xytext=(0, 1 if edges[0] == anomaly.high else -1),  # outside, where the samples are not
            textcoords="offset points",
            va="bottom" if edges[0] == anomaly.high else "top",
            fontsize=7,
            color=LINE,
            annotation_clip=True,
        )


def _marked(axis: "Axes", anomaly: Anomaly, times_ms: Sequence[int], values: Sequence[float]) -> None:
    """The first bad sample, and all that are outside since."""
    bad = [
        (at, value)
        for at, value in zip(times_ms, values, strict=True)
        if at >= anomaly.since_ms and not anomaly.low <= value <= anomaly.high and math.isfinite(value)
    ]
    if bad:
        axis.plot(
            [_at(at) for at, _ in bad],
            [value for _, value in bad],
            color=BAD,
            linestyle="none",
            marker="o",
            markersize=4,
            zorder=4,
        )
    if times_ms[0] <= anomaly.since_ms <= times_ms[-1]:
        axis.axvline(_at(anomaly.since_ms), color=ONSET, linewidth=1.0, linestyle="--", zorder=2)
        _label(axis, anomaly.since_ms, "first bad sample", ONSET, 0.97)


def _changes(axis: "Axes", incident: Incident, times_ms: Sequence[int], *, named: bool) -> None:
    """What changed within sight: the evidence against the suspects that has a time and no signal."""
    found: dict[int, str] = {}
    for suspect in incident.suspects:
        for one in suspect.evidence:
            if one.at_ms is not None and not one.signal and times_ms[0] <= one.at_ms <= times_ms[-1]:
                found.setdefault(one.at_ms, f"{suspect.target.name}: {one.what}")
    for number, (at_ms, text) in enumerate(sorted(found.items())[:MOST_CHANGES]):
        axis.axvline(_at(at_ms), color=CHANGE, linewidth=1.0, zorder=2)
        if named:
            _label(axis, at_ms, _safe(text, 50), CHANGE, 0.84 - 0.14 * number)


def _label(axis: "Axes", at_ms: int, text: str, colour: str, height: float) -> None:
    """A label beside an upright line, on the side with more room."""
    left, right = axis.get_xlim()
    there = _at(at_ms)
    turned = there > (left + right) / 2
    axis.annotate(
        text,
        (there, height),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if turned else 4, 0),
        textcoords="offset points",
        ha="right" if turned else "left",
        va="top",
        fontsize=8,
        color=colour,
        zorder=5,
        bbox={"facecolor": PAPER, "alpha": 0.75, "linewidth": 0, "pad": 0.8},
    )


def _limits(axis: "Axes", values: Sequence[float], anomaly: Anomaly | None) -> None:
    """All samples and the near edge of the band in sight; the far edge only where it is not far."""
    known = [one for one in values if math.isfinite(one)]
    low, high = min(known), max(known)
    if anomaly is not None:
        room = 2 * (high - low) or abs(high) or 1.0
        near = [one for one in (anomaly.low, anomaly.high) if math.isfinite(one)]
        near = [one for one in near if low - room <= one <= high + room]
        low, high = min([low, *near]), max([high, *near])
    room = SPREAD * (high - low) or abs(high) * 0.5 or 1.0
    floor = 0.0 if low >= 0 and low - room < 0 else low - room
    axis.set_ylim(floor, high + room)


def _dress(axis: "Axes", name: str, target: str, unit: str) -> None:
    """Title, ticks in the size that people use, few lines."""
    from matplotlib import dates  # noqa: PLC0415 - as above
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415 - as above

    of_time: Any = dates  # it has no types
    axis.set_facecolor(PAPER)
    title = f"{name.replace('_', ' ')}  ·  {target}"
    axis.set_title(_safe(title, 90), loc="left", fontsize=9, color=INK)
    axis.yaxis.set_major_locator(_ticks(axis, unit))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value, unit)))
    axis.xaxis.set_major_locator(of_time.AutoDateLocator(minticks=3, maxticks=8, tz=UTC))
    axis.xaxis.set_major_formatter(of_time.DateFormatter("%H:%M", tz=UTC))
    axis.tick_params(colors=FAINT, labelsize=8, labelcolor=INK, length=3)
    axis.grid(axis="y", color=FAINT, alpha=0.2, linewidth=0.6)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(FAINT)


def _ticks(axis: "Axes", unit: str) -> "Locator":
    """Where the labels of the values stand: round in the size that people use; of a state, no and yes."""
    from matplotlib.ticker import FixedLocator, MaxNLocator, MultipleLocator  # noqa: PLC0415 - as above

    low, high = axis.get_ylim()
    match unit:
        case "bool":
            return FixedLocator([0, 1])
        case "bytes" | "B":
            return MultipleLocator(2.0 ** math.ceil(math.log2((high - low) / 4)))
        case _:
            return MaxNLocator(4)
