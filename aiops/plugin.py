"""What a plug-in is: Detector, Fitted, MultiDetector, Remediation.

Plug-ins are found through the entry-point groups ``aiops.detectors`` and ``aiops.remediations``; an entry
point names a frozen dataclass with slots whose fields all have defaults.

Fields that the loader fills from a signal, where a detector declares them: ``direction`` (Direction),
``min_abs``, ``min_rel`` (smallest deviation that matters), ``limit``, ``edge``, ``for_s``,
``interval_s`` (seconds between samples), ``timezone`` (name of the zone whose days the seasons follow),
``holidays`` (country whose public holidays are Sundays).

Fitted state is arrays. A fitted value is a frozen dataclass whose fields are

- arrays with one row a target (leading dimension n, the row order of the panel it was fitted on), or
- scalars (int, float, bool, str), or tuples of strings, that all rows share, or
- the detector itself (its configuration), or nested fitted values of the same kind.

So rows can be taken, joined, saved and sent without knowing the detector (``aiops.core.rows``). What a
library needs in another shape (a forest, a filter) is rebuilt from the arrays when first used.
A fit on a history without samples is valid: everything is inconclusive until enough was judged and learned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, Self, runtime_checkable

from aiops.model import Facts, Floats, Mask, NotApplicable, Panel, Step, Target, Times, Verdicts


@runtime_checkable
class Fitted(Protocol):
    """What a detector learned. Immutable: judging returns the state that has learned from the block."""

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, Self]:
        """Judge every column of ``block`` (same targets, later times) by what came before it, then learn
        from it, except where it is anomalous or ``hold`` is true. Column by column and all at once agree.
        """
        ...


@runtime_checkable
class Detector(Protocol):
    """Judges one signal of many targets."""

    def fit(self, history: Panel) -> Fitted:
        """Learn from ``history`` (may be empty). Causal: nothing outside it is read."""
        ...


@runtime_checkable
class MultiFitted(Protocol):
    """What a detector of several signals learned."""

    def judge(self, blocks: Sequence[Panel], hold: Mask) -> tuple[Verdicts, Self]:
        """As ``Fitted.judge``; ``blocks`` are aligned (same targets and times, same order as in fit). The
        verdicts carry the contribution of each signal."""
        ...


@runtime_checkable
class MultiDetector(Protocol):
    """Judges several aligned signals of each target together."""

    multi: ClassVar[bool] = True

    def fit(self, histories: Sequence[Panel]) -> MultiFitted:
        """Learn from aligned panels, one a signal."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Where series are heading: (n, h) in the signal's unit for ``times`` (h,) ms UTC after the history.

    ``low`` and ``high`` bound the central ``coverage`` share of what may come. NaN where unknown.
    """

    times: Times
    mean: Floats
    low: Floats
    high: Floats
    coverage: float = 0.8


@runtime_checkable
class Forecaster(Protocol):
    """A fitted detector that can also look ahead."""

    def look_ahead(self, horizon_ms: int) -> Forecast:
        """What is expected from the end of what was learned until ``horizon_ms`` later."""
        ...


@dataclass(frozen=True, slots=True)
class Right:
    """One right that a remediation needs, and the exact fields it writes with it."""

    group: str  # API group, "" is core
    resource: str  # "deployments", "pods/eviction"
    verb: str  # "patch", "create", "delete"
    fields: tuple[str, ...] = ()  # "spec.replicas"


@runtime_checkable
class Remediation(Protocol):
    """A kind of fix. Proposes and never does; the same call serves dry run and real run.

    Parameters are fields with defaults. ``rights`` is what the step would need.
    """

    rights: ClassVar[tuple[Right, ...]]

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:
        """Plan the change of ``target`` as ``facts`` show it; ``now`` is aware, UTC. Absolute values only."""
        ...


Parameters = Mapping[str, str | int | float | bool]
