"""Routing: whose incident it is, by a label of the workload, and where theirs are sent.

The label is the workload's own, as the API server has it; of a node or an unknown target there is none.
"""

from collections.abc import Sequence

from aiops.model import Facts, Route, Target


def owner_of(target: Target, facts: Facts, labels: Sequence[str]) -> str:
    """The value of the first of ``labels`` (annotations count too) that the workload of ``target``, or its
    namespace, bears; "" where none does."""
    place = facts.owner(target)
    workload = facts.workloads.get(place)
    bearers = [workload.labels, workload.annotations] if workload is not None else []
    bearers += [
        facts.namespace_labels.get(place.namespace, {}),
        facts.namespace_annotations.get(place.namespace, {}),
    ]
    for bearer in bearers:
        for label in labels:
            if bearer.get(label):
                return bearer[label]
    return ""


def route_of(owner: str, routes: Sequence[Route]) -> Route | None:
    """The first route of ``owner``; None where there is none."""
    return next((one for one in routes if owner and one.owner == owner), None)


def slack_channel(owner: str, routes: Sequence[Route], default: str) -> str:
    """The id of the channel that incidents of ``owner`` go to."""
    route = route_of(owner, routes)
    return route.slack_channel if route is not None and route.slack_channel else default


def takes(webhook: str, owner: str, routes: Sequence[Route]) -> bool:
    """Whether ``webhook`` is sent what belongs to ``owner``: one that a route names gets only what is routed
    to it, any other one everything."""
    if not any(one.webhook == webhook for one in routes):
        return True
    route = route_of(owner, routes)
    return route is not None and route.webhook == webhook
