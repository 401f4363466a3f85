"""The grammar of replies: each form, each bound, and every trap that must decide nothing (H7)."""

import dataclasses
from importlib.metadata import entry_points

import pytest

from aiops.core.grammar import Chatter, HelpAsked, Unclear, explain, parse
from aiops.core.grammar.forms import LONGEST, LONGEST_REASON
from aiops.core.grammar.utterance import (
    Approves,
    AsksWhy,
    CallsFalse,
    Changes,
    Claims,
    Denies,
    OnlyToday,
    Releases,
    Resumes,
    Stops,
    Waits,
)

FORMS = [
    ("approve a1b2", Approves("a1b2")),
    ("approve", Approves()),
    ("approve only today", Approves(today=True)),
    ("approve a1b2 only today", Approves("a1b2", today=True)),
    ("approve a1b2c3d4e5f6", Approves("a1b2c3d4e5f6")),
    ("deny", Denies()),
    ("deny a1b2", Denies("a1b2")),
    ("deny because it is Friday", Denies(reason="it is Friday")),
    ("deny a1b2 because it is Friday.", Denies("a1b2", reason="it is Friday.")),
    ("deny a1b2 only today because of the sale", Denies("a1b2", today=True, reason="of the sale")),
    ("deny only today", Denies(today=True)),
    ("wait 30m", Waits("", 1800)),
    ("snooze 2h", Waits("", 7200)),
    ("wait a1b2 1d", Waits("a1b2", 86_400)),
    ("scale to 6 instead", Changes("", "scale_to", {"replicas": 6})),
    ("a1b2: scale to 0 instead", Changes("a1b2", "scale_to", {"replicas": 0})),
    ("scale to 6 instead because of the sale", Changes("", "scale_to", {"replicas": 6}, "of the sale")),
    ("restart instead", Changes("", "restart_rollout")),
    ("a1b2: restart instead", Changes("a1b2", "restart_rollout")),
    ("roll back to 41 instead", Changes("", "rollback", {"revision": 41})),
    ("a1b2: rollback to 41 instead", Changes("a1b2", "rollback", {"revision": 41})),
    ("roll back instead", Changes("", "rollback")),
    ("why?", AsksWhy()),
    ("why", AsksWhy()),
    ("only today", OnlyToday()),
    ("false alarm: nightly batch", CallsFalse("nightly batch")),
    ("false alarm only today: nightly batch", CallsFalse("nightly batch", today=True)),
    ("I'm on it", Claims()),
    ("im on it", Claims()),
    ("mine", Claims()),
    ("release", Releases()),
    ("stop everything", Stops()),
    ("stop everything because we are blind", Stops("we are blind")),
    ("resume everything", Resumes()),
    ("help", HelpAsked()),
]
FREE = ("because", "alarm")  # forms that end in free text keep their last dot


@pytest.mark.parametrize(("text", "said"), FORMS)
def test_each_form_is_read(text, said):
    assert parse(text) == said


@pytest.mark.parametrize(("text", "said"), [one for one in FORMS if not any(w in one[0] for w in FREE)])
def test_case_space_around_and_one_mark_at_the_end_change_nothing(text, said):
    for dressed in (text.upper(), f" \t{text}\r\n", f"{text}.", f"{text}!", text.title()):
        assert parse(dressed) == said


@pytest.mark.parametrize("apostrophe", "'’‘ʼ")
def test_an_apostrophe_is_one_whatever_the_editor_made_of_it(apostrophe):
    assert parse(f"I{apostrophe}m on it") == Claims()
    assert parse(f"deny because it{apostrophe}s late") == Denies(reason="it's late")


