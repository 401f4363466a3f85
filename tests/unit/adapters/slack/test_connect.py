"""Connect: tokens, addresses, and whose they are."""

import logging
from dataclasses import replace

import pytest

from aiops.adapters.slack.connect import APP, BOT, SIGNING, Identity, library_log, read_secrets
from aiops.errors import ConfigError, Forbidden, Rejected, Unavailable
from aiops.model import SlackMode, SlackSettings
from tests.unit.adapters.slack.parts import FakeApi

SOCKET = SlackSettings(SlackMode.SOCKET, "T01", "C01")
HTTP = replace(SOCKET, mode=SlackMode.HTTP)
ENVIRONMENT = {BOT: "xoxb-1", APP: "xapp-1", SIGNING: "s3cret"}


def keys(caught):
    return {problem.where for problem in caught.value.problems}


def test_tokens_come_from_the_environment_where_no_file_is_named():
    assert read_secrets(SOCKET, ENVIRONMENT).bot == "xoxb-1"


def test_a_file_wins_over_the_environment(tmp_path):
    (tmp_path / "bot").write_text("xoxb-of-the-file\n")
    settings = replace(SOCKET, bot_token_file=str(tmp_path / "bot"))
    assert read_secrets(settings, ENVIRONMENT).bot == "xoxb-of-the-file"


def test_each_mode_needs_its_own_secrets():
    assert read_secrets(SOCKET, {BOT: "xoxb-1", APP: "xapp-1"}).signing == ""
    assert read_secrets(HTTP, {BOT: "xoxb-1", SIGNING: "s3cret"}).app == ""
    with pytest.raises(ConfigError) as caught:
        read_secrets(SOCKET, {})
    assert keys(caught) == {"slack.bot_token_file", "slack.app_token_file"}
    with pytest.raises(ConfigError) as caught:
        read_secrets(HTTP, {})
    assert keys(caught) == {"slack.bot_token_file", "slack.signing_secret_file"}


def test_a_token_of_another_kind_is_named_and_not_shown():
    """S8"""
    with pytest.raises(ConfigError, match="xoxb-") as caught:
        read_secrets(SOCKET, {BOT: "xoxp-canary", APP: "xapp-1"})
    assert "canary" not in str(caught.value)


def test_a_file_that_is_not_there_is_a_problem_of_the_configuration(tmp_path):
    with pytest.raises(ConfigError, match=r"slack\.bot_token_file"):
        read_secrets(replace(SOCKET, bot_token_file=str(tmp_path / "none")), ENVIRONMENT)


def test_secrets_show_nothing_of_themselves():
    """S8"""
    shown = repr(read_secrets(SOCKET, ENVIRONMENT))
    assert "xoxb" not in shown
    assert "xapp" not in shown


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://slack.com/api/", True),
        ("https://relay.example:8443/api/", True),
        ("http://127.0.0.1:9000/api/", True),
        ("http://[::1]:9000/api/", True),
        ("http://localhost:9000/api/", True),
        ("http://slack.com/api/", False),
        ("http://10.0.0.1/api/", False),
        ("http://127.0.0.1.evil.example/api/", False),
        ("ftp://127.0.0.1/", False),
        ("file:///etc/passwd", False),
        ("https://user:pass@slack.com/api/", False),
        ("https://slack.com/api/?x=1", False),
        ("https://slack.com:notaport/api/", False),
        ("", False),
    ],
)
def test_tokens_go_over_tls_or_stay_on_the_machine(url, good):
    settings = replace(SOCKET, api_url=url)
    if good:
        assert read_secrets(settings, ENVIRONMENT)
    else:
        with pytest.raises(ConfigError, match=r"slack\.api_url"):
            read_secrets(settings, ENVIRONMENT)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"team": ""}, "slack.team"),
        ({"team": "E01"}, "slack.team"),
        ({"channel": "#incidents"}, "slack.channel"),
        ({"channel": ""}, "slack.channel"),
        ({"mode": SlackMode.OFF}, "slack.mode"),
    ],
)
def test_ids_are_asked_for_not_names(changes, key):
    with pytest.raises(ConfigError, match=key):
        read_secrets(replace(SOCKET, **changes), ENVIRONMENT)


def us(**changes):
    api = FakeApi()
    api.answers["auth.test"] = {"team_id": "T01", "user_id": "UBOT", "bot_id": "BBOT"} | changes
    api.answers["bots.info"] = {"bot": {"app_id": "A01"}}
    return api, Identity(api, "T01")


def test_who_we_are_is_asked_once():
    api, identity = us()
    assert identity.known is None
    assert (identity.us().app, identity.us().user) == ("A01", "UBOT")
    assert len(api.of("auth.test")) == 1


@pytest.mark.parametrize("team", ["T02", None, ""])
def test_a_token_of_another_workspace_is_refused(team):
    """H1"""
    _, identity = us(team_id=team)
    with pytest.raises(Forbidden, match="T01"):
        identity.us()
    assert identity.known is None


def test_a_token_of_a_person_is_refused():
    _, identity = us(bot_id=None)
    with pytest.raises(Rejected, match="bot"):
        identity.us()


def test_an_app_that_may_not_be_named_is_lived_with():
    api, identity = us()
    api.fails["bots.info"] = Forbidden("slack: missing_scope")
    assert identity.us().app == ""


def test_a_failure_is_asked_about_again():
    api, identity = us()
    api.fails["auth.test"] = Unavailable("slack: down")
    with pytest.raises(Unavailable):
        identity.us()
    api.fails.clear()
    assert identity.us().team == "T01"


@pytest.mark.parametrize(("after_s", "said"), [(59, 1), (60, 2)])
def test_a_library_repeats_itself_once_a_minute_at_most(caplog, after_s, said):
    log = library_log("test")
    for at, text in ((1000.0, "Failed to check the current session 1"), (1000.0 + after_s, "x")):
        record = log.makeRecord(
            "test", logging.ERROR, "f", 1, "Failed to check the current session (%s)", (text,), None
        )
        record.created = at
        log.handle(record)
    assert len(caplog.records) == said


def test_what_a_library_says_below_errors_is_never_heard(caplog):
    """S8: there are bodies in it."""
    library_log("test").warning("Unhandled request {'token': 'canary'}")
    assert caplog.records == []
