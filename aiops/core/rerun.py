"""Rerun: decide again from what the journal holds, and compare every reason with what was written down.

Input:   the records of a journal, oldest first; which ``decided`` records are wanted.
Output:  for each of them whether it comes out the same, or where it differs, or why it cannot be decided
         again: a journal without witnesses, one that is not whole, guards that have changed since.
Errors:  none: what cannot be read is an answer.
Cost:    one pass; the ledger and the lessons are folded as the daemon did, and each wanted decision is made
         twice (as a live run would, and as if unknown facts permitted).
Limits:  what came to the guards' answer from outside, in ``TAKEN``, cannot be asked again: it is taken as
         written, and only what follows from it is checked. That the journal itself is whole is ``aiops audit
         verify``'s to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aiops.core.chain import is_veiled
from aiops.core.guards import GUARDS
from aiops.core.guards.context import Guard
from aiops.core.guards.ownership import intact
from aiops.core.learn import READERS, learn
from aiops.core.ledger import Ledger, decision_of, kind_of
from aiops.core.memory import Lessons
from aiops.core.policy import STRICTNESS, decide_twice
from aiops.core.witnessed import FACTS_SEEN, RULES_SEEN, WITNESSED, Inputs, inputs_of, policy_of
from aiops.model import Decision, Entry, Lean, Policy, Reason, Record

LEDGER_KINDS = frozenset({"plan_started", "rung_started", "step_ended", "unlocked", "overwritten"})
KINDS = tuple(sorted(LEDGER_KINDS | READERS.keys() | {"decided", WITNESSED, RULES_SEEN, FACTS_SEEN}))
TAKEN = {
    "server": "what the API server said",
    "amended": "that a person wanted this plan",
    "questions": "how many questions waited",
    "people": "that more than one person must agree",
}  # guard of a reason that was added to the guards' answer -> what it stands for
LEANS = {"act": Lean.PERMIT, "escalate": Lean.ESCALATE, "hold": Lean.HOLD, "refuse": Lean.REFUSE}


class Came(StrEnum):
    """How a decision came out, made again."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"  # it could not be made again


@dataclass(frozen=True, slots=True)
class Difference:
    """One reason that is not the same; None: there is none of this guard."""

    guard: str
    recorded: Reason | None
    again: Reason | None


@dataclass(frozen=True, slots=True)
class Rerun:
    """One decision, made again."""

    seq: int  # of the ``decided`` record
    came: Came
    guards: int = 0  # that were asked again
    because: str = ""  # why it is different, or could not be made
    differences: tuple[Difference, ...] = ()
    inputs: Inputs | None = None  # what it was made on
    again: Decision | None = None
    taken: tuple[str, ...] = ()  # guards whose reasons were taken as written, see ``TAKEN``
    hidden: bool = False  # values of the plan are: whether it agrees with its digest cannot be told

    def said(self) -> str:
        """In one line for people."""
        match self.came:
            case Came.SAME:
                but = [f"{TAKEN[name]} is taken as written" for name in self.taken]
                but += ["values are hidden here, so that the plan's own digest is believed"] * self.hidden
                told = "; ".join((f"{self.guards} guards", *but))
                return f"decided again from what was recorded: the same ({told})"
            case Came.DIFFERENT:
                return f"decided again from what was recorded: DIFFERENT: {self.because}"
            case Came.UNKNOWN:
                return f"cannot be decided again: {self.because}"


@dataclass(slots=True)
class _Folded:
    """What the daemon knew at a place of the journal."""

    ledger: Ledger = field(default_factory=Ledger)
    lessons: Lessons = field(default_factory=Lessons)
    unread: list[Record] = field(default_factory=list)  # that lessons were not yet drawn from
    policies: dict[str, Entry] = field(default_factory=dict)
    facts: dict[str, Entry] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        entry = record.entry
        if entry.kind in LEDGER_KINDS:
            self.ledger = self.ledger.fold((record,))
        if entry.kind in READERS:
            self.unread.append(record)
        if entry.kind == RULES_SEEN:
            self.policies.setdefault(str(entry.payload.get("digest")), entry)
        if entry.kind == FACTS_SEEN:
            self.facts.setdefault(str(entry.payload.get("digest")), entry)

    def learned(self, seq: int) -> Lessons:
        """What was learned from the records up to ``seq``."""
        ready = [one for one in self.unread if one.seq <= seq]
        self.unread = [one for one in self.unread if one.seq > seq]
        self.lessons = learn(self.lessons, ready)
        return self.lessons


