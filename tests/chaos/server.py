"""The same acts on a real API server: real writes, real looks, and its audit log as the oracle (G5).

    with Server(plane, "chaos") as server:
        stage = server.stage(ACTS[0])
        Run(act, stage, path).play()
        server.effects()[stage.place.tag]

What is known of the cluster stays that of the act, for no pod runs there; uids, versions and what was
written are read from the server at each look. Objects are made some runs ahead, so that the controllers have
said their first words about them.
"""

import contextlib
import itertools
import json
import re
import time
from collections import defaultdict, deque
from dataclasses import replace

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.evidence import Capture
from aiops.adapters.kubernetes.writer import Writer
from aiops.model import Access, Facts, KubernetesSettings, Target
from tests.chaos import matrix
from tests.chaos.acts import Act, Place, manifests
from tests.chaos.model import effects_of_audit
from tests.chaos.stage import healthy
from tests.controlplane.api import ApiError
from tests.controlplane.audit import QUIET_S, Entry, entry

AHEAD = 8  # runs of one act whose objects stand ready
TAG = re.compile(r"-k\d+x")
_numbers = itertools.count()  # of all servers of this process: nodes have no namespace
PARTS = ("workloads", "pods", "nodes", "autoscalers")
WRITTEN = {  # field of our facts: where the object has it
    "replicas": ("spec", "replicas"),
    "suspended": ("spec", "suspend"),
    "unschedulable": ("spec", "unschedulable"),
    "maximum": ("spec", "maxReplicas"),
}


def writer_of(kubeconfig):
    """(the real writer, the real camera) with the rights of a kubeconfig."""
    settings = KubernetesSettings(access=Access.KUBECONFIG, kubeconfig=str(kubeconfig), read_timeout_s=3.0)
    api = connect(settings)
    return Writer(api), Capture(api, settings.evidence)


class Server:
    """A namespace of its own on a control plane, and what was done there."""

    def __init__(self, plane, namespace: str, kubeconfig=None):
        self.plane, self.api, self.namespace = plane, plane.api, namespace
        self.writer, self.camera = writer_of(kubeconfig or plane.kubeconfig)
        self._ready = defaultdict(deque)
        self._made: list[Target] = []
        self.log = OurLog(plane)

    def __enter__(self):
        labels = {"aiops.dev/opt-in": "true"}
        space = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self.namespace, "labels": labels},
        }
        self.api.create(space)
        self.api.wait("ServiceAccount", self.namespace, "default", bool)
        return self

    def __exit__(self, *_):
        self.clear(self._made)
        self.api.delete("Namespace", None, self.namespace)

    def stage(self, act: Act, faults=()) -> "ServerStage":
        """The act at a place of its own, whose objects are there."""
        ready = self._ready[act.name]
        while len(ready) < AHEAD:
            place = Place(self.namespace, f"-k{next(_numbers)}x")
            for manifest in manifests(act.facts(place), place):
                made = self.api.create(manifest)
                meta = made["metadata"]
                self._made.append(Target(manifest["kind"], meta.get("namespace", ""), meta["name"]))
            ready.append(place)
        return ServerStage(self, act, ready.popleft(), faults)

    def clear(self, targets):
        """Delete objects; those that are gone are gone."""
        for one in targets:
            with contextlib.suppress(ApiError):
                self.api.delete(one.kind, one.namespace, one.name, {"propagationPolicy": "Background"})
        self._made = [one for one in self._made if one not in set(targets)]

    def cells(self, act, scenarios, path_of, every=1):
        """A cell for each point of the act in each scenario, judged by the audit log when all are played."""

        def stages(act, scenario):
            return self.stage(act, scenario.faults)

        played = []
        for number, scenario in enumerate(scenarios):
            for run, point, kills in matrix.runs(act, scenario, stages, path_of, every, number):
                run.stage.clear()
                played.append((run, scenario, point, kills))
        done = self.effects()
        for run, scenario, point, kills in played:
            yield matrix.judge(run, scenario, point, kills, run.stage.effects_of(done))

    def effects(self):
        """What the API server committed in our name so far, by the tag of the place."""
        found = defaultdict(list)
        for one in effects_of_audit(self.log.writes()):
            tag = TAG.search(one.target.name)
            found[tag[0] if tag else ""].append(one)
        return found


