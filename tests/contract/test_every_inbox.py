"""Every inbox keeps the same promises: one suite over the folder and the fake."""

import pytest

from aiops.adapters.inbox import Inbox
from aiops.model import Request, RequestKind
from tests.fakes.inbox import FakeInbox

NOW = 1_772_323_200_000
FIRST = Request("b1", RequestKind.UNLOCK, "ada", NOW, playbook="")
SECOND = Request("a2", RequestKind.UNDO, "bob", NOW + 1, plan_id="p1")
THIRD = Request("c3", RequestKind.UNDO_FEEDBACK, "cy", NOW + 2, "it was the leak", adjustment="3f9c1a2b4d5e")
MAKERS = {"folder": lambda folder: Inbox(folder / "inbox"), "fake": lambda folder: FakeInbox()}


@pytest.fixture(params=MAKERS)
def inbox(request, tmp_path):
    return MAKERS[request.param](tmp_path)


def test_an_empty_one_holds_nothing(inbox):
    assert inbox.pending() == ()


def test_requests_are_shown_oldest_first_until_each_is_done(inbox):
    inbox.hand_in(FIRST)
    inbox.hand_in(SECOND)
    assert inbox.pending() == inbox.pending() == (FIRST, SECOND)
    inbox.done(FIRST)
    assert inbox.pending() == (SECOND,)
    inbox.done(SECOND)
    assert inbox.pending() == ()


@pytest.mark.parametrize("request_", [FIRST, SECOND, THIRD], ids=lambda one: one.kind)
def test_every_kind_comes_out_as_it_was_handed_in(inbox, request_):
    inbox.hand_in(request_)
    assert inbox.pending() == (request_,)


def test_done_twice_and_done_of_what_is_not_there_are_harmless(inbox):
    inbox.hand_in(FIRST)
    inbox.done(FIRST)
    inbox.done(FIRST)
    inbox.done(SECOND)
    assert inbox.pending() == ()
