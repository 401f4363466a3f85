"""Points: named places at which a test ends the process, as a kill -9 would (promises E1, G1).

``AIOPS_CRASH_AT=carry.sent`` ends it there the first time, ``carry.sent:3`` the third time. Unset: nothing.
"""

import os
from collections.abc import Callable, Mapping

VARIABLE = "AIOPS_CRASH_AT"
KILLED = 137  # what a shell says of a process that was killed


def crash_points(env: Mapping[str, str] = os.environ) -> Callable[[str], None]:
    """What to call at each named point. ValueError for a count that is none."""
    wanted, _, count = env.get(VARIABLE, "").partition(":")
    if not wanted:
        return lambda _point: None
    left = [int(count or 1)]

    def reach(point: str) -> None:
        if point == wanted:
            left[0] -= 1
            if left[0] == 0:
                os._exit(KILLED)

    return reach
