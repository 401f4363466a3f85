"""Inbox: a request is there whole or not at all, is shown until the journal has it; garbage stops nobody."""

import contextlib
import json
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.inbox import LARGEST, Inbox, document, name_of, parse
from aiops.core.requests import answered, request_ended_entry, requested_entry, unfinished
from aiops.errors import InputError, Unavailable
from aiops.model import Request, RequestKind
from aiops.model.request import LONGEST, VALID_MS
from tests.fakes.store import FakeStore

NOW = 1_772_323_200_000
UNDO = Request("a1", RequestKind.UNDO, "ada", NOW, "it made things worse", plan_id="p1", incident_id="i1")
UNLOCK = Request("b2", RequestKind.UNLOCK, "ada", NOW + 1, target="Deployment/shop/cart")
RESET = Request("c3", RequestKind.UNLOCK, "ada", NOW + 2, playbook="")
RISE = Request("d4", RequestKind.ACCEPT_AUTONOMY, "ada", NOW + 3, playbook="crash-loop", scope="shop")
ALL = (UNDO, UNLOCK, RESET, RISE)


@pytest.fixture
def inbox(tmp_path):
    return Inbox(tmp_path / "state" / "inbox")


def put(inbox, name, text, mode=0o600):
    inbox.folder.mkdir(parents=True, exist_ok=True)
    path = inbox.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_requests_come_back_as_they_were_handed_in_oldest_first(inbox):
    for one in reversed(ALL):
        inbox.hand_in(one)
    assert inbox.pending() == ALL


def test_only_its_user_can_read_a_request(inbox):
    path = inbox.hand_in(UNDO)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(inbox.folder.stat().st_mode) == 0o700


def test_a_folder_that_is_not_there_holds_nothing_and_is_not_made_by_looking(inbox):
    assert inbox.pending() == ()
    assert not inbox.folder.exists()


def test_a_request_is_shown_until_it_is_done_and_is_kept_then(inbox):
    """A crash between reading and the journal shows it again (E1)."""
    inbox.hand_in(UNDO)
    assert inbox.pending() == inbox.pending() == (UNDO,)
    inbox.done(UNDO)
    assert inbox.pending() == ()
    assert parse((inbox.folder / "done" / name_of(UNDO)).read_text()) == UNDO
    inbox.done(UNDO)  # again is harmless


def test_a_request_that_waits_can_be_withdrawn_and_one_that_was_taken_up_cannot(inbox):
    inbox.hand_in(UNDO)
    assert inbox.withdraw(UNDO)
    assert inbox.pending() == ()
    inbox.hand_in(UNDO)
    inbox.done(UNDO)
    assert not inbox.withdraw(UNDO)


def test_what_is_being_written_still_is_no_request(inbox):
    put(inbox, f".{name_of(UNDO)}", "{")
    assert inbox.pending() == ()
    assert inbox.refused() == ()


