"""Policy: may this plan be carried out? Act, escalate, hold or refuse, always with all reasons.

Every guard is asked and every answer kept. The strictest one counts: refuse before hold before escalate
before act. So one more guard can only make a decision stricter, and the order of the guards decides nothing
but which reason is named first.

Modes: the lowest of the policy's, the playbook's and those of all scopes that match. Where no scope matches
the playbook is not bound to this place, and the mode is observe. In observe a plan is refused and shown; in
suggest people are told and nobody can approve; in ask they are asked; in auto we act, within the guards.
"""

from collections.abc import Sequence

from aiops.core.autonomy import case_of, described, level
from aiops.core.guards import GUARDS
from aiops.core.guards.context import Context, Guard, escalate, permit, refuse
from aiops.core.ledger import Ledger
from aiops.core.memory import Lessons
from aiops.core.situation import Situation
from aiops.model import (
    Act,
    Decision,
    Escalate,
    Facts,
    Hold,
    Incident,
    Lean,
    Mode,
    Plan,
    Policy,
    Reason,
    Refuse,
    Scope,
)

STRICTNESS = (Lean.PERMIT, Lean.ESCALATE, Lean.HOLD, Lean.REFUSE)
MODE = "mode"


def decide(
    plan: Plan,
    incident: Incident | None,
    facts: Facts,
    ledger: Ledger,
    policy: Policy,
    situation: Situation,
    step: int = 0,
    lessons: Lessons | None = None,
) -> Decision:
    """What to do about ``plan``'s step now."""
    return decide_twice(plan, incident, facts, ledger, policy, situation, step, lessons=lessons)[0]


def decide_if_known(
    plan: Plan,
    incident: Incident | None,
    facts: Facts,
    ledger: Ledger,
    policy: Policy,
    situation: Situation,
    step: int = 0,
) -> Decision:
    """What it would be if every unknown fact permitted, and the mode were auto. For the dry run only."""
    return decide_twice(plan, incident, facts, ledger, policy, situation, step)[1]


def decide_twice(
    plan: Plan,
    incident: Incident | None,
    facts: Facts,
    ledger: Ledger,
    policy: Policy,
    situation: Situation,
    step: int = 0,
    *,
    guards: Sequence[Guard] = GUARDS,
    lessons: Lessons | None = None,
) -> tuple[Decision, Decision]:
    """(as a live run would, as if unknown facts permitted and the mode were auto)."""
    if not plan.steps:
        nothing = Refuse(plan, (refuse("plan", plan.reason),), step)
        return nothing, nothing
    context = Context(plan, plan.steps[step], incident, facts, ledger, policy, situation, lessons)
    reasons = tuple(reason for guard in guards if (reason := guard(context)) is not None)
    bare = settle(context, reasons, step)
    live = settle(context, (*reasons, mode_reason(context, bare)), step)
    known = settle(context, tuple(reason for reason in reasons if not reason.unknown), step)
    return live, known


def recheck(
    plan: Plan,
    incident: Incident | None,
    facts: Facts,
    ledger: Ledger,
    policy: Policy,
    situation: Situation,
    step: int = 0,
    *,
    asked: bool = True,
    shown: Sequence[str] | None = None,
    lessons: Lessons | None = None,
) -> tuple[Reason, ...]:
    """Why a step must not be sent now; empty where it may be.

    An approval (``asked``) answers what was escalated, and nothing else: holds and refusals stand, and so
    does what a guard escalates by now that people were not ``shown`` (None: they saw it all). Nobody can
    approve where the mode is below ask. What nobody was asked about is sent only if it would be decided so
    again.
    """
    decision = decide(plan, incident, facts, ledger, policy, situation, step, lessons)
    if not asked:
        return tuple(reason for reason in decision.reasons if reason.lean is not Lean.PERMIT)
    mode, _ = mode_of(plan, policy, incident, lessons, situation.now_ms)
    below_ask = mode.rank < Mode.ASK.rank
    stops = {Lean.HOLD, Lean.REFUSE}
    unseen = {
        one.guard
        for one in decision.reasons
        if one.lean is Lean.ESCALATE and shown is not None and one.guard not in {*shown, MODE}
    }
    return tuple(
        one
        for one in decision.reasons
        if one.lean in stops or one.guard in unseen or (one.guard == MODE and below_ask)
    )


