"""Audit check: verify a journal or an export of one, export it, list its heads."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiops.adapters.signing import PREFIX, Verifier, load_key, make_key
from aiops.adapters.sqlite.evidence import Evidence
from aiops.bootstrap.audit import key_path
from aiops.bootstrap.config import find_state, load_settings
from aiops.bootstrap.journal import JOURNAL, Place, open_journal
from aiops.core.audit import (
    HEAD_SIGNED,
    STREAM,
    TRUNCATED,
    Audit,
    Auditor,
    Finding,
    SignedHead,
    audit,
    head_of,
    heads_in,
)
from aiops.core.exported import FORMATS, lines, parsed
from aiops.errors import InputError, NotFound, Problem, Rejected, Unavailable
from aiops.model import Record
from aiops.ports import Store

LARGEST = 256 << 20  # bytes of a file with heads: a log may be long
Seen = Callable[[int, int], None]  # (number of the record, of how many; 0: nobody knows)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked, and by which keys."""

    where: str
    audit: Audit
    keys: tuple[str, ...]  # public keys that were trusted
    own: bool  # the key is the one beside the journal


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    records: int
    first: int
    last: int
    hash: str  # of the last record


def verify(
    config: Path | None,
    state: Place | None,
    export: Path | None,
    heads: Sequence[SignedHead],
    keys: Sequence[str],
    seen: Seen,
) -> Checked:
    """Check a journal, or the file ``export``, against heads from outside and public keys.

    InputError for what is not there. What is damaged is a finding, never an error.
    """
    own = not keys and export is None
    trusted = tuple(keys) or (_own_key(config, state) if export is None else ())
    genuine = Verifier(trusted) if trusted else None
    if export is not None:
        with _opened(export) as (texts, form):
            records = parsed(texts, form)
            found = audit(records, heads, genuine, part=True, seen=lambda seq: seen(seq, 0))
    else:
        found = _of_journal(config, state, heads, genuine, seen)
    if own and trusted:
        doubt = (
            "whether the key itself is the right one: it lies beside the journal, and whoever can write one"
            " can write the other (--public-key, kept elsewhere)"
        )
        found = replace(found, unchecked=(*found.unchecked, doubt))
    return Checked(_where(config, state, export), found, trusted, own and bool(trusted))


def _where(config: Path | None, state: Place | None, export: Path | None) -> str:
    if export is not None:
        return str(export)
    place: Place = find_state(config, state)
    return str(place / JOURNAL) if isinstance(place, Path) else place.url


def _of_journal(
    config: Path | None,
    state: Place | None,
    heads: Sequence[SignedHead],
    genuine: Verifier | None,
    seen: Seen,
) -> Audit:
    try:
        with closing(_to_look_at(find_state(config, state))) as store:
            last = store.head()[0]
            found = audit(store.read(), heads, genuine, seen=lambda seq: seen(seq, last))
    except Rejected as error:  # so badly damaged that it does not even open
        auditor = Auditor((), genuine)
        auditor.fail(str(error))
        return auditor.done()
    if found.intact and found.last < last:  # a server that keeps some back
        text = f"it says that its newest record is {last}, and gives them up to {found.last}"
        found = replace(found, findings=(Finding(found.last + 1, TRUNCATED, text),))
    return found


def _to_look_at(place: Place) -> Store | Evidence:
    """A journal to be read as it is: one on disk is opened however damaged it is."""
    path = place / JOURNAL if isinstance(place, Path) else None
    if path is None or not path.is_file():
        return open_journal(place)  # which says what is not there
    return Evidence(path)


def _own_key(config: Path | None, state: Place | None) -> tuple[str, ...]:
    """The public key beside the journal; nothing where there is none, or it is not ours to read."""
    place = find_state(config, state)
    if not isinstance(place, Path):
        return ()
    path = key_path(load_settings(config), place)
    with contextlib.suppress(NotFound, Rejected, Unavailable):
        return (load_key(path).public,)
    return ()


def given_heads(texts: Sequence[str], files: Sequence[Path]) -> tuple[SignedHead, ...]:
    """The heads in ``texts`` and ``files``; InputError where one holds none."""
    found: list[SignedHead] = []
    sources = [("--head", text) for text in texts]
    sources += [(f"--heads-file {path}", _text_of(path)) for path in files]
    for name, text in sources:
        heads = heads_in(text)
        if not heads:
            got = f"{text[:80]!r}" if name == "--head" else "a file without one"
            raise InputError([Problem(name, got, "a head such as aiops-head/v1/prod/1234/...")])
        found += heads
    return tuple(dict.fromkeys(found))


