"""Stand-ins: recorded series in place of the raw ones they were made from, where the raw are gone.

What a recorded series is, only its rule says: a name alone is never taken for a measurement.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aiops.adapters.prometheus import rewrite
from aiops.adapters.prometheus.promql import Parsed, parse
from aiops.adapters.prometheus.tokens import tokens
from aiops.bootstrap.onboard.cluster import LABELS as CLUSTER_LABELS
from aiops.bootstrap.onboard.families import ALTERNATIVES
from aiops.bootstrap.onboard.survey import Rule, Survey
from aiops.errors import Rejected
from aiops.model import Signal

_BAD = re.compile(r"5")  # in a matcher of a code: a server's error
_WHERE = frozenset({"job", "metrics_path", *CLUSTER_LABELS})
_TWICE = frozenset({"container", "container_name", "image", "pod", "namespace", "name"})
_QUANTILE = re.compile(r"histogram_quantile\s*\(\s*(?:0?\.([0-9]+))")


@dataclass(frozen=True, slots=True)
class StandIn:
    """``query`` from a recorded series, and what it stands in for."""

    rule: str
    query: str
    raw: str
    note: str = ""


def _read(rule: Rule) -> Parsed | None:
    try:
        return parse(rule.query)
    except Rejected:  # a dialect, or experimental: then it stands in for nothing
        return None


def for_rate(metric: str, found: Survey) -> Rule | None:
    """A rule that recorded the rate of ``metric``, summed by labels: ``sum by (...) (rate(metric[...]))``,
    and all of it, not only the errors, say."""
    for rule in found.rules:
        parsed = _read(rule) if rule.name in found.metrics else None
        if (
            parsed is not None
            and [one.name for one in parsed.selectors] == [metric]
            and parsed.functions in (["rate"], ["irate"])
            and [one.operator for one in parsed.groupings] in (["sum"], [])
            and not (parsed.operators or parsed.moved or _shifted(rule))
            and _whole(parsed)
        ):
            return rule
    return None


def for_signal(signal: Signal, raws: Iterable[str], found: Survey) -> Iterator[StandIn]:
    """Recorded series that are the whole of what ``signal`` measures: a quantile, a share of errors."""
    what = ALTERNATIVES.get(signal.name, ("", ()))[0]
    wanted = frozenset(raws)
    for rule in found.rules:
        parsed = _read(rule) if rule.name in found.metrics else None
        names = {one.name for one in parsed.selectors} if parsed is not None else set()
        if parsed is None or not names or not names <= wanted or parsed.moved or _shifted(rule):
            continue
        raw = ", ".join(sorted(names))
        quantile = "histogram_quantile" in parsed.functions
        if what == "latency" and quantile and all(name.endswith("_bucket") for name in names):
            scale = " / 1000" if "milliseconds" in raw else ""
            yield StandIn(rule.name, f"max by (namespace, pod) ({rule.name}){scale}", raw, _quantile(rule))
        elif what == "errors" and not quantile and _share_of_errors(parsed):
            yield StandIn(rule.name, f"max by (namespace, pod) ({rule.name})", raw)


def _shifted(rule: Rule) -> bool:
    """Whether the rule recorded the past of some time ago."""
    return any(token.kind == "word" and token.text.lower() == "offset" for token in tokens(rule.query))


def _whole(parsed: Parsed) -> bool:
    """Whether matchers only say where the series come from, or leave out what is counted twice."""
    return all(
        label in _WHERE or (label in _TWICE and sign in ("!=", "!~"))
        for one in parsed.selectors
        for label, sign, _ in one.matchers
    )


def _share_of_errors(parsed: Parsed) -> bool:
    """One division, bad ones above, all below."""
    bad = [any(_BAD.search(text) for _, _, text in one.matchers) for one in parsed.selectors]
    return parsed.operators == ["/"] and bad == [True, False]


def _quantile(rule: Rule) -> str:
    found = _QUANTILE.search(rule.query)
    which = found[1].ljust(2, "0") if found else ""
    return "" if which == "95" or not which else f"the rule records p{which}, not p95"


def recorded(query: str, metric: str, rule: Rule) -> str:
    """``query`` with the rate of ``metric`` replaced by the series of ``rule``."""
    return rewrite.replaced(query, metric, rule.name)
