"""Autonomy: what a playbook may do alone about a class of incident in a scope, as its record allows.

It falls at once: to ask where a step did not help, to suggest where it harmed. It never rises above the
ceiling, which is the lowest of the modes of policy, playbook and scope. Where a scope says ``earned``, it
starts at ask.

A rise from ask to auto is earned: the lower bound of how often the playbook helped is above the upper bound
of how often like incidents healed within the same time when they were left alone (Wilson, 95 %). What heals
by itself proves nothing, and neither does a class that was never left alone. What counts begins with the last
fall. A rise is a proposal, which a person accepts, unless the scope says ``may_rise``. From suggest to ask
nothing can be earned, for nothing is done there: that is the owner's word alone.

Everything follows from the journal, so that it is the same after a restart, and on another replica.

Cost: O(lessons), some milliseconds for the most that budgets allow in 90 days.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from aiops.core.memory import KEEP_MS, Came, Lessons, Tried, Watched
from aiops.model import Entry, Mode, Plan, Playbook, Policy, Request, Scope

STREAM = "autonomy"
Z = 1.959963984540054  # of 95 %, both sides


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: a playbook's version, a class, a scope, and the most that is allowed there."""

    playbook: str
    version: str
    incident_class: str
    deadline_s: int  # after which a step has not helped, and an incident has not healed
    scope: Scope
    ceiling: Mode

    @property
    def where(self) -> str:
        """Class and scope in words: what a person accepts."""
        return where(self.scope, self.incident_class)


@dataclass(frozen=True, slots=True)
class Counts:
    """Outcomes since the last fall, that one included; and like incidents that were left alone."""

    verified: int = 0
    not_helped: int = 0
    harmed: int = 0
    unknown: int = 0
    healed: int = 0  # of those left alone
    alone: int = 0  # left alone for the whole time, or healed within it

    @property
    def tried(self) -> int:
        """All outcomes."""
        return self.verified + self.not_helped + self.harmed + self.unknown

    @property
    def earned(self) -> bool:
        """Whether it helps for certain more often than waiting does."""
        return wilson(self.verified, self.tried)[0] > wilson(self.healed, self.alone)[1]

    def said(self) -> str:
        """The figures for people."""
        low, high = wilson(self.verified, self.tried)[0], wilson(self.healed, self.alone)[1]
        helped = f"helped {self.verified} of {self.tried} times (at least {low:.0%})"
        return f"{helped}; left alone, {self.healed} of {self.alone} healed (at most {high:.0%})"


@dataclass(frozen=True, slots=True)
class AutonomyLevel:
    """What may be done alone now, and why."""

    mode: Mode  # at most the ceiling
    ceiling: Mode
    counts: Counts
    reason: str
    proposal: Mode | None = None  # what a person may let it rise to


def level(case: Case, lessons: Lessons, now_ms: int) -> AutonomyLevel:
    """The level of ``case`` at ``now_ms``."""
    scope, ceiling = case.scope, case.ceiling
    judged = lessons.of(case.playbook, case.version, case.incident_class, now_ms)
    tried = [one for one in judged if _in(scope, one)]
    alone = [one for one in lessons.alone(case.incident_class, now_ms) if _in(scope, one)]
    known = partial(counts, tried, alone, case.deadline_s)
    mode, since_ms, reason = _followed(case, _story(case, tried, lessons), known, now_ms - KEEP_MS)
    found = known(since_ms, now_ms)
    proposal = _step_up(mode, ceiling, found)
    if proposal is Mode.AUTO and scope.may_rise:
        return AutonomyLevel(proposal, ceiling, found, "earned, and the scope lets it rise by itself")
    return AutonomyLevel(mode, ceiling, found, reason, proposal)


def _followed(
    case: Case, story: Iterable[tuple[int, Tried | str]], known: Callable[[int, int], Counts], since_ms: int
) -> tuple[Mode, int, str]:
    """Through all falls and rises: the mode, since when its record counts, and why it is that mode."""
    ceiling, scope = case.ceiling, case.scope
    mode, reason = ceiling, "as configured"
    if scope.earned and ceiling is Mode.AUTO:
        mode, reason = Mode.ASK, "auto is to be earned here"
    for at_ms, what in story:
        if isinstance(what, Tried):
            if scope.may_rise and _step_up(mode, ceiling, known(since_ms, at_ms - 1)) is Mode.AUTO:
                mode = Mode.AUTO  # it had risen by itself
            lower = lowest(mode, Mode.SUGGEST if what.came is Came.HARMED else Mode.ASK)
            if lower is not mode:
                mode, since_ms = lower, at_ms
                reason = f"fell: a step {'harmed' if what.came is Came.HARMED else 'did not help'}"
        elif (higher := _step_up(mode, ceiling, known(since_ms, at_ms))) is not None:
            mode, reason = higher, f"{what} accepted the rise"
    return mode, since_ms, reason


