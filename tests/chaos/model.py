"""The reference model: what the API server did, held against what our journal says (G5).

    findings = violations(effects_of_audit(entries), store.read(), where)

It knows nothing of how the daemon works: only that every write must have been written down before, must be
claimed only if it happened, must happen once, in the order of the terms, where it is allowed and when it is
allowed, and that what was begun must have an end. The oracle of what was done is the audit log of the API
server (or the fake's); the journal is the accused.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol
from urllib.parse import unquote

from aiops.model import Answer, Record, Target
from aiops.model.wire import canonical
from tests.controlplane.api import KINDS

ENDS = frozenset({"verified", "contained", "failed", "undone", "unverified", "refused", "superseded"})
REMOVES = frozenset({"evict", "delete"})
USER_AGENT = re.compile(r"^aiops/\S+ intent/(?P<intent>\S+) term/(?P<term>\d+)$")
PLURALS = {plural: kind for kind, (_, plural, _) in KINDS.items()}


class Kind(StrEnum):
    """What can be wrong."""

    DOUBLED = "doubled"  # the same thing was done more than once
    LOST = "lost"  # a decision that never came to an end
    UNRECORDED = "unrecorded"  # done, and not written down before
    CLAIMED = "claimed"  # said to be done, and not done
    DENIED = "denied"  # said not to be done, and done
    OLD_TERM = "old term"  # a former leader's write after a newer one's
    PROTECTED = "protected"  # in a place that must never be touched
    NOT_OPTED_IN = "not opted in"  # in a place that nobody gave us
    STOPPED = "stopped"  # while the kill switch was on


@dataclass(frozen=True, slots=True)
class Effect:
    """One write that changed something: a line of the audit log."""

    at_ms: int
    verb: str  # of ours: patch, create, evict, delete
    target: Target
    intent: str  # "" where the write bears no mark of ours
    term: int
    version: str = ""  # of the object after it; two patches that leave the same one are one effect
    known: int | None = None  # newest record of the journal when it arrived; None: its time tells


@dataclass(frozen=True, slots=True)
class Where:
    """Where and when nothing may be done. ``opted_in`` None: not looked at."""

    protected: frozenset[str] = frozenset()  # namespaces, and "Kind/namespace/name"
    opted_in: frozenset[str] | None = None  # namespaces
    stopped: tuple[tuple[int, int], ...] = ()  # (from, until) on the scale of ``Effect.at_ms``
    grace_ms: int = 0  # a write under way when the switch is pulled may still arrive


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not be."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(slots=True)
class _Journal:
    """The journal, by what the model asks of it."""

    records: tuple[Record, ...]
    sent: dict[tuple[str, str, str], list[Record]] = field(default_factory=lambda: defaultdict(list))
    of_step: dict[tuple[str, int], list[Record]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for record in self.of("change_sending"):
            payload = record.entry.payload
            verb, target = payload["change"]["verb"], _target(payload["change"]["target"])
            self.sent[payload["intent"], verb, str(target)].append(record)
            self.of_step[_which(payload)].append(record)

    def of(self, *kinds: str) -> list[Record]:
        return [one for one in self.records if one.entry.kind in kinds]


def violations(effects: Iterable[Effect], records: Iterable[Record], where: Where) -> tuple[Finding, ...]:
    """Everything that must not be; empty where all is well."""
    done, journal = tuple(effects), _Journal(tuple(records))
    found = [*_doubled(done, journal), *_lost(journal), *_unrecorded(done, journal), *_claimed(done, journal)]
    return (*found, *_old_term(done), *_misplaced(done, where))


def _doubled(effects: Sequence[Effect], journal: _Journal) -> Iterable[Finding]:
    """One mark twice; or one change of one step under two marks."""
    versions: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for number, one in enumerate(effects):
        key = one.intent, one.verb, str(one.target)
        version = one.version or f"removal {number}"
        if one.intent and version not in versions[key]:
            versions[key].append(version)
    for (intent, verb, target), seen in versions.items():
        if len(seen) > 1:
            yield Finding(Kind.DOUBLED, f"{len(seen)} times {verb} {target}, intent {intent}")
    marks: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for (intent, verb, target), sent in journal.sent.items():
        if (intent, verb, target) in versions:
            payload = sent[0].entry.payload
            marks[_which(payload), verb, target, canonical(payload["change"]["patch"])].add(intent)
    for (which, verb, target, _), intents in marks.items():
        if len(intents) > 1:
            yield Finding(Kind.DOUBLED, f"{verb} {target} of step {which} under marks {sorted(intents)}")


def _lost(journal: _Journal) -> Iterable[Finding]:
    """What was begun, each step and each undo, has an end, or a person has it."""
    ends = journal.of("step_ended")
    lives = journal.of("life_advanced")
    begun = [(one, "step") for one in journal.of("plan_started", "rung_started")]
    begun += [(one, "undo") for one in lives if "undo" in _orders(one)]
    for record, what in begun:
        payload = record.entry.payload
        intent = payload if what == "step" else payload["life"]["intent"]
        stream = payload["incident_id"] if what == "step" else record.entry.stream
        ended = any(
            one.seq > record.seq
            and one.entry.payload["result"] in ENDS
            and _which(one.entry.payload) == _which(intent)
            for one in ends
        )
        told = any(
            one.seq > record.seq
            and one.entry.stream == stream
            and one.entry.payload["life"]["state"] == "escalated"
            for one in lives
        )
        if not ended and not told:
            yield Finding(Kind.LOST, f"{what} {_which(intent)} of incident {stream}, record {record.seq}")


def _unrecorded(effects: Sequence[Effect], journal: _Journal) -> Iterable[Finding]:
    for one in effects:
        sent = journal.sent.get((one.intent, one.verb, str(one.target)), [])
        before = [
            record
            for record in sent
            if (record.entry.at_ms <= one.at_ms if one.known is None else record.seq <= one.known)
        ]
        if not before:
            yield Finding(Kind.UNRECORDED, f"{one.verb} {one.target}, intent {one.intent or 'none'}")


def _claimed(effects: Sequence[Effect], journal: _Journal) -> Iterable[Finding]:
    """An answer that says done, and a step that is said to be in place, have an effect. What ends pods may
    find them gone by another's hand."""
    done = {_done(one) for one in effects}
    sent = {
        (_mark(one), one.entry.payload["index"]): key for key, each in journal.sent.items() for one in each
    }
    for record in journal.of("change_answered"):
        payload = record.entry.payload
        key = sent.get((_mark(record), payload["index"]))
        if payload["answer"] == Answer.DONE and key not in done:
            yield Finding(Kind.CLAIMED, f"answer of record {record.seq}, intent {payload['intent']}")
    for record in journal.of("step_ended"):
        payload = record.entry.payload
        marks = {_mark(one) for one in journal.of_step[_which(payload)]}
        if payload["result"] in ("refused", "superseded") and any(key[0] in marks for key in done):
            yield Finding(Kind.DENIED, f"{payload['result']} of step {_which(payload)}, record {record.seq}")
        if payload["result"] == "undone" and not _taken_back(payload, done, journal):
            said = f"undone of step {_which(payload)}, record {record.seq}: {payload['detail']}"
            yield Finding(Kind.CLAIMED, said)
        if payload["result"] not in ("applied", "verified", "contained"):
            continue
        keys = [
            (
                _mark(one),
                one.entry.payload["change"]["verb"],
                str(_target(one.entry.payload["change"]["target"])),
            )
            for one in journal.of_step[_which(payload)]
        ]
        lasting = [key for key in keys if key[1] not in REMOVES]
        if not keys or (lasting and not done.intersection(lasting)):
            yield Finding(Kind.CLAIMED, f"{payload['result']} of step {_which(payload)}, record {record.seq}")


