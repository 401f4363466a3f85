"""Undo: what the daemon has changed and what taking it back would write, looked up in its journal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from aiops.core.kubectl import command_of
from aiops.engine import entries
from aiops.errors import InputError
from aiops.model import Answer, Plan, Result, Step
from aiops.ports import Store

KINDS = ("plan_started", "rung_started", "step_ended", "change_answered", "reverted")


@dataclass(slots=True)
class Deed:
    """One step that was started, and how it stands."""

    plan_id: str
    digest: str
    step: int
    incident_id: str
    at_ms: int
    results: list[Result] = field(default_factory=list)
    sent: bool = False  # the API server committed a change of it

    @property
    def in_place(self) -> bool:
        """Whether what it changed may be there still: done, or nobody knows; and not taken back."""
        done = self.sent or bool({Result.APPLIED, Result.UNVERIFIED} & set(self.results))
        return done and Result.UNDONE not in self.results

    @property
    def words(self) -> str:
        """How it stands, in words."""
        if not self.results:
            return "under way" if not self.sent else "carried out, not verified yet"
        return self.results[-1].replace("_", " ")


@dataclass(frozen=True, slots=True)
class Undoing:
    """What would be taken back."""

    deed: Deed
    plan: Plan

    @property
    def step(self) -> Step:
        """The step as it was planned."""
        return self.plan.steps[self.deed.step]

    @property
    def command(self) -> str:
        """What a person would type instead; "" where nothing can be taken back."""
        return "" if self.step.undo is None else command_of(self.step.undo)


def deeds(store: Store) -> list[Deed]:
    """Every step that was started, in the order in which they were."""
    found: dict[tuple[str, int], Deed] = {}
    for record in store.read(kinds=KINDS):
        payload, kind = record.entry.payload, record.entry.kind
        which = str(payload.get("plan_id", "")), int(payload.get("step", 0))
        if kind in ("plan_started", "rung_started"):
            deed = Deed(
                *which[:1], str(payload["digest"]), which[1], payload["incident_id"], record.entry.at_ms
            )
            found.setdefault(which, deed)
        elif which in found:
            if kind == "change_answered":
                found[which].sent |= payload.get("answer") == Answer.DONE
            else:
                found[which].results.append(Result(payload["result"]))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to take back, and why."""

    words: str


def find(store: Store, name: str, step: int | None) -> Undoing | Nothing:
    """The step that ``name`` (the beginning of an incident's or a plan's id) means: the newest that is in
    place, or number ``step``. InputError where the journal knows no such incident or plan."""
    mine = _named(deeds(store), name, entries.incident_ids(store))
    asked = [one for one in mine if step is None or one.step == step]
    in_place = [one for one in asked if one.in_place]
    if not in_place:
        told = "; ".join(f"plan {one.plan_id} step {one.step}: {one.words}" for one in asked or mine)
        return Nothing(f"nothing of {name} is in place ({told or 'no step was carried out'})")
    deed = in_place[-1]
    plan = entries.plans(store, {deed.digest}).get(deed.digest)
    if plan is None:
        raise InputError(f"{name}: expected its plan {deed.plan_id} in the journal, got none")
    if plan.steps[deed.step].undo is None:
        return Nothing(f"it cannot be taken back: {plan.steps[deed.step].summary}")
    return Undoing(deed, plan)


def _named(there: Sequence[Deed], name: str, incidents: Sequence[str]) -> list[Deed]:
    plans = {one.plan_id for one in there}
    ids = sorted({*incidents, *plans, *(one.incident_id for one in there)} - {""})
    matches = [one for one in ids if name and one.startswith(name)]
    if name in matches:
        matches = [name]
    if len(matches) == 1:
        return [one for one in there if matches[0] in (one.plan_id, one.incident_id)]
    close = get_close_matches(name, ids, n=2, cutoff=0.5)
    meant = f", did you mean {' or '.join(close)}?" if close else ""
    got = f"{len(matches)} that begin so: {', '.join(matches[:5])}" if matches else f"{name}{meant}"
    raise InputError(f"expected the id of an incident or a plan of the journal, or its beginning, got {got}")
