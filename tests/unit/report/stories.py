"""Stories made by hand: a shop whose cart leaks on one day, its catalog deployed badly on the next."""

from dataclasses import replace

import numpy as np

from aiops.model import (
    Act,
    Anomaly,
    AnomalyKind,
    BlastRadius,
    Change,
    ClusterEvent,
    Decided,
    Direction,
    EventKind,
    Evidence,
    Impact,
    Incident,
    IncidentKind,
    IncidentState,
    IncidentStory,
    Lean,
    Moment,
    Plan,
    Plot,
    Reason,
    Refuse,
    Role,
    Severity,
    Step,
    Story,
    Suspect,
    Target,
    TrueIncident,
    Verification,
)

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_772_323_200_000  # 2026-03-01T00:00Z
CART = Target("Deployment", "shop", "cart")
CATALOG = Target("Deployment", "shop", "catalog")
FRONTEND = Target("Deployment", "shop", "frontend")
CLAIM = Target("PersistentVolumeClaim", "data", "orders-db-0")
ORDERS_DB = Target("StatefulSet", "data", "orders-db")


def anomaly(target=CART, signal="memory", at=START, role=Role.MEMORY, score=3.0, **more):
    return Anomaly(
        AnomalyKind.OBSERVED, target, signal, role, "bytes", "seasonal_profile", at, at + 3 * MINUTE,
        observed=3.1e8, low=1.2e8, high=2.1e8, score=score, direction=Direction.UP, **more,
    )  # fmt: skip


def incident(name="a1", target=CART, opened=START + HOUR, lasted=HOUR, suspects=None, **more):
    """Opened three minutes after its first bad sample."""
    since = opened - 3 * MINUTE
    if suspects is None:
        what = Evidence("memory left its band first, 4 min before the others", 0.7, "memory", since)
        suspects = (Suspect(target, 0.7, (what,), "memory", ""), Suspect(FRONTEND, 0.2))
    fields = {
        "id": name, "fingerprint": f"f-{name}", "kind": IncidentKind.OBSERVED, "state": IncidentState.CLOSED,
        "severity": Severity.HIGH, "incident_class": "memory_leak", "targets": (target,),
        "anomalies": (anomaly(target, at=since),), "suspects": suspects, "opened_ms": opened,
        "since_ms": since, "updated_ms": opened + lasted, "opened_because": "3 of 5 samples left their band",
        "closed_ms": opened + lasted, "closed_because": "its signal is back in the band for 5 min",
    }  # fmt: skip
    return Incident(**(fields | more))


def step(target=CART, remediation="restart_rollout", **more):
    patch = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "T"}}}}}
    fields = {
        "summary": f"restart {target}, 3 pods", "change": Change(target, None, patch), "undo": None,
        "impact": Impact.LOW, "blast_radius": BlastRadius(3, 1.0, at_once=1), "remediation": remediation,
        "command": f"kubectl -n {target.namespace} rollout restart {target.kind.lower()}/{target.name}",
    }  # fmt: skip
    return Step(**(fields | more))


def plan(target=CART, incident_id="a1", steps=None, at=START + HOUR, **more):
    steps = (step(target),) if steps is None else steps
    return Plan(
        f"p-{incident_id}", incident_id, target, "memory-leak", "1", steps, Verification(), at,
        digest="d" * 64, **more,
    )  # fmt: skip


OBSERVED = Reason("mode", Lean.REFUSE, "mode observe (of the policy): shown only; would have acted")
COOL = Reason("cooldown", Lean.PERMIT, "nothing was tried here in the last 30 min")
NO_PDB = Reason("blast", Lean.HOLD, "disruption budget of Deployment/shop/cart is not known", unknown=True)


def decided(made=None, at=START + HOUR, if_known=True):
    made = plan() if made is None else made
    known = Act(made, (COOL,)) if if_known else None
    return Decided(at, Refuse(made, (COOL, NO_PDB, OBSERVED)), known)


def plot(target=CART, start=START, minutes=180, step_ms=MINUTE, signal="memory"):
    times = start + step_ms * np.arange(minutes)
    values = 1.5e8 + 1e7 * np.sin(np.arange(minutes) / 7)
    values[60:90] += 1.6e8
    values[100:110] = np.nan
    low, high = np.full(minutes, 1.2e8), np.full(minutes, 2.1e8)
    return Plot(target, signal, "bytes", Direction.UP, times, values, low, high, values > high)


def told(one=None, decisions=None, **more):
    """An incident with its decision, timeline and plot."""
    one = incident() if one is None else one
    decisions = (decided(at=one.opened_ms),) if decisions is None else decisions
    fields = {
        "moments": (
            Moment(one.since_ms - MINUTE, "change", f"rollout {one.prime} revision 12"),
            Moment(one.opened_ms, "opened", one.opened_because),
            Moment(one.opened_ms, "decided", f"would have acted: restart {one.prime}"),
            Moment(one.closed_ms or one.updated_ms, "closed", one.closed_because),
        ),
        "plots": (plot(one.prime, one.since_ms - HOUR),),
        "changes": (ClusterEvent(one.since_ms - MINUTE, one.prime, EventKind.ROLLOUT, "revision 12"),),
    }  # fmt: skip
    return IncidentStory(one, decisions, **(fields | more))


def truth(name="leak", start=START + HOUR - 5 * MINUTE, target=CART, lasted=HOUR, **more):
    right = more.pop("right", ("restart_rollout",))
    return TrueIncident(name, start, start + lasted, target, name, right_remediations=right, **more)


def story(incidents=None, truths=None, **more):
    """Two days. Left alone: one leak of the cart, found five minutes after it began."""
    fields = {
        "recording": "shop", "cluster": "demo", "start_ms": START, "end_ms": START + 2 * DAY - MINUTE,
        "step_ms": MINUTE, "series": 120, "signals": 9, "workloads": 17,
        "incidents": (told(),) if incidents is None else tuple(incidents),
        "truths": (truth(),) if truths is None else tuple(truths),
        "budgets": {"cluster per hour": "1 of 20"}, "elapsed_s": 1.5, "config_digest": "c" * 64,
    }  # fmt: skip
    return Story(**(fields | more))


def second_day():
    """A bad deploy of the catalog at noon of the second day: no playbook, nothing decided."""
    at = START + DAY + 12 * HOUR
    one = incident("b2", CATALOG, at, incident_class="error_burst_after_deploy", severity=Severity.CRITICAL)
    return told(one, decisions=())


def renamed(one, name):
    """The same incident story under another id."""
    return replace(one, incident=replace(one.incident, id=name))
