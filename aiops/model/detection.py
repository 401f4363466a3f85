"""Detection: how series are judged, and when a run of bad samples is an anomaly."""

from dataclasses import dataclass, field

from aiops.model.policy import FreezeWindow

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Detection:
    """Settings of screening. Durations in seconds."""

    step_s: int = 15  # between two ticks of the live loop
    history_days: float = 14.0  # what is learned from at the first start
    timezone: str = "UTC"  # whose days the seasons follow
    holidays: str = ""  # a country code, such as "DE"; holidays are learned as Sundays
    maintenance: tuple[FreezeWindow, ...] = ()  # nothing is learned and nothing is raised inside
    open_after: int = 3  # bad samples ...
    open_of: int = 5  # ... of the last so many raise an anomaly
    close_after: int = 5  # normal samples in a row clear it
    instant_score: float = 4.0  # a score this high raises at its second sample
    lookahead_s: int = 6 * 3600  # how far "full in 3 h" looks
    refit_s: int = 6 * 3600  # how often heavy detectors are fitted anew
    new_normal_s: int = 86_400  # an anomaly that lasts so long is told, and asks to become the new normal
    max_series: int = 200_000  # above: the newest are left out, loudly


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Parameters of a detector by name, over its own defaults."""

    parameters: dict[str, dict[str, Value]] = field(default_factory=dict)  # detector -> parameter -> value
    forests: dict[str, tuple[str, ...]] = field(default_factory=dict)  # detector of several signals -> them
