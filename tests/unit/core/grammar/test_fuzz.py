"""20,000 near misses approve nothing that the grammar does not name (H7). The oracle is not the parser."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core.grammar import Pending, Reply, ThreadView, Unclear, parse, resolve
from aiops.core.grammar.utterance import Approves, Stops
from aiops.model import Approve

TEXTS = 20_000
SEEDS = [
    *("approve", "approve a1b2", "approve only today", "approve a1b2 only today", "approve a1b2c3d4e5f6"),
    *("deny because it is late", "deny a1b2", "scale to 6 instead", "a1b2: restart instead", "wait a1b2 30m"),
    *("only today", "why?", "yes", "ok", "approved", "stop everything", "false alarm: approve", "I'm on it"),
    *("approve all", "approve both", "do not approve", "please approve a1b2", "> approve", "`approve`"),
]
ODD = [
    *(
        "\u200b",
        "\u200d",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\xa0",
        "\u3000",
        "\x00",
        "\x1b[1m",
        "\n",
        "\r",
        "\t",
    ),
    *(
        "👍",
        "✅",
        ":+1:",
        "а",
        "е",
        "ο",
        "р",
        "ｅ",
        "ſ",
        "\u0301",
        ">",
        "&gt; ",
        "`",
        "*",
        "_",
        '"',
        "“",
        "’",
    ),
    *(" ", "  ", ".", "!", "?", "..", ",", ":", ";", "-", "a1b2", "c3d4", "all", "not ", "and ", "approve "),
]


def names_an_approval(text):
    """The grammar's own words, read the slow way: (id, today), or None."""
    while text and text[0] in " \t\r\n":
        text = text[1:]
    while text and text[-1] in " \t\r\n":
        text = text[:-1]
    if text and text[-1] in ".!":
        text = text[:-1]
    if any(one not in string.ascii_letters + string.digits + " " for one in text):
        return None
    words = text.lower().split(" ")
    if words[0] != "approve":
        return None
    rest = words[1:]
    today = rest[-2:] == ["only", "today"]
    rest = rest[:-2] if today else rest
    if not rest:
        return "", today
    right = len(rest) == 1 and 4 <= len(rest[0]) <= 12 and set(rest[0]) <= set("0123456789abcdef")
    return (rest[0], today) if right else None


def mutated(text, chance):
    """``text`` after one to three small accidents."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(text))
        match chance.randint(0, 7):
            case 0:
                text = text[:at] + chance.choice(ODD) + text[at:]
            case 1:
                text = text[:at] + text[at + 1 :]
            case 2:
                text = text[:at] + chance.choice(string.printable) + text[at + 1 :]
            case 3:
                text = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
            case 4:
                text = text.swapcase() if chance.random() < 0.5 else text.title()
            case 5:
                text = text + chance.choice([" ", "\n", ", ", " and ", ""]) + chance.choice(SEEDS)
            case 6:
                text = chance.choice(ODD) + text
            case _:
                text = text + chance.choice(ODD)
    return text


def near_misses():
    chance = random.Random(20_251_125)
    return [mutated(chance.choice(SEEDS), chance) for _ in range(TEXTS)]


def test_twenty_thousand_texts_approve_nothing_that_the_grammar_does_not_name():
    """One plan waits, so the least approval would count."""
    thread = ThreadView("incident", (Pending("a1b2c3d4e5f6", "a1b2", posted_ms=1000),))
    approved = 0
    for text in near_misses():
        said = parse(text)
        named = names_an_approval(text)
        assert ((said.name, said.today) if isinstance(said, Approves) else None) == named, text
        saying = resolve(said, thread, Reply(at_ms=2000))
        counts = named is not None and named[0] in {"", "a1b2", "a1b2c3d4e5f6"[: len(named[0])]}
        assert isinstance(saying, Approve) == counts, text
        approved += isinstance(saying, Approve)
    assert (
        TEXTS / 100 < approved < TEXTS / 4
    )  # the texts are near enough to be worth reading, and mostly miss


@given(st.text(max_size=60))
def test_any_text_gets_an_answer_and_approves_only_what_it_names(text):
    said = parse(text)
    assert isinstance(said, Approves) == (names_an_approval(text) is not None)
    if isinstance(said, Unclear):
        assert said.because


@given(
    st.text(max_size=10),
    st.sampled_from(["approve a1b2", "approve", "stop everything"]),
    st.text(max_size=10),
)
def test_text_around_a_decision_undoes_it_unless_it_is_space_or_one_mark(before, decision, after):
    bare = not before.strip(" \t\r\n") and after.strip(" \t\r\n") in {"", ".", "!"}
    bare = bare and not (after.strip(" \t\r\n") and after[0] in " \t\r\n")  # the mark follows at once
    said = parse(before + decision + after)
    if not bare and names_an_approval(before + decision + after) is None:
        assert not isinstance(said, Approves)
    if bare:
        assert isinstance(said, Approves | Stops)


@pytest.mark.parametrize("text", ["approve " * 500, "a1b2: " * 600, "deny because" * 300, " " * 3999 + "x"])
def test_a_text_of_the_longest_kind_is_read_at_once(text):
    for _ in range(20):  # a pattern that backtracks would take minutes
        parse(text)
