"""Compare: what two configurations make of one recording, incident by incident.

Two incidents are the same one when their ids agree, else when they share a target, by owner, and overlap in
time; each is paired once, those that opened closest together first. Cost: O(incidents of one x of the other).
"""

from collections.abc import Callable
from dataclasses import dataclass

from aiops.core.score import Score, places, score, shown
from aiops.core.words import number, percent, span
from aiops.model import Act, Escalate, Hold, IncidentStory, Refuse, Story

NEAR_MS = 900_000  # incidents no further apart may be one


@dataclass(frozen=True, slots=True)
class Pair:
    """One incident under both configurations; at least one side is there. ``differences`` in words, of the
    second against the first; empty: the same."""

    first: IncidentStory | None
    second: IncidentStory | None
    differences: tuple[str, ...]

    @property
    def at_ms(self) -> int:
        """When it opened, under the configuration that saw it first."""
        return min(one.incident.opened_ms for one in (self.first, self.second) if one is not None)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both, as text."""

    name: str
    first: str
    second: str

    @property
    def same(self) -> bool:
        """Whether the two read the same."""
        return self.first == self.second


@dataclass(frozen=True, slots=True)
class Comparison:
    """The pairs in order of time, and the figures beside each other. ``names`` are of the configurations."""

    names: tuple[str, str]
    pairs: tuple[Pair, ...]
    figures: tuple[Figure, ...]

    @property
    def changed(self) -> tuple[Pair, ...]:
        """The pairs that differ."""
        return tuple(pair for pair in self.pairs if pair.differences)


def compare(first: Story, second: Story, names: tuple[str, str]) -> Comparison:
    """What ``second`` does differently from ``first``."""
    partner = pairing(first, second)
    taken = {one.incident.id for one in partner.values()}
    pairs = [
        Pair(one, partner.get(one.incident.id), differences(one, partner.get(one.incident.id), names))
        for one in first.incidents
    ]
    pairs += [
        Pair(None, one, differences(None, one, names))
        for one in second.incidents
        if one.incident.id not in taken
    ]
    ordered = sorted(pairs, key=lambda pair: pair.at_ms)
    return Comparison(names, tuple(ordered), figures(first, second))


def pairing(first: Story, second: Story) -> dict[str, IncidentStory]:
    """For each incident of ``first``, by id, the one of ``second`` that is the same."""
    theirs = {one.incident.id: one for one in second.incidents}
    partner = {
        one.incident.id: theirs[one.incident.id] for one in first.incidents if one.incident.id in theirs
    }
    candidates = [
        (abs(a.incident.opened_ms - b.incident.opened_ms), a.incident.id, b.incident.id)
        for a in first.incidents
        for b in second.incidents
        if a.incident.id not in partner and b.incident.id not in partner and alike(first, second, a, b)
    ]
    taken = set(partner)
    for _, mine, other in sorted(candidates):
        if mine not in partner and other not in taken:
            partner[mine] = theirs[other]
            taken.add(other)
    return partner


def alike(first: Story, second: Story, a: IncidentStory, b: IncidentStory) -> bool:
    """Whether two incidents are about one place at one time."""
    ends = [
        (
            one.incident.since_ms,
            one.incident.closed_ms if one.incident.closed_ms is not None else story.end_ms,
        )
        for one, story in ((a, first), (b, second))
    ]
    (a_start, a_end), (b_start, b_end) = ends
    near = a_start <= b_end + NEAR_MS and b_start <= a_end + NEAR_MS
    return near and bool(places(first, a.incident.targets) & places(second, b.incident.targets))


def differences(a: IncidentStory | None, b: IncidentStory | None, names: tuple[str, str]) -> tuple[str, ...]:
    """What is different in ``b``, in words."""
    if a is None or b is None:
        return (f"only with {names[0] if b is None else names[1]}",)
    one, two = a.incident, b.incident
    told = []
    if one.opened_ms != two.opened_ms:
        later = two.opened_ms > one.opened_ms
        told.append(f"{span(two.opened_ms - one.opened_ms)} {'later' if later else 'earlier'}")
    if one.incident_class != two.incident_class:
        told.append(f"class {two.incident_class}, not {one.incident_class}")
    if one.prime != two.prime:
        told.append(f"first suspect {two.prime}, not {one.prime}")
    if one.severity != two.severity:
        told.append(f"severity {two.severity}, not {one.severity}")
    if choice(a) != choice(b):
        told.append(f"would {choice(b)}, not {choice(a)}")
    if one.closed_ms != two.closed_ms:
        told.append(_closed(one.closed_ms, two.closed_ms))
    return tuple(told)


def _closed(first_ms: int | None, second_ms: int | None) -> str:
    if first_ms is None:
        return "closes"
    if second_ms is None:
        return "stays open"
    return f"closes {span(second_ms - first_ms)} {'later' if second_ms > first_ms else 'earlier'}"


def choice(told: IncidentStory) -> str:
    """What would have been done in an incident, in words: the first action, else a question, else the last
    answer."""
    decisions = [shown(one) for one in told.decisions]
    if not decisions:
        return "do nothing"
    acting = next((one for one in decisions if isinstance(one, Act)), None)
    asking = next((one for one in decisions if isinstance(one, Escalate)), None)
    decision = acting or asking or decisions[-1]
    if not decision.plan.steps:
        return "do nothing"
    step = decision.plan.steps[decision.step]
    what = f"{step.remediation} {step.change.target}"
    match decision:
        case Act():
            return what
        case Escalate():
            return f"ask for {what}"
        case Hold():
            return f"hold {what}"
        case Refuse():
            return f"refuse {what}"


def figures(first: Story, second: Story) -> tuple[Figure, ...]:
    """The figures of both, beside each other."""
    scores = score(first), score(second)
    rows = [
        Figure("incidents", str(len(first.incidents)), str(len(second.incidents))),
        Figure("known breakage", str(len(first.known)), str(len(second.known))),
    ]
    one, two = scores
    if one is not None and two is not None:
        rows += [Figure(name, of(one), of(two)) for name, of in score_figures(one.source)]
    both = sorted(first.budgets.keys() | second.budgets.keys())
    rows += [
        Figure(f"plans, {name}", first.budgets.get(name, "-"), second.budgets.get(name, "-")) for name in both
    ]
    return tuple(rows)


def score_figures(source: str) -> tuple[tuple[str, Callable[[Score], str]], ...]:
    """Name and text of every figure of a score, in the order of its importance."""
    alerts = source == "alert"
    return (
        ("alerts seen" if alerts else "found", lambda one: f"{one.found} of {len(one.rows)}"),
        ("recall", lambda one: percent(one.recall)),
        ("precision", lambda one: percent(one.precision)),
        (
            "against the pager, median" if alerts else "time to detect, median",
            lambda one: _seconds(one.delay_median_s, alerts),
        ),
        (
            "against the pager, 95 %" if alerts else "time to detect, 95 %",
            lambda one: _seconds(one.delay_p95_s, alerts),
        ),
        ("incidents without an alert" if alerts else "false incidents", lambda one: str(len(one.false_ids))),
        ("without an alert a day" if alerts else "false a day", lambda one: number(one.false_per_day)),
        (
            "in 100 workload-weeks" if alerts else "false in 100 workload-weeks",
            lambda one: number(one.false_per_100_workload_weeks),
        ),
        ("right cause first", lambda one: percent(one.cause_at_1)),
        ("right cause among three", lambda one: percent(one.cause_at_3)),
        ("actions proposed", lambda one: str(len(one.proposals))),
        ("wrongly proposed", lambda one: "-" if alerts else str(len(one.wrong))),
    )


def _seconds(value: float | None, alerts: bool) -> str:
    if value is None:
        return "-"
    return span(value * 1000) + (" before" if value < 0 else " after" if alerts else "")
