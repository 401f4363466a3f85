"""Lifecycle: what one incident's events lead to. A pure state machine: ``advance(life, event, now)``.

Every event has an answer in every state. One that does not fit changes nothing and is answered by ``Ignore``
with the reason, so that a late click, an answer twice or a result nobody waits for is told and harmless.

What always holds, whatever happens in whatever order:

- a step is applied at most once: after a crash, a time-out or a fail-over it is looked for, never sent again;
- what has high impact is applied only after a person approved exactly this plan;
- without leadership nothing is applied, undone, asked or verified;
- no answer is a no, unknown is not success, and closed is closed;
- a dry run ends the acting: later rungs are what would have come if that had not helped.

The id of a command is derived from what it is about: the same events give the same ids, which are the
idempotency keys of whoever carries the commands out.
"""

from dataclasses import replace

from aiops.core.life import (
    Applied,
    Apply,
    Approved,
    Ask,
    Closed,
    Command,
    Decided,
    Event,
    Fact,
    Failed,
    Ignore,
    Intent,
    Judged,
    LeaderLost,
    LeaderWon,
    Life,
    Rejected,
    Snoozed,
    Tell,
    TimedOut,
    Undo,
    Unlocked,
    Verified,
    Verify,
    WakeAt,
)
from aiops.model import Act, Decision, Escalate, Hold, Impact, IncidentState, Lean, Plan, Refuse
from aiops.model.wire import short_id

OPEN, WAITING, ACTING = IncidentState.OPEN, IncidentState.WAITING, IncidentState.ACTING
VERIFYING, ESCALATED, CLOSED = IncidentState.VERIFYING, IncidentState.ESCALATED, IncidentState.CLOSED
UNDER_WAY = frozenset({ACTING, VERIFYING})
GRACE_S = 60  # whoever carries out and verifies tells first; silence beyond it is a time-out
NEVER_UNDONE = frozenset({"rollback"})  # by itself: forward again is what broke it (5.5)
MOST_LOOKS = 3  # for the effect of a step whose answer was lost; then a person looks
Answer = tuple[Life, tuple[Command, ...]]


def advance(life: Life, event: Event, now_ms: int) -> Answer:
    """``life`` after ``event`` at ``now_ms``, and what to do."""
    if life.state is CLOSED:
        return _ignore(life, event, "the incident is closed")
    match event:
        case LeaderLost() if life.leading:
            return replace(life, leading=False), ()
        case LeaderLost():
            return _ignore(life, event, "we did not lead")
        case LeaderWon():
            return _won(life, now_ms)
        case Closed(because):
            return _closed(life, because)
        case _ if not life.leading:
            return _ignore(life, event, "we do not lead")
        case _:
            return _leading(life, event, now_ms)


def _leading(life: Life, event: Fact, now_ms: int) -> Answer:
    match event:
        case Judged(text):
            return life, (_tell(life, text),)
        case Decided(decision):
            return _decided(life, event, decision, now_ms)
        case Approved():
            return _approved(life, event, now_ms)
        case Rejected():
            return _rejected(life, event)
        case Snoozed():
            return _snoozed(life, event)
        case Applied(plan_id, step, dry_run):
            return _applied(life, event, (plan_id, step), dry_run, now_ms)
        case Failed():
            return _failed(life, event, now_ms)
        case Verified():
            return _verified(life, event)
        case TimedOut():
            return _timed_out(life, event, now_ms)
        case Unlocked(by, about):
            return _unlocked(life, by, about)


def ends_ms(life: Life) -> int:
    """When what ``life`` waits for has taken too long: not before is its silence a time-out. 0: nothing."""
    intent = life.intent
    match life.state:
        case IncidentState.WAITING if intent is not None:
            return intent.until_ms or 0
        case IncidentState.ACTING if intent is not None:
            return life.from_ms + 1000 * (intent.acting_s + GRACE_S)
        case IncidentState.VERIFYING if intent is not None:
            return life.from_ms + 1000 * (intent.deadline_s + GRACE_S)
        case _:
            return 0


