"""Do we see well enough: blindness, warm-up, age of the facts, storm, everything down, our own noise."""

from aiops.core.guards.context import Context, hold, permit, span, unknown
from aiops.core.ledger import Attempt, changed_nothing
from aiops.model import Node, Reason, Result, Target


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


def all_down(context: Context) -> Reason:
    """Where every workload, every node or every zone looks bad, it is we who are blind (5.3)."""
    facts, limits = context.facts, context.policy.storm
    if not facts.nodes and not facts.workloads:
        return unknown("all_down", "no workload and no node is known")
    zones: dict[str | None, list[Node]] = {}
    for node in facts.nodes.values():
        zones.setdefault(node.zone, []).append(node)
    bad_zones = [one for one in zones.values() if _down(one) / len(one) >= context.policy.zone_not_ready]
    if zones and len(bad_zones) == len(zones):
        down = _down(list(facts.nodes.values()))
        return hold("all_down", f"{down} of {len(facts.nodes)} nodes look bad, in every zone: are we blind?")
    wanted = [
        (one.ready, one.replicas)
        for one in facts.workloads.values()
        if one.ready is not None and one.replicas
    ]
    bad = sum(ready < replicas for ready, replicas in wanted)
    if bad == len(wanted) and bad >= limits.at_least:
        return hold("all_down", f"all {bad} workloads lack pods: are we blind?")
    return permit("all_down", f"{bad} of {len(wanted)} workloads and {len(bad_zones)} zones look bad")


def _down(nodes: list[Node]) -> int:
    """Nodes that are not ready; unknown is not ready."""
    return sum(one.ready is not True for one in nodes)


def own_noise(context: Context) -> Reason | None:
    """Trouble that began after a step of ours nearby is taken for its noise, until that has settled (M15)."""
    incident = context.incident
    if incident is None or not incident.anomalies:
        return None
    first_ms = min(one.since_ms for one in incident.anomalies)
    near = _near(context)
    for attempt in context.ledger.attempts:
        if attempt.target not in near or attempt.incident_id == incident.id or not _made_noise(attempt):
            continue
        end_ms = quiet_from(attempt)
        if attempt.at_ms <= first_ms and (end_ms is None or context.now_ms < end_ms):
            what = f"it began while {attempt.remediation} of {attempt.target} settled"
            return hold("own_noise", f"{what}: is it our own noise?", end_ms)
    return permit("own_noise", "it is not the noise of a step of ours")


def quiet_from(attempt: Attempt) -> int | None:
    """When the noise of a step is over; None while it is being carried out."""
    in_place_ms = attempt.applied_ms if attempt.applied_ms is not None else attempt.ended_ms
    return None if in_place_ms is None else in_place_ms + attempt.settle_s * 1000


def _made_noise(attempt: Attempt) -> bool:
    return attempt.result is not Result.DRY_RUN and not changed_nothing(attempt)


def _near(context: Context) -> frozenset[str]:
    """From where a step is felt by the incident: there, along a call, from its nodes."""
    here = {context.subject, context.facts.owner(context.plan.target)}
    near = here.union(*(context.facts.neighbours(one) for one in here))
    if context.workload is not None:
        near |= {Target("Node", "", name, context.subject.cluster) for name in context.workload.node_names}
    return frozenset(str(one) for one in near)
