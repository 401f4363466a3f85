"""Situation: what the daemon knows about itself at the moment of deciding."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.core.quality import SEEING, Quality
from aiops.model import KubernetesSettings, Target


@dataclass(frozen=True, slots=True)
class Situation:
    """Where we stand at ``now_ms``. Whatever cannot be read counts as the worst that it can be."""

    now_ms: int
    quality: Quality = SEEING  # may this tick's data be acted upon?
    storm: str = ""  # why we are in a storm, in words; empty: there is none
    kill_switch: bool | None = False  # None: it cannot be read, which stops us as surely as True
    term: int | None = None  # of our leadership; None: we do not lead
    known: Mapping[Target, int] = field(default_factory=dict)  # broken at first sight: since when, ms
    field_manager: str = KubernetesSettings().field_manager  # under which the API server knows us
    protected: frozenset[Target] = frozenset()  # what we ourselves need: our own workload, Prometheus ...
    claims: Mapping[str, str] = field(
        default_factory=dict
    )  # of a target as text, and of an incident's id: who is on it
