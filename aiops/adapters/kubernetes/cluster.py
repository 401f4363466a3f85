"""Cluster: the API server, read through a cache and written through one module."""

from collections.abc import Mapping
from typing import Protocol

from aiops.adapters.kubernetes.cache import Cache
from aiops.adapters.kubernetes.connect import Api
from aiops.adapters.kubernetes.watching import Failed
from aiops.adapters.kubernetes.writer import Writer
from aiops.model import Change, Facts, Look, Mark, Receipt, Target


class Camera(Protocol):
    """Takes evidence of an object."""

    def capture(self, target: Target, at_ms: int) -> Mapping[str, object]:
        """As ``ports.Cluster.capture``."""
        ...


class KubernetesCluster:
    """``ports.Cluster``. Safe between threads; ``start`` once, ``close`` once."""

    def __init__(self, api: Api, cluster: str, camera: Camera, failed: Failed) -> None:
        self.cache = Cache(api, cluster, failed)
        self._api, self._writer, self._camera = api, Writer(api), camera

    def start(self) -> None:
        """Begin to list and watch; returns at once."""
        self.cache.start()

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether the first picture was whole within ``timeout_s``."""
        return self.cache.wait_ready(timeout_s)

    def facts(self, at_ms: int) -> Facts:
        """The cluster as last seen. Unavailable until every kind was listed once."""
        return self.cache.facts(at_ms)

    def send(self, change: Change, mark: Mark, *, dry_run: bool = False) -> Receipt:
        """One write, once."""
        return self._writer.send(change, mark, dry_run=dry_run)

    def look(self, change: Change, mark: Mark) -> Look:
        """Read the object afresh, past the cache."""
        return self._writer.look(change, mark)

    def capture(self, target: Target, at_ms: int) -> Mapping[str, object]:
        """Evidence about a pod or workload. Raises PortError."""
        return self._camera.capture(target, at_ms)

    def close(self) -> None:
        """End the watches and the connections."""
        self.cache.close()
        self._api.close()
