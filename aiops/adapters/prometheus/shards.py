"""Shards: one range query as several that return few series each, without changing what they return together.

A query may be split by a label only where that cannot change an answer: every aggregation keeps the label,
every matching of two sides compares it, and no function makes or drops labels. Then a matcher on it in every
selector picks exactly the rows that have this value. The shards are sets of values seen at a few times of the
range, and one shard for whatever has none of them, so that nothing is lost when series come and go.

Where no label will do, the query stays whole, and the caller splits by time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.adapters.prometheus.matchers import Matcher, literal
from aiops.adapters.prometheus.promql import parse
from aiops.errors import Rejected
from aiops.ports import Series

_LONGEST = 40_000  # characters of one matcher: far below what servers take, above 800 names of pods
_LOOK_EVERY_MS = 12 * 3_600_000  # series are counted at the end of the range and so far apart before it
_MOST_LOOKS = 3
FEW = 4  # so many times fewer series than a request may return: even if there were more before, it will do
# functions that keep the labels of their argument; of any other nobody could say so here
# fmt: off
KEEPS_LABELS = frozenset([
    "abs", "avg_over_time", "ceil", "changes", "clamp", "clamp_max", "clamp_min", "count_over_time",
    "day_of_month", "day_of_week", "days_in_month", "delta", "deriv", "exp", "floor",
    "histogram_avg", "histogram_count", "histogram_fraction", "histogram_quantile", "histogram_sum",
    "holt_winters", "hour", "idelta", "increase", "irate", "last_over_time", "ln", "log10", "log2",
    "max_over_time", "min_over_time", "minute", "month", "pi", "predict_linear",
    "present_over_time", "quantile_over_time", "rate", "resets", "round", "sgn", "sqrt",
    "stddev_over_time", "stdvar_over_time", "sum_over_time", "time", "timestamp", "year",
])
# fmt: on


@dataclass(frozen=True, slots=True)
class Shard:
    """Matchers to put into the query, and how many series it is thought to return."""

    matchers: tuple[Matcher, ...]
    series: int


def splits(query: str, label: str) -> bool:
    """Whether a matcher on ``label`` in every selector of ``query`` picks rows and changes none."""
    parsed = parse(query)
    return (
        KEEPS_LABELS.issuperset(parsed.functions)
        and all(
            (label in one.labels) == one.by and one.operator != "count_values" for one in parsed.groupings
        )
        and all((label in one.labels) == one.on for one in parsed.matchings)
    )


def looks(start_ms: int, end_ms: int) -> list[int]:
    """When to count series, the end first; of a long range, at its start and middle too."""
    number = min(1 + (end_ms - start_ms) // _LOOK_EVERY_MS, _MOST_LOOKS)
    if number == 1:
        return [end_ms]
    return [end_ms - (end_ms - start_ms) * at // (number - 1) for at in range(number)]


def plan(
    ask: Callable[[str, int], Series], query: str, labels: Sequence[str], times: Sequence[int], most: int
) -> list[Shard]:
    """Shards of at most ``most`` series where ``labels`` (the target's) allow it. Raises PortError."""
    fitting = [label for label in labels if label and splits(query, label)]
    counted: dict[tuple[str, ...], int] = {}
    for at_ms in times:
        try:
            found = ask(f"count by ({', '.join(fitting)}) ({query}\n)", at_ms)
        except Rejected:  # a scalar cannot be counted; of what is wrong with a query, it will tell itself
            return [Shard((), 1)]
        for row, value in zip(found.labels, found.values[:, -1], strict=True):
            key = tuple(row.get(label, "") for label in fitting)
            counted[key] = max(counted.get(key, 0), int(np.nan_to_num(value)))
        if 0 < sum(counted.values()) <= most // FEW:
            break
    if sum(counted.values()) <= most:
        return [Shard((), sum(counted.values()))]
    return list(_split(counted, fitting, (), most))


def _split(
    counted: Mapping[tuple[str, ...], int], labels: Sequence[str], outer: tuple[Matcher, ...], most: int
) -> Iterator[Shard]:
    sizes: dict[str, int] = {}
    for key, size in counted.items():
        if key:
            sizes[key[0]] = sizes.get(key[0], 0) + size
    listed = "|".join(literal(value) for value in sorted(sizes))
    if not labels or len(sizes) < 2 - bool(labels[1:]) or len(listed) > _LONGEST:
        yield Shard(outer, sum(counted.values()))
        return
    label = labels[0]
    for values in _bins(sizes, most):
        size = sum(sizes[value] for value in values)
        if size > most and labels[1:]:
            inner = {key[1:]: number for key, number in counted.items() if key[0] == values[0]}
            yield from _split(inner, labels[1:], (*outer, (label, "=", values[0])), most)
        else:
            yield Shard((*outer, (label, "=~", "|".join(literal(value) for value in values))), size)
    yield Shard((*outer, (label, "!~", listed)), 0)


def _bins(sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Values in order, together while they fit; one that is too large is alone."""
    together: list[str] = []
    filled = 0
    for value, size in sorted(sizes.items()):
        if together and filled + size > most:
            yield together
            together, filled = [], 0
        together.append(value)
        filled += size
    if together:
        yield together
