"""Asked: where in the cluster a request is about, by the journal's own word and not the asker's."""

from aiops.engine import entries
from aiops.model import Request, RequestKind, Severity, Target
from aiops.ports import Store


def where(store: Store, request: Request) -> tuple[str | None, Severity | None]:
    """(namespace, how bad) of what ``request`` is about. Namespace "" is a node's, None the whole cluster;
    severity None is not known. ValueError where the journal knows nothing of it, or it is about two places:
    the right to one would carry the other along."""
    match request.kind:
        case RequestKind.UNDO:
            return _of_step(store, request)
        case RequestKind.UNLOCK if request.target and request.playbook is not None:
            raise ValueError("expected a target or a playbook, got both: ask for each on its own")
        case RequestKind.UNLOCK if request.target:
            return Target.parse(request.target).namespace, None
        case _:  # a breaker, what a playbook may do alone, what is expected
            return None, None


def _of_step(store: Store, request: Request) -> tuple[str, Severity | None]:
    found = entries.sent(store, request.plan_id, request.step)
    if found is None:
        raise ValueError(f"plan {request.plan_id[:40]} has no step {request.step} that was carried out")
    plan, _ = found
    return plan.steps[request.step].change.target.namespace, _severity(store, plan.incident_id)


def _severity(store: Store, incident_id: str | None) -> Severity | None:
    try:
        return entries.incident(store, incident_id).severity if incident_id else None
    except (ValueError, KeyError):
        return None