ASKED_ABOUT = [
    *(
        "yes",
        "Yes.",
        "ok",
        "OK!",
        "k",
        "👍",
        "👍🏽",
        ":+1:",
        "✅",
        "lgtm",
        "ship it",
        "go ahead",
        "no",
        "don't",
    ),
    *("approve all", "approve both", "approve everything", "approve a1b2 c3d4", "approve a1b2, c3d4"),
    *("approved", "please approve", "approve please", "i approve", "approving", "aprove", "aprove a1b2"),
    *("do not approve", "don't approve a1b2", "never approve this", "disapprove", "unapprove a1b2"),
    *(
        "approve?",
        "approve a1b2?",
        "shall we approve a1b2?",
        "approve a1b2..",
        "approve a1b2!!",
        "approve a1b2.!",
    ),
    *("approve .", "approve,", "approve  a1b2", "approve\ta1b2", "approve\na1b2", "approve\xa0a1b2"),
    *(
        "approve a1b",
        "approve a1b2c3d4e5f67",
        "approve #a1b2",
        "approve a1b2 now",
        "approve a1b2 👍",
        "approve g1b2",
    ),
    *("`approve a1b2`", "*approve a1b2*", "```approve a1b2```", '"approve a1b2"', "“approve”", "(approve)"),
    *("approve\u200b", "\u200bapprove", "app\u200drove a1b2", "\u202eapprove a1b2", "approve\u2060 a1b2"),
    *(
        "аpprove a1b2",
        "approve а1b2",
        "αpprove",
        "ａｐｐｒｏｖｅ",
        "approvе",
        "APPROVΕ a1b2",
        "approve a1ƅ2 approve",
    ),
    *(
        "approve a1b2 only tomorrow",
        "approve a1b2 today",
        "approve only today a1b2",
        "a1b2: approve",
        "a1b2 approve",
    ),
    *("approve a1b2 because it looks good", "/approve a1b2", "@aiops approve a1b2", "<@U0BOT> approve a1b2"),
    *("approve and deny", "approve a1b2\n\n-- \nsent from my phone", "ok, approve a1b2"),
    *("denied", "reject a1b2", "deny?", "dеny", "deny a1b2 c3d4"),
    *("wait", "wait for 30 minutes", "wait 0m", "hold on", "snooze", "snooze a1b2"),
    *("scale to 6", "scale up", "scale to 06 instead", "scale to -1 instead", "scale to 6.5 instead"),
    *(
        "scale to six instead",
        "scale to 1001 instead",
        "scale a1b2 to 6 instead",
        "restart",
        "restart it instead",
    ),
    *("roll back to 0 instead", "roll back to 100000 instead", "rollback"),
    *("false alarm", "false alarm nightly batch", "false positive: batch", "false alarm: \u200b"),
    *("stop", "stop all", "stop it now", "please stop everything", "ſtop everything", "resume", "resume all"),
    *("i am on it", "on it", "I'm on this", "today only", "just today", "release it", "a1b2", "help!!"),
]
CHATTER = [
    *(
        "",
        " ",
        ".",
        "hm",
        "why is it slow?",
        "wait, what?",
        "can you improve this",
        "what does web do at night",
    ),
    *("mine is green again", "release notes are out", "the denim shop is slow", "🎉", "thanks!"),
    "I would say that we should approve of the new colours in the shop before the next sale begins",
    "a" * 500,
    "approve a1b2" + " " * LONGEST,
]


@pytest.mark.parametrize("text", ASKED_ABOUT)
def test_what_looks_like_a_decision_and_is_none_is_asked_about(text):
    said = parse(text)
    assert isinstance(said, Unclear), said
    assert said.because
    assert explain(said).startswith("Nothing was decided: ")


@pytest.mark.parametrize("text", CHATTER)
def test_people_who_talk_to_each_other_are_left_alone(text):
    assert parse(text) == Chatter()


@pytest.mark.parametrize(("length", "said"), [(LONGEST, Approves("a1b2")), (LONGEST + 1, Chatter())])
def test_a_text_that_is_too_long_is_not_read_at_all(length, said):
    assert parse("approve a1b2".ljust(length)) == said


@pytest.mark.parametrize(
    "text",
    [
        "> approve",
        "> approve a1b2",
        "&gt; approve a1b2",
        "> approve a1b2\nyes",
        "see\n> approve",
        ">>> approve a1b2",
    ],
)
def test_quoted_text_is_never_read(text):
    said = parse(text)
    assert isinstance(said, Unclear)
    assert "quoted" in said.because


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("do not approve a1b2", "deny a1b2"),  # never led to the yes they refuse
        ("please approve a1b2", "approve a1b2"),
        ("`approve a1b2`", "approve a1b2"),
        ("approve a1b2 c3d4", "approve"),
        ("wait for 30 minutes", "wait 30m"),
        ("scale up", "scale to 6 instead"),
        ("stop", "stop everything"),
    ],
)
def test_it_says_what_could_be_written_instead(text, instead):
    assert parse(text).did_you_mean == instead


def test_every_suggestion_is_itself_a_form():
    suggested = {said.did_you_mean for said in map(parse, ASKED_ABOUT) if isinstance(said, Unclear)} - {""}
    assert len(suggested) > 10
    for text in suggested:
        assert not isinstance(parse(text.replace("...", "it is late")), Unclear | Chatter), text


@pytest.mark.parametrize(("number", "read"), [(1000, True), (1001, False)])
def test_a_reply_asks_for_a_thousand_pods_at_most(number, read):
    assert isinstance(parse(f"scale to {number} instead"), Changes) is read


@pytest.mark.parametrize(("number", "read"), [(0, False), (1, True), (99_999, True), (100_000, False)])
def test_a_revision_is_a_number_from_one(number, read):
    assert isinstance(parse(f"roll back to {number} instead"), Changes) is read


def test_a_reason_is_kept_on_one_line_without_what_cannot_be_seen():
    said = parse("deny because it\u202e is\x1b[31m late\nund größer\n> approve a1b2")
    assert said == Denies(reason="it is [31m late und größer > approve a1b2")


@pytest.mark.parametrize(
    ("length", "kept", "end"),
    [(LONGEST_REASON, LONGEST_REASON, "x"), (LONGEST_REASON + 1, LONGEST_REASON, "…")],
)
def test_a_long_reason_is_cut(length, kept, end):
    said = parse("deny because " + "x" * length)
    assert (len(said.reason), said.reason[-1]) == (kept, end)


def test_an_amendment_names_a_remediation_that_is_there_and_its_parameters():
    known = {point.name: point.load() for point in entry_points(group="aiops.remediations")}
    for said in (said for _, said in FORMS if isinstance(said, Changes)):
        fields = {one.name for one in dataclasses.fields(known[said.remediation])}
        assert set(said.parameters) <= fields
        known[said.remediation](**said.parameters)
