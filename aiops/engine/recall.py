"""Recall: what a former run left in the journal, as the memory that a loop goes on with."""

from collections.abc import Sequence

from aiops.core.approvals.book import STREAM as APPROVALS
from aiops.core.approvals.book import ApprovalBook
from aiops.core.approvals.claims import CLAIMED, RELEASED, Claims
from aiops.core.approvals.claims import STREAM as FORUM
from aiops.core.learn import learn
from aiops.core.life import Life
from aiops.core.memory import Lessons
from aiops.engine import entries
from aiops.engine.memory import Gist, Memory, gist_of
from aiops.model import Act, Decision, Escalate, IncidentState, Target
from aiops.ports import Store


def recall(store: Store, seen: Sequence[Target] = (), *, learns: bool = False) -> Memory:
    """What was open, tried, asked and claimed, folded from the journal. ``seen`` are targets with baselines;
    ``learns``: the lessons too. Cost: a few passes over the whole journal."""
    book, ledger = entries.restore(store, seen)
    lives = entries.lives(store)
    said: dict[str, Gist] = {
        incident_id: (gist_of(decision), gist_of(if_known) if if_known is not None else None)
        for incident_id, (decision, if_known) in entries.decisions(store, book.open.keys()).items()
        if _stands(decision, lives.get(incident_id))
    }
    due = dict.fromkeys(book.open, 0)
    due |= {one.incident_id: one.intent.until_ms or 0 for one in lives.values() if one.intent is not None}
    intents = {at: one.intent for at, one in lives.items() if one.intent is not None}
    known = entries.plans(store, {one.digest for one in intents.values()})
    return Memory(
        book=book,
        ledger=ledger,
        lives=lives,
        said=said,
        plans={at: known[one.digest] for at, one in intents.items() if one.digest in known},
        due=due,
        lessons=learn(Lessons(), store.read()) if learns else None,
        stopped=entries.stopped(store),
        approvals=ApprovalBook().fold(store.read(stream=APPROVALS)),
        claims=Claims().fold(store.read(stream=FORUM, kinds=(CLAIMED, RELEASED))),
    )


def _stands(decision: Decision, life: Life | None) -> bool:
    """Whether what was said last is how things are. Where it led to a question or a deed that is over by now
    (put off, refused at the last look), the same said again is news."""
    leads = isinstance(decision, Act) or (isinstance(decision, Escalate) and bool(decision.approvers))
    idle = life is not None and life.state is IncidentState.OPEN and not life.done
    return not (leads and idle)
