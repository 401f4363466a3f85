"""What every guard sees, and how a guard speaks."""

from collections.abc import Callable
from dataclasses import dataclass

from aiops.core.ledger import Ledger
from aiops.core.memory import Lessons
from aiops.core.situation import Situation
from aiops.model import (
    Change,
    ChangeVerb,
    Facts,
    Incident,
    Lean,
    Plan,
    Policy,
    Reason,
    Step,
    Target,
    Workload,
)


@dataclass(frozen=True, slots=True)
class Context:
    """One step of one plan, and everything it is judged by. An incident is None where a review plans."""

    plan: Plan
    step: Step
    incident: Incident | None
    facts: Facts
    ledger: Ledger
    policy: Policy
    situation: Situation
    lessons: Lessons | None = None  # None: nothing was learned

    @property
    def now_ms(self) -> int:
        """The time of deciding."""
        return self.situation.now_ms

    @property
    def subject(self) -> Target:
        """The workload that the step touches, whichever of its objects is changed; a node is its own."""
        changed = self.facts.owner(self.step.change.target)
        return changed if changed in self.facts.workloads else self.facts.owner(self.plan.target)

    @property
    def workload(self) -> Workload | None:
        """The subject as last read; None where it is unknown or not a workload."""
        return self.facts.workloads.get(self.subject)

    @property
    def on_node(self) -> bool:
        """Whether the step changes a node."""
        return self.step.change.target.kind == "Node" or self.step.blast_radius.nodes > 0

    @property
    def writes(self) -> tuple[Change, ...]:
        """What of the step changes something, in order."""
        return tuple(one for one in self.step.changes if one.verb is not ChangeVerb.CAPTURE)

    @property
    def touched(self) -> tuple[Target, ...]:
        """What the step writes, the workloads that these belong to, and the subject; each once, in order."""
        found: dict[Target, None] = {}
        for change in self.writes:
            found[change.target] = None
            found[self.facts.owner(change.target)] = None
        if not self.on_node:
            found[self.subject] = None
        return tuple(found)


Guard = Callable[[Context], Reason | None]


def permit(guard: str, text: str) -> Reason:
    """The guard looked and has nothing against it; the text has the figures."""
    return Reason(guard, Lean.PERMIT, text)


def escalate(guard: str, text: str) -> Reason:
    """A person decides."""
    return Reason(guard, Lean.ESCALATE, text)


def hold(guard: str, text: str, until_ms: int | None = None) -> Reason:
    """Not now."""
    return Reason(guard, Lean.HOLD, text, until_ms=until_ms)


def refuse(guard: str, text: str) -> Reason:
    """Not at all."""
    return Reason(guard, Lean.REFUSE, text)


def unknown(guard: str, text: str) -> Reason:
    """Held for want of a fact: never permitted, and marked so that a dry run can show what it hides."""
    return Reason(guard, Lean.HOLD, text, unknown=True)


def span(duration_ms: float) -> str:
    """A duration for people: "40 s", "7 min", "2.5 h"."""
    seconds = duration_ms / 1000
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
