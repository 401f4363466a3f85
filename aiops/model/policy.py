"""Policy: the limits within which decisions are made. Defaults are promises 5.3, here and nowhere else."""

from dataclasses import dataclass, field

from aiops.model.mode import Mode


@dataclass(frozen=True, slots=True)
class Scope:
    """A mode for a namespace, a workload or a playbook. The lowest mode that matches wins.

    At least one of the three is given: an empty scope would match everything. A scope is what binds a
    playbook to a place: where no scope matches, the mode is observe.
    """

    mode: Mode  # the most that may be done there
    namespace: str = ""  # its exact name
    workload: str = ""  # Kind/namespace/name
    playbook: str = ""  # its name
    earned: bool = False  # auto is earned here: it starts at ask, and rises when its record allows
    may_rise: bool = False  # it rises by itself once that is earned; else a person accepts it

    def __post_init__(self) -> None:
        if not (self.namespace or self.workload or self.playbook):
            raise ValueError(
                "scope: expected a namespace, a workload or a playbook, got none: it matches all"
            )


@dataclass(frozen=True, slots=True)
class FreezeWindow:
    """No automatic action inside; civil time of ``timezone``. ``cron``-free on purpose: readable at 3 a.m."""

    name: str  # shown to people: "month end"
    timezone: str = "UTC"  # of start and end, such as "Europe/Berlin"
    weekdays: tuple[str, ...] = ()  # "mon" ... "sun"; empty: every day
    start: str = "00:00"  # HH:MM; start after end means over midnight
    end: str = "24:00"  # HH:MM; not part of the window itself
    from_date: str = ""  # YYYY-MM-DD, inclusive; empty: always
    to_date: str = ""  # YYYY-MM-DD, inclusive
    namespaces: tuple[str, ...] = ()  # empty: the whole cluster


@dataclass(frozen=True, slots=True)
class Budgets:
    """How many plans may start. Counts come from the journal."""

    cluster_per_10min: int = 6  # plans started in any ten minutes; 0: none
    cluster_per_hour: int = 20  # plans started in any hour
    cluster_per_day: int = 60  # plans started in any day
    cluster_in_flight: int = 3  # plans under way at the same time
    nodes_in_flight: int = 1  # the same, of plans that touch a node
    namespace_per_hour: int = 4  # plans started in one namespace in any hour
    namespace_in_flight: int = 1  # plans under way in one namespace
    workload_per_window: int = 1  # plans started for one workload in any workload window
    workload_window_s: int = 1800  # how long that window is


@dataclass(frozen=True, slots=True)
class StormLimits:
    """When many things are bad at once, a person decides."""

    share_of_workloads: float = 0.20  # so large a share of all workloads is bad, or
    workloads: int = 15  # so many workloads, or
    namespaces: int = 3  # workloads of so many namespaces, or
    nodes: int = 2  # so many nodes
    at_least: int = 5  # never a storm with fewer bad workloads
    window_s: int = 300  # bad within so long of each other
    calm_s: int = 600  # no storm for so long ends it


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failed verifications stop a playbook."""

    failures: int = 3  # so many failed ...
    of_last: int = 10  # ... of the last so many outcomes ...
    at_least: int = 5  # ... once there are so many
    open_s: int = 3600  # then nothing is done for so long


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that decides whether a plan may be carried out."""

    mode: Mode = Mode.OBSERVE  # the ceiling of everything; after install: observe
    scopes: tuple[Scope, ...] = ()  # what is allowed where; without one: observe
    opt_in_label: str = "aiops.dev/opt-in"  # namespace label, value "true"
    protected_namespaces: tuple[str, ...] = ("kube-system", "kube-public", "kube-node-lease")  # add yours
    protected_label: str = "aiops.dev/protected"  # on a workload or node, value "true": never touched
    own_namespace: str = "aiops"  # where the daemon runs: never touched
    stop_annotation: str = "aiops.dev/stop"  # "true" on a namespace, workload or node stops us there
    freeze_windows: tuple[FreezeWindow, ...] = ()  # nothing is done alone inside
    budgets: Budgets = field(default_factory=Budgets)
    storm: StormLimits = field(default_factory=StormLimits)
    breaker: Breaker = field(default_factory=Breaker)
    ready_floor: float = 0.75  # share of pods that must stay ready
    nodes_not_ready: float = 0.20  # from this share of nodes on, no node is touched
    zone_not_ready: float = 0.55  # the same for the nodes of one zone
    max_cordoned: int = 3  # nodes that we may hold cordoned, ever
    facts_max_age_s: int = 30  # older facts are not acted upon
    max_targets_per_plan: int = 1  # workloads and nodes
    lock_after_failures: int = 3  # fixes in a row that did not help: a person unlocks
    lock_after_reverts: int = 2  # changes of ours that somebody took back: the same
    backoff_max_s: int = 86_400  # the wait between attempts doubles up to this
    approval_deadline_s: int = 900  # no answer until then is a no
    approvers: tuple[str, ...] = ("on-call",)  # roles that are asked, where a playbook names none