class OurLog:
    """Our own writes in the audit log, dry runs left out. Of hundreds of thousands of lines only ours are
    kept, which ``Audit`` is not made for."""

    def __init__(self, plane):
        self.plane, self._offset, self._kept = plane, 0, []
        self._place = plane.folder / "audit.log"
        self._numbers = itertools.count()

    def writes(self, timeout_s: float = 120.0) -> list[Entry]:
        """All of them up to now: a request that is sent now is waited for, and those beside it."""
        sentinel = f"/api/v1/namespaces/log-{id(self)}-{next(self._numbers)}"
        with contextlib.suppress(ApiError):
            self.plane.api.call("GET", sentinel)
        until = time.monotonic() + timeout_s
        while not self._read(sentinel.encode()):
            if time.monotonic() > until:
                raise AssertionError(f"the audit log does not show our request after {timeout_s} s")
            time.sleep(0.02)
        time.sleep(QUIET_S)
        self._read(b"")
        return self._kept

    def _read(self, sentinel: bytes) -> bool:
        seen = False
        with self._place.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                if not line.endswith(b"\n"):
                    break  # still being written
                self._offset += len(line)
                seen = seen or bool(sentinel and sentinel in line)
                if (
                    b'"userAgent":"aiops/' in line
                    and (raw := json.loads(line))["stage"] == "ResponseComplete"
                ):
                    one = entry(raw)
                    if one.mutating and not one.dry_run:
                        self._kept.append(one)
        return seen


class ServerStage:
    """One act on the server. The audit log is read for many runs at once: ``effects_of`` takes its part."""

    def __init__(self, server: Server, act: Act, place: Place, faults=()):
        self.server, self.act, self.place, self.faults = server, act, place, list(faults)
        self.heads: dict[tuple[str, str, str], int] = {}
        self.known = act.facts(place)
        self.send, self.look = server.writer.send, server.writer.look
        self.capture = server.camera.capture

    def facts(self, at_ms: int) -> Facts:
        """What is known, as the objects are now; what is not there is left out."""
        parts = {name: self._read(getattr(self.known, name)) for name in PARTS}
        return healthy(replace(self.known, at_ms=at_ms, **parts))

    def _read(self, part):
        found = {}
        for target, one in part.items():
            if target.kind == "Node" and target != self.act.prime(self.place):
                found[target] = one  # nothing is done to it: it need not exist
            elif (there := self.server.api.find(target.kind, target.namespace, target.name)) is not None:
                found[target] = renewed(one, there)
        return found

    def effects_of(self, all_effects):
        """This run's part of ``Server.effects``, with the head of the journal at each first sending."""
        own = all_effects.get(self.place.tag, ())
        return tuple(
            replace(one, known=self.heads.get((one.intent, one.verb, str(one.target)))) for one in own
        )

    def clear(self):
        """The run is over."""
        known = (getattr(self.known, name) for name in PARTS)
        tag = self.place.tag
        self.server.clear([target for part in known for target in part if target.name.endswith(tag)])


def renewed(one, there):
    """A Workload, Pod, Node or Autoscaler with what its object says now of what we write. (A Job is suspended
    there so that it stays as it is, and is none that anybody suspended.)"""
    meta = there["metadata"]
    changed = {"uid": meta["uid"], "resource_version": meta["resourceVersion"]}
    for name, (part, key) in WRITTEN.items():
        if hasattr(one, name) and key in there.get(part, {}) and there.get("kind", "") != "Job":
            changed[name] = there[part][key]
    if getattr(one, "unschedulable", None) is not None:
        changed["unschedulable"] = there.get("spec", {}).get("unschedulable", False)
    if hasattr(one, "annotations"):
        changed["annotations"] = {**(one.annotations or {}), **meta.get("annotations", {})}
    return replace(one, **changed)