def intent_of(plan: Plan, step: int, until_ms: int | None = None, shown: tuple[str, ...] = ()) -> Intent:
    """The intent to carry out ``plan``'s step; ``shown``: the guards for which people are asked."""
    one, verification = plan.steps[step], plan.verification
    return Intent(
        plan_id=plan.id,
        digest=plan.digest,
        step=step,
        what=f"{plan.playbook}: {one.remediation} {one.change.target}",
        summary=one.summary,
        impact=one.impact,
        reversible=one.undo is not None and one.remediation not in NEVER_UNDONE,
        settle_s=verification.settle_s,
        deadline_s=verification.deadline_s,
        until_ms=until_ms,
        acting_s=one.deadline_s,
        shown=shown,
    )


# One answer for each kind of event


def _decided(life: Life, event: Event, decision: Decision, now_ms: int) -> Answer:
    if life.state in UNDER_WAY:
        return _ignore(life, event, "a step is under way: it is verified first")
    if life.done:
        return _ignore(life, event, "a dry run has acted: what follows cannot be known")
    if now_ms < life.quiet_until_ms:
        return _ignore(life, event, "a person asked to be left alone until later")
    plan = decision.plan
    match decision:
        case Act(step=step):
            return _apply(life, event, intent_of(plan, step), now_ms, approved=False)
        case Escalate(approvers=approvers, until_ms=until_ms, step=step):
            return _ask(life, event, intent_of(plan, step, until_ms, escalating(decision)), approvers)
        case Hold(until_ms=until_ms):
            calm, commands = _withdrawn(life)
            wake = () if until_ms is None else (_wake(life, until_ms),)
            return calm, (*commands, *wake)
        case Refuse():
            return _withdrawn(life)


def _ask(life: Life, event: Event, intent: Intent, approvers: tuple[str, ...]) -> Answer:
    if intent.what in life.declined:
        return _ignore(life, event, f"a person has it, and was asked already: {intent.what}")
    stands = life.intent is not None and life.intent.summary == intent.summary
    if stands and life.intent is not None and set(intent.shown) <= set(life.intent.shown):
        return _ignore(life, event, f"asked already, an answer is awaited: {intent.what}")
    if not approvers or intent.until_ms is None:
        told = replace(life, state=ESCALATED, intent=None, declined=(*life.declined, intent.what))
        return told, (_tell(life, f"for a person: {intent.what}"),)
    question = _id(life, "ask", intent.digest, intent.step, life.asks)
    intent = replace(intent, question=question)
    ask = Ask(question, intent, approvers)
    asked = replace(life, state=WAITING, intent=intent, asks=life.asks + 1)
    return asked, (*_withdrawn(life)[1], ask, _wake(life, intent.until_ms or 0))


def escalating(decision: Decision) -> tuple[str, ...]:
    """The guards for which a person is asked: what an approval answers, and nothing else."""
    return tuple(sorted({one.guard for one in decision.reasons if one.lean is Lean.ESCALATE}))


def _withdrawn(life: Life) -> Answer:
    """No question is open any more; who has been told has been told."""
    if life.state is not WAITING or life.intent is None:
        return life, ()
    text = f"no longer asked: {life.intent.what}"
    return replace(life, state=OPEN, intent=None), (_tell(life, text, life.intent.digest),)


def _approved(life: Life, event: Approved, now_ms: int) -> Answer:
    intent, said_ms = life.intent, now_ms if event.said_ms is None else event.said_ms
    if life.state is not WAITING or intent is None:
        return _ignore(life, event, "no answer is awaited: it was decided already")
    if event.digest != intent.digest:
        return _ignore(life, event, f"{event.by} approved another plan than the one that is asked for now")
    if intent.until_ms is not None and said_ms > intent.until_ms:
        return _ignore(life, event, f"{event.by} approved too late")
    return _apply(life, event, intent, now_ms, approved=True)


def _rejected(life: Life, event: Rejected) -> Answer:
    intent = life.intent
    if life.state is not WAITING or intent is None:
        return _ignore(life, event, "no answer is awaited: it was decided already")
    if event.digest != intent.digest:
        return _ignore(life, event, f"{event.by} refused another plan than the one that is asked for now")
    if event.until_ms is not None:
        return _quiet(life, f"{event.by} refused for now: {intent.what}", event.until_ms)
    return _no(life, intent, f"{event.by} refused: {intent.what}")


