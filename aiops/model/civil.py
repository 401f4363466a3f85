"""Civil time: what the wall clocks of a zone show, for arrays of times.

Seasons follow people's days, so a slot of a season is a slot of the local wall clock: the day that has 23
hours skips slots, and the hour that comes twice visits its slots twice (M14).
"""

import functools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from aiops.model.panel import Times

MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
_STRETCH_S = 900  # zones change their offset on a quarter of an hour of UTC, so one look-up does for each
_MONDAY = 3 * 24 * 60  # 1970-01-01 was a Thursday
_EPOCH = date(1970, 1, 1)


@functools.lru_cache(maxsize=16)
def zone(name: str) -> ZoneInfo:
    """The zone called ``name``; ValueError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"timezone: expected a name such as Europe/Berlin, got {name!r}") from error


@functools.lru_cache(maxsize=1 << 16)
def _offset_s(name: str, stretch: int) -> int:
    if name == "UTC":
        return 0
    offset = datetime.fromtimestamp(stretch * _STRETCH_S, UTC).astimezone(zone(name)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@functools.lru_cache(maxsize=64)
def holidays(country: str, first: date, last: date) -> tuple[date, ...]:
    """Public holidays from ``first`` to ``last``. ``country`` is ISO 3166: "DE", or "DE-BY" for a region.

    ValueError for a country or region that the ``holidays`` package does not know.
    """
    from holidays import country_holidays  # noqa: PLC0415 - only who names a country pays for the import

    name, _, region = country.partition("-")
    try:
        known = country_holidays(name, subdiv=region or None, years=range(first.year, last.year + 1))
    except NotImplementedError as error:
        raise ValueError(f"holidays: expected a country such as DE or DE-BY, got {country!r}") from error
    return tuple(sorted(day for day in known if first <= day <= last))


def minute_of_week(times: Times, timezone_name: str, country: str = "") -> NDArray[np.int64]:
    """Local minute since Monday 00:00, (t,) from 0 to 10079, of ``times`` (t,) ms UTC. A public holiday of
    ``country`` is a Sunday.

    One look-up in the zone's table for each quarter of an hour that occurs; those are kept.
    """
    seconds = np.floor_divide(times, 1000)
    stretches, where = np.unique(seconds // _STRETCH_S, return_inverse=True)
    offsets = np.array([_offset_s(timezone_name, int(one)) for one in stretches], dtype=np.int64)
    local: NDArray[np.int64] = (seconds + offsets[where]) // 60 + _MONDAY if len(times) else seconds
    minute = local % MINUTES_A_WEEK
    if country and len(times):
        days = (local - _MONDAY) // MINUTES_A_DAY
        first, last = (_EPOCH + timedelta(days=int(day)) for day in (days.min(), days.max()))
        whole_years = date(first.year, 1, 1), date(last.year, 12, 31)  # so that few lists are kept
        off = [(day - _EPOCH).days for day in holidays(country, *whole_years)]
        minute = np.where(np.isin(days, off), minute % MINUTES_A_DAY + 6 * MINUTES_A_DAY, minute)
    return minute
