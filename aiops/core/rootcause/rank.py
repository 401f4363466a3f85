"""Rank: suspects of one incident, most likely first, with evidence in words and figures."""

import math
from collections.abc import Mapping, Sequence

from aiops.core.rootcause.signs import Sign, of_anomalies
from aiops.model import Anomaly, Evidence, Facts, Panel, Role, Suspect, Target


def rank(
    panels: Sequence[Panel],  # noqa: ARG001 - next
    roles: Mapping[str, Role],  # noqa: ARG001 - next
    onset_ms: int,  # noqa: ARG001 - next
    facts: Facts,
    anomalies: Sequence[Anomaly] = (),
    change_within_s: int = 1800,  # noqa: ARG001 - next
) -> tuple[Suspect, ...]:
    """Suspects, most likely first; a list always comes where there is anything to suspect."""
    by: dict[Target, list[Sign]] = {}
    for sign in of_anomalies(anomalies):
        by.setdefault(facts.owner(sign.target), []).append(sign)
    total = sum(max(math.log2(1 + sign.size) for sign in signs) for signs in by.values())
    ranked = []
    for target, signs in by.items():
        loudest = max(signs, key=lambda sign: (sign.size, sign.signal))
        weight = math.log2(1 + loudest.size)
        ranked.append(
            Suspect(
                target,
                weight / total if total else 0.0,
                (Evidence(f"{loudest.signal}: {loudest.words}", weight, loudest.signal, loudest.onset_ms),),
                loudest.signal,
            )
        )
    return tuple(sorted(ranked, key=lambda one: (-one.confidence, one.target)))