def _snoozed(life: Life, event: Snoozed) -> Answer:
    intent = life.intent
    if life.state is not WAITING or intent is None:
        return _ignore(life, event, "nothing is asked that could be put off")
    if event.digest != intent.digest:
        return _ignore(life, event, f"{event.by} put off another plan than the one that is asked for now")
    return _quiet(life, f"{event.by} put it off: {intent.what}", event.until_ms)


def _quiet(life: Life, text: str, until_ms: int) -> Answer:
    """The question is withdrawn, and asked anew at ``until_ms`` if there is still a reason to."""
    quiet = replace(life, state=OPEN, intent=None, quiet_until_ms=until_ms)
    return quiet, (_tell(life, text, _digest(life)), _wake(life, until_ms))


def _no(life: Life, intent: Intent, text: str) -> Answer:
    told = replace(life, state=ESCALATED, intent=None, declined=(*life.declined, intent.what))
    return told, (_tell(life, text, intent.digest),)


def _apply(life: Life, event: Event, intent: Intent, now_ms: int, *, approved: bool) -> Answer:
    if intent.impact is Impact.HIGH and not approved:
        return _ignore(life, event, f"high impact without an approval: {intent.what}")
    if intent.what in life.declined and not approved:
        return _ignore(life, event, f"a person said no: {intent.what}")
    command = Apply(_id(life, "apply", intent.digest, intent.step), intent)
    if command.id in life.applied:
        return _ignore(life, event, f"this very step was applied already: {intent.what}")
    intent = replace(intent, id=command.id)
    command = replace(command, intent=intent)
    applied = (*life.applied, command.id)
    acting = replace(
        life, state=ACTING, intent=intent, undoing=False, looks=0, from_ms=now_ms, applied=applied
    )
    return acting, (command, _wake(life, now_ms + 1000 * (intent.acting_s + GRACE_S)))


def _applied(life: Life, event: Event, which: tuple[str, int], dry_run: bool, now_ms: int) -> Answer:
    intent = life.intent
    if life.state is not ACTING or intent is None or which != (intent.plan_id, intent.step):
        return _ignore(life, event, f"nothing of this name is being carried out: plan {which[0]}")
    if dry_run:
        return _settled(replace(life, done=True), f"dry run, not carried out: {intent.what}")
    if life.undoing:
        return _settled(life, f"taken back: {intent.what}")
    from_ms = now_ms + 1000 * intent.settle_s
    verify = Verify(_id(life, "verify", intent.digest, intent.step, now_ms), intent, from_ms)
    verifying = replace(life, state=VERIFYING, from_ms=from_ms)
    return verifying, (verify, _wake(life, from_ms + 1000 * (intent.deadline_s + GRACE_S)))


def _failed(life: Life, event: Failed, now_ms: int) -> Answer:
    intent, acting = life.intent, life.state is ACTING
    if life.state not in UNDER_WAY or intent is None or (event.plan_id, event.step) != _which(intent):
        return _ignore(life, event, f"nothing of this name is under way: plan {event.plan_id}")
    if life.undoing:  # a change of ours that we cannot take back is a person's at once
        return _for_a_person(life, f"not taken back: {intent.what}: {event.why}")
    if acting and not event.changed:
        return _settled(life, f"not carried out: {intent.what}: {event.why}")
    if intent.reversible and (acting or not life.over):
        command = Undo(_id(life, "undo", intent.digest, intent.step), intent)
        applied = (*life.applied, command.id)
        undoing = replace(life, state=ACTING, undoing=True, looks=0, from_ms=now_ms, applied=applied)
        return undoing, (command, _wake(life, now_ms + 1000 * (intent.acting_s + GRACE_S)))
    said = "carried out in part" if acting else "did not help"
    return _settled(life, f"{said}: {intent.what}: {event.why}")


def _which(intent: Intent) -> tuple[str, int]:
    return intent.plan_id, intent.step


def _verified(life: Life, event: Verified) -> Answer:
    intent = life.intent
    if life.state is not VERIFYING or intent is None or (event.plan_id, event.step) != _which(intent):
        return _ignore(life, event, f"nothing of this name is being verified: plan {event.plan_id}")
    return _settled(life, f"{event.said}: {intent.what}")