def given_keys(texts: Sequence[str]) -> tuple[str, ...]:
    """Public keys, each as text or as a file that holds it; InputError for another text."""
    found = []
    for text in texts:
        known = text if text.startswith(PREFIX) else _text_of(Path(text)).strip()
        try:
            Verifier([known])
        except ValueError as error:
            raise InputError(f"--public-key: {error}") from error
        found.append(known)
    return tuple(found)


def _text_of(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.buffer.read(LARGEST).decode(errors="replace")
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode(errors="replace")
    except OSError as error:
        got = error.strerror or str(error)
        raise InputError([Problem(str(path), got, "a file that can be read")]) from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Iterable[str], str]]:
    """Lines of an export, and its format by what it begins with."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            form = "jsonl" if file.read(1) == "{" else "csv"
            file.seek(0)
            yield _readable(file), form
    except OSError as error:
        got = error.strerror or str(error)
        raise InputError([Problem(str(path), got, "a file of `aiops audit export`")]) from error


def _readable(texts: Iterable[str]) -> Iterator[str]:
    try:
        yield from texts
    except UnicodeDecodeError as error:
        raise Rejected(f"it is not UTF-8 at byte {error.start} of its line") from error


def export(
    config: Path | None,
    state: Place | None,
    form: str,
    between: tuple[int | None, int | None],
    out: Path | None,
    write: Callable[[str], object],
) -> Exported:
    """Write the records from the first to the last whose time is ``between`` (None: from the beginning, to
    the end), without gaps, to the new file ``out``, or with ``write``. Raises InputError, Rejected."""
    assert form in FORMATS  # noqa: S101 - the command line's own choice
    with closing(open_journal(find_state(config, state))) as store:
        first, last = span(store, *between)
        with _written(out, write) as put:
            newest, count = "", 0
            for record, line in _each(store, first, last, form):
                put(line)
                if record is not None:
                    newest, count = record.hash, count + 1
    return Exported(count, first if count else 0, last if count else 0, newest)


def _each(store: Store, first: int, last: int, form: str) -> Iterator[tuple[Record | None, str]]:
    """Lines with their records; the names of columns have none."""
    held: list[Record] = []

    def records() -> Iterator[Record]:
        for record in store.read(since=first - 1):
            if record.seq > last:
                return
            held[:] = [record]
            yield record

    for line in lines(records(), form):
        yield (held.pop() if held else None), line


def span(store: Store, since_ms: int | None, until_ms: int | None) -> tuple[int, int]:
    """Numbers of the first record not before ``since_ms`` and the last not after ``until_ms``; (1, 0): none.
    Times need not rise with the numbers, so what lies between is part of it."""
    head = store.head()[0]
    if since_ms is None and until_ms is None:
        return 1, head
    first, last = 0, 0
    for record in store.read():
        at_ms = record.entry.at_ms
        if not first and (since_ms is None or at_ms >= since_ms):
            first = record.seq
        if until_ms is None or at_ms <= until_ms:
            last = record.seq
    return (first, last) if first and last >= first else (1, 0)


@contextmanager
def _written(out: Path | None, write: Callable[[str], object]) -> Iterator[Callable[[str], object]]:
    """A file that is there whole or not at all, for its owner alone; none is written over."""
    if out is None:
        yield write
        return
    if out.exists():
        raise InputError([Problem(f"--out {out}", "a file that is there already", "a new file")])
    beside = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        beside.rename(out)
    except OSError as error:
        got = error.strerror or str(error)
        raise InputError([Problem(f"--out {out}", got, "a file that can be written")]) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def heads(config: Path | None, state: Place | None) -> tuple[SignedHead, ...]:
    """The heads that the journal holds, oldest first."""
    with closing(open_journal(find_state(config, state))) as store:
        return tuple(head_of(one.entry) for one in store.read(stream=STREAM, kinds=(HEAD_SIGNED,)))


def public_key(config: Path | None, state: Path | None, *, new: bool) -> tuple[str, Path]:
    """The public key beside the journal, made where there is none and ``new`` asks for it, and its file."""
    path = key_path(load_settings(config), find_state(config, state))
    try:
        return (make_key(path) if new else load_key(path)).public, path
    except NotFound as error:
        raise InputError(
            [Problem(str(path), "no such file", "the key of a daemon that has run (aiops run), or --new")]
        ) from error
    except Rejected as error:
        raise InputError(str(error)) from error
