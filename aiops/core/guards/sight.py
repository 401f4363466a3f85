"""Do we see well enough: blindness, warm-up, age of the facts, storm."""

from aiops.core.guards.context import Context, hold, permit, span, unknown
from aiops.model import Reason


def blindness(context: Context) -> Reason:
    """No data, doubtful data or another cluster's data leads to nothing (M1, M2, M3, M7)."""
    quality = context.situation.quality
    if not quality.usable:
        return hold("blindness", f"we do not see well: {quality.why()}")
    return permit("blindness", "all signals answered in full")


def warm_up(context: Context) -> Reason:
    """After blindness one full window of good data must pass: averages are low after a return (M6)."""
    quality = context.situation.quality
    if not quality.warm(context.now_ms):
        left = span(quality.warm_from_ms - context.now_ms)
        return hold("warm_up", f"warming up for {left} more", quality.warm_from_ms)
    return permit("warm_up", "warm")


def fresh_facts(context: Context) -> Reason:
    """No decision on a stale picture of the cluster (E10)."""
    age_ms = context.now_ms - context.facts.at_ms
    limit_s = context.policy.facts_max_age_s
    if age_ms > limit_s * 1000:
        return unknown("fresh_facts", f"the facts are {span(age_ms)} old, at most {limit_s} s are acted upon")
    if -age_ms > limit_s * 1000:  # a clock jumped, ours or theirs (M13)
        return unknown("fresh_facts", f"the facts are {span(-age_ms)} ahead of our clock")
    return permit("fresh_facts", f"the facts are {span(max(age_ms, 0))} old")


def storm(context: Context) -> Reason:
    """When many things are bad at once, the cause is not where it hurts: a person decides (M8)."""
    if context.situation.storm:
        return hold("storm", f"storm: {context.situation.storm}")
    if context.incident is not None and context.incident.storm:
        return hold("storm", "the incident is part of a storm")
    return permit("storm", "no storm")
