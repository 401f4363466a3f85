"""The daemon's own token: who can read its file speaks as the file's owner, and nobody else does."""

import os
import pwd
import stat

import pytest

from aiops.adapters.token import NAME, LocalToken, read_token
from aiops.errors import InputError, Unavailable
from aiops.model import Actor, Channel


def test_whoever_reads_the_file_is_its_owner(tmp_path):
    known = LocalToken(tmp_path)
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert known.who(read_token(tmp_path / NAME)) == Actor(Channel.LOCAL, me, me)
    assert known.who("another") is None
    assert known.who("") is None


def test_nobody_else_may_read_it_whatever_the_umask_says(tmp_path):
    before = os.umask(0)
    try:
        LocalToken(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_every_start_makes_another_and_the_one_before_is_worth_nothing(tmp_path):
    LocalToken(tmp_path)
    before = read_token(tmp_path / NAME)
    known = LocalToken(tmp_path)
    assert known.who(before) is None
    assert len(before) >= 43  # 256 bits, in base 64


def test_what_others_write_into_the_file_lets_nobody_in(tmp_path):
    known = LocalToken(tmp_path)
    (tmp_path / NAME).write_text("aiops_local_mine\n")
    assert known.who("aiops_local_mine") is None


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / NAME).symlink_to(elsewhere)
    LocalToken(tmp_path)
    assert elsewhere.read_text() == "precious"
    assert not (tmp_path / NAME).is_symlink()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(Unavailable, match="token"):
        LocalToken(tmp_path / "none")


@pytest.mark.parametrize("text", ["", "two words", "caf\xe9", "x" * 20_000, "a\x1bb"])
def test_what_is_no_token_is_not_sent_anywhere(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    with pytest.raises(InputError, match="a token alone"):
        read_token(tmp_path / NAME)


def test_a_missing_file_says_what_would_make_it(tmp_path):
    with pytest.raises(InputError, match="a daemon that runs"):
        read_token(tmp_path / NAME)


def test_all_roles_are_granted_to_whoever_has_the_token_and_to_nobody_else(tmp_path):
    """The settings decide whether that is believed (``approvals.local``)."""
    known = LocalToken(tmp_path)
    owner = known.who(read_token(tmp_path / NAME))
    assert known.roles(owner, ["on-call"], "shop") == {"on-call"}
    assert known.roles(Actor(Channel.LOCAL, "somebody"), ["on-call"], "shop") == frozenset()
