"""A cluster for tests: objects in memory with versions, conflicts, disruption budgets, and scripted faults.

cluster = FakeCluster(facts)                    # an object for each workload, pod, node ... of the facts
cluster.script(Fault.LOSE_ANSWER)               # of the next write; None lets one pass
cluster.edit(target, {"spec": {"replicas": 9}}) # a person changes it: a new version
cluster.commits                                 # what was done, as the API server's audit log would say
"""

from collections import deque
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum

from aiops.adapters.kubernetes.addresses import address
from aiops.adapters.kubernetes.sight import annotations, sight
from aiops.errors import NotFound, Unavailable
from aiops.model import Answer, ChangeVerb, Facts, Look, Receipt, Sight, Target
from tests.fakes.cluster_facts import PARTS, parts, spoken, told
from tests.fakes.patching import merged

WITHOUT_SPEC = {"ConfigMap", "Secret", "Event"}  # these have no generation


class Fault(StrEnum):
    """What becomes of one write."""

    LOSE_ANSWER = "lose_answer"  # committed, and nobody is told: UNKNOWN
    NEVER_ARRIVE = "never_arrive"  # not committed: UNKNOWN
    HOLD_BACK = "hold_back"  # UNKNOWN; committed, if it still may be, when the test calls ``deliver``
    THROTTLE = "throttle"  # 429 with Retry-After
    REFUSE_CONNECTION = "refuse_connection"  # UNAVAILABLE
    CRASH = "crash"  # committed, then the caller dies: raises ``Crashed``


class Crashed(BaseException):
    """The process ended here. No edge of ours catches it."""


@dataclass(frozen=True)
class Request:
    """A line of the audit log: a write that reached the server, and what it said."""

    verb: str
    target: Target
    intent: str
    term: int
    dry_run: bool
    answer: Answer
    patch: Mapping