def _taken_back(payload, done, journal: _Journal) -> bool:
    """Whether an undo that is told had an effect under a mark of its own, or nothing was left to undo."""
    undos = {
        order["id"]
        for one in journal.of("life_advanced")
        for order in one.entry.payload["commands"]
        if order["kind"] == "undo"
    }
    by_people = payload["detail"].startswith("by ")
    marks = {_mark(one) for one in journal.of_step[_which(payload)]}
    wrote = any(intent in marks and (by_people or intent in undos) for intent, _, _ in done)
    return wrote or "nothing of it is there any more" in payload["detail"]


def _old_term(effects: Sequence[Effect]) -> Iterable[Finding]:
    newest: dict[Target, int] = {}
    for one in effects:
        if one.term < newest.get(one.target, 0):
            yield Finding(
                Kind.OLD_TERM, f"term {one.term} after {newest[one.target]}: {one.verb} {one.target}"
            )
        newest[one.target] = max(one.term, newest.get(one.target, 0))


def _misplaced(effects: Sequence[Effect], where: Where) -> Iterable[Finding]:
    for one in effects:
        text = f"{one.verb} {one.target} at {one.at_ms}"
        if where.protected & {one.target.namespace, str(one.target)}:
            yield Finding(Kind.PROTECTED, text)
        space = one.target.namespace
        if where.opted_in is not None and space and space not in where.opted_in:
            yield Finding(Kind.NOT_OPTED_IN, text)
        if any(since + where.grace_ms < one.at_ms <= until for since, until in where.stopped):
            yield Finding(Kind.STOPPED, text)


