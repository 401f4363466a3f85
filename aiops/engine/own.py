"""Own: what we changed ourselves is not what broke it.

A restart of ours is a rollout like any other to whoever watches the cluster, seconds after the trouble that
it answers. Without this an incident would be renamed after it, and our own remedy be rolled back.
"""

import bisect
from dataclasses import replace

from aiops.core.ledger import Attempt, Ledger, changed_nothing
from aiops.model import ClusterEvent, Facts, Result

SKEW_MS = 1_000  # times of the API server are whole seconds
SEEN_MS = 5_000  # after the write: when a controller has acted upon it
UNDO_MS = 15_000  # before its outcome: when a change back was sent


def own_changes(facts: Facts, ledger: Ledger) -> Facts:
    """``facts`` with the changes that attempts of ``ledger`` made marked as ours. O(log events) a tick while
    nothing was attempted lately."""
    acted = [one for one in ledger.attempts if not changed_nothing(one) and one.result is not Result.DRY_RUN]
    if not acted:
        return facts
    first_ms = min(one.at_ms for one in acted) - SKEW_MS
    start = bisect.bisect_left(facts.events, first_ms, key=lambda event: event.at_ms)
    newer = facts.events[start:]
    marked = tuple(replace(one, ours=True) if _is_ours(one, acted) else one for one in newer)
    return facts if marked == newer else replace(facts, events=(*facts.events[:start], *marked))


def _is_ours(event: ClusterEvent, acted: list[Attempt]) -> bool:
    return event.is_change and any(
        attempt.target == str(event.target) and _when(attempt, event.at_ms) for attempt in acted
    )


def _when(attempt: Attempt, at_ms: int) -> bool:
    """Whether what happened at ``at_ms`` is the work of ``attempt``, or of its undo."""
    began, done, ended = attempt.at_ms, attempt.applied_ms, attempt.ended_ms
    if began - SKEW_MS <= at_ms and (done is None or at_ms <= done + SEEN_MS):
        return True
    undone = attempt.result is Result.UNDONE and ended is not None
    return undone and ended is not None and ended - UNDO_MS <= at_ms <= ended + SEEN_MS
