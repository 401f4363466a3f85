"""Calendar: civil days, holidays, and windows of civil time (maintenance, freezes), safe across DST.

Times are milliseconds UTC throughout; only here do they meet clocks on walls. A window is a set of
stretches ``[start, end)``, one for each civil day it begins on:

- ``weekdays``, ``from_date`` and ``to_date`` speak of the day on which it begins; an ``end`` at or before
  ``start`` is on the next day (so equal ones are 24 hours).
- It is never shorter than written. A start that the clocks show twice (fold) is the first, an end the last.
  A start they skip (gap) is read with the offset that holds after, an end with the one before: so on the
  day of a shift a window may be longer by the shift, and nothing frozen thaws early (M14).

Errors:  ValueError, naming window, field, what was expected and what was got.
Cost:    O(days + times); some microseconds a day.
Source:  PEP 495 (fold); the IANA time zone database through ``zoneinfo``.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from aiops.model import FreezeWindow, Mask, Times
from aiops.model.civil import holidays, zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SUNDAY = 6
DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
_CLOCK = re.compile(r"(\d\d):(\d\d)")
_FAR_DAYS = 400  # a window that has not ended after so many days has no end worth waiting for


def _offset_ms(at_ms: int, where: ZoneInfo) -> int:
    at = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(where)
    return int((at.utcoffset() or timedelta()).total_seconds() * 1000)


def civil(times: Times, timezone: str) -> Times:
    """``times`` (t,) as milliseconds of civil time: ``// DAY_MS`` is the civil day since 1970-01-01, ``%
    DAY_MS`` what the clock on the wall shows. Repeats itself where the clocks go back."""
    where = zone(timezone)
    days, at = np.unique(times // DAY_MS, return_inverse=True)
    starts = {int(day): _offset_ms(int(day) * DAY_MS, where) for day in {*days, *(days + 1)}}
    offsets = np.array([starts[int(day)] for day in days], dtype=np.int64)[at]
    shifts = np.array([starts[int(day)] != starts[int(day) + 1] for day in days], dtype=bool)
    for i in np.flatnonzero(shifts[at]):  # one or two days a year: ask for every sample
        offsets[i] = _offset_ms(int(times[i]), where)
    shifted: Times = times + offsets
    return shifted


def weekdays(times: Times, timezone: str, country: str = "") -> NDArray[np.int8]:
    """Civil weekday of each time, Monday 0 to Sunday 6; a public holiday of ``country`` is a Sunday."""
    days = civil(times, timezone) // DAY_MS
    result = ((days + 3) % 7).astype(np.int8)  # 1970-01-01 was a Thursday
    if country and len(days):
        first, last = _date(int(days.min())), _date(int(days.max()))
        off = [(day - _EPOCH).days for day in holidays(country, first, last)]
        result[np.isin(days, off)] = SUNDAY
    return result


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _minutes(window: FreezeWindow, field: str) -> int:
    text = str(getattr(window, field))
    match = _CLOCK.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else -1
    if not 0 <= minutes <= 1440 or (field == "start" and minutes == 1440):
        raise ValueError(f"window {window.name!r}: {field}: expected HH:MM, got {text!r}")
    return minutes


def _day(window: FreezeWindow, field: str, default: date) -> date:
    text = str(getattr(window, field))
    try:
        return date.fromisoformat(text) if text else default
    except ValueError as error:
        raise ValueError(f"window {window.name!r}: {field}: expected YYYY-MM-DD, got {text!r}") from error


def _instants(day: date, minutes: int, where: ZoneInfo) -> tuple[int, int]:
    """The first and the last instant, ms UTC, that can be meant by a civil time: two in a fold or a gap."""
    at = datetime.combine(day + timedelta(days=minutes // 1440), time(minutes % 1440 // 60, minutes % 60))
    both = [int(at.replace(tzinfo=where, fold=fold).timestamp() * 1000) for fold in (0, 1)]
    return min(both), max(both)


def day_end(at_ms: int, timezone: str) -> int:
    """The next civil midnight after ``at_ms``, ms UTC: when "today" is over. A midnight that the clocks skip
    is when they do, one that they show twice is the first. ValueError for a zone that is none."""
    where = zone(timezone)
    today = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(where).date()
    return int(datetime.combine(today + timedelta(days=1), time(), where).timestamp() * 1000)


def stretches(window: FreezeWindow, start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """The parts ``[from, to)``, ms UTC, of ``window`` that touch ``[start_ms, end_ms]``, in order of time."""
    where = zone(window.timezone)
    start, end = _minutes(window, "start"), _minutes(window, "end")
    end = end if end > start else end + 1440
    unknown = sorted(set(window.weekdays) - set(WEEKDAYS))
    if unknown:
        raise ValueError(f"window {window.name!r}: weekdays: expected {', '.join(WEEKDAYS)}, got {unknown}")
    near = [datetime.fromtimestamp(at / 1000, UTC).date() for at in (start_ms, end_ms)]
    day = max(near[0] - timedelta(days=3), _day(window, "from_date", date.min))
    last = min(near[1] + timedelta(days=2), _day(window, "to_date", date.max))
    while day <= last:
        if not window.weekdays or WEEKDAYS[day.weekday()] in window.weekdays:
            begins, ends = _instants(day, start, where)[0], _instants(day, end, where)[1]
            if ends > start_ms and begins <= end_ms:
                yield begins, ends
        day += timedelta(days=1)


def window_mask(window: FreezeWindow, times: Times) -> Mask:
    """Which of ``times`` (t,) lie inside ``window``; its ``namespaces`` are the caller's business."""
    inside = np.zeros(len(times), bool)
    if len(times):
        for begins, ends in stretches(window, int(times.min()), int(times.max())):
            inside |= (times >= begins) & (times < ends)
    return inside


def in_window(window: FreezeWindow, at_ms: int) -> bool:
    """Whether ``at_ms`` lies inside ``window``; its ``namespaces`` are the caller's business."""
    return any(begins <= at_ms < ends for begins, ends in stretches(window, at_ms, at_ms))


def window_end(window: FreezeWindow, at_ms: int) -> int | None:
    """When the window that ``at_ms`` lies in is over, ms UTC; None outside, or where it does not end within
    a year. Stretches that touch are one."""
    ends_at: int | None = None
    for begins, ends in stretches(window, at_ms, at_ms + _FAR_DAYS * DAY_MS):
        if begins > (at_ms if ends_at is None else ends_at):
            return ends_at
        ends_at = ends if ends_at is None else max(ends, ends_at)
    return ends_at if ends_at is not None and ends_at < at_ms + _FAR_DAYS * DAY_MS else None


def hold_mask(windows: Sequence[FreezeWindow], times: Times) -> Mask:
    """Which of ``times`` (t,) lie inside any of ``windows``."""
    inside = np.zeros(len(times), bool)
    for window in windows:
        inside |= window_mask(window, times)
    return inside


def check_window(window: FreezeWindow) -> None:
    """Raise ValueError for a window that cannot be read, or that can never be open."""
    for _ in stretches(window, 0, 0):
        break
    first, last = _day(window, "from_date", date.min), _day(window, "to_date", date.max)
    if first > last:
        raise ValueError(f"window {window.name!r}: to_date: expected {first} or later, got {last}")
