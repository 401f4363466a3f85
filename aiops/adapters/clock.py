"""Clock: the system's own."""

import time


class SystemClock:
    """``ports.Clock`` over the wall clock and the boot clock (which goes on through a suspend, M13)."""

    def now_ms(self) -> int:
        """Milliseconds UTC since 1970."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds since boot; never jumps."""
        return (
            time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
        )
