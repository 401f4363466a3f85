"""Playbook: machine-readable, when to do which steps. Data only: no code, no templates, no shell."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.mode import Mode
from aiops.model.plan import Impact, Verification
from aiops.model.signal import Direction, Role


@dataclass(frozen=True, slots=True)
class SymptomMatcher:
    """One kind of anomaly the incident must hold (on the suspect). Empty fields match anything."""

    role: Role | None = None  # what the signal tells
    signal: str = ""  # its exact name
    condition: str = ""  # state of Kubernetes, such as "CrashLoopBackOff"
    direction: Direction | None = None  # up or down: the side on which it left its band

    def __post_init__(self) -> None:
        if self.role is None and not self.signal and not self.condition:
            raise ValueError("symptom: expected a role, a signal or a condition, got none: it matches all")


@dataclass(frozen=True, slots=True)
class Matcher:
    """When a playbook speaks. One of ``classes`` or ``symptoms`` is required: nothing matches all."""

    classes: tuple[str, ...] = ()  # incident classes
    symptoms: tuple[SymptomMatcher, ...] = ()  # all must be present
    kinds: tuple[str, ...] = ()  # kinds of the suspect; empty: any kind the steps can handle
    namespaces: tuple[str, ...] = ()  # exact names; empty: any opted-in namespace
    labels: Mapping[str, str] = field(default_factory=dict)  # labels of the workload, all must agree
    changed_within_s: int | None = None  # only if the suspect was rolled out or configured within
    unchanged_for_s: int | None = None  # only if it was not
    min_confidence: float = 0.0  # of the first suspect

    def __post_init__(self) -> None:
        if not self.classes and not self.symptoms:
            raise ValueError("when: expected classes or symptoms, got none: it matches all incidents")


@dataclass(frozen=True, slots=True)
class PlaybookStep:
    """One rung: a remediation by entry-point name, with its parameters."""

    remediation: str  # see the reference of remediations
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)  # over its defaults
    capture: bool = False  # keep evidence (events, states, last words) before what would be lost is changed
    impact: Impact | None = None  # may raise the remediation's own impact, never lower it


@dataclass(frozen=True, slots=True)
class Playbook:
    """When to do which steps, and how success is verified. ``steps`` may be empty: a class where the right
    answer is to do nothing, with ``do_nothing_because``."""

    name: str  # unique
    version: str  # shown beside what it did; change it with the playbook
    when: Matcher
    steps: tuple[PlaybookStep, ...]  # a ladder: the next only when the one before did not help
    summary: str = ""  # one line for people
    verification: Verification = field(default_factory=Verification)
    mode: Mode = Mode.OBSERVE  # ceiling of this playbook; the scope's mode may be lower
    cooldown_s: int = 1800  # after an outcome the same step is held for so long
    max_attempts: int = 3  # on one target in 24 hours, then a person decides
    approvers: tuple[str, ...] = ()  # roles that are asked; empty: those of the policy
    do_nothing_because: str = ""  # why there are no steps
    changed_by: tuple[str, ...] = ()  # who last changed it, such as "slack:T01/U02": their yes does not count
    runbook_url: str = ""  # a page for people
    runbook: str = ""  # what a person does: a few lines of text
    task_ids: tuple[str, ...] = ()  # of the operations framework
    priority: int = 0  # of several that match, the highest speaks; then the more specific; then by name

    def __post_init__(self) -> None:
        if not self.steps and not self.do_nothing_because:
            raise ValueError("playbook: expected steps, or do_nothing_because")
        if self.cooldown_s < 0 or self.max_attempts < 1:
            raise ValueError("playbook: expected a cooldown of 0 or more and 1 attempt or more")
