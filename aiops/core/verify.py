"""Verify: did a step help? Judged by what is seen after it settled; unknown is not success (promises 5.5).

Success is three things together: every anomaly of the incident on the step's target is back in its band
(``good`` of the newest ``of`` samples, or cleared, or its pod is gone), what was rolled out is complete, and
nobody who calls the target became worse since. Bad at the deadline is a failure; not known at the deadline is
not success either, and goes to a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiops.core.book import Key, key
from aiops.core.ending import is_over
from aiops.model import Anomaly, Direction, Facts, Incident, Plan, Result, Role, Status, Target

ROLLING = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
STUCK = "RolloutStuck"  # the condition's name, as facts have it


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to judge by at ``now_ms``. ``samples`` are the newest verdicts since ``from_ms``."""

    now_ms: int
    from_ms: int  # nothing is judged before: the step settles
    incident: Incident | None
    facts: Facts
    samples: Mapping[Key, Sequence[Status]]
    around: tuple[Anomaly, ...] = ()  # still bad, of any open incident, on targets near the step's
    blind: str = ""  # why this tick's data cannot be trusted


@dataclass(frozen=True, slots=True)
class Judgement:
    """``result`` is None while it is too early to say."""

    result: Result | None
    detail: str
    harmed: bool = False  # something became worse since


def judge(plan: Plan, seen: Seen) -> Judgement:
    """Whether the step of ``plan`` that is being verified helped."""
    if seen.now_ms < seen.from_ms:
        return Judgement(None, "it settles first")
    if stuck := _stuck(plan, seen):
        return Judgement(Result.FAILED, stuck, harmed=True)
    bad, unknown = _findings(plan, seen)
    if not bad and not unknown:
        return Judgement(Result.VERIFIED, "all signals are back in their bands, and the rollout is complete")
    if seen.now_ms < seen.from_ms + 1000 * plan.verification.deadline_s:
        return Judgement(None, "; ".join((*bad, *unknown)))
    if bad:
        return Judgement(Result.FAILED, f"at the deadline: {'; '.join(bad)}", bool(seen.around))
    return Judgement(Result.UNVERIFIED, f"at the deadline not known: {'; '.join(unknown)}")


def concerns(plan: Plan, incident: Incident, facts: Facts) -> tuple[Anomaly, ...]:
    """The anomalies by which the plan is judged; all of the incident where none is on its target. That more
    requests come is nothing a step could mend: it is judged by what they cost, where that is known."""
    wanted = plan.verification.signals
    named = [one for one in incident.anomalies if not wanted or one.signal in wanted]
    own = [one for one in named if facts.owner(one.target) == plan.target] or named
    felt = [one for one in own if not (one.role is Role.TRAFFIC and one.direction is Direction.UP)]
    return tuple(felt or own)


def _findings(plan: Plan, seen: Seen) -> tuple[list[str], list[str]]:
    """(what is bad, what is not known)."""
    bad: list[str] = []
    unknown: list[str] = [f"we do not see well: {seen.blind}"] if seen.blind else []
    if seen.incident is None:
        unknown.append("the incident is not known any more")
    else:
        for anomaly in concerns(plan, seen.incident, seen.facts):
            match back_in_band(anomaly, plan, seen):
                case False:
                    bad.append(f"{anomaly.signal} of {anomaly.target} is out of its band")
                case None:
                    unknown.append(f"no verdict on {anomaly.signal} of {anomaly.target} since")
                case True:
                    pass
    _complete(plan.target, seen.facts, bad, unknown)
    bad += [f"{one.signal} of {one.target} became worse since" for one in seen.around]
    return bad, unknown


def back_in_band(anomaly: Anomaly, plan: Plan, seen: Seen) -> bool | None:
    """Whether one anomaly is over; None is unknown."""
    if anomaly.cleared_ms is not None or is_over(anomaly, seen.facts):
        return True
    wanted = plan.verification
    samples = [one for one in seen.samples.get(key(anomaly), ()) if one is not Status.INCONCLUSIVE]
    newest = samples[-wanted.of :]
    if sum(one is Status.NORMAL for one in newest) >= wanted.good:
        return True
    return False if Status.ANOMALY in newest else None


def _complete(target: Target, facts: Facts, bad: list[str], unknown: list[str]) -> None:
    if target.kind not in ROLLING:
        return
    workload = facts.workloads.get(target)
    if workload is None or None in (workload.rolling, workload.ready, workload.replicas):
        unknown.append(f"how the rollout of {target} stands")
    elif workload.rolling or (workload.ready or 0) < (workload.replicas or 0):
        bad.append(f"{workload.ready} of {workload.replicas} pods of {target} are ready")


def _stuck(plan: Plan, seen: Seen) -> str:
    for one in seen.facts.conditions:
        if one.name == STUCK and one.target == plan.target and one.since_ms >= seen.from_ms:
            return f"its rollout is stuck: {one.detail or one.name}"
    return ""
