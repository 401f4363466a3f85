"""Memory: what a loop remembers from tick to tick."""

from dataclasses import dataclass, field, replace

from aiops.core.approvals.book import ApprovalBook
from aiops.core.approvals.claims import Claims
from aiops.core.book import Book
from aiops.core.ledger import Ledger
from aiops.core.life import Life
from aiops.core.memory import Lessons
from aiops.model import Decision, Plan

Gist = tuple[object, ...]


@dataclass(slots=True)
class Memory:
    """What a loop remembers from tick to tick. All but ``due`` and ``waits`` follows from the journal."""

    book: Book = field(default_factory=Book)
    ledger: Ledger = field(default_factory=Ledger)
    lives: dict[str, Life] = field(default_factory=dict)  # by incident, while something of it is under way
    said: dict[str, Gist] = field(default_factory=dict)  # incident -> its newest decision, in brief
    plans: dict[str, Plan] = field(default_factory=dict)  # incident -> what its intent is a step of
    due: dict[str, int] = field(default_factory=dict)  # incident -> when to look at it again
    waits: dict[str, int] = field(default_factory=dict)  # incident -> how long the last wait was
    lessons: Lessons | None = None  # what the journal taught; None: a run that does not learn
    stopped: bool | None = False  # the kill switch as last journalled
    approvals: ApprovalBook = field(default_factory=ApprovalBook)
    claims: Claims = field(default_factory=Claims)

    def copy(self) -> "Memory":
        """Another one that can be written into."""
        return replace(
            self,
            lives=dict(self.lives),
            said=dict(self.said),
            plans=dict(self.plans),
            due=dict(self.due),
            waits=dict(self.waits),
        )

    def look_anew(self) -> None:
        """What held everything is over: look at each open incident at the next chance, not after the long
        waits that time alone would have earned."""
        self.waits.clear()
        for incident_id in self.book.open:
            life = self.lives.get(incident_id)
            if life is None or life.intent is None:
                self.due[incident_id] = 0

    def drop(self, incident_id: str) -> None:
        """The incident is over: nothing is to be done about it any more."""
        for those in (self.said, self.plans, self.due, self.waits):
            those.pop(incident_id, None)


def gist_of(decision: Decision) -> Gist:
    """What of a decision is news: its kind, what it would change, and which guards speak against it."""
    plan = decision.plan
    steps = tuple((step.remediation, str(step.change.target), step.summary) for step in plan.steps)
    against = tuple(sorted(reason.guard for reason in decision.reasons if reason.lean != "permit"))
    return type(decision).__name__, plan.playbook, steps or plan.reason, against


def speaks_against(said: Gist, guard: str) -> bool:
    """Whether ``guard`` was among what spoke against the newest decision that is kept as ``said``."""
    match said:
        case ((_, _, _, tuple(against)), _):
            return guard in against
        case _:
            return False
