"""Isolation forest: do the signals of a workload stand together as they never did?

Random trees cut the space of all signals until a sample is alone; what is alone after few cuts is unlike the
rest, even if each signal by itself is within its band (much CPU and few requests). One forest a target, of
what ``memory_s`` looked like; samples that were anomalous are left out until they have lasted for a day.
Blind to order in time (a slow drift, a season out of phase), to how far outside a sample is, and to a signal
that never moved while it learned.

Input:   aligned Panels, one a signal, values (n, t), NaN for a gap.
Output:  Verdicts (n, t); ``score`` 1 is ``margin`` times as isolated as the most isolated sample that it
         learned from, both from the median; ``contributions`` is each signal's share in that: how much less
         isolated the sample is with that signal at its median. No band: NaN.
Errors:  none while judging; INCONCLUSIVE where half of the signals or more are missing, or too little is
         known.
Cost:    about 40 ms a target for a forest, every ``refit`` kept samples and after a restart; one scoring call
         for all targets and samples of a block, about 20 µs a sample; 4 kB a signal and 0.1 MB a forest.
Source:  F. T. Liu, K. M. Ting and Z.-H. Zhou, "Isolation Forest", ICDM, 2008; trees grown by scikit-learn.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aiops.model import Floats, Mask, Panel, Verdicts
from aiops.model.band import readable

Small = NDArray[np.float32]
Counts = NDArray[np.int64]
TREES = 64
SAMPLES = 64  # each tree sees so many
LEAST_REACH = 0.08  # of the score of Liu et al. (0 to 1): differences below are chance
SEED = 20081215  # the same samples grow the same forest, in any process
AT_ONCE = 1 << 22  # samples x trees that are walked in one go: 100 MB


@dataclass(frozen=True, slots=True)
class IsolationForest:
    """Flags what is more isolated than anything it learned from."""

    multi: ClassVar[bool] = True
    margin: float = 1.1
    window: int = 512  # samples that are remembered ...
    memory_s: float = 3 * 86_400.0  # ... of so long: every few minutes one is kept
    min_kept: int = 192  # with fewer kept, about a day, nothing is judged
    refit: int = 128  # kept samples after which the forest is grown anew
    new_normal_s: float = 86_400.0  # what lasts for longer is learned from
    interval_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("margin", "memory_s", "new_normal_s", "interval_s"):
            if not getattr(self, name) > 0:  # so that NaN is refused too
                raise ValueError(f"{name}: expected a number above 0, got {getattr(self, name)}")
        if self.min_kept < 16:
            raise ValueError(f"min_kept: expected 16 or more, got {self.min_kept}")
        if self.refit < 1:
            raise ValueError(f"refit: expected 1 or more, got {self.refit}")
        if self.window < self.min_kept:
            raise ValueError(f"window: expected min_kept ({self.min_kept}) or more, got {self.window}")

    @property
    def stride(self) -> int:
        """Of so many samples one is kept."""
        return max(1, round(self.memory_s / self.interval_s / self.window))

    def fit(self, histories: Sequence[Panel]) -> "FittedIsolationForest":
        """Learn from all of ``histories``; the forest itself grows when it is first needed."""
        n, signals = len(histories[0].targets), tuple(panel.signal for panel in histories)
        window = np.full((n, self.window, len(signals)), np.nan, np.float32)
        none = np.zeros(n, np.int64)
        state = _Keeping(FittedIsolationForest(self, signals, window, window, none, none, none))
        values = joined(histories)
        fresh = enough(values)
        for t in range(values.shape[1]):
            state.keep(values[:, t], fresh[:, t], np.zeros(n, bool))
        grown = state.kept >= self.min_kept
        state.learned[grown] = state.recent[grown]
        return state.fitted()


@dataclass(frozen=True, slots=True, eq=False)
class FittedIsolationForest:
    """What is remembered of each row; the forest is grown from ``learned`` alone."""

    config: IsolationForest
    signals: tuple[str, ...]
    recent: Small  # (n, window, s): kept sample number i is in place i % window
    learned: Small  # (n, window, s): what the forest was grown from; NaN where nothing
    seen: Counts  # (n,) samples that could be kept
    kept: Counts  # (n,) samples kept
    out: Counts  # (n,) anomalous samples in a row

    def judge(self, blocks: Sequence[Panel], hold: Mask) -> tuple[Verdicts, "FittedIsolationForest"]:
        """Judge the columns of ``blocks`` by the forest before them, then keep what is worth keeping."""
        values = joined(blocks)
        n, columns, several = values.shape
        fresh = enough(values)
        score, shares = np.full((n, columns), np.nan), np.zeros((several, n, columns))
        state, start = _Keeping(self), 0
        while start < columns:
            stop = min(columns, start + state.until_due())
            span = slice(start, stop)
            score[:, span], shares[:, :, span] = _scores(state.learned, values[:, span], fresh[:, span], self)
            bad = score[:, span] >= 1
            for t in range(start, stop):
                state.keep(values[:, t], fresh[:, t] & ~hold[:, t], bad[:, t - start])
            start = stop
        judged = Verdicts.of(score, np.full(score.shape, np.nan), np.full(score.shape, np.nan))
        verdicts = Verdicts(judged.status, judged.score, judged.low, judged.high, self.signals, shares)
        return verdicts, state.fitted()


class _Keeping:
    """The state while a block is learned."""

    def __init__(self, start: FittedIsolationForest) -> None:
        self.start, self.config = start, start.config
        self.recent, self.learned = start.recent.copy(), start.learned.copy()
        self.seen, self.kept, self.out = start.seen.copy(), start.kept.copy(), start.out.copy()

    def until_due(self) -> int:
        """Columns that can be judged before any row may need another forest."""
        config = self.config
        missing = np.where(
            self.kept < config.min_kept, config.min_kept - self.kept, config.refit - self.kept % config.refit
        )
        columns = (missing - 1) * config.stride + config.stride - self.seen % config.stride
        return max(int(columns.min(initial=1 << 30)), 1)

    def keep(self, values: Floats, fresh: Mask, bad: Mask) -> None:
        """Remember one column (n, s) where it is ``fresh`` and it is its turn; grow what is due."""
        config = self.config
        self.out = np.where(fresh, np.where(bad, self.out + 1, 0), self.out)
        lasting = self.out * config.interval_s >= config.new_normal_s
        rows = np.flatnonzero(fresh & (~bad | lasting))
        self.seen[rows] += 1
        rows = rows[self.seen[rows] % config.stride == 0]
        self.recent[rows, self.kept[rows] % config.window] = values[rows]
        self.kept[rows] += 1
        kept = self.kept[rows]
        due = rows[(kept == config.min_kept) | ((kept > config.min_kept) & (kept % config.refit == 0))]
        self.learned[due] = self.recent[due]

    def fitted(self) -> FittedIsolationForest:
        """The state as a value."""
        start = self.start
        return FittedIsolationForest(
            start.config, start.signals, self.recent, self.learned, self.seen, self.kept, self.out
        )


def joined(panels: Sequence[Panel]) -> Floats:
    """(n, t, s) of aligned panels, NaN where nothing can be read."""
    return np.stack([readable(panel.values) for panel in panels], axis=-1)


def enough(values: Floats) -> Mask:
    """Where more than half of the signals are there, (n, t)."""
    return np.asarray(np.isfinite(values).sum(axis=-1) * 2 > values.shape[-1])


class Forest(NamedTuple):
    """The trees of one row, (trees, nodes) each, and what their scores mean."""

    feature: NDArray[np.int16]  # the signal that a node cuts; -1: a leaf
    edge: Small  # up to here goes left
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    path: Small  # at a leaf: its depth, and what more cuts would have taken
    medians: Small  # (s,) of what was learned from
    centre: float  # the median of the scores of what was learned from
    reach: float  # how far the most isolated of them was from it


NODES = 2 * SAMPLES


def _usual_path(samples: NDArray[np.float64]) -> Floats:
    """Cuts that it takes on average until one of so many samples is alone."""
    many = np.maximum(samples, 2.0)
    harmonic = np.log(many - 1) + np.euler_gamma
    usual = np.where(samples > 2, 2 * harmonic - 2 * (many - 1) / many, 1.0)
    return np.where(samples > 1, usual, 0.0)


@functools.lru_cache(maxsize=2048)
def _grown(samples: bytes, signals: int) -> Forest:
    """The forest of one row; the same bytes give the same forest."""
    from sklearn.ensemble import IsolationForest as Trees  # noqa: PLC0415 - 100 MB, for those who use it

    learned = np.frombuffer(samples, np.float32).reshape(-1, signals)
    learned = learned[np.isfinite(learned).any(axis=1)]
    known = np.isfinite(learned).any(axis=0)
    medians = np.zeros(signals, np.float32)
    medians[known] = np.nanmedian(learned[:, known], axis=0)
    filled = np.where(np.isfinite(learned), learned, medians)
    grown = Trees(n_estimators=TREES, max_samples=min(SAMPLES, len(filled)), random_state=SEED).fit(filled)
    shape = (TREES, NODES)
    forest = Forest(
        np.full(shape, -1, np.int16),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.int16),
        np.zeros(shape, np.int16),
        np.zeros(shape, np.float32),
        medians,
        0.0,
        1.0,
    )
    for number, tree in enumerate(grown.estimators_):
        _copy(tree.tree_, number, forest)
    scores = _walk([forest], np.zeros(len(filled), np.intp), filled)
    centre = float(np.median(scores))
    return forest._replace(centre=centre, reach=max(float(scores.max()) - centre, LEAST_REACH))


def _copy(tree: object, number: int, forest: Forest) -> None:
    """One tree of scikit-learn into row ``number`` of the arrays."""
    feature, left, right = (
        np.asarray(getattr(tree, name)) for name in ("feature", "children_left", "children_right")
    )
    count = len(feature)
    depth = np.zeros(count)
    for node in np.flatnonzero(left >= 0):  # parents come before their children
        depth[[left[node], right[node]]] = depth[node] + 1
    forest.feature[number, :count] = np.where(left >= 0, feature, -1)
    forest.edge[number, :count] = np.asarray(getattr(tree, "threshold"))  # noqa: B009 - of no stub
    forest.left[number, :count], forest.right[number, :count] = left, right
    forest.path[number, :count] = depth + _usual_path(np.asarray(getattr(tree, "n_node_samples"), float))  # noqa: B009


def _walk(forests: Sequence[Forest], rows: NDArray[np.intp], values: Small) -> Floats:
    """The score (k,) of ``values`` (k, s), each by the forest of its row: 0.5 is usual, 1 alone at once."""
    feature, edge, left, right, path = (
        np.concatenate([getattr(forest, name).ravel() for forest in forests])
        for name in ("feature", "edge", "left", "right", "path")
    )
    score = np.empty(len(values))
    trees = np.arange(TREES) * NODES
    for start in range(0, len(values), AT_ONCE // TREES):
        some = slice(start, start + AT_ONCE // TREES)
        base = rows[some, None] * (TREES * NODES) + trees
        at = base.copy()
        which = np.arange(len(values))[some, None]
        while True:
            cut = feature[at]
            inner = cut >= 0
            if not inner.any():
                break
            goes_left = values[which, np.maximum(cut, 0)] <= edge[at]
            at = np.where(inner, base + np.where(goes_left, left[at], right[at]), at)
        score[some] = 2.0 ** (-path[at].mean(axis=1) / _usual_path(np.array(float(SAMPLES))))
    return score


def _scores(
    learned: Small, values: Floats, fresh: Mask, fitted: FittedIsolationForest
) -> tuple[Floats, Floats]:
    """(scores (n, t), shares (s, n, t)): 1 at the edge, NaN where nothing can be told."""
    several = values.shape[-1]
    score, shares = np.full(fresh.shape, np.nan), np.zeros((several, *fresh.shape))
    able = np.flatnonzero(np.isfinite(learned).any(axis=(1, 2)) & fresh.any(axis=1))
    if not len(able):
        return score, shares
    forests = [_grown(learned[row].tobytes(), several) for row in able]
    medians = np.array([forest.medians for forest in forests])
    centre = np.array([forest.centre for forest in forests])
    reach = np.array([forest.reach for forest in forests]) * fitted.config.margin
    rows, columns = np.nonzero(fresh[able])
    samples = values[able[rows], columns].astype(np.float32)
    samples = np.where(np.isfinite(samples), samples, medians[rows])
    isolated = _walk(forests, rows, samples)
    answer = np.maximum((isolated - centre[rows]) / reach[rows], 0.0)
    score[able[rows], columns] = answer
    bad = np.flatnonzero(answer >= 1)
    if len(bad):
        usual = np.repeat(samples[bad], several, axis=0).reshape(-1, several, several)
        each = np.arange(several)
        usual[:, each, each] = medians[rows[bad]]
        without = _walk(forests, np.repeat(rows[bad], several), usual.reshape(-1, several))
        lost = np.maximum(isolated[bad, None] - without.reshape(-1, several), 0.0)
        shares[:, able[rows[bad]], columns[bad]] = (lost / np.maximum(lost.sum(axis=1), 1e-12)[:, None]).T
    return score, shares
