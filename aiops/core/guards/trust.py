"""Does it help, is it sure, is it ours to decide: breaker, lock-out, evidence, impact."""

from collections.abc import Sequence, Set

from aiops.core.guards.away import ENDS, ended
from aiops.core.guards.context import Context, escalate, hold, permit, unknown
from aiops.core.impact import raised
from aiops.model import Breaker, EventKind, Facts, Impact, Reason, Role, Target

STATES = frozenset({Role.CONDITION, Role.RESTARTS})  # what Kubernetes says, rather than a metric of load
CORROBORATING = frozenset({EventKind.RESTART, EventKind.OOM_KILLED, EventKind.EVICTED, EventKind.NODE})


def lock_out(context: Context) -> Reason:
    """After so many failures in a row only a person decides for this target, until one unlocks it (M11)."""
    failures = context.ledger.failures.get(str(context.plan.target), 0)
    limit = context.policy.lock_after_failures
    text = f"{failures} of {limit} failures in a row on {context.plan.target}"
    return escalate("lock_out", f"locked: {text}") if failures >= limit else permit("lock_out", text)


def breaker(context: Context) -> Reason:
    """A playbook that keeps failing is stopped for a while; when everything fails, until a person resets."""
    settings, verdicts, name = context.policy.breaker, context.ledger.verdicts, context.plan.playbook
    if was_tripped(verdicts.get("", ()), settings):
        return hold("breaker", f"of {_tally(verdicts.get('', ()), settings)} of all playbooks: reset it")
    own = verdicts.get(name, ())
    tally = f"{_tally(own, settings)} of {name or 'this plan'}"
    if is_tripped(own, settings):
        until = own[-1][0] + settings.open_s * 1000  # after it: one trial, whose failure opens it again
        if context.now_ms < until:
            return hold("breaker", f"open: {tally}", until)
        if any(one.playbook == name for one in context.ledger.in_flight()):
            return hold("breaker", f"half open, and its one trial is under way: {tally}")
    return permit("breaker", tally)


def is_tripped(verdicts: Sequence[tuple[int, bool]], settings: Breaker) -> bool:
    """Whether too many of the newest verifications failed, the newest one among them."""
    recent = verdicts[-settings.of_last :]
    failed = sum(not helped for _, helped in recent)
    return len(recent) >= settings.at_least and failed >= settings.failures and not recent[-1][1]


def was_tripped(verdicts: Sequence[tuple[int, bool]], settings: Breaker) -> bool:
    """Whether they were tripped at any time since the last reset: a later success does not undo it."""
    return any(is_tripped(verdicts[: end + 1], settings) for end in range(len(verdicts)))


def _tally(verdicts: Sequence[tuple[int, bool]], settings: Breaker) -> str:
    recent = verdicts[-settings.of_last :]
    return f"{sum(not helped for _, helped in recent)} failed of the last {len(recent)} verifications"


def evidence(context: Context) -> Reason | None:
    """What destroys needs two sources: a metric, and the state that Kubernetes itself reports (M9). To clear
    away a pod that has finished destroys nothing that runs."""
    ends = bool(ended(context)) or any(
        change.verb in ENDS and change.target.kind != "Pod" for change in context.writes
    )
    if not (context.step.destructive or ends):
        return None
    incident, facts = context.incident, context.facts
    near = {context.subject, context.step.change.target}
    anomalies = [] if incident is None else [a for a in incident.anomalies if facts.owner(a.target) in near]
    metric = sorted({anomaly.signal for anomaly in anomalies if anomaly.role not in STATES})
    state = _state(near, incident.since_ms if incident is not None else context.now_ms, facts)
    if metric and state:
        return permit("evidence", f"two sources agree: {metric[0]} and {state[0]}")
    if metric and "conditions" in facts.unknown:
        text = f"only {metric[0]}; what Kubernetes says of {context.subject} is not known"
        return unknown("evidence", text)
    seen = ", ".join(metric + state) or "nothing"
    return escalate("evidence", f"one source only ({seen}): it destroys, so a person decides")


def _state(near: Set[Target], since_ms: int, facts: Facts) -> list[str]:
    """What Kubernetes says is wrong with ``near`` since then: from the facts alone, for a detector that is
    wrong about everything must not vouch for itself."""
    found = {one.name for one in facts.conditions if facts.owner(one.target) in near}
    for target in near:
        one = facts.pods.get(target) or facts.nodes.get(target)
        if one is not None and one.ready is False:
            found.add(f"{target} not ready")
    for event in reversed(facts.events):  # the newest last
        if event.at_ms < since_ms:
            break
        if event.kind in CORROBORATING and facts.owner(event.target) in near:
            found.add(str(event.kind))
    return sorted(found)


def impact(context: Context) -> Reason:
    """High impact goes to a person, whatever a playbook or a remediation says (5.3)."""
    level, because = raised(context.step, context.facts, context.plan)
    text = f"impact {level}" + (f": {because}" if because else "")
    return escalate("impact", text) if level is Impact.HIGH else permit("impact", text)
