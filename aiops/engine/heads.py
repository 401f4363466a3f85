"""Heads: sign the newest record of the journal from time to time, and send that outside (S10).

The head is journalled first, then sent: as a log line, as a note in the chat, as an Event of Kubernetes. What
is sent fails open: a channel that is down never keeps the journal waiting. A key that was lost is told and
never made anew by itself; one that was replaced is told, journalled, and used.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiops.core.audit import HEAD_SIGNED, STREAM, SignedHead, head_entry, head_of, key_entry
from aiops.core.words import clock
from aiops.errors import Forbidden, PortError
from aiops.model import Note, Record
from aiops.ports import Clock, Store
from aiops.telemetry import logger

ABOUT = "head:"  # beginning of what the notes are about
POSTED = "posted"  # kind of the entry that tells where a note was put


class Signer(Protocol):
    """Holds a private key."""

    @property
    def key(self) -> str:
        """16 hex digits that name the key."""
        ...

    @property
    def public(self) -> str:
        """The public key as text, to be kept elsewhere."""
        ...

    def sign(self, head: SignedHead) -> SignedHead:
        """``head`` with key and signature."""
        ...


@dataclass(slots=True)
class Heads:
    """Signs and sends. Safe between threads; ``sign`` never raises PortError."""

    store: Store
    term: int
    cluster: str
    clock: Clock
    signer: Callable[
        [bool], Signer
    ]  # True: heads were signed before, so there must be a key. Raises PortError
    failed: Callable[[str, Exception], None]
    note: Callable[[Note], None] | None = None  # None: not to the chat
    event: Callable[[SignedHead], None] | None = None  # raises PortError; None: no Event
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: int = 0  # record that the newest head is of: what keeps the next one from coming is told once
    _forbidden: bool = False  # that we may not make an Event has been told

    def sign(self) -> SignedHead | None:
        """Sign the newest record and send it outside; None where nothing is new, or it cannot be done."""
        with self._lock:
            try:
                head = self._signed()
            except PortError as error:
                self.failed("audit head", error)
                self._say(f"The journal's head is not signed: {error}", f"unsigned:{self._last}", loud=True)
                return None
            if head is not None:
                self._send(head)
            return head

    def _signed(self) -> SignedHead | None:
        before = self._newest()
        if not self._is_news(before):
            return None
        last = None if before is None else head_of(before.entry)
        self._last = 0 if last is None else last.seq
        signer = self.signer(last is not None)
        now_ms = self.clock.now_ms()
        if last is not None and last.key != signer.key:
            self._tell_key(signer, last.key, now_ms)
        seq, value = self.store.head()
        head = signer.sign(SignedHead(seq, value, self.term, now_ms, self.cluster, signer.key))
        self.store.append((head_entry(head, now_ms),), self.term)
        return head

    def _newest(self) -> Record | None:
        """The newest head in the journal."""
        newest = None
        for record in self.store.read(stream=STREAM, kinds=(HEAD_SIGNED,)):
            newest = record
        return newest

    def _is_news(self, before: Record | None) -> bool:
        """Whether anything was written since but what the head itself led to."""
        since = 0 if before is None else before.seq
        return any(not _of_heads(record) for record in self.store.read(since=since))

    def _tell_key(self, signer: Signer, before: str, now_ms: int) -> None:
        self.store.append((key_entry(signer.key, before, now_ms),), self.term)
        logger("audit").warning("key_changed", key=signer.key, before=before, public=signer.public)
        text = (
            f"The journal's heads are signed by another key from now on: {signer.public}, before by {before}"
        )
        self._say(text, f"key:{signer.key}", loud=True)

    def _send(self, head: SignedHead) -> None:
        logger("audit").info("head_signed", seq=head.seq, key=head.key, head=str(head))
        self._say(
            f"Journal: head of record {head.seq}, {clock(head.at_ms)} UTC: {head}", f"{ABOUT}{head.seq}"
        )
        if self.event is None:
            return
        try:
            self.event(head)
        except Forbidden as error:
            if not self._forbidden:
                self.failed("audit event", error)
            self._forbidden = True
        except PortError as error:
            self.failed("audit event", error)

    def _say(self, text: str, about: str, *, loud: bool = False) -> None:
        if self.note is not None:
            self.note(Note(text, about, at_ms=self.clock.now_ms(), loud=loud))


def _of_heads(record: Record) -> bool:
    """Whether a record is a head, or tells where one was posted."""
    entry = record.entry
    about = str(entry.payload.get("about", "")) if entry.kind == POSTED else ""
    return entry.stream == STREAM or about.startswith(f"note:{ABOUT}")
