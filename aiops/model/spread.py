"""Spread: how far the samples of a row usually stray from what was expected, and how far they ever do.

Two yardsticks. The mean distance, of samples cut at the edge of the band, is what is usual: one bad sample
bends nothing. The cube root of the mean cubed distance is what happens now and then: a series that spikes
every few hours gets a wide band from it, a quiet one keeps its narrow one. Of a run outside the band only the
first ``RUN`` samples teach the second, and only once the run is over: it is how often a series strays that
counts, not how long one incident lasts, and no incident hides itself.

The longer a row stays outside, the wider the cut opens (``out``), so that a new level is learned in the end
and nothing is locked out for ever.
"""

from dataclasses import dataclass

import numpy as np

from aiops.model.band import MEAN_AWAY_TO_SIGMA
from aiops.model.panel import Floats, Mask

TAIL = 5.0  # edges are at least so many cubic means away: 5.8 sigmas of normally spread data
TAIL_S = 14 * 86_400.0  # what happens now and then is remembered for two weeks
YOUNG = 1000.0  # samples; with fewer, a tail is not known yet and counts as if the rest had been still
RUN = 5.0  # samples of a run outside the band that teach the tail
FAR = 20.0  # edges; farther away is as far as this, or one glitch would blind the series for weeks ...
STILL = 1e6  # ... unless it is so far that the edge means nothing: the series had been perfectly still


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What was learned of each row, (n,) each. A row of zeros has seen nothing."""

    mean: Floats  # mean distance, the signal's unit
    cubes: Floats  # mean cubed distance, the cube of the unit
    seen: Floats  # samples learned from
    out: Floats  # how long outside the band of late; shrinks slowly inside
    run: Floats  # samples outside in a row, up to now
    due: Floats  # cubed distances of that run, summed up, to be learned when it is over

    @classmethod
    def blank(cls, rows: int) -> "Spread":
        """``rows`` rows of which nothing is known."""
        return cls(*(np.zeros(rows) for _ in range(6)))


class Learning:
    """A spread while a block is learned: arrays are replaced or changed in place, never the caller's."""

    def __init__(self, start: Spread, threshold: float, interval_s: float, memory_s: float) -> None:
        self.mean, self.cubes = start.mean.copy(), start.cubes.copy()
        self.seen, self.out, self.run, self.due = start.seen, start.out, start.run, start.due
        self.window = max(memory_s / interval_s, 100.0)  # samples; a hundred, so that the mean is known
        self.long = max(TAIL_S / interval_s, 2 * YOUNG)
        self.sigmas = threshold * MEAN_AWAY_TO_SIGMA

    def tail(self) -> Floats:
        """The least edge (n,): what the row reaches now and then."""
        tail: Floats = np.cbrt(self.cubes)
        tail *= TAIL
        return tail

    def edge(self) -> Floats:
        """The edge of the band (n,), as a distance in the signal's unit."""
        edge = self.mean * self.sigmas
        return np.maximum(edge, self.tail(), out=edge)

    def learn(
        self, size: Floats, fresh: Mask, edge: Floats, known: Mask, stray: Floats | None = None
    ) -> tuple[Mask, Floats]:
        """Learn distances ``size`` (n,), 0 where not ``fresh``; answers (which were outside, the cut).

        ``known`` is where ``edge`` means something: elsewhere all is taken as it comes. ``stray`` is what
        is learned, where that differs from what is judged.
        """
        outside = (size > edge) & known
        size = size if stray is None else stray
        open_by = np.exp2(np.minimum(self.out * (8 / self.window), 60.0))
        cut = np.where(known, edge * open_by + 1e-12, np.inf)
        self.seen = np.minimum(self.seen + fresh, self.long)
        rate = fresh / np.maximum(np.minimum(self.seen, self.window), 1.0)
        self.mean += rate * (np.minimum(size, cut) - self.mean)
        self.run = np.where(fresh, np.where(outside, self.run + 1.0, 0.0), self.run)
        far = np.where(known & (size < STILL * edge), FAR * edge, np.inf)
        reached = np.minimum(size, far)
        cube = reached * reached * reached
        inside = fresh & ~outside
        rate = inside / np.maximum(self.seen, YOUNG)
        self.cubes += rate * (cube + self.due - self.cubes)
        self.due = np.where(inside, 0.0, self.due + np.where(outside & (self.run <= RUN), cube, 0.0))
        self.out = np.where(
            fresh, np.where(outside, self.out + 1.0, np.maximum(self.out - 0.02, 0.0)), self.out
        )
        return outside, cut

    def spread(self) -> Spread:
        """The state as a value."""
        return Spread(self.mean, self.cubes, self.seen, self.out, self.run, self.due)
