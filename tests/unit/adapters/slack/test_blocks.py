"""Blocks: what people are shown, within Slack's limits, and steered by nothing from labels."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.slack.blocks import card_message, echo_message, note_message, question_message
from aiops.adapters.slack.modal import amend_view
from aiops.model import (
    Actor,
    ApprovalState,
    Ballot,
    BlastRadius,
    Channel,
    IncidentState,
    Note,
    Suspect,
    Target,
    Vote,
)
from tests.fakes.forum import an_approval
from tests.fakes.slack.blocks import check_attachments, check_blocks, check_view
from tests.fakes.slack.chat import BLOCKS_TEXT
from tests.fakes.slack.world import texts as measured
from tests.unit.adapters.slack.parts import a_card, a_plan, a_question, an_incident, texts

NASTY = st.text(
    alphabet=st.sampled_from([*"<>&|!@#`*_~\n\r\t\x1b\u202e\u200b ab1:/", "😀"]), min_size=1, max_size=60
) | st.sampled_from(["<!channel>", "<@U01>", "<https://x|y>", "&lt;!here&gt;", "x" * 5000, "&" * 3000])


def check(message):
    """As strict as the double, which knows Slack's limits."""
    assert check_blocks(message["blocks"]) == []
    assert check_attachments(message.get("attachments", [])) == []
    assert 0 < len(message["text"]) <= 3000
    assert sum(len(one) for one in measured(message["blocks"])) <= BLOCKS_TEXT
    return message


def seen(message):
    return "\n".join(texts(message))


def harmless(message, allowed=()):
    """No control sequence of Slack but those that are ours."""
    for one in texts(message):
        rest = one
        for ours in allowed:
            rest = rest.replace(ours, "")
        assert "<" not in rest
        assert "\x1b" not in rest
        assert "\u202e" not in rest


@pytest.mark.parametrize(
    "stage", ["open", "diagnosing", "waiting", "acting", "verifying", "escalated", "resolved", "closed"]
)
def test_a_card_says_its_stage_in_a_word_and_names_its_cluster(stage):
    message = check(card_message(a_card(stage)))
    assert stage in message["text"]
    assert "prod" in message["text"]
    assert message["attachments"][0]["color"].startswith("#")


def test_a_resolved_card_is_green_and_an_open_one_is_not():
    colours = {
        stage: card_message(a_card(stage))["attachments"][0]["color"] for stage in ("open", "resolved")
    }
    assert colours["resolved"] == "#12b76a"
    assert colours["open"] != colours["resolved"]


def test_a_card_tells_suspects_decision_and_what_was_done():
    card = a_card(
        "waiting", decision="ask the on-call", lines=("scaled to 4",), pending=("a1b2",), claimed_by="Ana"
    )
    shown = seen(card_message(card))
    for part in ("80 %", "requests doubled first", "ask the on-call", "scaled to 4", "`a1b2`", "Ana"):
        assert part in shown


def test_a_card_made_later_of_the_same_incident_is_the_same_message():
    assert card_message(a_card()) == card_message(a_card(at_ms=2_000_000))


def test_a_question_shows_what_it_binds_and_how_to_answer():
    """H9: facts come from the API server, not from labels alone."""
    message = check(question_message(a_question()))
    shown = seen(message)
    for part in (
        "a1b2",
        "prod",
        "scale Deployment/shop/web from 2 to 4 replicas",
        "API server: 2 of 2 pods ready",
        "impact: high impact goes to a person",
        "at most 2 pods (50 % of the target's)",
        "it can be undone",
        "kubectl -n shop scale deployment web --replicas=4",
        "1970-01-01 00:31 UTC",  # the deadline: 1,900 s
    ):
        assert part in shown


def test_each_button_names_plan_and_cluster_and_carries_id_and_digest_alone():
    buttons = question_message(a_question())["blocks"][-1]["elements"]
    assert [one["text"]["text"].split(" a1b2")[0] for one in buttons] == [
        "Approve",
        "Deny",
        "Snooze 30 min",
        "Why?",
        "Amend…",
    ]
    assert all("a1b2 on prod" in one["text"]["text"] for one in buttons)
    assert {one["value"] for one in buttons} == {f"a1b2c3d4e5f6 {'d' * 64}"}


