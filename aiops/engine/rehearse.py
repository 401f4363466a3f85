"""Rehearse: show a step to the API server before anybody is asked or acted upon.

It checks rights, admission and validity, and commits nothing (server-side dry run). Only in modes ask and
auto: in observe and suggest no mutating verb leaves us at all, this one included (B9).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiops.core.redact import BY_HAND
from aiops.engine.scene import MOST_TRIES
from aiops.model import (
    Act,
    Answer,
    Change,
    ChangeVerb,
    Decision,
    Escalate,
    Hold,
    Lean,
    Mark,
    Plan,
    Reason,
    Receipt,
    Sight,
)
from aiops.ports import Cluster

GUARD = "server"
MOST = 5  # changes of one step: the evictions of a drain need the same right
Rehearse = Callable[[Plan, int], Reason]  # what the API server says to a step


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``Rehearse`` over a cluster."""

    cluster: Cluster
    term: int

    def __call__(self, plan: Plan, step: int) -> Reason:
        """Permit; hold where it may be taken later; escalate where it would be refused."""
        mark = Mark(f"rehearsal-{plan.id}", self.term)
        changes = [one for one in plan.steps[step].changes if one.verb is not ChangeVerb.CAPTURE]
        for change in changes[:MOST]:
            try:
                receipt = self._shown(change, mark)
            except ValueError as error:  # of a stranger's remediation: what is never sent
                receipt = Receipt(Answer.INVALID, str(error))
            reason = reason_of(receipt, plan, step)
            if reason.lean is not Lean.PERMIT:
                return reason
        return Reason(GUARD, Lean.PERMIT, "the API server would take it")

    def _shown(self, change: Change, mark: Mark) -> Receipt:
        """The answer to a dry run of ``change``; on the newest version, where only its status is newer."""
        receipt = self.cluster.send(change, mark, dry_run=True)
        for _ in range(MOST_TRIES):
            if receipt.answer is not Answer.CONFLICT or change.generation is None:
                break
            look = self.cluster.look(change, mark)
            if look.sight is not Sight.ABSENT or look.resource_version is None:
                break
            newest = replace(change, resource_version=look.resource_version)
            receipt = self.cluster.send(newest, mark, dry_run=True)
        return receipt


def reason_of(receipt: Receipt, plan: Plan, step: int) -> Reason:
    """What the answer to a dry run argues for."""
    match receipt.answer:
        case Answer.DONE:
            return Reason(GUARD, Lean.PERMIT, "the API server would take it")
        case Answer.FORBIDDEN | Answer.INVALID:
            command = plan.steps[step].command
            text = f"the API server would refuse it: {receipt.detail}{BY_HAND}{command}"
            return Reason(GUARD, Lean.ESCALATE, text)
        case Answer.CONFLICT | Answer.NOT_FOUND | Answer.GONE:
            return Reason(GUARD, Lean.HOLD, f"it changed since it was planned on: {receipt.detail}")
        case Answer.BUDGET:
            return Reason(GUARD, Lean.HOLD, f"the disruption budget allows none now: {receipt.detail}")
        case Answer.THROTTLED | Answer.UNAVAILABLE | Answer.UNKNOWN:
            return Reason(GUARD, Lean.HOLD, f"the API server gives no answer: {receipt.detail}", unknown=True)


def answer_of(decision: Decision, reason: Reason) -> Decision:
    """``decision`` with what the API server said to it: what it would refuse is for a person to type."""
    plan, step, reasons = decision.plan, decision.step, (*decision.reasons, reason)
    match reason.lean:
        case Lean.PERMIT:
            return replace(decision, reasons=reasons)
        case Lean.HOLD:
            return Hold(plan, reasons, reason.until_ms, step)
        case Lean.ESCALATE | Lean.REFUSE:
            return Escalate(plan, reasons, step=step)


def concerns(decision: Decision) -> bool:
    """Whether ``decision`` leads to a write, at once or when a person approves."""
    return isinstance(decision, Act) or (isinstance(decision, Escalate) and bool(decision.approvers))