def rerun(records: Iterable[Record], wanted: Iterable[int]) -> Mapping[int, Rerun]:
    """Each of the ``decided`` records with these numbers, decided again. Of ``records`` only ``KINDS`` are
    read, but all of those, from the first on."""
    left, found = set(wanted), dict[int, Rerun]()
    folded, waiting = _Folded(), dict[str, tuple[Record, Ledger]]()
    for record in records:
        entry = record.entry
        if entry.kind == WITNESSED and entry.stream in waiting:
            decided, ledger = waiting.pop(entry.stream)
            found[decided.seq] = _again(decided, entry, ledger, folded)
        if entry.kind == "decided":
            if entry.stream in waiting:
                _without(waiting.pop(entry.stream)[0], found)
            if record.seq in left:
                left.discard(record.seq)
                waiting[entry.stream] = record, folded.ledger
        if not left and not waiting:
            break
        folded.take(record)
    for decided, _ in waiting.values():
        _without(decided, found)
    return found


def _without(decided: Record, found: dict[int, Rerun]) -> None:
    text = "what it was decided on was not recorded (an older version, or it could not be kept)"
    found[decided.seq] = Rerun(decided.seq, Came.UNKNOWN, because=text)


def _again(decided: Record, witness: Entry, ledger: Ledger, folded: _Folded) -> Rerun:
    try:
        inputs = inputs_of(witness, folded.facts)
        policy = _policy(witness, folded)
        recorded = decision_of(decided.entry)
    except (ValueError, KeyError, TypeError) as error:
        return Rerun(decided.seq, Came.UNKNOWN, because=f"what was recorded cannot be read: {error}")
    lessons = (
        folded.learned(int(witness.payload["lessons"])) if witness.payload["lessons"] is not None else None
    )
    hidden = is_veiled(decided.entry.payload)
    again, _ = decide_twice(
        recorded.plan,
        inputs.incident,
        inputs.facts,
        ledger,
        policy,
        inputs.situation,
        inputs.step,
        guards=_believing(recorded) if hidden else GUARDS,
        lessons=lessons,
    )
    made = _compared(decided.seq, recorded, again, inputs, int(witness.payload["guards"]))
    return replace(made, hidden=hidden)


def _believing(recorded: Decision) -> tuple[Guard, ...]:
    """All guards, but for the one that compares the plan with its digest: where values are hidden it cannot,
    and its answer is taken as written."""
    said = next((one for one in recorded.reasons if one.guard == intact.__name__), None)
    return tuple((lambda _context: said) if guard is intact else guard for guard in GUARDS)


def _policy(witness: Entry, folded: _Folded) -> Policy:
    name = str(witness.payload["rules"])
    if name not in folded.policies:
        raise ValueError(f"its policy {name[:12]} is not in the journal")
    return policy_of(folded.policies[name])


def _compared(seq: int, recorded: Decision, again: Decision, inputs: Inputs, guards: int) -> Rerun:
    """Our own guards' reasons one by one; then what follows from them and from what was taken as written."""
    taken = tuple(one for one in recorded.reasons if one.guard in TAKEN)
    own = tuple(one for one in recorded.reasons if one.guard not in TAKEN)
    differences = _differences(own, again.reasons)
    because = ""
    if differences:
        because = _in_words(differences, guards)
    elif kind_of(recorded) != (kind := _kind(again, taken)):
        because = f"{kind_of(recorded)} was written down, {kind} comes out"
    elif kind == kind_of(again) and replace(recorded, reasons=own) != again and not _asked(taken):
        because = "who is asked, or until when, is another"
    came = Came.DIFFERENT if because else Came.SAME
    names = tuple(one.guard for one in taken)
    return Rerun(seq, came, len(GUARDS), because, differences, inputs, again, names)


def _kind(again: Decision, taken: Sequence[Reason]) -> str:
    """The decision that ``again`` becomes with what was added to it: the strictest counts."""
    leans = [LEANS[kind_of(again)], *(one.lean for one in taken)]
    strict = max(leans, key=STRICTNESS.index)
    return next(kind for kind, lean in LEANS.items() if lean is strict)


def _asked(taken: Sequence[Reason]) -> bool:
    """Whether what was added changed who is asked."""
    return any(one.lean is not Lean.PERMIT for one in taken)


def _differences(recorded: Sequence[Reason], again: Sequence[Reason]) -> tuple[Difference, ...]:
    before, after = ({one.guard: one for one in those} for those in (recorded, again))
    names = dict.fromkeys((*before, *after))
    return tuple(
        Difference(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _in_words(differences: Sequence[Difference], guards: int) -> str:
    names = ", ".join(one.guard.replace("_", " ") for one in differences)
    since = "" if guards == len(GUARDS) else f" (there were {guards} guards then, {len(GUARDS)} now)"
    return f"{names}{since}"
