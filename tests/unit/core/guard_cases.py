"""What a guard sees, where all is well but for what a test hands in."""

from aiops.core.guards.context import Context
from aiops.core.ledger import Attempt, Ledger
from aiops.model import (
    Result,
    Target,
)
from tests.unit.core.cases import (
    CART,
    CRASHING,
    NODE,
    cordon,
    evict,
    facts,
    incident,
    plan,
    policy,
    scale,
    situation,
    workload,
)

TILL = Target("Deployment", "shop", "till")
SOLD = workload(annotations={"aiops.dev/max-replicas": "6"})  # its owner agreed to pay for six pods


def context(
    the_plan=None, the_incident=None, the_facts=None, ledger=None, the_policy=None, the_situation=None
):
    """What a guard sees, where all is well but for what a test hands in."""
    made = the_plan or plan()
    return Context(
        made,
        made.steps[0],
        the_incident or incident(),
        the_facts or facts(),
        ledger or Ledger(),
        the_policy or policy(),
        the_situation or situation(),
    )


def lean(guard, **changes):
    """What the guard leans to; None where it does not concern the step."""
    reason = guard(context(**changes))
    return None if reason is None else reason.lean


def attempt(at_ms, target=CART, **changes):
    """A step that was started, and ended as a dry run at once."""
    values = {
        "plan_id": f"p{at_ms}{target}",
        "incident_id": "i0",
        "target": str(target),
        "namespace": target.namespace,
        "playbook": "restart-leaking",
        "remediation": "restart_rollout",
        "rung": 0,
        "step": 0,
        "at_ms": at_ms,
        "counted": True,
        "result": Result.DRY_RUN,
        "ended_ms": at_ms,
    }
    return Attempt(**values | changes)


def ledger(*attempts, **changes):
    return Ledger(attempts=attempts, **changes)


EVICT = {"the_plan": plan(evict()), "the_facts": facts(conditions=CRASHING)}
SCALE = {"the_plan": plan(scale()), "the_facts": facts(SOLD)}
CORDON = {
    "the_plan": plan(cordon(), target=NODE),
    "the_incident": incident(prime=NODE),
}
