"""Settings of the one API server that is watched and acted upon."""

from dataclasses import dataclass, field
from enum import StrEnum


class Access(StrEnum):
    """How the API server is reached."""

    AUTO = (
        "auto"  # the pod's ServiceAccount where there is one, else the kubeconfig if one is named, else off
    )
    IN_CLUSTER = "in-cluster"  # the pod's ServiceAccount, or it is an error
    KUBECONFIG = "kubeconfig"  # the file ``kubeconfig``, or that of $KUBECONFIG and its default place
    OFF = "off"  # facts come from kube-state-metrics alone, and nothing can be changed


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What is kept before a step ends what it tells of. Never sent into a chat."""

    logs: bool = False  # whether the last log lines of containers are read at all
    log_lines: int = 40  # of each container, the newest
    log_bytes: int = 16_384  # of each container, after redaction
    timeout_s: int = 5  # for all that is captured of one object
    redact: tuple[str, ...] = ()  # more words whose values are hidden, beside password, token, secret ...


@dataclass(frozen=True, slots=True)
class StopSettings:
    """Where the kill switch is looked for, before every write. One that cannot be read is on (B5).

    For one place only there is an annotation: see ``Policy.stop_annotation``."""

    file: str = "STOP"  # a file that stops us by being there; relative to the state folder
    config_map: str = "aiops-stop"  # in our own namespace, with the key stop: "true"; empty: not looked for


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """Settings of one API server."""

    access: Access = Access.AUTO  # how the API server is reached; off: nothing can be changed
    kubeconfig: str = ""  # path; empty: $KUBECONFIG, else ~/.kube/config
    context: str = ""  # of the kubeconfig; empty: its current one
    connect_timeout_s: float = 3.0  # for a connection to stand
    read_timeout_s: float = 10.0  # between two pieces of an answer
    watch_s: int = 10  # a watch is begun anew so often: how we know that a silent one is alive
    field_manager: str = "aiops"  # our name in managedFields
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    stop: StopSettings = field(default_factory=StopSettings)