def _story(case: Case, tried: Sequence[Tried], lessons: Lessons) -> list[tuple[int, Tried | str]]:
    """Falls, and by whom rises were accepted, in order of time."""
    falls: list[tuple[int, Tried | str]] = [(one.at_ms, one) for one in tried if one.bad]
    rises: list[tuple[int, Tried | str]] = [
        (one.at_ms, one.by)
        for one in lessons.accepted
        if (one.playbook, one.scope) == (case.playbook, case.where)
    ]
    return sorted(falls + rises, key=lambda one: one[0])


def _step_up(mode: Mode, ceiling: Mode, found: Counts) -> Mode | None:
    """The next mode, where it is below the ceiling and may be proposed."""
    if mode.rank >= ceiling.rank:
        return None
    if mode is Mode.SUGGEST:
        return Mode.ASK
    return Mode.AUTO if found.earned else None


def counts(
    tried: Iterable[Tried], alone: Iterable[Watched], deadline_s: int, since_ms: int, until_ms: int
) -> Counts:
    """What was known at ``until_ms`` of outcomes since ``since_ms``, and of all incidents left alone."""
    came = [one.came for one in tried if since_ms <= one.at_ms <= until_ms]
    healed = lasting = 0
    for one in alone:
        lasted_ms, by_itself = one.alone_at(until_ms)
        if lasted_ms > 1000 * deadline_s:
            lasting += 1
        elif by_itself:
            healed += 1
    return Counts(
        came.count(Came.VERIFIED),
        came.count(Came.NOT_HELPED),
        came.count(Came.HARMED),
        came.count(Came.UNKNOWN),
        healed,
        healed + lasting,
    )


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of no trials. Source: Wilson 1927, uncorrected."""
    if trials == 0:
        return 0.0, 1.0
    share, zz = hits / trials, Z * Z / trials
    middle, reach = share + zz / 2, Z * math.sqrt(share * (1 - share) / trials + zz / (4 * trials))
    return max(0.0, (middle - reach) / (1 + zz)), min(1.0, (middle + reach) / (1 + zz))


def lowest(*modes: Mode) -> Mode:
    """Of some modes the lowest."""
    return min(modes, key=lambda mode: mode.rank)


def _in(scope: Scope, one: Tried | Watched) -> bool:
    place = one.place
    return (not scope.namespace or scope.namespace == place.namespace) and (
        not scope.workload or scope.workload == place.target
    )


def described(scope: Scope) -> str:
    """A scope in words."""
    return " ".join(part for part in (scope.namespace, scope.workload, scope.playbook) if part)


def where(scope: Scope, incident_class: str) -> str:
    """Class and place in words, as ``aiops autonomy`` writes them and a person accepts them."""
    place = " ".join(part for part in (scope.namespace, scope.workload) if part)
    return f"{incident_class} in {place or 'all namespaces'}"


def case_of(plan: Plan, incident_class: str, scope: Scope, policy: Policy) -> Case:
    """What is judged where ``plan`` is decided upon in one of the scopes that speak of it."""
    wait_s = plan.verification.settle_s + plan.verification.deadline_s
    ceiling = lowest(policy.mode, plan.mode, scope.mode)
    return Case(plan.playbook, plan.playbook_version, incident_class, wait_s, scope, ceiling)


def cases(playbooks: Iterable[Playbook], policy: Policy, lessons: Lessons) -> tuple[Case, ...]:
    """Everything that has a level: each scope, with the playbooks that it binds and the classes that they
    speak for, or that were seen."""
    seen = {(one.playbook, one.place.incident_class) for one in lessons.tried.values()}
    found = []
    for scope in policy.scopes:
        for one in playbooks:
            if not one.steps or (scope.playbook and scope.playbook != one.name):
                continue
            wait_s = one.verification.settle_s + one.verification.deadline_s
            ceiling = lowest(policy.mode, one.mode, scope.mode)
            classes = {*one.when.classes, *(kind for name, kind in seen if name == one.name)}
            found += [
                Case(one.name, one.version, kind, wait_s, scope, ceiling) for kind in sorted(classes - {""})
            ]
    return tuple(found)


def accepted_entry(request: Request, now_ms: int) -> Entry:
    """A person accepts the rise of a playbook in ``request.scope``, written as ``where`` writes it. It counts
    where a rise was proposed at that time, and for one step."""
    payload = {
        "request_id": request.id,
        "by": request.by,
        "playbook": request.playbook,
        "scope": request.scope,
        "because": request.reason,
    }
    return Entry("autonomy_accepted", STREAM, now_ms, payload, key=f"autonomy:{request.id}")


def refused_rise(
    request: Request, playbooks: Iterable[Playbook], policy: Policy, lessons: Lessons, now_ms: int
) -> str:
    """Why ``request`` to let a playbook rise cannot be followed; "" where it can."""
    asked = [
        case
        for case in cases(playbooks, policy, lessons)
        if (case.playbook, case.where) == (request.playbook, request.scope)
    ]
    if not asked:
        return f"no scope {request.scope!r} binds playbook {request.playbook!r}"
    levels = [level(case, lessons, now_ms) for case in asked]
    if any(one.proposal is not None for one in levels):
        return ""
    return f"no rise is proposed there: mode {levels[0].mode}, {levels[0].reason}; {levels[0].counts.said()}"
