"""Undo: take a change back where it is still as we left it; never over somebody else's.

The change back was recorded when the step was planned; it is bound to the object as it is now, under a mark
of its own. A kill switch that is on holds it as it holds every write.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiops.engine import entries
from aiops.engine.scene import MOST_TRIES, Scene, noted, said
from aiops.model import Answer, Change, Look, Mark, Result, Sight, Step
from aiops.ports import Cluster

NEVER = frozenset({Answer.FORBIDDEN, Answer.INVALID})


@dataclass(frozen=True, slots=True)
class Back:
    """``result`` is UNDONE or FAILED; None while it has to wait."""

    result: Result | None
    detail: str = ""
    receipts: tuple[str, ...] = ()


def take_back(
    cluster: Cluster, step: Step, ids: tuple[str, str], scene: Scene, reach: Callable[[str], None]
) -> Back:
    """Take ``step`` back; ``ids`` are the marks of what was done, and of the change back."""
    if step.undo is None:
        return Back(Result.FAILED, "it cannot be taken back")
    done_mark, undo_mark = (Mark(one, scene.term) for one in ids)
    undo = _named(step, cluster, done_mark)
    back = Look(Sight.ABSENT) if undo.uid is None else cluster.look(undo, undo_mark)
    if back.sight is Sight.ARRIVED:
        return Back(Result.UNDONE, "seen to have been taken back", (f"{step.undo.target}: {back.detail}",))
    for _ in range(MOST_TRIES):  # the status of what rolls is written all the time: a newer version each time
        sent = _once(cluster, step, undo, (done_mark, undo_mark), scene, reach)
        if sent is not None:
            return sent
    return Back(None, f"{undo.target} changes all the time")


def _once(
    cluster: Cluster,
    step: Step,
    undo: Change,
    marks: tuple[Mark, Mark],
    scene: Scene,
    reach: Callable[[str], None],
) -> Back | None:
    """One look and one write; None where another version came between them."""
    look = cluster.look(step.change, marks[0])
    reach("undo.looked")
    if look.term > scene.term:
        return Back(Result.FAILED, f"a newer leader acts: term {look.term}")
    match look.sight:
        case Sight.UNKNOWN:
            return Back(None, look.detail or "the object cannot be read")
        case Sight.CHANGED if look.holds:
            text = f"{step.change.target} is as we left it, but no longer bears our mark: it is left so"
            return Back(Result.FAILED, text)
        case Sight.ABSENT | Sight.CHANGED:
            return Back(Result.UNDONE, "nothing of it is there any more")
        case Sight.ARRIVED if not look.holds:
            return Back(Result.FAILED, f"somebody changed {step.change.target} since: it is left as it is")
        case Sight.ARRIVED:
            return _send(cluster, bound(undo, look), marks[1], scene, reach)


def _named(step: Step, cluster: Cluster, done_mark: Mark) -> Change:
    """The change back. What a step created has no uid when it is planned: it is that of the object that bears
    our mark; while none does, it stays unknown, and nothing is taken for gone."""
    assert step.undo is not None  # noqa: S101 - our caller has looked
    if step.undo.uid is not None:
        return step.undo
    look = cluster.look(step.change, done_mark)
    return replace(step.undo, uid=look.uid if look.sight is Sight.ARRIVED else None)


def _send(
    cluster: Cluster, change: Change, mark: Mark, scene: Scene, reach: Callable[[str], None]
) -> Back | None:
    if reasons := scene.recheck(False):  # after the looks, which may take long: the last thing before a write
        return Back(None, said(reasons))
    if not noted(scene, entries.sending(mark.intent, 0, change, scene.life, scene.now_ms)):
        return Back(None, "the journal refuses: no journal, no action")
    reach("undo.sending-journalled")
    receipt = cluster.send(change, mark)
    reach("undo.sent")
    noted(scene, entries.answered(mark.intent, 0, receipt, scene.life, scene.now_ms))
    reach("undo.answer-journalled")
    if receipt.answer is Answer.DONE:
        return Back(Result.UNDONE, "", (f"{change.target}@{receipt.resource_version or receipt.uid}",))
    if receipt.answer is Answer.CONFLICT:
        return None
    return Back(Result.FAILED if receipt.answer in NEVER else None, receipt.detail)


def bound(undo: Change, look: Look) -> Change:
    """``undo`` bound to the object as it is now; nobody knew its version when the step was planned."""
    return replace(undo, uid=look.uid or undo.uid, resource_version=look.resource_version)
