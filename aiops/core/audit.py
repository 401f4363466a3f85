"""Audit: is the journal what it was? Its chain, and the heads that were signed and sent outside.

The chain alone shows every edit, deletion, insertion and exchange; not that its end was cut off, that an old
backup was put in its place, or that all of it was written anew. A head does: (number, hash) of the newest
record at a time, signed, and sent where whoever can write the journal cannot reach: a log, a chat, an Event.

Input:   records as read, oldest first; heads from outside; who can tell whether a signature is right.
Output:  what was checked, every finding with the record it is about, and what could not be checked and why.
Errors:  none while checking; ValueError for a text that is no head.
Cost:    one pass, about 10 µs a record of a few hundred bytes, and 0.1 ms a signature.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from aiops.core.chain import Chain, Flaw
from aiops.core.words import clock, count
from aiops.errors import Rejected
from aiops.model import Entry, Record
from aiops.model.wire import canonical

STREAM, HEAD_SIGNED, KEY_CHANGED = "audit", "head_signed", "key_changed"
DOMAIN = b"aiops.head.v1\x00"
TEXT = re.compile(
    r"aiops-head/v1/(?P<cluster>-|[A-Za-z0-9%-]{1,900})/(?P<seq>\d{1,18})/(?P<term>\d{1,18})/(?P<at_ms>\d{1,18})"
    r"/(?P<hash>[0-9a-f]{64})/(?P<key>[0-9a-f]{16})/(?P<signature>[0-9a-f]{128})(?![0-9A-Za-z])"
)
NEAR = 4_096  # newest records whose hashes are remembered: a head inside is of a record just before it

TRUNCATED, REWRITTEN, FORGED, UNREADABLE = "truncated", "rewritten", "forged", "unreadable"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The newest record at a time, as its key vouches for it."""

    seq: int
    hash: str
    term: int
    at_ms: int
    cluster: str
    key: str  # 16 hex digits: which public key
    signature: str = ""  # 128 hex digits, over ``statement``

    def __str__(self) -> str:
        """One word without blanks, which survives chats and logs; ``heads_in`` finds it again."""
        name = quote(self.cluster, safe="").translate({ord(one): f"%{ord(one):02X}" for one in "_.~"})
        name = name.replace("-", "%2D") if name == "-" else name or "-"
        places = (name, self.seq, self.term, self.at_ms, self.hash, self.key, self.signature)
        return "/".join(("aiops-head/v1", *map(str, places)))


def statement(head: SignedHead) -> bytes:
    """What is signed: everything but the signature."""
    names = ("seq", "hash", "term", "at_ms", "cluster", "key")
    return DOMAIN + canonical({name: getattr(head, name) for name in names})


def heads_in(text: str) -> tuple[SignedHead, ...]:
    """Every head that stands anywhere in ``text`` (a message, a log, the output of kubectl), each once."""
    found: dict[SignedHead, None] = {}
    for one in TEXT.finditer(text):
        cluster = "" if one["cluster"] == "-" else unquote(one["cluster"])
        numbers = int(one["seq"]), one["hash"], int(one["term"]), int(one["at_ms"])
        found[SignedHead(*numbers, cluster, one["key"], one["signature"])] = None
    return tuple(found)


def head_entry(head: SignedHead, now_ms: int) -> Entry:
    """A head was signed. Once for each record that it is of."""
    names = ("seq", "hash", "term", "at_ms", "cluster", "key", "signature")
    payload = {name: getattr(head, name) for name in names}
    return Entry(HEAD_SIGNED, STREAM, now_ms, payload, key=f"head:{head.seq}:{head.key}")


def key_entry(key: str, before: str, now_ms: int) -> Entry:
    """Heads are signed by another key from now on."""
    return Entry(KEY_CHANGED, STREAM, now_ms, {"key": key, "before": before})


