"""Plan: which playbook speaks for an incident, and what exactly it would change.

``make_plan`` is a function of its arguments: the same incident, facts and time give the same plan, to the
digest. That is what an approval is bound to (G11), and how a plan is made anew just before it is sent.

Cost: O(playbooks + steps); one remediation call a rung, two for a pod whose workload is changed instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aiops.core.impact import higher, raised
from aiops.core.ledger import Attempt, Ledger, did_not_help, leads_on
from aiops.core.matching import choose
from aiops.core.memory import Lessons, passed_over
from aiops.core.names import odd_name
from aiops.model import (
    Change,
    ChangeVerb,
    Facts,
    Incident,
    NotApplicable,
    Plan,
    Playbook,
    PlaybookStep,
    Step,
    Target,
    Verification,
)
from aiops.model.wire import digest, short_id, to_json
from aiops.plugin import Parameters, Remediation

Remediations = Callable[[str, Parameters], Remediation]


def make_plan(
    incident: Incident,
    playbooks: Sequence[Playbook],
    facts: Facts,
    remediation: Remediations,
    now_ms: int,
    ledger: Ledger,
    lessons: Lessons | None = None,
) -> Plan:
    """The plan for ``incident``: a ladder of steps on the facts as they are, or none with the reason.

    A rung that never helped such an incident on this workload before is passed over. Where a rung was tried
    in this incident and verified not to help, the ladder goes on behind it; when no rung is left it starts
    again, and attempts, cooldown and lock-out decide for how long.
    """
    playbook, why_not = choose(incident, playbooks, facts)
    if playbook is None:
        return empty_plan(incident, facts, now_ms, why_not)
    if not playbook.steps:
        why = f"the right answer is to do nothing: {playbook.do_nothing_because}"
        return empty_plan(incident, facts, now_ms, why, playbook)
    last = ledger.last_rung(incident.id, playbook.name)
    making = _Making(incident, playbook, facts, remediation, now_ms, lessons or Lessons())
    steps, skipped = making.ladder(_next_rung(last, playbook))
    if not steps and last is not None:
        steps, skipped = making.ladder(0)
    if not steps:
        return empty_plan(incident, facts, now_ms, f"no rung fits: {'; '.join(skipped)}", playbook, skipped)
    if last is not None and steps[0].rung > last.rung:
        came = "did not help" if did_not_help(last) else "stands"
        told = f"{last.remediation}: tried at {_clock(last.at_ms)}, {came}"
        skipped = (told, *(text for text in skipped if not text.startswith(TRIED)))
    return seal(_plan(incident, playbook, facts, steps, skipped, now_ms))


TRIED = "rung already tried"


def empty_plan(
    incident: Incident,
    facts: Facts,
    now_ms: int,
    reason: str,
    playbook: Playbook | None = None,
    skipped: tuple[str, ...] = (),
) -> Plan:
    """A plan that does nothing, and says why."""
    plan = Plan(
        id="",
        incident_id=incident.id,
        target=facts.owner(incident.prime),
        playbook=playbook.name if playbook else "",
        playbook_version=playbook.version if playbook else "",
        steps=(),
        verification=playbook.verification if playbook else Verification(),
        made_at_ms=now_ms,
        digest="",
        reason=reason,
        skipped=skipped,
        runbook_url=playbook.runbook_url if playbook else "",
    )
    return seal(plan)


def seal(plan: Plan) -> Plan:
    """``plan`` with its digest, over every field but digest and id, and the id that follows from it."""
    value = digest("plan", _content(plan))
    return replace(plan, digest=value, id=short_id("plan-id", value))


def is_intact(plan: Plan) -> bool:
    """Whether nothing was changed since the plan was sealed."""
    return seal(plan) == plan


def _content(plan: Plan) -> dict[str, object]:
    content = dict(to_json(plan))
    del content["digest"], content["id"]
    return content


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M")


def _next_rung(last: Attempt | None, playbook: Playbook) -> int:
    if last is None or not leads_on(last) or last.rung + 1 >= len(playbook.steps):
        return 0
    return last.rung + 1


@dataclass(frozen=True, slots=True)
class _Making:
    """What the steps of one plan are made of."""

    incident: Incident
    playbook: Playbook
    facts: Facts
    remediation: Remediations
    now_ms: int
    lessons: Lessons

    def ladder(self, first: int) -> tuple[tuple[Step, ...], tuple[str, ...]]:
        """The steps from rung ``first`` on that apply, and why the others do not."""
        steps: list[Step] = []
        skipped: list[str] = []
        now = datetime.fromtimestamp(self.now_ms / 1000, UTC)
        for rung, entry in enumerate(self.playbook.steps):
            if rung < first:
                skipped.append(f"{TRIED}: {entry.remediation}")
                continue
            fix = self.remediation(entry.remediation, entry.parameters)
            answer = _propose(fix, self.incident, self.facts, now)
            if isinstance(answer, NotApplicable):
                skipped.append(f"{entry.remediation}: {answer.reason}")
            elif (odd := odd_name(answer)) or (odd := self._in_vain(entry.remediation)):
                skipped.append(f"{entry.remediation}: {odd}")
            else:
                steps.append(finished(answer, entry, rung, self.facts))
        return tuple(steps), tuple(skipped)

    def _in_vain(self, remediation: str) -> str:
        incident, playbook = self.incident, self.playbook
        names = playbook.name, playbook.version, remediation, incident.incident_class
        return passed_over(self.lessons, *names, self.facts.owner(incident.prime), incident.id, self.now_ms)


def _propose(fix: Remediation, incident: Incident, facts: Facts, now: datetime) -> Step | NotApplicable:
    """On the one pod that it is about, if it is about one; on the suspect itself; on its workload."""
    owner = facts.owner(incident.prime)
    answer: Step | NotApplicable = NotApplicable("nothing to propose it for")
    for target in dict.fromkeys((*_lone_pod(incident, owner, facts), incident.prime, owner)):
        answer = fix.propose(target, facts, now)
        if isinstance(answer, Step):
            return answer
    return answer


def _lone_pod(incident: Incident, owner: Target, facts: Facts) -> tuple[Target, ...]:
    """The pod of ``owner`` whose own series are bad, where it is the only one."""
    own = {one.target for one in incident.anomalies if facts.owner(one.target) == owner}
    pods = tuple(target for target in own if target.kind == "Pod")
    return pods if len(pods) == 1 else ()


def finished(step: Step, entry: PlaybookStep, rung: int, facts: Facts) -> Step:
    """The step with its name and place, its impact raised by playbook and floor, never lowered."""
    named = replace(step, remediation=entry.remediation, rung=rung)
    impact, because = raised(named, facts)
    if entry.impact is not None and entry.impact.rank > impact.rank:
        because = f"the playbook raises it from {impact}"
    before = evidence(named, facts) if entry.capture else ()
    named = replace(
        named,
        change=_of_generation(named.change, facts),
        then=tuple(_of_generation(one, facts) for one in named.then),
    )
    return replace(named, impact=higher(impact, entry.impact or impact), because=because, before=before)


def _of_generation(change: Change, facts: Facts) -> Change:
    """``change`` with the generation of the spec it was planned on: the status of a workload in trouble is
    written several times a minute, and each time is a new version."""
    workload = facts.workloads.get(change.target)
    if workload is None or change.verb is not ChangeVerb.PATCH or workload.uid != change.uid:
        return change
    return replace(change, generation=workload.generation)


MOST_CAPTURED = (
    5  # objects a step, some seconds each at worst; a drain ends more, and events tell of them all
)


def evidence(step: Step, facts: Facts) -> tuple[Change, ...]:
    """What is read and kept before ``step``: of each pod that it ends, else of what it changes."""
    ends = {ChangeVerb.EVICT, ChangeVerb.DELETE}
    ended = [change.target for change in (step.change, *step.then) if change.verb in ends]
    changed = facts.owner(step.change.target)
    told = ended or ([changed] if changed in facts.workloads or changed in facts.nodes else [])
    return tuple(Change(target, None, {}, None, ChangeVerb.CAPTURE) for target in told[:MOST_CAPTURED])


def _plan(
    incident: Incident,
    playbook: Playbook,
    facts: Facts,
    steps: tuple[Step, ...],
    skipped: tuple[str, ...],
    now_ms: int,
) -> Plan:
    return Plan(
        id="",
        incident_id=incident.id,
        target=facts.owner(incident.prime),
        playbook=playbook.name,
        playbook_version=playbook.version,
        steps=steps,
        verification=playbook.verification,
        made_at_ms=now_ms,
        digest="",
        skipped=skipped,
        facts_unknown=unknown_facts(incident, facts, steps),
        mode=playbook.mode,
        cooldown_s=playbook.cooldown_s,
        max_attempts=playbook.max_attempts,
        approvers=playbook.approvers,
        runbook_url=playbook.runbook_url,
        changed_by=playbook.changed_by,
    )


def unknown_facts(incident: Incident, facts: Facts, steps: Sequence[Step]) -> tuple[str, ...]:
    """What the plan could not know, by name: kinds of fact, and fields of the workload."""
    names = set(facts.unknown)
    workload = facts.workloads.get(facts.owner(incident.prime))
    if workload is None and incident.prime.kind != "Node":
        names.add("workload")
    if workload is not None:
        wanted = ("uid", "resource_version", "replicas", "ready", "rolling", "managed_by", "hpa_max")
        names |= {name for name in wanted if getattr(workload, name) is None}
    if any(step.change.resource_version is None and step.change.uid is None for step in steps):
        names.add("version of what is changed")
    return tuple(sorted(names))


def kinds(plan: Plan) -> Mapping[str, str]:
    """The remediations of the ladder and what they would do: for timelines."""
    return {step.remediation: step.summary for step in plan.steps}
