"""Volumes of the simulated nodes: claims of the class ``simulated`` get a volume, and grow when asked to."""

import queue
import threading
from collections.abc import Mapping
from typing import Any

from tests.controlplane.api import MERGE, Api
from tests.controlplane.informer import Informer
from tests.controlplane.mishaps import Mishaps
from tests.controlplane.quantity import quantity

CLASS, FIXED = "simulated", "simulated-fixed"  # the second does not allow expansion
PROVISIONER = "volumes.sim.aiops.dev"
Object = Mapping[str, Any]


class Storage:
    """Plays the provisioner and the resizer of a storage driver."""

    def __init__(self, api: Api, mishaps: Mishaps) -> None:
        self._api, self._mishaps = api, mishaps
        self._queue: queue.SimpleQueue[Object | None] = queue.SimpleQueue()
        self._claims = Informer(api, "PersistentVolumeClaim", self._saw)
        self._thread = threading.Thread(target=self._run, name="storage", daemon=True)

    def start(self) -> None:
        """Make the two storage classes and begin."""
        for name, expandable in ((CLASS, True), (FIXED, False)):
            self._api.ensure(_storage_class(name, expandable))
        self._claims.start()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._claims.stop()
        self._queue.put(None)

    def _saw(self, uid: str, claim: Object | None) -> None:
        if claim is not None:
            self._queue.put(claim)

    def _run(self) -> None:
        while (claim := self._queue.get()) is not None:
            with self._mishaps.noted("storage"):
                self._serve(claim)

    def _serve(self, claim: Object) -> None:
        spec, status = claim["spec"], claim.get("status", {})
        if spec.get("storageClassName") not in (CLASS, FIXED) or "deletionTimestamp" in claim["metadata"]:
            return
        wanted = spec["resources"]["requests"]["storage"]
        if not spec.get("volumeName"):
            self._api.ensure(_volume(claim, wanted))
        elif status.get("phase") == "Bound" and quantity(wanted) > quantity(status["capacity"]["storage"]):
            self._grow(claim, wanted)

    def _grow(self, claim, wanted):
        meta, capacity = claim["metadata"], {"capacity": {"storage": wanted}}
        volume = claim["spec"]["volumeName"]
        self._api.patch("PersistentVolume", None, volume, {"spec": capacity}, content_type=MERGE)
        body = {"status": {**capacity, "conditions": None}}
        where = ("PersistentVolumeClaim", meta["namespace"], meta["name"])
        self._api.patch(*where, body, "status", content_type=MERGE)


def _storage_class(name, expandable):
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": PROVISIONER,
        "allowVolumeExpansion": expandable,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


def _volume(claim, size):
    meta = claim["metadata"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    reference |= {key: meta[key] for key in ("namespace", "name", "uid")}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": f"pvc-{meta['uid']}",
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
        },
        "spec": {
            "capacity": {"storage": size},
            "accessModes": claim["spec"]["accessModes"],
            "storageClassName": claim["spec"]["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": reference,
            "csi": {"driver": PROVISIONER, "volumeHandle": meta["uid"]},
        },
    }
