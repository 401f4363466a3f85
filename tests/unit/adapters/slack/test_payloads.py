"""Payloads: what is taken for a person's words or click, and what is not (H7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.slack import payloads
from tests.unit.adapters.slack.parts import TEAM
from tests.unit.adapters.slack.requests import click_body, message_body, submission_body


def test_a_typed_reply_is_a_message():
    said = payloads.message(message_body("approve a1b2", thread_ts="1700000000.000100"))
    assert (said.user, said.channel, said.thread, said.text) == (
        "U01",
        "C01",
        "1700000000.000100",
        "approve a1b2",
    )
    assert said.at_ms == 1_700_000_100_000  # 1700000100.000200
    assert not said.edited
    assert not said.quoted


@pytest.mark.parametrize(
    "changes",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"subtype": "file_share"},
        {"bot_id": "B01"},
        {"app_id": "A02"},
        {"bot_profile": {"id": "B01"}},
        {"hidden": True},
        {"user": None},
        {"user": ["U01"]},
        {"text": ""},
        {"text": None},
        {"ts": "soon"},
        {"ts": 1700000100.0002},
        {"channel": {"id": "C01"}},
        {"type": "reaction_added"},
    ],
)
def test_what_no_person_has_just_typed_is_no_message(changes):
    """H7: edits, bots, joins"""
    assert payloads.message(message_body(**changes)) is None


def test_a_reply_that_is_shown_in_the_channel_too_is_a_message():
    assert payloads.message(message_body("approve", subtype="thread_broadcast")) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "&gt; approve a1b2"},
        {"text": "he said\n&gt; approve a1b2"},
        {"attachments": [{"is_msg_unfurl": True}]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": []}]}]},
    ],
)
def test_a_quotation_is_known_as_one(changes):
    """H7"""
    assert payloads.message(message_body(**changes)).quoted


def test_an_edited_message_is_known_as_one():
    """H7"""
    assert payloads.message(message_body("approve", edited={"user": "U01", "ts": "1.000001"})).edited


def test_every_workspace_that_is_named_counts():
    """H4: Slack Connect"""
    said = payloads.message(message_body("approve", user_team="T02", source_team="T02", team="T02"))
    assert said.teams == (TEAM, "T02")


def test_text_is_read_as_it_was_typed():
    assert payloads.message(message_body("a &lt; b &amp;amp; c")).text == "a < b &amp; c"


def test_a_click_names_plan_digest_and_person():
    click = payloads.click(click_body())
    assert (click.user, click.approval_id, click.digest) == ("U01", "a1b2c3d4e5f6", "d" * 64)
    assert (click.channel, click.thread, click.action) == ("C01", "1700000000.000100", "aiops_approve")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a1b2c3d4e5f6",
        f"a1b2c3d4e5f6  {'d' * 64}",
        f"../etc {'d' * 64}",
        f"a1b2c3d4e5f6 {'d' * 64} x",
        "a" * 3000,
    ],
)
def test_a_value_that_is_not_ours_is_no_click(value):
    assert payloads.click(click_body(value=value)) is None


def test_several_actions_at_once_are_no_click():
    body = click_body()
    body["actions"] *= 2
    assert payloads.click(body) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("replicas=6", {"replicas": 6}),
        ("a=-1, b=2.5 c=true d=512Mi", {"a": -1, "b": 2.5, "c": True, "d": "512Mi"}),
    ],
)
def test_parameters_are_read_as_what_they_are(text, values):
    assert payloads.parameters(text) == values


@pytest.mark.parametrize("text", ["6", "replicas 6", "replicas=", "=6", "Replicas=6", "a=1 a=2", "__x=1"])
def test_parameters_that_cannot_be_read_say_why(text):
    with pytest.raises(ValueError, match=r"expected name=value|given twice"):
        payloads.parameters(text)


def test_a_submission_remembers_its_question():
    sent = payloads.submission(submission_body())
    assert (sent.approval_id, sent.remediation, sent.parameters, sent.reason) == (
        "a1b2c3d4e5f6",
        "scale_to",
        "replicas=6",
        "cheaper",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from([message_body, click_body, submission_body]), st.data())
def test_no_payload_of_another_shape_raises(make, data):
    """H1: no exception. Any field anywhere is replaced with anything."""
    body = make()
    node = body
    for _ in range(data.draw(st.integers(0, 3))):
        below = [one for one in node if isinstance(node[one], dict)]
        if not below:
            break
        node = node[data.draw(st.sampled_from(sorted(below)))]
    node[data.draw(st.sampled_from(sorted(node)))] = data.draw(JSON)
    payloads.message(body)
    payloads.click(body)
    payloads.submission(body)
    payloads.team_of(body)
    payloads.speaker(body)


@pytest.mark.parametrize(
    ("body", "teams"),
    [
        ({"team_id": "T01"}, {"T01"}),
        ({"team_id": "T02", "authorizations": [{"team_id": "T01"}]}, {"T01", "T02"}),
        ({"team": {"id": "T01"}, "user": {"team_id": "T02"}}, {"T01"}),
        ({"team": None, "user": {"team_id": "T01"}}, {"T01"}),
        ({}, set()),
        ({"team_id": 5, "team": "T01", "authorizations": "T01"}, set()),
    ],
)
def test_the_workspace_of_a_request_is_what_it_says(body, teams):
    """H1"""
    assert payloads.team_of(body) == teams
