"""An outbox for tests: what a channel was given, in order; it can be down, slow to admit it, or picky."""

import threading
from dataclasses import dataclass, field

from aiops.errors import AiopsError, Unavailable
from aiops.model import Card, Note, Notice, Question
from aiops.ports import Posts


@dataclass
class Outbox:
    """``ports.Notifier`` in memory. With ``posts`` it keeps refs as a chat does: the second time it edits."""

    name: str = "outbox"
    posts: Posts | None = None
    fails: AiopsError | None = None  # raised by every call while set
    refuses: dict[str, Exception] = field(default_factory=dict)  # by about: raised for this one only
    sent: list[Notice] = field(default_factory=list)  # everything, edits too
    new: list[Notice] = field(default_factory=list)  # what made a message of its own
    calls: int = 0
    came: threading.Condition = field(default_factory=threading.Condition)

    def down(self, retry_after_s: float | None = None) -> None:
        """From now on nothing gets through."""
        self.fails = Unavailable("outbox: connection refused", retry_after_s)

    def up(self) -> None:
        """It works again."""
        self.fails = None

    def show(self, card: Card) -> None:
        self._take(f"incident:{card.incident.id}", card)

    def ask(self, question: Question) -> None:
        self._take(f"approval:{question.approval.id}", question)

    def note(self, note: Note) -> None:
        self._take(f"note:{note.about}", note)

    def _take(self, about: str, notice: Notice) -> None:
        with self.came:
            self.calls += 1
            if self.fails is not None:
                raise self.fails
            if about in self.refuses:
                raise self.refuses[about]
            self.sent.append(notice)
            if self.posts is None or not self.posts.ref(self.name, about):
                self.new.append(notice)
                if self.posts is not None:
                    self.posts.put(self.name, about, f"C01/{len(self.new)}")
            self.came.notify_all()

    def cards(self) -> list[Card]:
        """Every card, edits too."""
        return [one for one in self.sent if isinstance(one, Card)]

    def questions(self) -> list[Question]:
        return [one for one in self.sent if isinstance(one, Question)]

    def notes(self) -> list[Note]:
        return [one for one in self.sent if isinstance(one, Note)]
