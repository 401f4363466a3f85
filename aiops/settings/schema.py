"""Schema: what a configuration holds. The dataclasses are the schema, and their defaults the only defaults.

``Main`` is the file ``aiops.yaml``; ``Settings`` is that and everything beside it, checked and complete.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model import (
    ApprovalSettings,
    AuditSettings,
    Correlation,
    Detection,
    DetectorSettings,
    Edge,
    FeedbackSettings,
    KubernetesSettings,
    NotifySettings,
    Playbook,
    Policy,
    PrometheusSettings,
    Signal,
    SlackSettings,
)


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"  # console on a terminal, else JSON
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """The one cluster that this daemon looks after."""

    name: str = ""  # shown to people, and part of every incident's id; empty where there is only one


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where health, our own metrics, the API and the console are served. Loopback by default: opening it is a
    decision (S1). What changes anything needs a token in any case."""

    host: str = "127.0.0.1"  # address to listen on
    port: int = 9911  # 0: any free one
    names: tuple[str, ...] = ()  # further hosts that it may be called by, such as a proxy's
    console: bool = True  # whether the console and the API are there at all
    closed: bool = False  # whether reading needs a token too, but for health and metrics
    public: bool = False  # beyond loopback reading needs a token all the same, unless this is on
    session_s: int = 28_800  # how long a sign-in to the console lasts


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the daemon speaks of its own doing."""

    format: LogFormat = LogFormat.AUTO  # auto is console on a terminal, else json
    level: LogLevel = LogLevel.INFO  # the least that is logged


@dataclass(frozen=True, slots=True)
class Off:
    """What is loaded and not used. Names must exist, so that a typing error switches nothing else off."""

    packs: tuple[str, ...] = ()  # of signals: names of their files without ".yaml"
    signals: tuple[str, ...] = ()  # names of single ones
    playbooks: tuple[str, ...] = ()  # their names


@dataclass(frozen=True, slots=True)
class Main:
    """The file ``aiops.yaml``. Every key may be left out."""

    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    prometheus: PrometheusSettings = field(default_factory=PrometheusSettings)
    kubernetes: KubernetesSettings = field(default_factory=KubernetesSettings)
    detection: Detection = field(default_factory=Detection)
    detectors: DetectorSettings = field(default_factory=DetectorSettings)
    correlation: Correlation = field(default_factory=Correlation)
    policy: Policy = field(default_factory=Policy)
    approvals: ApprovalSettings = field(default_factory=ApprovalSettings)
    slack: SlackSettings = field(default_factory=SlackSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    feedback: FeedbackSettings = field(default_factory=FeedbackSettings)
    off: Off = field(default_factory=Off)
    state: str = "/var/lib/aiops"  # folder of journal and baselines; --state on the command line wins
    server: ServerSettings = field(default_factory=ServerSettings)
    log: LogSettings = field(default_factory=LogSettings)


@dataclass(frozen=True, slots=True)
class Settings(Main):
    """A whole configuration. ``digest`` is over all of it but the values of headers, which may be secret."""

    signals: tuple[Signal, ...] = ()  # in the order of files and lines; those switched off are not here
    playbooks: tuple[Playbook, ...] = ()
    edges: tuple[Edge, ...] = ()  # of the service graph, beside what call metrics show
    digest: str = ""