def head_of(entry: Entry) -> SignedHead:
    """The head of a ``head_signed`` entry; ValueError where it holds none."""
    payload: Mapping[str, Any] = entry.payload
    try:
        head = SignedHead(
            int(payload["seq"]),
            str(payload["hash"]),
            int(payload["term"]),
            int(payload["at_ms"]),
            str(payload["cluster"]),
            str(payload["key"]),
            str(payload["signature"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"expected a signed head, got {error}") from error
    return head


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was. ``seq`` is the record it is about; 0: the journal as a whole."""

    seq: int
    what: str  # "changed", "missing", "moved", "term", "truncated", "rewritten", "forged", "unreadable"
    text: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The answer."""

    first: int  # number of the first record that was read; 0: none
    last: int
    records: int
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]  # what could not be checked, and why
    inside: int  # heads in the journal that agree with it
    outside: int  # heads from outside that agree with it
    agreed: SignedHead | None = None  # the newest head from outside that agrees

    @property
    def intact(self) -> bool:
        """Whether nothing was found. What could not be checked is not known to be right."""
        return not self.findings


Genuine = Callable[[SignedHead], str]  # "" where the signature is a trusted key's, else why not


@dataclass(slots=True)
class Auditor:
    """Takes records in order, and answers in the end."""

    heads: Sequence[SignedHead] = ()  # from outside
    genuine: Genuine | None = None  # None: no public key is known
    part: bool = False  # the records begin somewhere, as those of an export do
    _chain: Chain = field(default_factory=Chain)
    _first: int = 0
    _last: int = 0
    _records: int = 0
    _broken: bool = False
    _stopped: bool = False  # it could not be read to its end
    _findings: list[Finding] = field(default_factory=list)
    _by_seq: dict[int, list[SignedHead]] = field(default_factory=dict)
    _agreed: list[SignedHead] = field(default_factory=list)
    _inside: int = 0
    _unplaced: int = 0  # heads in the journal whose record is not among those read
    _near: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=NEAR))

    def __post_init__(self) -> None:
        for head in self.heads:
            why = self.genuine(head) if self.genuine is not None else ""
            if why:
                self._find(head.seq, FORGED, f"the head of record {head.seq} from outside: {why}")
            else:
                self._by_seq.setdefault(head.seq, []).append(head)

    def take(self, record: Record) -> None:
        """The next record. After a break only the heads are looked at: what follows hangs in the air."""
        self._records += 1
        if not self._first:
            self._first = record.seq
            if self.part:
                self._chain = Chain(record.seq - 1, record.previous)
        if not self._broken and (broken := self._chain.follow(record)) is not None:
            self._broken = True
            self._find(broken.seq, broken.flaw, broken.text)
        self._last = max(self._last, record.seq)
        self._near.append((record.seq, record.hash))
        for head in self._by_seq.pop(record.seq, ()):
            self._compare(head, record)
        if record.entry.kind == HEAD_SIGNED and record.entry.stream == STREAM:
            self._look_inside(record)

    def fail(self, text: str) -> None:
        """Nothing can be read any further."""
        self._broken = self._stopped = True
        self._find(self._last + 1, UNREADABLE, text)

    def done(self) -> Audit:
        """What was found."""
        self._too_new()
        newest = max(self._agreed, key=lambda one: one.seq, default=None)
        return Audit(
            self._first,
            self._last,
            self._records,
            tuple(self._findings),
            tuple(self._unchecked(newest)),
            self._inside,
            len(self._agreed),
            newest,
        )

    def _compare(self, head: SignedHead, record: Record) -> None:
        if head.hash == record.hash:
            self._agreed.append(head)
            return
        text = (
            f"record {head.seq} is not the one whose head was signed at {clock(head.at_ms)} UTC: it or one"
            " before it was changed and the chain written anew, or an old backup was put back and added to"
        )
        self._find(head.seq, REWRITTEN, text)

    def _look_inside(self, record: Record) -> None:
        """A head that the journal itself holds: of a record just before, and signed by a key we trust."""
        try:
            head = head_of(record.entry)
        except ValueError as error:
            self._find(record.seq, FORGED, f"record {record.seq}: {error}")
            return
        if self.genuine is not None and (why := self.genuine(head)):
            self._find(record.seq, FORGED, f"record {record.seq} is the head of record {head.seq}: {why}")
            return
        known = next((value for seq, value in reversed(self._near) if seq == head.seq), None)
        if head.seq >= record.seq or (known is not None and known != head.hash):
            text = f"record {record.seq} is a head of record {head.seq}, which has another hash"
            self._find(record.seq, REWRITTEN, text)
        elif known is None:
            self._unplaced += 1
        else:
            self._inside += 1

    def _too_new(self) -> None:
        """Heads of records that are not there: behind the end, or before the beginning of a part."""
        late = [head for seq, those in self._by_seq.items() if seq > self._last for head in those]
        if not late or self._stopped:
            return
        newest = max(late, key=lambda one: one.seq)
        gone = count(newest.seq - self._last, "record")
        text = (
            f"it ends at record {self._last}, but the head of record {newest.seq} was signed at"
            f" {clock(newest.at_ms)} UTC: {gone} at its end were cut off, or"
            f" {'left out by --until' if self.part else 'an old backup was restored'}"
        )
        self._find(self._last + 1, TRUNCATED, text)

    def _find(self, seq: int, what: Flaw | str, text: str) -> None:
        self._findings.append(Finding(seq, str(what), text))

    def _unchecked(self, newest: SignedHead | None) -> Iterable[str]:
        if self._broken:
            yield "the chain behind the break: only the records before it are known to be as written"
        if self.part and self._first > 1:
            yield f"records 1 to {self._first - 1}: they are not here"
        early = sorted(seq for seq in self._by_seq if seq < self._first)
        if early:
            yield f"{count(len(early), 'head')} from outside, of records before {self._first}"
        if newest is None and not self._findings:
            yield (
                "whether the end was cut off, an old backup restored or all of it written anew: no head from"
                " outside was given (--head, --heads-file)"
            )
        elif newest is not None and newest.seq < self._last:
            yield f"whether more was cut off behind record {self._last}: the newest head is of {newest.seq}"
        if self._unplaced:
            yield f"{count(self._unplaced, 'head')} of the journal, of records that were not read just before"
        if self.genuine is None and (self.heads or self._inside):
            yield "signatures: no public key is known (--public-key)"


def audit(
    records: Iterable[Record],
    heads: Sequence[SignedHead] = (),
    genuine: Genuine | None = None,
    *,
    part: bool = False,
    seen: Callable[[int], None] = lambda _seq: None,
) -> Audit:
    """Check ``records``; ``seen`` is told the number of each thousandth one. A store that refuses to read on
    (Rejected) is a finding."""
    auditor = Auditor(heads, genuine, part)
    try:
        for record in records:
            auditor.take(record)
            if not record.seq % 1000:
                seen(record.seq)
    except Rejected as error:
        auditor.fail(str(error))
    return auditor.done()
