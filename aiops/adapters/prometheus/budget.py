"""Budget: how much the ticks may ask of a server, so that the daemon is never its incident.

A tick that goes over any of the limits is cut short, and then ticks are skipped: one after the first, twice
as many each time it happens again, at most ``max_skip``. What is skipped is an error that says so.
"""

import threading

from aiops.errors import Unavailable
from aiops.model.prometheus import QueryBudget


class Budget:
    """Counts what the queries of one tick cost. A tick is its time; may be used by several threads."""

    def __init__(self, limit: QueryBudget) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._tick_ms = -1
        self._spent: dict[str, float] = {"series": 0, "samples": 0, "seconds": 0.0}
        self._skip = 0  # ticks still to skip, this one included
        self._stretch = 1  # ticks to skip the next time it is over
        self._reason = ""

    def enter(self, at_ms: int) -> None:
        """Before a query of the tick at ``at_ms``. Unavailable where it may not be asked."""
        with self._lock:
            if at_ms != self._tick_ms:
                self._turn(at_ms)
            if self._skip:
                more = f"{self._skip - 1} more" if self._skip > 1 else "no more"
                raise Unavailable(f"query budget: {self._reason}; this tick is skipped, then {more}")
            over = self._over()
            if over:
                raise Unavailable(f"query budget: {over}; the rest of this tick is not asked")

    def spend(self, at_ms: int, *, series: int, samples: int, seconds: float) -> None:
        """After a query of the tick at ``at_ms``, also one that failed (its seconds count)."""
        with self._lock:
            if at_ms == self._tick_ms:
                self._spent["series"] += series
                self._spent["samples"] += samples
                self._spent["seconds"] += seconds

    def _turn(self, at_ms: int) -> None:
        """A new tick begins: draw the consequence of the last one."""
        over = self._over()
        if self._skip:
            self._skip -= 1
        elif over:
            self._reason, self._skip = over, self._stretch
            self._stretch = min(self._stretch * 2, self.limit.max_skip)
        else:
            self._stretch = 1
        self._tick_ms = at_ms
        self._spent = dict.fromkeys(self._spent, 0)

    def _over(self) -> str:
        for name, spent in self._spent.items():
            limit = getattr(self.limit, name)
            if spent > limit:
                return (
                    f"{spent:,.1f} of {limit:,} {name}"
                    if name == "seconds"
                    else f"{spent:,} of {limit:,} {name}"
                )
        return ""