def settle(context: Context, reasons: Sequence[Reason], step: int = 0) -> Decision:
    """The decision that ``reasons`` lead to: the strictest lean among them. No reasons at all refuse."""
    plan, told = context.plan, tuple(reasons)
    match strictest(told):
        case Lean.PERMIT:
            return Act(plan, told, step)
        case Lean.ESCALATE:
            policy = context.policy
            if told[-1].guard == MODE and _mode(context)[0] is Mode.SUGGEST:
                return Escalate(plan, told, step=step)
            until_ms = context.now_ms + policy.approval_deadline_s * 1000
            return Escalate(plan, told, plan.approvers or policy.approvers, until_ms, step)
        case Lean.HOLD:
            return Hold(plan, told, _look_again(told), step)
        case Lean.REFUSE:
            return Refuse(plan, told, step)


def strictest(reasons: Sequence[Reason]) -> Lean:
    """The lean that counts; without any reason it is refuse: nobody looked."""
    return max((reason.lean for reason in reasons), key=STRICTNESS.index, default=Lean.REFUSE)


def _look_again(reasons: Sequence[Reason]) -> int | None:
    """When all that holds has passed by itself; None where time alone does not change it."""
    ends = [reason.until_ms for reason in reasons if reason.lean is Lean.HOLD]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def mode_of(
    plan: Plan,
    policy: Policy,
    incident: Incident | None = None,
    lessons: Lessons | None = None,
    now_ms: int = 0,
) -> tuple[Mode, str]:
    """The mode that counts for ``plan``, and where it comes from: what is configured, and what its record in
    each of the scopes still allows, which is never more."""
    scopes = [scope for scope in policy.scopes if matches(scope, plan)]
    if not scopes:
        where = plan.target.namespace or str(plan.target)
        return Mode.OBSERVE, f"no scope binds playbook {plan.playbook} to {where}"
    named = [(policy.mode, "of the policy"), (plan.mode, f"of playbook {plan.playbook}")]
    named += [(scope.mode, f"of the scope {described(scope)}") for scope in scopes]
    kind = incident.incident_class if incident is not None else ""
    for scope in scopes:
        case = case_of(plan, kind, scope, policy)
        earned = level(case, lessons or Lessons(), now_ms)
        named.append((earned.mode, f"of its record for {case.where}: {earned.reason}"))
    return min(named, key=lambda one: one[0].rank)


def _mode(context: Context) -> tuple[Mode, str]:
    return mode_of(context.plan, context.policy, context.incident, context.lessons, context.now_ms)


def matches(scope: Scope, plan: Plan) -> bool:
    """Whether ``scope`` speaks of ``plan``: everything that it names agrees."""
    return (
        (not scope.namespace or scope.namespace == plan.target.namespace)
        and (not scope.workload or scope.workload == str(plan.target))
        and (not scope.playbook or scope.playbook == plan.playbook)
    )


def mode_reason(context: Context, bare: Decision) -> Reason:
    """What the mode makes of ``bare``, the decision that the guards alone lead to."""
    mode, source = _mode(context)
    said = f"mode {mode} ({source})"
    match mode:
        case Mode.OBSERVE:
            return refuse(MODE, f"{said}: shown only; would have {phrase(bare)}")
        case Mode.SUGGEST:
            return escalate(MODE, f"{said}: people are told, nobody is asked; would have {phrase(bare)}")
        case Mode.ASK:
            return escalate(MODE, f"{said}: a person approves")
        case Mode.AUTO:
            return permit(MODE, said)


def why(decision: Decision) -> Reason:
    """The reason that decided: the first one that leans as the decision does."""
    lean = strictest(decision.reasons)
    first = next((reason for reason in decision.reasons if reason.lean is lean), None)
    return first or refuse("plan", decision.plan.reason or "no guard was asked")


def phrase(decision: Decision) -> str:
    """A decision after "would have": "acted: restart Deployment/shop/cart; if that had not helped: ..."."""
    plan, reason = decision.plan, why(decision)
    if not plan.steps:
        return f"done nothing: {reason.text}"
    what = plan.steps[decision.step].summary
    because = f"({reason.guard.replace('_', ' ')}: {reason.text})"
    match decision:
        case Act():
            return f"acted: {what}{later_rungs(decision)}"
        case Escalate():
            asked = f"asked {', '.join(decision.approvers) or 'nobody'} to approve: {what} {because}"
            return f"{asked}{later_rungs(decision)}"
        case Hold():
            return f"held: {what} {because}"
        case Refuse():
            return f"refused: {what} {because}"


def later_rungs(decision: Decision) -> str:
    """What would come if the decided step did not help, in the order of the ladder; "" if nothing."""
    later = [step.summary for step in decision.plan.steps[decision.step + 1 :]]
    return f"; if that had not helped: {', then '.join(later)}" if later else ""
