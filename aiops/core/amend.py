"""Amend: another step instead of the one that was asked about, as a person wants it.

It is a plan like any other, with a digest of its own: the same remediations make it, the impact floor and
every guard judge it, and it is asked about anew. Nothing that a person types reaches the cluster but as a
parameter of a remediation, checked by it.
"""

from dataclasses import replace
from datetime import UTC, datetime

from aiops.core.names import odd_name
from aiops.core.plan import Remediations, finished, seal
from aiops.errors import AiopsError
from aiops.model import Amend, Facts, NotApplicable, Plan, PlaybookStep, Step
from aiops.plugin import Remediation

LONGEST = 300  # characters of a reason that become part of the plan


def amended(
    plan: Plan,
    wish: Amend,
    by: str,
    facts: Facts,
    remediation: Remediations,
    now_ms: int,
) -> Plan | NotApplicable:
    """``plan`` with the one step that ``wish`` asks for; NotApplicable with the reason where it cannot be."""
    try:
        fix = remediation(wish.remediation, wish.parameters)
    except (ValueError, TypeError, AiopsError) as error:
        return NotApplicable(f"{wish.remediation}: {error}")
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    answer = _proposed(fix, plan, facts, now)
    if isinstance(answer, NotApplicable):
        return answer
    if odd := odd_name(answer):
        return NotApplicable(odd)
    entry = PlaybookStep(wish.remediation, wish.parameters)
    step = finished(answer, entry, 0, facts)
    if any(one.change == step.change and one.then == step.then for one in plan.steps[:1]):
        return NotApplicable("that is what is asked about already")
    said = f"instead of {plan.steps[0].summary}, as {by} wants it" if plan.steps else f"as {by} wants it"
    why = f": {wish.reason[:LONGEST]}" if wish.reason else ""
    return seal(replace(plan, id="", digest="", steps=(step,), skipped=(f"{said}{why}",), made_at_ms=now_ms))


def _proposed(fix: Remediation, plan: Plan, facts: Facts, now: datetime) -> Step | NotApplicable:
    """On what the question is about, whomever the incident is blamed on by now: its workload, else the very
    object."""
    answer: Step | NotApplicable = NotApplicable("nothing to propose it for")
    for target in dict.fromkeys((plan.target, *(one.change.target for one in plan.steps[:1]))):
        answer = fix.propose(target, facts, now)
        if isinstance(answer, Step):
            return answer
    return answer
