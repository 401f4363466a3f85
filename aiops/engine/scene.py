"""Scene: what whoever carries out a deed is shown, and how it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiops.core.life import Apply, Life, Undo, Verify
from aiops.core.quality import Quality
from aiops.errors import PortError
from aiops.model import Anomaly, Entry, Facts, Incident, Outcome, Plan, Reason, Result

Deed = Apply | Undo | Verify
MOST_TRIES = 4  # of one write, at once, on an object whose status is written all the time


@dataclass(frozen=True, slots=True)
class Scene:
    """One deed's surroundings at ``now_ms``. ``plan`` is None where the journal does not have it any more."""

    now_ms: int
    term: int
    life: Life
    plan: Plan | None
    incident: Incident | None
    facts: Facts
    quality: Quality
    around: tuple[Anomaly, ...]  # still bad near the plan's target, begun since the step was carried out
    recheck: Callable[
        [bool], tuple[Reason, ...]
    ]  # reasons not to write now, read afresh; True: the first one
    write: Callable[[Entry], None]  # durable in the journal when it returns; raises PortError


class CarryOut(Protocol):
    """Carries out one deed. Called each tick until it answers; must not raise but for bugs and crashes."""

    def __call__(self, deed: Deed, scene: Scene) -> Outcome | None:
        """What came of it; None while it is under way."""
        ...


def only_record(deed: Deed, scene: Scene) -> Outcome:
    """Carry out nothing: the outcome of a dry run."""
    text = "not carried out: this run only decides"
    return Outcome(deed.intent.plan_id, deed.intent.step, Result.DRY_RUN, scene.now_ms, text)


def ended(deed: Deed, scene: Scene, result: Result, detail: str, receipts: tuple[str, ...] = ()) -> Outcome:
    """What came of ``deed``."""
    intent = deed.intent
    return Outcome(intent.plan_id, intent.step, result, scene.now_ms, detail, receipts)


def noted(scene: Scene, entry: Entry) -> bool:
    """Whether the journal has ``entry``."""
    try:
        scene.write(entry)
    except PortError:
        return False
    return True


def said(reasons: Sequence[Reason]) -> str:
    """Reasons in words."""
    return "; ".join(f"{one.guard}: {one.text}" for one in reasons)