class FakeCluster:
    """``ports.Cluster``. ``known`` are the facts; what they say of objects is kept in step with the objects.

    ``forbidden`` holds (verb, kind) that RBAC lacks; ``down`` refuses everything; ``blind`` refuses reads
    only; ``audit`` has every write that arrived; ``looks`` and ``captured`` remember; ``frozen_facts`` makes
    ``facts`` answer what it answered last, as a cache does that is silently dead.
    """

    def __init__(self, known=None, objects=()):
        self.objects = {}
        self.audit, self.looks, self.captured = [], [], []
        self.forbidden, self.evidence = set(), {}
        self.down = self.blind = self.frozen_facts = False
        self.retry_after_s = 7.0
        self.on_commit = None  # called with the Request after each commit: a controller's reaction
        self._faults, self._held = deque(), []
        self._version, self._uids = 1000, 0
        self._age = None
        self.known = known if known is not None else Facts(0)
        for target, facts in parts(self.known):
            self.put(target, spoken(facts), uid=facts.uid, resource_version=facts.resource_version)
        for target, body in dict(objects).items():
            self.put(target, body)

    # what a test does

    def put(self, target, body=None, *, uid=None, resource_version=None):
        """An object appears, or is made anew with another uid; answers the object."""
        self._uids += 1
        found = deepcopy(dict(body or {}))
        meta = found.setdefault("metadata", {})
        meta.update(name=target.name, uid=uid or f"uid-{self._uids}")
        meta["resourceVersion"] = resource_version or self._next()
        if target.namespace:
            meta["namespace"] = target.namespace
        if target.kind not in WITHOUT_SPEC:
            meta.setdefault("generation", 1)
        found["kind"] = target.kind
        self.objects[target] = found
        return found

    def edit(self, target, patch):
        """Somebody else changes the object."""
        self._store(target, merged(self.objects[target], patch))

    def remove(self, target):
        """Somebody else deletes it."""
        del self.objects[target]

    def script(self, *faults):
        """What becomes of the next writes, one each; None: nothing special."""
        self._faults.extend(faults)

    def deliver(self):
        """The writes that were held back arrive, in order; answers what the server said to each."""
        held, self._held = self._held, []
        return [self._arrive(*one) for one in held]

    @property
    def commits(self):
        """The writes that changed something for good."""
        return [one for one in self.audit if one.answer is Answer.DONE and not one.dry_run]

    def budget(self, name, namespace, labels, allowed):
        """A disruption budget over the pods with ``labels``."""
        target = Target("PodDisruptionBudget", namespace, name)
        body = {
            "spec": {"selector": {"matchLabels": dict(labels)}},
            "status": {"disruptionsAllowed": allowed},
        }
        return self.put(target, body)

    # the port

    def facts(self, at_ms):
        """The known facts, with versions and spec of the objects as they are now."""
        if self.down or self.blind:
            raise Unavailable("connection refused")
        if not self.frozen_facts or self._age is None:
            self._age = self._fresh(at_ms)
        return self._age

    def send(self, change, mark, *, dry_run=False):
        """Checks as the API server does, then commits unless ``dry_run``."""
        _demand(change)
        fault = self._faults.popleft() if self._faults else None
        if self.down or fault is Fault.REFUSE_CONNECTION:
            return Receipt(Answer.UNAVAILABLE, "connection refused")
        if fault is Fault.THROTTLE:
            return Receipt(Answer.THROTTLED, "too many requests", retry_after_s=self.retry_after_s)
        if fault is Fault.NEVER_ARRIVE:
            return Receipt(Answer.UNKNOWN, "read time-out")
        if fault is Fault.HOLD_BACK:
            self._held.append((change, mark, dry_run))
            return Receipt(Answer.UNKNOWN, "read time-out")
        receipt = self._arrive(change, mark, dry_run)
        if fault is Fault.CRASH:
            raise Crashed
        return Receipt(Answer.UNKNOWN, "connection reset") if fault is Fault.LOSE_ANSWER else receipt

    def look(self, change, mark):
        """The object as it is now."""
        if change.verb is ChangeVerb.CAPTURE:
            raise ValueError(f"{change.target}: a capture writes nothing")
        self.looks.append(change)
        if self.down or self.blind:
            return Look(Sight.UNKNOWN, "connection refused")
        return sight(self.objects.get(change.target), change, mark)

    def capture(self, target, at_ms):
        """``evidence[target]``, or what the object says of itself."""
        self.captured.append(target)
        if self.down or self.blind:
            raise Unavailable("connection refused")
        if target not in self.objects:
            raise NotFound(f"get {target}: not found")
        return deepcopy(self.evidence.get(target, {"target": str(target), "at_ms": at_ms, "events": []}))

    # the server

    def _arrive(self, change, mark, dry_run):
        receipt = self._judge(change, mark, dry_run)
        verb = change.verb.value
        request = Request(verb, change.target, mark.intent, mark.term, dry_run, receipt.answer, change.patch)
        self.audit.append(request)
        if receipt.answer is Answer.DONE and not dry_run and self.on_commit is not None:
            self.on_commit(request)
        return replace(receipt, uid=None, resource_version=None) if dry_run else receipt

    def _judge(self, change, mark, dry_run):
        target, found = change.target, self.objects.get(change.target)
        if (change.verb.value, target.kind) in self.forbidden:
            return Receipt(Answer.FORBIDDEN, f"{change.verb.value} {target.kind}: not allowed")
        if change.verb is ChangeVerb.CREATE:
            return self._create(change, mark, dry_run)
        if found is None:
            return Receipt(Answer.NOT_FOUND, f"{target}: not found")
        meta = found["metadata"]
        if meta["uid"] != change.uid:
            return Receipt(Answer.CONFLICT, f"{target}: uid {meta['uid']}, expected {change.uid}")
        bound = change.resource_version is not None and change.verb is not ChangeVerb.EVICT
        if bound and meta["resourceVersion"] != change.resource_version:
            return Receipt(Answer.CONFLICT, f"{target}: the object has been modified")
        if change.verb is ChangeVerb.PATCH:
            return self._patch(change, mark, dry_run)
        return self._remove(change, dry_run)

    def _patch(self, change, mark, dry_run):
        body = change.patch
        if not change.subresource:  # a subresource drops the mark
            body = merged(body, {"metadata": {"annotations": annotations(mark)}})
        after = merged(self.objects[change.target], body)
        if not dry_run:
            self._store(change.target, after)
            after = self.objects[change.target]
        return _done(after)

    def _create(self, change, mark, dry_run):
        if change.target in self.objects:
            return Receipt(Answer.CONFLICT, f"{change.target}: already exists")
        body = merged(change.patch, {"metadata": {"annotations": annotations(mark)}})
        if dry_run:
            return Receipt(Answer.DONE)
        return _done(self.put(change.target, body))

    def _remove(self, change, dry_run):
        found = self.objects[change.target]
        refusal = self._disruption(change.target, found, dry_run) if change.verb is ChangeVerb.EVICT else None
        if refusal is not None:
            return refusal
        if not dry_run:
            del self.objects[change.target]
        return Receipt(Answer.DONE, "", found["metadata"]["uid"])

    def _disruption(self, target, pod, dry_run):
        if pod.get("status", {}).get("phase") in ("Pending", "Succeeded", "Failed"):
            return None
        labels = pod["metadata"].get("labels", {})
        budgets = [
            one
            for key, one in self.objects.items()
            if key.kind == "PodDisruptionBudget" and key.namespace == target.namespace
            if one["spec"]["selector"]["matchLabels"].items() <= labels.items()
        ]
        if len(budgets) > 1:
            return Receipt(Answer.INVALID, f"{target}: more than one disruption budget matches")
        if budgets and budgets[0]["status"]["disruptionsAllowed"] < 1:
            return Receipt(Answer.BUDGET, f"{target}: it would violate the pod's disruption budget")
        if budgets and not dry_run:
            budgets[0]["status"]["disruptionsAllowed"] -= 1
        return None

    def _store(self, target, after):
        before = self.objects[target]
        if after == before:
            return  # nothing changed: the same version
        meta = after["metadata"]
        if "generation" in meta and _intended(after) != _intended(before):
            meta["generation"] += 1
        meta["uid"], meta["resourceVersion"] = before["metadata"]["uid"], self._next()
        self.objects[target] = after

    def _next(self):
        self._version += 1
        return str(self._version)

    def _fresh(self, at_ms):
        known = self.known
        kinds = {name: told(getattr(known, name), self.objects) for name in PARTS}
        return replace(known, at_ms=at_ms, **kinds)


def _demand(change):
    """What is never sent: a capture, and a change that is bound to no version."""
    if change.verb is ChangeVerb.CAPTURE:
        raise ValueError(f"{change.target}: a capture writes nothing")
    address(change.target)
    if change.verb is not ChangeVerb.CREATE and not change.uid:
        raise ValueError(f"{change.target}: expected a uid")
    if change.verb is ChangeVerb.PATCH and not (change.resource_version and change.patch):
        raise ValueError(f"{change.target}: expected a patch and a resource version")
    if change.verb is ChangeVerb.EVICT and change.target.kind != "Pod":
        raise ValueError(f"{change.target}: only a Pod can be evicted")


def _intended(found):
    """What makes a new generation: the spec; of a Deployment the annotations too, as its strategy has it."""
    notes = found["metadata"].get("annotations") if found["kind"] == "Deployment" else None
    return found.get("spec"), notes or {}


def _done(found):
    meta = found["metadata"]
    return Receipt(Answer.DONE, "", meta["uid"], meta["resourceVersion"])
