"""Target: the thing a series belongs to, and that a remediation may change."""

from dataclasses import dataclass

CLUSTER_SCOPED = frozenset({"Node", "Namespace", "PersistentVolume", "Zone"})


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Kind, namespace and name of one object in one cluster.

    ``namespace`` is empty for kinds without one (Node). ``cluster`` is the name of the cluster in the
    configuration; it is empty where there is only one. A target is a name, not a permission: it may be
    acted upon only when the API server knows it by uid (``Workload.uid``).
    """

    kind: str
    namespace: str
    name: str
    cluster: str = ""

    def __post_init__(self) -> None:
        if not self.kind or not self.name:
            raise ValueError(f"target: expected a kind and a name, got {self.kind!r}, {self.name!r}")

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str, cluster: str = "") -> "Target":
        """Read ``Kind/namespace/name`` or ``Kind/name``; raise ValueError for anything else."""
        parts = text.split("/")
        if len(parts) == 3 and all(parts):
            return cls(parts[0], parts[1], parts[2], cluster)
        if len(parts) == 2 and all(parts):
            return cls(parts[0], "", parts[1], cluster)
        raise ValueError(f"target: expected Kind/namespace/name or Kind/name, got {text!r}")