def _which(payload) -> tuple[str, int]:
    return str(payload["plan_id"]), int(payload["step"])


def _mark(record: Record) -> str:
    return record.entry.payload["intent"]


def _orders(record: Record) -> set[str]:
    return {one["kind"] for one in record.entry.payload["commands"]}


def _target(data) -> Target:
    return Target(data["kind"], data["namespace"], data["name"])


# Where effects come from


class Witness(Protocol):
    """Saw the objects themselves (``tests.chaos.landed``)."""

    def version(self, target: Target, intent: str) -> str | None: ...

    def gone(self, target: Target) -> bool: ...


def effects_of_audit(entries, witness: Witness | None = None) -> tuple[Effect, ...]:
    """What the API server committed in our name: of ``audit.mutating(...)``, dry runs left out.

    A request whose client died is logged with a server error and may be committed all the same: what
    ``witness`` saw decides. It is no second effect where the log knows the write otherwise.
    """
    real = [one for one in entries if not one.dry_run]
    known = {_done(_effect(one)) for one in real if one.succeeded}
    found = []
    for one in real:
        if one.succeeded:
            found.append(_effect(one))
        elif one.code >= 500 and witness is not None and one.name:
            found += _landed(_effect(one), witness, known)
    return tuple(found)


def _landed(effect: Effect, witness: Witness, known: set[tuple[str, str, str]]) -> list[Effect]:
    """``effect``, of which the log does not know whether it is one, where it was seen."""
    if effect.verb in REMOVES:
        return [effect] if witness.gone(effect.target) and _done(effect) not in known else []
    version = witness.version(effect.target, effect.intent)
    return [] if version is None else [replace(effect, version=version)]


def _done(effect: Effect) -> tuple[str, str, str]:
    return effect.intent, effect.verb, str(effect.target)


def _effect(entry) -> Effect:
    said = USER_AGENT.match(entry.user_agent)
    kind = PLURALS.get(entry.resource, entry.resource)
    verb = "evict" if entry.subresource == "eviction" else entry.verb
    response = entry.response if isinstance(entry.response, dict) else {}
    version = "" if verb in REMOVES else str((response.get("metadata") or {}).get("resourceVersion", ""))
    return Effect(
        entry.at_ms,
        verb,
        Target(kind, entry.namespace, entry.name),
        unquote(said["intent"]) if said else "",
        int(said["term"]) if said else 0,
        version,
    )
