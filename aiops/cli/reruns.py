"""Decisions made again, on a terminal and for machines: the same, or where they differ, and on what."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiops.cli.show import clock
from aiops.cli.timeline import line
from aiops.core.excerpt import STAND_IN
from aiops.core.rerun import Came, Difference, Rerun
from aiops.core.witnessed import Inputs
from aiops.core.words import count
from aiops.model import Reason

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {Came.SAME: "green", Came.DIFFERENT: "bold red", Came.UNKNOWN: "yellow"}
MOST = 10  # objects of a kind that are named


def rerun_lines(one: Rerun, *, details: bool = False) -> Iterable["Text"]:
    """How a decision came out; with ``details`` every reason again, and what it was made on."""
    yield line(("again  ", "dim"), (one.said(), STYLES[one.came]), indent=1)
    for difference in one.differences:
        yield line(f"{difference.guard}: written down: {_reason(difference.recorded)}", indent=3)
        yield line(f"{difference.guard}: comes out:    {_reason(difference.again)}", indent=3)
    if not details:
        return
    if one.inputs is not None:
        for text in inputs_said(one.inputs):
            yield line(("on     ", "dim"), text, indent=1)
    for reason in one.again.reasons if one.again is not None else ():
        yield line(f"{reason.guard}: {_reason(reason)}", indent=3)


def inputs_said(inputs: Inputs) -> Iterable[str]:
    """What a decision was made on, in words."""
    facts, situation = inputs.facts, inputs.situation
    yield f"the cluster as known at {clock(facts.at_ms)} UTC, decided at {clock(situation.now_ms)} UTC"
    kinds = {"workload": facts.workloads, "pod": facts.pods, "node": facts.nodes, "service": facts.services}
    for name, those in kinds.items():
        named = [str(key) for key in those if not key.name.startswith(STAND_IN)]
        more = f" and {len(named) - MOST} more" if len(named) > MOST else ""
        parts = [f"{count(len(named), name)}: {', '.join(named[:MOST])}{more}"] if named else []
        if len(those) > len(named):
            parts.append(f"{count(len(those) - len(named), f'other {name}')} by state alone")
        if parts:
            yield "; ".join(parts)
    rest = {
        "condition": facts.conditions,
        "event": facts.events,
        "call between workloads": facts.edges,
        "freeze": facts.freezes,
        "silence": facts.silences,
    }
    seen = [count(len(those), name) for name, those in rest.items() if those]
    if seen:
        yield ", ".join(seen)
    if facts.unknown:
        yield f"not known: {', '.join(sorted(facts.unknown))}"


def rerun_document(one: Rerun, *, details: bool = False) -> dict[str, Any]:
    """The same for machines."""
    document: dict[str, Any] = {
        "seq": one.seq,
        "came": str(one.came),
        "guards": one.guards,
        "because": one.because,
        "differences": [_difference(each) for each in one.differences],
    }
    if details:
        reasons = one.again.reasons if one.again is not None else ()
        document["reasons"] = [_plain(each) for each in reasons]
        document["made_on"] = list(inputs_said(one.inputs)) if one.inputs is not None else []
    return document


def _difference(one: Difference) -> dict[str, Any]:
    sides = {"recorded": one.recorded, "again": one.again}
    return {"guard": one.guard} | {
        name: None if side is None else _plain(side) for name, side in sides.items()
    }


def _plain(reason: Reason) -> dict[str, Any]:
    return {"guard": reason.guard, "lean": str(reason.lean), "text": reason.text, "unknown": reason.unknown}


def _reason(reason: Reason | None) -> str:
    return "it was not asked" if reason is None else f"{reason.lean}: {reason.text}"
