"""Scale: from values and times to pixels, with ticks at round figures."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
STEPS_MS = (
    *(n * MINUTE_MS for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR_MS for n in (1, 2, 3, 6, 12)),
    *(n * DAY_MS for n in (1, 2, 7, 14, 28, 91, 182, 364)),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from [low, high] to [start, end] in pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where ``value`` is; outside of the scale it is held at the edge."""
        if self.high == self.low:
            return (self.start + self.end) / 2
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def round_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """At most ``most`` + 1 multiples of 1, 2, 2.5 or 5 times a power of ten within [low, high]."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return ()
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((n * power for n in (1, 2, 2.5, 5, 10) if n * power >= rough), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(n * step for n in range(first, last + 1))


def binary_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Ticks for bytes: round in the size in which they are written."""
    largest = max(abs(low), abs(high), 1)
    size = 1024.0 ** min(int(math.log(largest, 1024)), 5)
    return tuple(size * tick for tick in round_ticks(low / size, high / size, most))


def time_ticks(start_ms: int, end_ms: int, most: int) -> tuple[tuple[int, str], ...]:
    """Times at round hours or days (UTC), and what is written there: the date where a day begins."""
    if end_ms <= start_ms:
        return ()
    step = next((n for n in STEPS_MS if (end_ms - start_ms) / n <= most), STEPS_MS[-1])
    first = -(-start_ms // step) * step
    ticks = []
    for number, at_ms in enumerate(range(first, end_ms + 1, step)):
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        new_day = at_ms % DAY_MS == 0 or (number == 0 and step < DAY_MS)
        date = f"{at.day} {at:%b}"
        ticks.append((at_ms, date if step >= DAY_MS else f"{date}, {at:%H:%M}" if new_day else f"{at:%H:%M}"))
    return tuple(ticks)
