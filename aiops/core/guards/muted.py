"""Silences: what people muted is left alone, and so is everything while nobody can tell what they muted."""

from aiops.core.guards.context import Context, hold, permit, unknown
from aiops.core.silences import holding, words
from aiops.model import Reason


def silenced(context: Context) -> Reason | None:
    """Somebody silenced what the step touches: they know of it, and have their reasons. It does not concern a
    run without an Alertmanager."""
    facts = context.facts
    if "silences" in facts.unknown:
        return unknown("silenced", "the silences of the Alertmanager cannot be read")
    targets = (*context.touched, context.plan.target)
    found = holding(targets, facts, context.incident, context.now_ms)
    if found is not None:
        return hold("silenced", f"{words(found)} (silence {found.id})", found.until_ms)
    if not facts.silences:
        return None
    return permit("silenced", f"none of {len(facts.silences)} silences speaks of what it touches")