def _timed_out(life: Life, event: Event, now_ms: int) -> Answer:
    intent = life.intent
    match life.state:
        case IncidentState.WAITING if intent is not None:
            if intent.until_ms is not None and now_ms < intent.until_ms:
                return _ignore(life, event, "people still have time to answer")
            return _no(life, intent, f"nobody answered, which is a no: {intent.what}")
        case IncidentState.ACTING if intent is not None and life.looks < MOST_LOOKS:
            return replace(life, looks=life.looks + 1), _look(life, intent, now_ms)  # never sent again
        case IncidentState.ACTING if intent is not None:
            return _for_a_person(life, f"nobody can tell whether it was carried out: {intent.what}")
        case IncidentState.VERIFYING if intent is not None:
            return _for_a_person(life, f"nobody can tell whether it helped: {intent.what}")
        case _:
            return life, ()  # time to decide again, which is another event


def _unlocked(life: Life, by: str, about: str = "") -> Answer:
    """What was declined may be decided upon again; what is under way goes its way."""
    state = OPEN if life.state is ESCALATED else life.state
    told = (_tell(life, f"{by} lets it be tried again", str(len(life.declined))),) if life.declined else ()
    lifted = (*life.lifted, about) if about else life.lifted
    return replace(life, state=state, declined=(), quiet_until_ms=0, lifted=lifted), told


def _won(life: Life, now_ms: int) -> Answer:
    leading = replace(life, leading=True)
    if life.state is VERIFYING and life.intent is not None:
        return leading, _judge_on(life, life.intent, now_ms)
    if life.state is ACTING and life.intent is not None:
        return leading, _look(life, life.intent, now_ms)
    if life.state is WAITING and life.intent is not None and life.intent.until_ms is not None:
        return leading, (_wake(life, life.intent.until_ms),)
    return leading, ()


def _look(life: Life, intent: Intent, now_ms: int) -> tuple[Command, ...]:
    verify = Verify(_id(life, "verify", intent.digest, intent.step, now_ms), intent, now_ms)
    return verify, _wake(life, now_ms + 1000 * (intent.acting_s + GRACE_S))


def _judge_on(life: Life, intent: Intent, now_ms: int) -> tuple[Command, ...]:
    """Who takes over judges what is seen from now on; the deadline stays, if there is still time to look."""
    verify = Verify(_id(life, "verify", intent.digest, intent.step, now_ms), intent, life.from_ms)
    until_ms = max(life.from_ms + 1000 * intent.deadline_s, now_ms)
    return verify, _wake(life, until_ms + 1000 * GRACE_S)


def _closed(life: Life, because: str) -> Answer:
    if life.state in UNDER_WAY:  # every step's end is known first
        return replace(life, over=because), ()
    _, commands = _withdrawn(life)
    closed = replace(life, state=CLOSED, intent=None, over=because)
    return closed, (*commands, _tell(life, f"closed: {because}"))


def _settled(life: Life, text: str) -> Answer:
    """A step's end is known: on to the next decision, or the end."""
    state = CLOSED if life.over else OPEN
    settled = replace(life, state=state, intent=None, undoing=False)
    return settled, (_tell(life, text, _digest(life)),)


def _for_a_person(life: Life, text: str) -> Answer:
    state = CLOSED if life.over else ESCALATED
    what = () if life.intent is None else (life.intent.what,)
    told = replace(life, state=state, intent=None, undoing=False, declined=(*life.declined, *what))
    return told, (_tell(life, text, _digest(life)),)


# Commands and their ids


def _digest(life: Life) -> str:
    return life.intent.digest if life.intent is not None else ""


def _id(life: Life, kind: str, *about: object) -> str:
    return short_id("command", [life.incident_id, life.number, kind, *about])


def _tell(life: Life, text: str, about: str = "") -> Tell:
    return Tell(_id(life, "tell", text, about), text)


def _wake(life: Life, at_ms: int) -> WakeAt:
    return WakeAt(_id(life, "wake", at_ms), at_ms)


def _ignore(life: Life, event: Event, because: str) -> Answer:
    return life, (Ignore(_id(life, "ignore", type(event).__name__, because), because),)
