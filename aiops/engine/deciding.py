"""Deciding: plan and decide for one incident, or for what a person wants instead, and look again when due."""

from aiops.core import life as lives
from aiops.core.amend import amended
from aiops.core.approvals.follow import answers, astray, ripe
from aiops.core.ledger import decided_entry, outcome_entry
from aiops.core.life import Life
from aiops.core.lifecycle import UNDER_WAY, ends_ms
from aiops.core.plan import make_plan
from aiops.core.policy import decide_twice, why
from aiops.engine import asking
from aiops.engine.memory import gist_of, speaks_against
from aiops.engine.rehearse import answer_of, concerns
from aiops.engine.turn import Turn
from aiops.engine.witness import witness
from aiops.model import (
    Act,
    Amend,
    Approval,
    Decision,
    Echo,
    Escalate,
    Hold,
    Incident,
    IncidentKind,
    NotApplicable,
    Outcome,
    Plan,
    Result,
    Said,
    Severity,
)

FIRST_LOOK_MS, LAST_LOOK_MS = 60_000, 3_600_000  # what time alone does not change is looked at ever later


def hears(turn: Turn) -> None:
    """What people answered is the next event of the lives that wait for it; who is late is reminded."""
    for incident_id, event in tuple(answers(turn.memory.approvals, turn.memory.lives)):
        turn.happen(incident_id, event)
    for incident_id, unlocked in tuple(ripe(turn.memory.approvals, turn.memory.lives, turn.now_ms)):
        turn.happen(incident_id, unlocked)
    turn.approve(astray(turn.memory.approvals, turn.memory.lives, turn.now_ms))
    turn.approve(asking.reminders(turn.memory.approvals, turn.now_ms))
    room = asking.room(turn.memory.approvals, turn.rules.approvals.max_pending)
    said = turn.memory.said.items() if room else ()
    held = [one for one, gist in said if speaks_against(gist, asking.QUESTIONS)]
    worst = sorted(held, key=lambda one: _badness(turn, one), reverse=True)
    turn.memory.due |= dict.fromkeys(worst[:room], turn.now_ms)


def _badness(turn: Turn, incident_id: str) -> int:
    incident = turn.memory.book.open.get(incident_id)
    return list(Severity).index(incident.severity) if incident is not None else -1


def amend(turn: Turn, incident: Incident, plan: Plan, author: tuple[str, str]) -> Decision:
    """Ask about ``plan``, which a person wants instead; the guards' answer, which may be no."""
    memory, rules = turn.memory, turn.rules
    given = plan, incident, turn.facts, memory.ledger, rules.policy, turn.situation()
    answer = decide_twice(*given, lessons=memory.lessons)
    decision = asking.as_question(_rehearsed(turn, answer[0]), rules.policy, turn.now_ms)
    decision = asking.with_quorum(decision, incident.severity, rules.approvals)
    if isinstance(decision, Escalate) and decision.approvers:
        turn.author = author
        memory.plans[incident.id] = plan
        memory.said[incident.id] = gist_of(decision), None
        turn.written.append(decided_entry(decision, turn.now_ms))
        turn.written += witness(answer, *given, lessons=memory.lessons)
        turn.happen(incident.id, lives.Decided(decision))
        turn.author = "", ""
    return decision


def instead(turn: Turn, said: Said, wish: Amend, asked: Approval) -> Echo:
    """Ask about the step that a person wants instead of the one that is ``asked``; done where it is asked."""
    memory = turn.memory
    incident, plan = memory.book.open.get(asked.incident_id), memory.plans.get(asked.incident_id)
    if incident is None or plan is None or plan.digest != asked.digest:
        return Echo(False, f"{asked.short} is not asked any more", asked)
    who = said.actor.name or said.actor.id
    other = amended(plan, wish, who, turn.facts, turn.rules.remediation, turn.now_ms)
    if isinstance(other, NotApplicable):
        return Echo(False, f"that cannot be done instead: {other.reason}", asked)
    decision = amend(turn, incident, other, (said.actor.key, wish.reason))
    found = [one for one in turn.memory.approvals.of_incident(incident.id) if one.digest == other.digest]
    if not found:
        return Echo(False, f"that is not asked about: {why(decision).text}", asked)
    return Echo(True, f"asked instead, on behalf of {who}: {other.steps[0].summary}", found[-1])