@pytest.mark.parametrize("state", [one for one in ApprovalState if one is not ApprovalState.PENDING])
def test_a_question_that_does_not_wait_has_no_buttons_and_says_what_became_of_it(state):
    vote = Vote(Actor(Channel.SLACK, "T01/U01", "Ana"), Ballot.YES, 1_200_000, "looks right")
    approval = an_approval(state=state, said="approved by Ana", votes=(vote,))
    message = check(question_message(a_question(approval), "<!subteam^S01>"))
    assert all(block["type"] != "actions" for block in message["blocks"])
    assert str(state) in message["text"]
    assert "looks right" in seen(message)
    harmless(message)  # and nobody is called again


def test_a_cluster_without_a_name_is_named_as_this_one():
    assert "this cluster" in card_message(a_card(cluster=""))["text"]


@settings(max_examples=150)
@given(NASTY, st.integers(min_value=0, max_value=30), st.sampled_from(list(ApprovalState)))
def test_labels_steer_no_question_and_break_no_limit(text, many, state):
    """H9"""
    approval = an_approval(
        state=state,
        summary=text,
        target=text,
        command=text,
        because=(text,) * many,
        said=text,
        author=text,
        author_why=text,
        playbook=text,
        cluster=text,
        roles=(text,),
        votes=(Vote(Actor(Channel.SLACK, "T01/U01", text), Ballot.NO, 1, text),) * many,
    )
    harmless(check(question_message(a_question(approval, facts=(text,) * many))))
    assert check_view(amend_view(approval, "C01", "1.000001", ["scale_to", "rollback"])) == []


@settings(max_examples=150)
@given(NASTY, st.integers(min_value=0, max_value=30))
def test_labels_steer_no_card_and_break_no_limit(text, many):
    """H9"""
    named = Target("Deployment", "shop", text)
    incident = an_incident(
        incident_class=text,
        suspects=(Suspect(named, 0.5, (), change=text),) * 5,
        opened_because=text,
        closed_because=text,
        state=IncidentState.CLOSED,
        closed_ms=1,
    )
    card = a_card(
        text,
        incident=incident,
        decision=text,
        lines=(text,) * many,
        pending=(text,) * many,
        claimed_by=text,
        silenced=text,
        cluster=text,
    )
    harmless(check(card_message(card)))


@settings(max_examples=100)
@given(NASTY, st.integers(min_value=1, max_value=60))
def test_labels_steer_no_note_and_no_echo(text, many):
    """H9"""
    harmless(check(note_message(Note("\n".join([text] * many)), text, "<!subteam^S01>")), ["<!subteam^S01>"])
    harmless(check(echo_message(text * many, text, "<@U01>", done=False)), ["<@U01>"])


def test_a_plan_without_the_step_asked_about_says_that_its_radius_is_unknown():
    question = a_question(an_approval(step=3), plan=a_plan())
    assert "Blast radius unknown" in seen(question_message(question))


def test_an_amendment_says_whose_it_is():
    approval = replace(an_approval(), author="slack:T01/U02", author_why="cheaper")
    assert "Changed by <@U02>: cheaper" in seen(question_message(a_question(approval)))
    elsewhere = replace(approval, author="kubernetes:<@U03>")
    assert "Changed by kubernetes:&lt;@U03&gt;" in seen(question_message(a_question(elsewhere)))


@pytest.mark.parametrize(
    ("radius", "words"),
    [
        (
            BlastRadius(2, 0.5, at_once=1),
            "at most 2 pods (50 % of the target's), at most 1 ready pod away at once",
        ),
        (BlastRadius(2, 0.0, at_once=0), "at most 2 pods, no ready pod is away meanwhile"),
        (
            BlastRadius(0, 0.0, workloads=0, nodes=1, at_once=0),
            "no pod, 1 node, no ready pod is away meanwhile",
        ),
        (
            BlastRadius(9, 1.0, workloads=3),
            "9 pods (100 % of the target's), 3 workloads, how many ready pods are",
        ),
    ],
)
def test_a_blast_radius_is_said_in_words(radius, words):
    plan = a_plan()
    step = replace(plan.steps[0], blast_radius=radius)
    assert words in seen(question_message(a_question(plan=replace(plan, steps=(step,)))))


def test_a_question_that_is_over_shows_no_facts_that_were_not_there_when_it_was_answered():
    shown = seen(question_message(a_question(an_approval(state=ApprovalState.EXECUTED))))
    assert "API server" not in shown
    assert "kubectl" not in shown


def test_what_people_denied_or_nobody_answered_can_still_be_typed_by_hand():
    for state in (ApprovalState.DENIED, ApprovalState.EXPIRED, ApprovalState.CANCELLED):
        assert "kubectl" in seen(question_message(a_question(an_approval(state=state))))
