"""Correlation: when anomalies belong to one incident, and when an incident opens and closes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correlation:
    """Settings of grouping. Durations in seconds."""

    join_window_s: int = 600  # an anomaly joins an incident whose newest anomaly is no older
    close_after_s: int = 300  # calm for so long closes it
    reopen_within_s: int = 1800  # the same fingerprint within: it comes back, and counts as a flap
    flaps_are_one: int = 3  # so many flaps: it stays open until calm for reopen_within_s
    hops: int = 2  # how far apart in the service graph two targets may be to share an incident
    change_within_s: int = 1800  # a change that much before the first bad sample is a suspect
    alone_s: int = 600  # one faint resource signal, felt by nobody, opens an incident only after so long
    loud_score: float = 4.0  # from this score on it is not faint, and opens at once
    first_sight_s: int = 600  # broken within so long after the scope was first seen: known breakage