GOOD = document(UNDO)
GARBAGE = {
    "no JSON": "{",
    "not an object": "[]",
    "not text": b"\xff\xfe",
    "nested too deeply": "[" * 10_000,
    "an unknown key": json.dumps(GOOD | {"command": "rm"}),
    "a key twice": json.dumps(GOOD)[:-1] + ', "by": "eve"}',
    "another version": json.dumps(GOOD | {"version": 2}),
    "no version": json.dumps({key: value for key, value in GOOD.items() if key != "version"}),
    "an unknown kind": json.dumps(GOOD | {"kind": "approve"}),  # approvals have a door of their own
    "nobody": json.dumps(GOOD | {"by": ""}),
    "a step that is none": json.dumps(GOOD | {"step": True}),
    "a step before the first": json.dumps(GOOD | {"step": -1}),
    "no plan": json.dumps(GOOD | {"plan_id": ""}),
    "an id that is a path": json.dumps(GOOD | {"id": "../x"}),
    "another id than its name": json.dumps(GOOD | {"id": "zz"}),
    "too long a reason": json.dumps(GOOD | {"reason": "x" * (LONGEST + 1)}),
    "too large": json.dumps(GOOD) + " " * LARGEST,
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_laid_aside_with_the_reason_and_blocks_nobody(inbox, text):
    put(inbox, name_of(UNDO), text)
    inbox.hand_in(UNLOCK)
    assert inbox.pending() == (UNLOCK,)
    (path,) = inbox.refused()
    assert path.with_name(f"{path.name}.reason").read_text().strip()
    assert inbox.pending() == (UNLOCK,)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_no_request(inbox, mode):
    """S1: only who may write the daemon's own folder asks it for anything."""
    put(inbox, name_of(UNDO), json.dumps(GOOD), mode)
    assert inbox.pending() == ()
    assert len(inbox.refused()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_hands_in_belongs_to_the_daemon_and_what_a_stranger_owns_is_no_request(inbox):
    """Root at the keyboard, and a daemon that is not: it must be able to read and move the file."""
    inbox.folder.parent.mkdir()
    os.chown(inbox.folder.parent, 1234, 1234)
    mine = inbox.hand_in(UNDO)
    assert (inbox.folder.stat().st_uid, mine.stat().st_uid) == (1234, 1234)
    theirs = inbox.hand_in(UNLOCK)
    os.chown(theirs, 4321, 4321)
    assert inbox.pending() == (UNDO,)
    assert [one.name for one in inbox.refused()] == [theirs.name]


def test_links_folders_and_pipes_are_no_requests_and_keep_nobody_waiting(inbox):
    good = put(inbox, name_of(UNDO), json.dumps(GOOD))
    elsewhere = good.rename(inbox.folder.parent / "elsewhere")
    good.symlink_to(elsewhere)
    (inbox.folder / name_of(UNLOCK)).mkdir()
    os.mkfifo(inbox.folder / name_of(RESET))
    inbox.hand_in(RISE)
    assert inbox.pending() == (RISE,)
    assert len(inbox.refused()) == 3


def test_a_folder_that_is_none_is_unavailable(tmp_path):
    (tmp_path / "inbox").write_text("")
    with pytest.raises(Unavailable, match="Not a directory"):
        Inbox(tmp_path / "inbox").pending()
    with pytest.raises(Unavailable, match="inbox"):
        Inbox(tmp_path / "inbox").hand_in(UNDO)


def test_of_very_many_the_first_hundred_come_first(inbox):
    many = [
        Request(f"n{number}", RequestKind.UNLOCK, "ada", NOW + number, playbook="x") for number in range(101)
    ]
    for one in many:
        put(inbox, name_of(one), json.dumps(document(one)))
    assert inbox.pending() == tuple(many[:100])


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(), inner),
        max_leaves=20,
    )
    | st.fixed_dictionaries({key: st.just(value) | st.text() | st.integers() for key, value in GOOD.items()})
)
def test_whatever_a_file_holds_is_a_request_or_refused(data):
    """No content crashes the reader."""
    with contextlib.suppress(InputError, ValueError):
        assert isinstance(parse(json.dumps(data)), Request)


@pytest.mark.parametrize(("waited", "late"), [(VALID_MS, False), (VALID_MS + 1, True), (-VALID_MS - 1, True)])
def test_a_request_that_waited_a_quarter_of_an_hour_is_not_wanted_any_more(waited, late):
    assert UNDO.late(NOW + waited) is late


def test_the_journal_has_a_request_once_and_knows_what_came_of_it():
    store = FakeStore()
    store.begin_term(1)
    assert answered(store.read(), UNDO.id).request is None
    store.append([requested_entry(UNDO, NOW + 5)], 1)
    assert store.append([requested_entry(UNDO, NOW + 6)], 1) == ()  # read twice, taken up once
    taken = answered(store.read(), UNDO.id)
    assert (taken.request, taken.done) == (UNDO, None)
    assert unfinished(store.read()) == (UNDO,)
    store.append([request_ended_entry(UNDO, True, "taken back", NOW + 9)], 1)
    ended = answered(store.read(), UNDO.id)
    assert (ended.done, ended.detail, ended.at_ms) == (True, "taken back", NOW + 9)
    assert unfinished(store.read()) == ()
