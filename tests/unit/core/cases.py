"""A situation in which every guard permits: what the tests of policy, guards and loop start from.

The cart has 4 of 4 pods ready, is at rest, belongs to nobody else, sits in an opted-in namespace, and leaks;
restarting it takes one pod away at a time, and 3 of 4 is exactly the floor of 75 %.
"""

from dataclasses import replace

from aiops.core.ledger import Ledger
from aiops.core.plan import seal
from aiops.core.policy import decide
from aiops.core.situation import Situation
from aiops.model import (
    Anomaly,
    AnomalyKind,
    BlastRadius,
    Change,
    ChangeVerb,
    Condition,
    Container,
    Direction,
    Facts,
    Impact,
    Incident,
    IncidentKind,
    IncidentState,
    Mode,
    Node,
    Plan,
    Pod,
    Policy,
    Role,
    Scope,
    Severity,
    Step,
    Suspect,
    Target,
    Verification,
    Workload,
)

NOW = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC, a Tuesday
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
CART = Target("Deployment", "shop", "cart")
POD = Target("Pod", "shop", "cart-1")
NODE = Target("Node", "", "n1")
OPTED_IN = {"shop": {"aiops.dev/opt-in": "true"}}


def workload(target=CART, **changes):
    """A workload of which everything is known."""
    return replace(
        Workload(
            target,
            uid=f"uid-{target.name}",
            resource_version="41",
            replicas=4,
            ready=4,
            rolling=False,
            paused=False,
            images=("shop/cart:1",),
            managed_by="",
            hpa_max=0,
            pdb_disruptions_allowed=1,
            max_unavailable=1,
            containers=(Container("app", "shop/cart:1", 512 * 2**20, 256 * 2**20),),
        ),
        **changes,
    )


def node(name="n1", **changes):
    """A node that is ready and takes pods."""
    plain = Node(
        Target("Node", "", name),
        f"uid-{name}",
        "a",
        True,
        False,
        resource_version="7",
        labels=dict(OPTED_IN["shop"]),
        annotations={},
        taints=(),
        managers=(),
    )
    return replace(plain, **changes)


def pod(name="cart-1", **changes):
    """A pod of the cart that is ready and keeps nothing."""
    plain = Pod(
        Target("Pod", "shop", name),
        CART,
        "uid-pod" if name == POD.name else f"uid-{name}",
        "n1",
        "Running",
        True,
        labels={"app": "cart"},
        mirror=False,
        local_storage=False,
    )
    return replace(plain, **changes)


def facts(*workloads, at_ms=NOW, nodes=(), **changes):
    """The shop as read just now: the cart, its first pod, ten nodes."""
    many = workloads or (workload(),)
    nodes = nodes or tuple(node(f"n{i}", zone="abc"[i % 3]) for i in range(1, 11))
    return Facts(
        at_ms,
        **{
            "workloads": {one.target: one for one in many},
            "pods": {POD: pod()},
            "nodes": {one.target: one for one in nodes},
            "namespace_labels": OPTED_IN,
            "namespace_annotations": {"shop": {}},
        }
        | changes,
    )


def anomaly(target=CART, signal="memory", role=Role.MEMORY, since_ms=NOW - 5 * MINUTE, **changes):
    """Loud: four times as far from what was expected as the band allows."""
    values = {
        "kind": AnomalyKind.OBSERVED,
        "target": target,
        "signal": signal,
        "role": role,
        "unit": "B",
        "detector": "default",
        "since_ms": since_ms,
        "at_ms": max(since_ms, NOW),
        "observed": 2.0,
        "low": 0.0,
        "high": 1.0,
        "score": 4.0,
        "direction": Direction.UP,
    }
    return Anomaly(**values | changes)


def incident(*anomalies, prime=CART, **changes):
    """The cart leaks since five minutes."""
    many = anomalies or (anomaly(prime),)
    values = {
        "id": "i1",
        "fingerprint": "f1",
        "kind": IncidentKind.OBSERVED,
        "state": IncidentState.OPEN,
        "severity": Severity.MEDIUM,
        "incident_class": "memory_leak",
        "targets": (prime,),
        "anomalies": many,
        "suspects": (Suspect(prime, 0.9),),
        "opened_ms": NOW - 2 * MINUTE,
        "since_ms": NOW - 5 * MINUTE,
        "updated_ms": NOW,
        "opened_because": "memory of Deployment/shop/cart left its band",
    }
    return Incident(**values | changes)


def step(**changes):
    """Restart the cart, one pod at a time."""
    patch = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "t"}}}}}
    plain = Step(
        "restart Deployment/shop/cart, 4 pods",
        Change(CART, "41", patch, "uid-cart"),
        None,
        Impact.LOW,
        BlastRadius(pods=4, share=1.0, at_once=1),
        remediation="restart_rollout",
    )
    return replace(plain, **changes)


def evict(**changes):
    """Evict the cart's first pod, which destroys, and needs two sources of evidence."""
    plain = step(
        summary="evict Pod/shop/cart-1",
        change=Change(POD, None, {}, "uid-pod", ChangeVerb.EVICT),
        impact=Impact.MEDIUM,
        blast_radius=BlastRadius(pods=1, share=0.25, at_once=1),
        remediation="evict_pod",
        destructive=True,
    )
    return replace(plain, **changes)


def scale(**changes):
    """Scale the cart from 4 to 5 pods, which its owner agreed to pay for."""
    plain = step(
        summary="scale Deployment/shop/cart from 4 to 5 pods",
        change=Change(CART, "41", {"spec": {"replicas": 5}}, "uid-cart"),
        undo=Change(CART, "41", {"spec": {"replicas": 4}}, "uid-cart"),
        impact=Impact.MEDIUM,
        blast_radius=BlastRadius(pods=1, share=0.0, at_once=0),
        remediation="scale_out",
    )
    return replace(plain, **changes)


def cordon(**changes):
    """Cordon the first of ten nodes."""
    plain = step(
        summary="cordon Node/n1",
        change=Change(NODE, "7", {"spec": {"unschedulable": True}}, "uid-n1"),
        undo=Change(NODE, "7", {"spec": {"unschedulable": False}}, "uid-n1"),
        impact=Impact.MEDIUM,
        blast_radius=BlastRadius(pods=0, share=0.0, workloads=0, nodes=1, at_once=0),
        remediation="cordon",
    )
    return replace(plain, **changes)


def plan(*steps, **changes):
    """A sealed plan for the cart, in mode auto."""
    plain = Plan(
        id="",
        incident_id="i1",
        target=CART,
        playbook="restart-leaking",
        playbook_version="1",
        steps=steps or (step(),),
        verification=Verification(),
        made_at_ms=NOW,
        digest="",
        mode=Mode.AUTO,
    )
    return seal(replace(plain, **changes))


def policy(**changes):
    """Auto in the shop, the defaults otherwise."""
    return replace(Policy(mode=Mode.AUTO, scopes=(Scope(Mode.AUTO, playbook="restart-leaking"),)), **changes)


def situation(**changes):
    """We lead, see well and are warm."""
    return replace(Situation(NOW, term=1), **changes)


CRASHING = (Condition(CART, "CrashLoopBackOff", NOW - MINUTE),)


def judged(
    the_plan=None,
    the_incident=None,
    the_facts=None,
    ledger=None,
    the_policy=None,
    the_situation=None,
    step_number=0,
):
    """The decision where all is well but for what a test hands in."""
    return decide(
        the_plan or plan(),
        the_incident or incident(),
        the_facts or facts(),
        ledger or Ledger(),
        the_policy or policy(),
        the_situation or situation(),
        step_number,
    )
