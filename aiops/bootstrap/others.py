"""Others: what an Alertmanager says, joined to the facts of the cluster.

Asked for beside the ticks, so that a slow server keeps nobody waiting. What was read stands for a while;
after that, and before the first answer, silences are unknown: guards hold, and nobody is muted.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from aiops.errors import PortError
from aiops.model import Alert, Facts
from aiops.ports import EventSource, FactSource, Others

MAX_AGE_S = 60.0
SILENCES = "silences"
Failed = Callable[[str, Exception], None]


class WithOthers:
    """``ports.FactSource``: the facts of ``inner``, with what others say. Safe between threads."""

    def __init__(
        self, inner: FactSource, source: EventSource, failed: Failed, max_age_s: float = MAX_AGE_S
    ) -> None:
        self._inner, self._source, self._failed = inner, source, failed
        self._max_age_ms = int(max_age_s * 1000)
        self._newest: Others | None = None
        self._asked = False  # once in the loop, so that the first tick knows; then only beside it
        self._lock = threading.Lock()

    def facts(self, at_ms: int) -> Facts:
        """See ``ports.FactSource``; asks the Alertmanager only the first time."""
        facts = self._inner.facts(at_ms)
        if not self._asked:
            self.refresh(at_ms)
        return joined(facts, self._newest, at_ms, self._max_age_ms)

    def refresh(self, at_ms: int) -> None:
        """Ask anew; a failure is told, and what was known stands and grows old. Does not raise."""
        if not self._lock.acquire(blocking=False):
            return  # it is being asked already
        self._asked = True
        try:
            self._newest = self._source.others(at_ms)
        except PortError as error:
            self._failed("alertmanager", error)
        finally:
            self._lock.release()


def joined(facts: Facts, others: Others | None, at_ms: int, max_age_ms: int) -> Facts:
    """``facts`` with what others say; without it, or where that is too old, silences are unknown."""
    if others is None or abs(at_ms - others.at_ms) > max_age_ms:
        return replace(facts, unknown=facts.unknown | {SILENCES})
    return replace(
        facts,
        alerts=_alerts(facts, others.alerts),
        silences=others.silences,
        unknown=facts.unknown - {SILENCES},
    )


def _alerts(facts: Facts, theirs: tuple[Alert, ...]) -> tuple[Alert, ...]:
    """Those of the facts, and those only the Alertmanager knows; about a pod, they are its workload's."""
    placed = [one if one.target is None else replace(one, target=facts.owner(one.target)) for one in theirs]
    told = {(one.name, one.target) for one in facts.alerts if one.until_ms is None}
    more = [one for one in placed if (one.name, one.target) not in told]
    return tuple(sorted([*facts.alerts, *more], key=lambda one: one.since_ms)) if more else facts.alerts
