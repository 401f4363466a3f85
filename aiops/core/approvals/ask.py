"""Ask: the approval that a question becomes: who may answer, how many must, and until when."""

from collections.abc import Mapping

from aiops.core.approvals.book import ApprovalBook
from aiops.core.life import Ask
from aiops.model import (
    Approval,
    ApprovalSettings,
    Decision,
    Facts,
    Incident,
    Lean,
    Plan,
    Severity,
    Step,
)

CHANGED_BY = (
    "aiops.dev/changed-by"  # annotation of a workload: whose last change it was, such as "slack:T1/U1"
)


def approval_of(
    question: Ask,
    decision: Decision,
    incident: Incident,
    facts: Facts,
    settings: ApprovalSettings,
    book: ApprovalBook,
    now_ms: int,
    *,
    cluster: str = "",
    author: tuple[str, str] = ("", ""),
) -> Approval:
    """The record of ``question``, asked at ``now_ms``. ``author`` is (key, reason) of who amended the plan;
    ``cluster`` is its name, which every message and button carries."""
    plan, intent = decision.plan, question.intent
    step = plan.steps[intent.step]
    until_ms = intent.until_ms if intent.until_ms is not None else now_ms
    quorum = quorum_of(step, incident.severity, settings)
    remind_ms = min(now_ms + 1000 * settings.remind_s, until_ms) if settings.remind_s else until_ms
    return Approval(
        id=question.id,
        short=book.short_of(question.id),
        cluster=cluster,
        incident_id=incident.id,
        plan_id=plan.id,
        digest=plan.digest,
        step=intent.step,
        summary=step.summary,
        target=str(plan.target),
        namespace=plan.target.namespace,
        playbook=plan.playbook,
        remediation=step.remediation,
        severity=incident.severity,
        impact=step.impact,
        because=tuple(f"{one.guard}: {one.text}" for one in decision.reasons if one.lean is Lean.ESCALATE),
        command=step.command,
        roles=question.approvers,
        quorum=quorum,
        asked_ms=now_ms,
        remind_ms=remind_ms,
        until_ms=until_ms,
        second_tier=settings.second_tier,
        barred=barred_of(plan, facts, author[0] if quorum > 1 else ""),
        author=author[0],
        author_why=author[1],
    )


def quorum_of(step: Step, severity: Severity, settings: ApprovalSettings) -> int:
    """How many different people must say yes: more than one for what is critical."""
    critical = (
        step.remediation in settings.critical_remediations
        or severity in settings.critical_severities
        or step.blast_radius.share > settings.critical_share
    )
    return settings.quorum if critical else 1


def barred_of(plan: Plan, facts: Facts, author: str = "") -> tuple[str, ...]:
    """Whose yes does not count (H5): who asked for it, who last changed the playbook or the workload."""
    workload = facts.workloads.get(plan.target)
    marks: Mapping[str, str] = workload.annotations if workload is not None else {}
    named = (author, marks.get(CHANGED_BY, "").strip(), *plan.changed_by)
    return tuple(dict.fromkeys(one for one in named if one))
