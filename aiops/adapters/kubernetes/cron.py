"""Cron: when a schedule of five fields last fired. Minutes, hours, days, months, days of the week.

A day matches as cron has it: where both day fields are restricted, either suffices. In a zone with summer
time the wall clock counts.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiops.model.civil import zone

_MINUTE_MS = 60_000
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = {name: at for names, first in ((_DAYS, 0), (_MONTHS, 1)) for at, name in enumerate(names, first)}
_UNITS = {"s": 1000, "m": _MINUTE_MS, "h": 3_600_000}
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
LONGEST_MS = 32 * 24 * 3_600_000  # looked back over; nobody freezes for longer by a schedule


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule in a zone."""

    fields: tuple[frozenset[int], ...]
    any_day: bool  # the day of the month is not restricted
    any_weekday: bool
    place: ZoneInfo

    def last(self, at_ms: int, within_ms: int) -> int | None:
        """The newest firing in (``at_ms`` - ``within_ms``, ``at_ms``]; None where there is none.

        Cost: a look a minute, so 1,440 a day of ``within_ms`` at worst; whole days that do not match are
        passed over at once.
        """
        now_ms = at_ms // _MINUTE_MS * _MINUTE_MS
        first_ms = at_ms - min(within_ms, LONGEST_MS)
        while now_ms > first_ms:
            local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self.place)
            if not self._day(local):
                now_ms -= (
                    local.hour * 60 + local.minute + 1
                ) * _MINUTE_MS  # the last minute of the day before
            elif local.hour not in self.fields[1]:
                now_ms -= (local.minute + 1) * _MINUTE_MS
            elif local.minute not in self.fields[0]:
                now_ms -= _MINUTE_MS
            else:
                return now_ms
        return None

    def _day(self, local: datetime) -> bool:
        _, _, days, months, weekdays = self.fields
        day, weekday = local.day in days, local.isoweekday() % 7 in weekdays
        either = day or weekday if not (self.any_day or self.any_weekday) else day and weekday
        return local.month in months and either


def cron(text: str, timezone: str) -> Cron | None:
    """The schedule that ``text`` writes; None where it cannot be read."""
    parts = _NICKNAMES.get(text.strip(), text).lower().split()
    if len(parts) != len(_RANGES):
        return None
    try:
        found = [_field(part, *ends) for part, ends in zip(parts, _RANGES, strict=True)]
        place = zone(timezone)
    except ValueError:
        return None
    found[4] = frozenset(one % 7 for one in found[4])
    return Cron(tuple(found), parts[2][0] in "*?", parts[4][0] in "*?", place)


def _field(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for piece in text.split(","):
        span, _, step = piece.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = _number(first)
            end = _number(last) if dash else high if step else start
        if not low <= start <= end <= high or (step and int(step) < 1):
            raise ValueError(text)
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)


def duration_ms(text: str) -> int | None:
    """``1h30m`` in milliseconds, as Go writes it; None for anything else."""
    if not re.fullmatch(r"([0-9]+(\.[0-9]+)?[smh])+", text):
        return None
    return round(sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9.]+)([smh])", text)))
