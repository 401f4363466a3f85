"""Carry: the step of a plan becomes writes to the API server, each one journalled before and after.

Exactly one effect (promises 5.1): a write is sent once; where its answer is lost, the object is looked at,
and only what is certain not to have arrived, on an object that is as it was planned on, is sent again under
the same preconditions, which let at most one of the two through. A step of several changes (a drain) goes on
where it stood, in another process too: what has arrived is seen on the objects themselves.

Nothing here waits: what takes longer (a disruption budget, a verification) is asked for again next tick.
The names given to ``reach`` are the crash points of the chaos suite.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aiops.core.book import Key, key
from aiops.core.life import Apply, Undo
from aiops.core.lifecycle import ACTING, VERIFYING
from aiops.core.verify import Seen, concerns, judge
from aiops.engine import entries
from aiops.engine.scene import MOST_TRIES, Deed, Scene, ended, noted, said
from aiops.engine.undo import take_back
from aiops.errors import PortError
from aiops.model import (
    Answer,
    Change,
    ChangeVerb,
    Mark,
    Outcome,
    Plan,
    Receipt,
    Result,
    Sight,
    Status,
    Step,
    Target,
)
from aiops.ports import Cluster

NOT_YET = frozenset({Answer.THROTTLED, Answer.BUDGET, Answer.UNAVAILABLE})  # nothing was changed: later again
MOST_S = 15.0  # of one step in one tick: a slow API server must not keep all else waiting, nor a stop
ENDS_POD = frozenset({ChangeVerb.EVICT, ChangeVerb.DELETE})
Newest = Callable[[Target, str, str], Status]  # (target, signal, detector) -> its newest verdict
Reach = Callable[[str], None]


@dataclass(slots=True)
class Way:
    """How far one intent has come. Lost in a crash, and found again by looking."""

    resumed: bool  # somebody may have sent any of its changes: look before sending
    doubt: bool  # the next change may have arrived
    since_ms: int  # when this look for it began: each look has the step's whole time
    at: int = 0  # index of the next change
    changed: bool = False  # something of it is in the cluster
    not_before_ms: int = 0
    receipts: tuple[str, ...] = ()
    waits_for: str = ""
    version: str | None = None  # to bind the next write to, where only the object's status is newer
    tries: int = 0  # writes of the next change that met a newer version, at once

    def arrived(self, receipt: str) -> None:
        """On to the next change."""
        self.at, self.changed, self.doubt = self.at + 1, True, self.resumed
        self.version, self.tries = None, 0
        self.receipts = (*self.receipts, receipt)


@dataclass(slots=True)
class Carrier:
    """``scene.CarryOut`` over a cluster. One tick at a time; keeps only what a restart can do without."""

    cluster: Cluster
    newest: Newest
    reach: Reach = lambda _point: None
    monotonic_s: Callable[[], float] = time.monotonic
    _ways: dict[str, Way] = field(default_factory=dict)
    _samples: dict[str, dict[Key, deque[Status]]] = field(default_factory=dict)
    _sampled_ms: dict[str, int] = field(
        default_factory=dict
    )  # by intent: two ticks of one second are one sample
    _said: dict[str, str] = field(default_factory=dict)  # by intent: what was journalled that it waits for

    def __call__(self, deed: Deed, scene: Scene) -> Outcome | None:
        """See ``CarryOut``."""
        plan, intent = scene.plan, deed.intent
        if plan is None or plan.digest != intent.digest:
            return ended(deed, scene, Result.UNVERIFIED, "its plan is not in the journal")
        if scene.life.state is VERIFYING:
            outcome = self._judge(deed, scene, plan)
        elif scene.life.state is not ACTING:
            return None
        elif isinstance(deed, Undo) or scene.life.undoing:
            outcome = self._undo(deed, scene, plan)
        else:
            outcome = self._apply(deed, scene, plan.steps[intent.step])
        if outcome is not None and outcome.result is not Result.APPLIED:
            self._ways.pop(intent.id, None)
            self._samples.pop(intent.id, None)
            self._sampled_ms.pop(intent.id, None)
            self._said.pop(intent.id, None)
        return outcome

    def _apply(self, deed: Deed, scene: Scene, step: Step) -> Outcome | None:
        """Go on from where the intent stands, as far as it goes at once."""
        resumed = not isinstance(deed, Apply)
        since_ms = scene.now_ms if resumed else scene.life.from_ms
        way = self._ways.setdefault(deed.intent.id, Way(resumed, resumed, since_ms))
        expired = scene.now_ms > scene.life.from_ms + 1000 * step.deadline_s
        if scene.now_ms < way.not_before_ms and not expired:
            return None
        way.tries = 0
        until_s = self.monotonic_s() + MOST_S
        while way.at < len(step.changes):
            if self.monotonic_s() > until_s:
                return None  # the next tick goes on
            before, change = way.at, step.changes[way.at]
            if change.verb is ChangeVerb.CAPTURE:
                self._capture(change, deed, scene)
                way.at += 1
                continue
            if (end := self._bring_about(change, way, deed, scene)) is not None:
                return end
            if way.at == before and not 0 < way.tries < MOST_TRIES:  # it has to wait
                if way.doubt:
                    expired = scene.now_ms > way.since_ms + 1000 * step.deadline_s
                return _expire(deed, scene, way) if expired else self._waits(deed, scene, way.waits_for)
        self.reach("carry.all-sent")
        return ended(deed, scene, Result.APPLIED, "", way.receipts)

    def _bring_about(self, change: Change, way: Way, deed: Deed, scene: Scene) -> Outcome | None:
        """One change; ``way`` tells whether it arrived. An outcome ends the whole step."""
        if way.doubt:
            at = way.at
            end = self._resolve(change, way, deed, scene)
            if end is not None or way.at > at or way.doubt:
                return end
        if reasons := scene.recheck(not way.changed):
            way.waits_for = said(reasons)
            if way.changed:  # in the middle of a drain: stand still, and go on or end at the deadline
                return None
            moved = any(one.guard == "bound" for one in reasons)
            return ended(deed, scene, Result.SUPERSEDED if moved else Result.REFUSED, way.waits_for)
        self.reach("carry.rechecked")
        change = replace(change, resource_version=way.version or change.resource_version)
        if not noted(scene, entries.sending(deed.intent.id, way.at, change, scene.life, scene.now_ms)):
            way.waits_for = "the journal refuses: no journal, no action"
            return None
        self.reach("carry.sending-journalled")
        way.doubt = True  # until the answer is known
        try:
            receipt = self.cluster.send(change, Mark(deed.intent.id, scene.term))
        except ValueError as error:  # what is never sent, so it is certain that nothing was changed
            receipt = Receipt(Answer.INVALID, str(error))
        self.reach("carry.sent")
        noted(scene, entries.answered(deed.intent.id, way.at, receipt, scene.life, scene.now_ms))
        self.reach("carry.answer-journalled")
        return self._answered(change, receipt, way, deed, scene)

    def _answered(
        self, change: Change, receipt: Receipt, way: Way, deed: Deed, scene: Scene
    ) -> Outcome | None:
        match receipt.answer:
            case Answer.DONE:
                way.arrived(f"{change.target}@{receipt.resource_version or receipt.uid}")
                return None
            case Answer.UNKNOWN:
                return self._resolve(change, way, deed, scene)
            case Answer.CONFLICT | Answer.NOT_FOUND | Answer.GONE:
                return self._resolve(change, way, deed, scene, receipt.detail)
            case Answer.FORBIDDEN | Answer.INVALID:
                return _early(deed, scene, way, Result.REFUSED, receipt.detail)
            case answer if answer in NOT_YET:
                way.doubt, way.waits_for = False, receipt.detail
                way.not_before_ms = scene.now_ms + int(1000 * (receipt.retry_after_s or 0))
        return None

    def _resolve(
        self, change: Change, way: Way, deed: Deed, scene: Scene, refused: str = ""
    ) -> Outcome | None:
        """Look whether ``change`` arrived. Where ``way.doubt`` is still set, nobody can tell yet.

        ``refused`` is what the server said where it is certain that this very request changed nothing.
        """
        look = self.cluster.look(change, Mark(deed.intent.id, scene.term))
        self.reach("carry.looked")
        if look.term > scene.term:
            return _early(deed, scene, way, Result.SUPERSEDED, f"a newer leader acts: term {look.term}")
        match look.sight:
            case Sight.ARRIVED if refused and change.verb in ENDS_POD and not way.resumed and not way.changed:
                return _early(deed, scene, way, Result.SUPERSEDED, f"{change.target} is gone already")
            case Sight.ARRIVED:
                way.arrived(f"{change.target}: {look.detail or 'seen to have arrived'}")
            case Sight.ABSENT:
                way.doubt, way.waits_for = False, refused or look.detail
                way.version = look.resource_version if change.verb is ChangeVerb.PATCH else None
                way.tries += bool(refused and way.version)
            case Sight.CHANGED:
                text = refused or look.detail or f"{change.target} changed since it was planned on"
                return _early(deed, scene, way, Result.SUPERSEDED, text)
            case Sight.UNKNOWN:
                way.doubt, way.waits_for = True, look.detail
        return None

    def _capture(self, change: Change, deed: Deed, scene: Scene) -> None:
        """Keep evidence before it is gone. It fails open: a step is not held for want of it."""
        try:
            found = self.cluster.capture(change.target, scene.now_ms)
        except PortError as error:
            found = {"error": str(error)}
        noted(scene, entries.captured(deed.intent.id, change.target, found, scene.life, scene.now_ms))
        self.reach("carry.captured")

    def _undo(self, deed: Deed, scene: Scene, plan: Plan) -> Outcome | None:
        undo_id = deed.id if isinstance(deed, Undo) else scene.life.applied[-1]
        step = plan.steps[deed.intent.step]
        back = take_back(self.cluster, step, (deed.intent.id, undo_id), scene, self.reach)
        if back.result is not None:
            return ended(deed, scene, back.result, back.detail, back.receipts)
        late = scene.now_ms > scene.life.from_ms + 1000 * step.deadline_s
        if not late:
            return self._waits(deed, scene, back.detail)
        return ended(deed, scene, Result.FAILED, f"not in time: {back.detail}")

    def _waits(self, deed: Deed, scene: Scene, why: str) -> Outcome | None:
        """No outcome yet. Journal what the step stands still for; while it is the same, whatever its figures,
        once."""
        what, intent = why.partition(":")[0], deed.intent.id
        if (
            what
            and self._said.get(intent) != what
            and noted(scene, entries.waits(intent, why, scene.life, scene.now_ms))
        ):
            self._said[intent] = what
        return None

    def _judge(self, deed: Deed, scene: Scene, plan: Plan) -> Outcome | None:
        """Did it help? Takes in this tick's verdicts, once a tick."""
        if plan.steps[deed.intent.step].contains:
            return self._stands(deed, scene, plan)
        blind = "" if scene.quality.usable else scene.quality.why()
        kept = self._samples.setdefault(deed.intent.id, {})
        new = scene.now_ms > self._sampled_ms.get(deed.intent.id, 0)
        if scene.incident is not None and scene.now_ms >= scene.life.from_ms and not blind and new:
            self._sampled_ms[deed.intent.id] = scene.now_ms
            for one in concerns(plan, scene.incident, scene.facts):
                newest = self.newest(one.target, one.signal, one.detector)
                kept.setdefault(key(one), deque(maxlen=plan.verification.of)).append(newest)
        from_ms, incident = scene.life.from_ms, scene.incident
        seen = Seen(scene.now_ms, from_ms, incident, scene.facts, kept, scene.around, blind)
        judgement = judge(plan, seen)
        if judgement.result is None:
            return None
        self.reach("verify.judged")
        outcome = ended(deed, scene, judgement.result, judgement.detail)
        return replace(outcome, harmed=judgement.harmed)

    def _stands(self, deed: Deed, scene: Scene, plan: Plan) -> Outcome | None:
        """A step that contains has done its work where it still stands once it has settled."""
        if scene.now_ms < scene.life.from_ms:
            return None
        look = self.cluster.look(plan.steps[deed.intent.step].change, Mark(deed.intent.id, scene.term))
        if look.sight is Sight.UNKNOWN:
            late = scene.now_ms >= scene.life.from_ms + 1000 * plan.verification.deadline_s
            return ended(deed, scene, Result.UNVERIFIED, look.detail) if late else None
        result = Result.CONTAINED if look.holds else Result.FAILED
        return ended(deed, scene, result, "it stands" if look.holds else "somebody changed it since")


def _early(deed: Deed, scene: Scene, way: Way, result: Result, text: str) -> Outcome:
    """What was carried out in part has failed, and is taken back where it can be."""
    return ended(deed, scene, Result.FAILED if way.changed else result, text, way.receipts)


def _expire(deed: Deed, scene: Scene, way: Way) -> Outcome:
    if way.doubt:
        return ended(deed, scene, Result.UNVERIFIED, f"not known in time: {way.waits_for}")
    return _early(deed, scene, way, Result.REFUSED, f"not in time: {way.waits_for}")
