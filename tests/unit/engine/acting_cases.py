"""A loop whose hands are real, over a cluster in memory: the leaking cart, minute by minute."""

from dataclasses import dataclass
from typing import ClassVar

from aiops.engine.carry import Carrier
from aiops.engine.rehearse import Rehearsal
from aiops.model import (
    BlastRadius,
    Change,
    ChangeVerb,
    Condition,
    Impact,
    Matcher,
    Mode,
    NotApplicable,
    Playbook,
    PlaybookStep,
    Pod,
    Scope,
    Status,
    Step,
    Target,
    Verification,
)
from tests.fakes.cluster import FakeCluster
from tests.unit.core.cases import CART, MINUTE, NOW, facts, policy, workload
from tests.unit.engine.loop_cases import Timeline, rules

QUICK = Verification(settle_s=60, deadline_s=300, good=2, of=3)


@dataclass(frozen=True, slots=True)
class Annotate:
    """A change with an undo: sets an annotation on the workload, and takes it away again."""

    contains: bool = False

    rights: ClassVar = ()

    def propose(self, target, the_facts, now):
        found = the_facts.workloads.get(target)
        if found is None:
            return NotApplicable("not known")
        patch = {"metadata": {"annotations": {"example.com/calm": "yes"}}}
        back = {"metadata": {"annotations": {"example.com/calm": None}}}
        return Step(
            summary=f"calm {target}",
            change=Change(target, found.resource_version, patch, found.uid),
            undo=Change(target, found.resource_version, back, found.uid),
            impact=Impact.LOW,
            blast_radius=BlastRadius(0, 0.0, at_once=0),
            command=f"kubectl annotate {target.name}",
            contains=self.contains,
        )


@dataclass(frozen=True, slots=True)
class Sweep:
    """Several changes: ends every pod of the workload, one after the other."""

    rights: ClassVar = ()

    def propose(self, target, the_facts, now):
        pods = sorted((one for one in the_facts.pods.values() if one.owner == target), key=lambda p: p.target)
        if not pods:
            return NotApplicable("no pods")
        changes = [Change(one.target, None, {}, one.uid, ChangeVerb.DELETE) for one in pods]
        return Step(
            summary=f"sweep {len(pods)} pods",
            change=changes[0],
            undo=None,
            impact=Impact.LOW,
            blast_radius=BlastRadius(len(pods), 0.25, at_once=0),
            then=tuple(changes[1:]),
            deadline_s=240,
        )


def bad_pod(target):
    """A pod that serves nobody, and loses nothing when it ends."""
    uid = f"uid-{target.name}"
    return Pod(target, CART, uid, "n1", "Running", ready=False, local_storage=False, mirror=False)


OWN = {"annotate": Annotate, "contain": lambda: Annotate(contains=True), "sweep": Sweep}


def playbook(*steps, **changes):
    return Playbook(
        "calm-leaking",
        "1",
        Matcher(classes=("memory_leak",)),
        tuple(PlaybookStep(one) for one in steps),
        verification=QUICK,
        mode=Mode.AUTO,
        **changes,
    )


def make(name, parameters):
    from aiops.bootstrap.plugins import remediation  # noqa: PLC0415 - the real ones by their entry points

    return OWN[name]() if name in OWN else remediation(name, parameters)


def acting_rules(*playbooks, **changes):
    """Auto in the shop, for any playbook."""
    auto = policy(scopes=(Scope(Mode.AUTO, namespace="shop"),))
    return rules(*playbooks, **{"policy": auto, "remediation": make} | changes)


class Acting(Timeline):
    """``Timeline`` whose steps reach ``cluster``. ``statuses`` is what the detectors say now."""

    def __init__(self, *steps, store=None, cluster=None, pods=1, the_rules=None, points=None, **loop):
        named = [Target("Pod", "shop", f"cart-{number}") for number in range(1, pods + 1)]
        known = facts(
            workload(pdb_disruptions_allowed=4),
            conditions=(Condition(CART, "CrashLoopBackOff", NOW),),  # a second source, for what destroys
            pods={one: bad_pod(one) for one in named},
        )
        self.cluster = cluster or FakeCluster(known)
        self.status = Status.ANOMALY
        the_rules = the_rules or acting_rules(playbook(*(steps or ("restart_rollout",))))
        super().__init__(the_rules, store, **loop)
        self.loop.carry_out = Carrier(self.cluster, lambda *_: self.status, points or (lambda _: None))
        self.loop.rehearse = Rehearsal(self.cluster, self.loop.term)
        self.loop.fresh = self.cluster.facts
        self.loop.reach = points or (lambda _: None)

    def facts(self, minute, **changes):
        return self.cluster.facts(int(NOW + minute * MINUTE))

    def answers(self):
        """What the API server made of each write, as journalled."""
        return [one.entry.payload["answer"] for one in self.store.read(kinds=("change_answered",))]

    def outcomes(self):
        """(result, detail) of each step's end."""
        ends = self.store.read(kinds=("step_ended",))
        return [(one.entry.payload["result"], one.entry.payload["detail"]) for one in ends]

    def results(self):
        return [result for result, _ in self.outcomes()]

    @property
    def writes(self):
        """(verb, target name) of what was committed."""
        return [(one.verb, one.target.name) for one in self.cluster.commits]