def wake(turn: Turn) -> None:
    """Look again at what is due: a question's deadline, a hold's end."""
    for incident_id in [one for one, at in turn.memory.due.items() if at <= turn.now_ms]:
        del turn.memory.due[incident_id]
        life = turn.memory.lives.get(incident_id)
        if life is not None and life.intent is not None and turn.now_ms < ends_ms(life):
            turn.memory.due[incident_id] = ends_ms(life)  # looked at for another reason: it still has time
        elif life is not None and life.intent is not None:
            turn.happen(incident_id, lives.TimedOut())
            _given_up(turn, life)
        if (incident := turn.memory.book.open.get(incident_id)) is not None:
            decide(turn, incident)


def _given_up(turn: Turn, before: Life) -> None:
    """What nobody told the end of in time (we slept) is over for the ledger too, not in flight still."""
    life, intent = turn.memory.lives.get(before.incident_id), before.intent
    if before.state not in UNDER_WAY or intent is None or (life is not None and life.state in UNDER_WAY):
        return
    text = "its time ran out before anybody could tell what came of it"
    entry = outcome_entry(Outcome(intent.plan_id, intent.step, Result.UNVERIFIED, turn.now_ms, text))
    turn.memory.ledger = turn.memory.ledger.fold([entry])
    turn.written.append(entry)


def decide(turn: Turn, incident: Incident) -> None:
    """Plan and decide, once for each different answer: a decision that says the same is not repeated."""
    life = turn.life_of(incident)
    if incident.kind is IncidentKind.KNOWN or life.done or life.state in UNDER_WAY:
        return
    if life.quiet_until_ms > turn.now_ms:
        turn.memory.due[incident.id] = life.quiet_until_ms
        return
    memory, rules = turn.memory, turn.rules
    wanted = asking.amended_plan(memory.approvals, life, memory.plans.get(incident.id))
    plan = wanted or _planned(turn, incident)
    given = plan, incident, turn.facts, memory.ledger, rules.policy, turn.situation()
    answer = decide_twice(*given, lessons=memory.lessons)
    most, known = rules.approvals.max_pending, answer[1]
    decision = asking.within_limit(answer[0], memory.approvals, incident.id, most)
    decision = _rehearsed(turn, decision)  # only what is asked or done is shown to the API server
    if wanted is not None:
        decision = asking.as_question(decision, rules.policy, turn.now_ms)
    decision = asking.with_quorum(decision, incident.severity, rules.approvals)
    if_known = known if turn.twice else None
    counts = decision if if_known is None or isinstance(decision, Act) else if_known
    gist = gist_of(decision), gist_of(if_known) if if_known is not None else None
    if memory.said.get(incident.id) != gist:
        asked, question = memory.plans.get(incident.id), asking.standing_question(memory.approvals, life)
        if wanted is not None and question is not None:  # asked anew, it is still theirs
            turn.author = question.author, question.author_why
        memory.said[incident.id] = gist
        memory.plans[incident.id] = plan
        turn.written.append(decided_entry(decision, turn.now_ms, if_known))
        turn.written += witness(answer, *given, lessons=memory.lessons)
        turn.happen(incident.id, lives.Decided(counts))
        turn.author = "", ""
        intent = turn.life_of(incident).intent
        if asked is not None and intent is not None and intent.digest == asked.digest:
            memory.plans[incident.id] = asked  # the question stands: an answer is about the plan it showed
    _look_again(turn, incident, counts)


def _planned(turn: Turn, incident: Incident) -> Plan:
    memory, rules = turn.memory, turn.rules
    return make_plan(
        incident,
        rules.playbooks,
        turn.facts,
        rules.remediation,
        turn.now_ms,
        memory.ledger,
        memory.lessons,
    )


def _rehearsed(turn: Turn, decision: Decision) -> Decision:
    """What is about to be done, or asked for, is shown to the API server first, where the mode allows."""
    if turn.rehearse is None or not concerns(decision):
        return decision
    return answer_of(decision, turn.rehearse(decision.plan, decision.step))


def _look_again(turn: Turn, incident: Incident, decision: Decision) -> None:
    """When to decide anew though nothing is told: a hold's end, else ever more rarely."""
    life = turn.life_of(incident)
    if life.intent is not None or life.done:
        return
    if isinstance(decision, Hold) and decision.until_ms is not None:
        turn.memory.due[incident.id] = decision.until_ms
        return
    wait = min(2 * turn.memory.waits.get(incident.id, FIRST_LOOK_MS // 2), LAST_LOOK_MS)
    turn.memory.waits[incident.id] = wait
    turn.memory.due[incident.id] = turn.now_ms + wait
