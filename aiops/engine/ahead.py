"""Ahead: now and then, look where series with a limit are heading: "full in 3 h"."""

from dataclasses import dataclass

from aiops.core.detect import Happening
from aiops.engine.rules import Rules
from aiops.engine.window import Recent

EVERY_MS = 600_000


@dataclass(slots=True)
class Ahead:
    """Predicts at most once in ``EVERY_MS``."""

    rules: Rules
    recent: Recent
    looked_ms: int = 0

    def due(self, now_ms: int) -> bool:
        """Whether it is time to look again."""
        return now_ms - self.looked_ms >= EVERY_MS

    def look(self, now_ms: int) -> tuple[Happening, ...]:
        """Predicted anomalies of signals with a limit, as of ``now_ms``."""
        self.looked_ms = now_ms
        return ()
