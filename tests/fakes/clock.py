"""A clock that tests move."""


class FakeClock:
    """``ports.Clock`` that stands still until ``advance`` or ``jump``."""

    def __init__(self, now_ms: int = 1_700_000_000_000, monotonic_s: float = 1000.0) -> None:
        self._now_ms, self._monotonic_s = now_ms, monotonic_s

    def now_ms(self) -> int:
        """The wall clock."""
        return self._now_ms

    def monotonic_s(self) -> float:
        """The clock for intervals."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Time passes: both clocks move."""
        assert seconds >= 0
        self._now_ms += round(seconds * 1000)
        self._monotonic_s += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock (NTP, a person): the other does not move."""
        self._now_ms += round(seconds * 1000)
