"""Floor: one moment of the loop, as those see it who carry out steps and follow people's requests."""

from typing import TYPE_CHECKING

from aiops.core.autonomy import refused_rise
from aiops.core.ledger import Ledger
from aiops.core.life import Life, Unlocked
from aiops.core.policy import recheck
from aiops.engine.scene import Scene
from aiops.errors import PortError
from aiops.model import Anomaly, Entry, Facts, Lean, Outcome, Plan, Reason, Request, Target

if TYPE_CHECKING:
    from aiops.engine.loop import Loop

LATER = frozenset(  # guards that are asked again before every further write of a step, and before an undo
    {
        "kill_switch",
        "leadership",
        "fenced",
        "blindness",
        "all_down",
        "fresh_facts",
        "storm",
        "stopped_here",
        "claimed",
        "freeze",
    }
)
UNDO = frozenset({"kill_switch", "leadership", "fenced", "stopped_here"})


class Floor:
    """The loop at ``now_ms``. Everything is read anew when it is asked for."""

    def __init__(self, loop: "Loop", now_ms: int, facts: Facts) -> None:
        self._loop, self._now_ms, self._facts = loop, now_ms, facts

    @property
    def ledger(self) -> Ledger:
        """What was started and what came of it."""
        return self._loop.ledger

    def life_of(self, incident_id: str) -> Life | None:
        """The incident's life, while something of it is under way."""
        return self._loop.memory.lives.get(incident_id)

    def ends(self, incident_id: str, outcome: Outcome) -> None:
        """Let ``outcome`` be what comes next in the incident's life."""
        self._loop.ends(incident_id, outcome)

    def release(self, target: Target, by: str) -> None:
        """Let the open incidents about ``target`` be decided upon again."""
        for incident in self._loop.book.open.values():
            if target in {incident.prime, self._facts.owner(incident.prime)}:
                self._loop.answer(incident.id, Unlocked(by))

    def refuses(self, request: Request) -> str:
        """Why the rise of autonomy that a person accepts was not earned; "" where it was."""
        rules, lessons = self._loop.rules, self._loop.memory.lessons
        if lessons is None:
            return "this run does not learn"
        return refused_rise(request, rules.playbooks, rules.policy, lessons, self._now_ms)

    def write(self, entry: Entry) -> None:
        """Journal ``entry`` and fold it into the ledger. Raises PortError."""
        self._loop.write(entry)

    def scene_of(self, incident_id: str, life: Life, plan: Plan | None) -> Scene:
        """What whoever writes now is shown."""
        loop = self._loop
        return Scene(
            now_ms=self._now_ms,
            term=loop.term,
            life=life,
            plan=plan,
            incident=loop.book.get(incident_id),
            facts=self._facts,
            quality=loop.quality,
            around=self._around(plan, life),
            recheck=lambda first: self._recheck(incident_id, life, plan, first=first),
            write=loop.write,
        )

    def _around(self, plan: Plan | None, life: Life) -> tuple[Anomaly, ...]:
        """What became bad at the callers of the plan's target after the step had settled, and still is."""
        if plan is None:
            return ()
        callers = {edge.caller for edge in self._facts.edges if edge.callee == plan.target}
        return tuple(
            one
            for incident in self._loop.book.open.values()
            for one in incident.anomalies
            if one.cleared_ms is None
            and one.since_ms >= life.from_ms
            and self._facts.owner(one.target) in callers
        )

    def _recheck(self, incident_id: str, life: Life, plan: Plan | None, *, first: bool) -> tuple[Reason, ...]:
        """Reasons not to write now, by everything as it is at this moment (promises 5.1, 3).

        Before the first write of a step all guards are asked again, as if its own intent were not in the
        ledger; before a later one those that stop us whatever is under way. An undo is stopped by less: what
        we did and what did not help is taken back in a storm too.
        """
        if plan is None or life.intent is None:
            return (Reason("plan", Lean.HOLD, "the plan is not known"),)
        loop, step = self._loop, life.intent.step
        try:
            facts = self._facts if loop.fresh is None else loop.known(loop.fresh(self._now_ms))
        except PortError as error:
            return (Reason("fresh_facts", Lean.HOLD, f"the cluster cannot be read: {error}", unknown=True),)
        turn = loop.turn(self._now_ms, facts, loop.quality)
        reasons = recheck(
            plan,
            loop.book.get(incident_id),
            facts,
            self.ledger.without(plan.id, step),
            loop.rules.policy,
            turn.situation(),
            step,
            asked=life.intent.asked,
            shown=life.intent.shown or None,
            lessons=loop.memory.lessons,
        )
        if first:
            return reasons
        stops = UNDO if life.undoing else LATER
        return tuple(one for one in reasons if one.guard in stops)
