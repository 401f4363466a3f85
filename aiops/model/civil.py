"""Civil time: what the wall clocks of a zone show, for arrays of times.

Seasons follow people's days, so a slot of a season is a slot of the local wall clock: the day that has 23
hours skips slots, and the hour that comes twice visits its slots twice (M14).
"""

import functools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from aiops.model.panel import Times

MINUTES_A_WEEK = 7 * 24 * 60
_STRETCH_S = 900  # zones change their offset on a quarter of an hour of UTC, so one look-up does for each
_MONDAY = 3 * 24 * 60  # 1970-01-01 was a Thursday


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


def minute_of_week(times: Times, timezone_name: str) -> NDArray[np.int64]:
    """Local minute since Monday 00:00, (t,) from 0 to 10079, of ``times`` (t,) ms UTC.

    One look-up in the zone's table for each quarter of an hour that occurs; those are kept.
    """
    seconds = np.floor_divide(times, 1000)
    stretches, where = np.unique(seconds // _STRETCH_S, return_inverse=True)
    offsets = np.array([_offset_s(timezone_name, int(one)) for one in stretches], dtype=np.int64)
    local: NDArray[np.int64] = (seconds + offsets[where]) // 60 + _MONDAY if len(times) else seconds
    return local % MINUTES_A_WEEK
