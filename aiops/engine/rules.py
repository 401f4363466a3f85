"""Rules: everything the loop decides by, as one value, so that two configurations can be compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiops.model import ApprovalSettings, Correlation, Detection, Edge, Playbook, Policy, Signal
from aiops.plugin import Detector, MultiDetector, Parameters, Remediation


class MakeDetector(Protocol):
    """Builds the detector of a signal by name; the composition root knows how."""

    def __call__(self, name: str, signal: Signal | None, interval_s: float) -> Detector | MultiDetector:
        """A detector for samples ``interval_s`` apart; ``signal`` is None for one that reads several."""
        ...


MakeRemediation = Callable[[str, Parameters], Remediation]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is watched, how it is judged, what may be done. ``digest`` names this configuration."""

    signals: tuple[Signal, ...]
    detection: Detection
    correlation: Correlation
    policy: Policy
    playbooks: tuple[Playbook, ...]
    detector: MakeDetector
    remediation: MakeRemediation
    cluster: str = ""
    approvals: ApprovalSettings = field(default_factory=ApprovalSettings)
    edges: tuple[Edge, ...] = ()  # of the service graph, from the configuration
    digest: str = ""
    forests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # multi detector -> signals
