"""Heads: signed when there is news, sent outside, and never by a key that came from nowhere (S10)."""

import pytest

from aiops.adapters.kubernetes.heads import HeadEvents
from aiops.adapters.signing import Verifier, make_key
from aiops.bootstrap.audit import open_key
from aiops.core.audit import audit, heads_in
from aiops.engine.heads import Heads
from aiops.errors import Forbidden, NotFound, Rejected, Unavailable
from aiops.model import Entry
from tests.fakes.api import FakeApi
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore
from tests.unit.core.cases import NOW

FORBIDDEN = {"kind": "Status", "message": 'events is forbidden: User "aiops" cannot create'}


class World:
    """A job with everything that it sends to."""

    def __init__(self, folder, **changes):
        self.store, self.notes, self.troubles = FakeStore(), [], []
        self.path = folder / "audit.key"
        self.heads = Heads(
            **{
                "store": self.store,
                "term": 0,
                "cluster": "prod",
                "clock": FakeClock(NOW),
                "signer": lambda needed: open_key(self.path, needed=needed),
                "failed": lambda what, error: self.troubles.append((what, error)),
                "note": self.notes.append,
            }
            | changes
        )

    def happens(self, kind="decided", stream="i1", **payload):
        self.store.append([Entry(kind, stream, NOW, payload)], term=0)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_the_newest_record_is_signed_journalled_and_sent(world):
    world.happens()
    head = world.heads.sign()
    (note,) = world.notes
    assert heads_in(note.text) == (head,)
    assert (head.seq, head.hash, head.cluster) == (1, next(world.store.read()).hash, "prod")
    assert not note.loud
    answer = audit(world.store.read(), [head], Verifier([open_key(world.path, needed=True).public]))
    assert (answer.intact, answer.inside, answer.outside) == (True, 1, 1)


def test_an_empty_journal_has_no_head_and_makes_no_key(world):
    assert world.heads.sign() is None
    assert not world.path.exists()


def test_nothing_new_is_signed_once(world):
    """A head, and where its note was posted, are no news: else there were a head an hour for ever."""
    world.happens()
    assert world.heads.sign() is not None
    world.happens("posted", "posts", channel="slack", about="note:head:1", ref="C1/1")
    assert world.heads.sign() is None
    world.happens("posted", "posts", channel="slack", about="incident:i1", ref="C1/2")
    assert world.heads.sign().seq == 4


def test_a_key_that_was_lost_is_told_and_not_made_anew(world):
    """Or whoever takes the key away has the chain signed by a new one."""
    world.happens()
    world.heads.sign()
    world.path.unlink()
    world.happens()
    assert world.heads.sign() is None
    assert not world.path.exists()
    ((what, error),) = world.troubles
    assert what == "audit head"
    assert isinstance(error, NotFound)
    assert "heads were signed before: put it back" in str(error)
    assert (world.notes[-1].loud, world.notes[-1].about) == (True, "unsigned:1")
    assert world.store.kinds() == ["decided", "head_signed", "decided"]


def test_a_key_that_was_replaced_is_told_and_journalled(world):
    world.happens()
    before = world.heads.sign()
    world.path.unlink()
    other = make_key(world.path)
    world.happens()
    after = world.heads.sign()
    assert world.store.kinds() == ["decided", "head_signed", "decided", "key_changed", "head_signed"]
    assert (after.key, world.troubles) == (other.key, [])
    loud = [one.text for one in world.notes if one.loud]
    assert loud == [
        f"The journal's heads are signed by another key from now on: {other.public}, before by {before.key}"
    ]
    ours = audit(world.store.read(), (), Verifier([other.public]))
    assert [one.what for one in ours.findings] == ["forged"]  # whoever trusts one key sees the change


@pytest.mark.parametrize(
    "text", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_holds_no_key_is_told_without_what_it_holds(world, text):
    world.path.write_bytes(text)
    world.happens()
    assert world.heads.sign() is None
    ((_, error),) = world.troubles
    assert isinstance(error, Rejected)
    assert "AAAA" not in str(error)
    assert world.path.read_bytes() == text


def test_a_journal_that_refuses_keeps_the_head_from_being_sent(world):
    """No journal, no head: what is outside must be found inside (E12)."""
    world.happens()
    world.store.full = True
    assert world.heads.sign() is None
    assert [type(error) for _, error in world.troubles] == [Unavailable]
    assert [one.about for one in world.notes] == ["unsigned:0"]


def test_an_event_is_made_of_it(tmp_path):
    api = FakeApi({"/events": (201, {})})
    world = World(tmp_path, event=HeadEvents(api, "aiops"))
    world.happens()
    head = world.heads.sign()
    ((method, path, _, body, _, total_s),) = api.asked
    assert (method, path) == ("POST", "/api/v1/namespaces/aiops/events")
    assert (body["reason"], body["involvedObject"]["namespace"]) == ("JournalHeadSigned", "aiops")
    assert heads_in(body["message"]) == (head,)
    assert total_s <= 10
    assert world.troubles == []


def test_an_event_that_is_there_already_is_as_good(tmp_path):
    world = World(tmp_path, event=HeadEvents(FakeApi({"/events": (409, {})}), "aiops"))
    world.happens()
    assert world.heads.sign() is not None
    assert world.troubles == []


def test_that_events_are_forbidden_is_told_once_and_nothing_else_is_kept_waiting(tmp_path):
    world = World(tmp_path, event=HeadEvents(FakeApi({"/events": (403, FORBIDDEN)}), "aiops"))
    for _ in range(3):
        world.happens()
        assert world.heads.sign() is not None
    ((what, error),) = world.troubles
    assert what == "audit event"
    assert isinstance(error, Forbidden)
    assert "create events aiops: HTTP 403" in str(error)
    assert len(world.notes) == 3


def test_a_server_that_is_down_is_told_each_time(tmp_path):
    world = World(tmp_path, event=HeadEvents(FakeApi({"/events": Unavailable("no answer")}), "aiops"))
    for _ in range(2):
        world.happens()
        world.heads.sign()
    assert [type(error) for _, error in world.troubles] == [Unavailable, Unavailable]
