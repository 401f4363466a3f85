"""Are we allowed to act at all: kill switch, leadership, the stop of one place, a newer leader's mark."""

from collections.abc import Iterator, Mapping

from aiops.core.guards.context import Context, hold, permit, unknown
from aiops.model import Reason, Target
from aiops.model.receipt import TERM

Marks = Mapping[str, str] | None


def kill_switch(context: Context) -> Reason:
    """A person pulled the switch, or it cannot be read, which stops us as surely (B5)."""
    match context.situation.kill_switch:
        case True:
            return hold("kill_switch", "the kill switch is on")
        case None:
            return hold("kill_switch", "the kill switch cannot be read: stopped")
        case False:
            return permit("kill_switch", "the kill switch is off")


def leadership(context: Context) -> Reason:
    """Only the leader acts (E4)."""
    if context.situation.term is None:
        return hold("leadership", "we do not lead: another replica acts")
    return permit("leadership", f"we lead, term {context.situation.term}")


def stopped_here(context: Context) -> Reason:
    """A person stopped us on a namespace, a workload or a node; what is not clearly "false" stops (B5)."""
    name = context.policy.stop_annotation
    for place, marks in _places(context):
        if marks is None:
            return unknown("stopped_here", f"the annotations of {place} are not known")
        said = marks.get(name)
        if said is not None and said.strip().lower() != "false":
            return hold("stopped_here", f"{place} carries {name}={said}")
    return permit("stopped_here", f"nothing that it touches carries {name}")


def claimed(context: Context) -> Reason:
    """A person said that they are on it: automation keeps off until they release it."""
    claims, incident = context.situation.claims, context.incident
    if incident is not None and (by := claims.get(incident.id)) is not None:
        return hold("claimed", f"{by} is on this incident, until it is released")
    for target in context.touched:
        if (by := claims.get(str(target))) is not None:
            return hold("claimed", f"{by} is on {target}, until it is released")
    return permit("claimed", "nobody has taken it for themselves")


def _places(context: Context) -> Iterator[tuple[str, Marks]]:
    """The namespaces, workloads and nodes that the step touches, with their annotations; None is unknown."""
    facts, touched = context.facts, context.touched
    for space in sorted({one.namespace for one in touched} - {""}):
        yield f"namespace {space}", facts.namespace_annotations.get(space)
    for target in touched:
        if (marks := annotations(target, context)) is not None or target.kind == "Node":
            yield str(target), marks
        if (pod := facts.pods.get(target)) is not None and pod.node is not None:
            node = facts.nodes.get(Target("Node", "", pod.node, target.cluster))
            if node is not None and node.annotations is not None:
                yield str(node.target), node.annotations


def annotations(target: Target, context: Context) -> Marks:
    """The annotations of a workload or node as last read; None where they are unknown, or of another kind."""
    if (workload := context.facts.workloads.get(target)) is not None:
        return workload.annotations
    node = context.facts.nodes.get(target)
    return node.annotations if node is not None else None


def fenced(context: Context) -> Reason | None:
    """An object that bears the mark of a newer term was changed by a newer leader: we are not it (E4, E5)."""
    ours = context.situation.term
    if ours is None:
        return None  # ``leadership`` speaks
    for target in context.touched:
        text = (annotations(target, context) or {}).get(TERM)
        if text is None:
            continue
        if not (text.isascii() and text.isdigit()):
            return unknown("fenced", f"{target} carries {TERM}={text}, which is no term")
        if int(text) > ours:
            return hold("fenced", f"{target} was changed in term {text}, ours is {ours}: a newer leader acts")
    return permit("fenced", f"no newer term than {ours}")
