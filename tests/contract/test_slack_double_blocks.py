"""The Slack double's Block Kit: every documented length and count on both sides, and what may stand where."""

import pytest

from tests.contract.slack_double import actions, button, entry, modal, mrkdwn, plain, refused, section, web
from tests.fakes.slack.blocks import check_blocks, check_view

pytestmark = pytest.mark.integration


def option(text="yes", value="yes", **more):
    return {"text": plain(text), "value": value, **more}


def select(*options, **more):
    chosen = list(options) or [option()]
    return {"type": "static_select", "action_id": "pick", "options": chosen, **more}


def header(text):
    return {"type": "header", "text": plain(text)}


def context(*elements):
    return {"type": "context", "elements": list(elements)}


def confirm(**more):
    made = {name: plain("x") for name in ("title", "text", "confirm", "deny")}
    return made | {name: plain(text) for name, text in more.items()}


# what is just allowed, and what is one too much: (what, the block with n, the most)
LENGTHS = [
    ("section text", lambda n: section("x" * n), 3000),
    ("section field", lambda n: {"type": "section", "fields": [mrkdwn("x" * n)]}, 2000),
    ("section fields", lambda n: {"type": "section", "fields": [mrkdwn("x")] * n}, 10),
    ("header", lambda n: header("x" * n), 150),
    ("context elements", lambda n: context(*[mrkdwn("x")] * n), 10),
    ("actions elements", lambda n: actions(*[button(action_id=f"a{i}") for i in range(n)]), 25),
    ("button text", lambda n: actions(button("x" * n)), 75),
    ("button value", lambda n: actions(button(value="x" * n)), 2000),
    ("action_id", lambda n: actions(button(action_id="x" * n)), 255),
    ("block_id", lambda n: section(block_id="x" * n), 255),
    ("select options", lambda n: actions(select(*[option(value=str(i)) for i in range(n)])), 100),
    ("option text", lambda n: actions(select(option("x" * n))), 75),
    ("option value", lambda n: actions(select(option(value="x" * n))), 150),
    ("option description", lambda n: actions(select(option(description=plain("x" * n)))), 75),
    ("placeholder", lambda n: actions(select(placeholder=plain("x" * n))), 150),
    ("overflow options", lambda n: section(accessory=select(*[option()] * n) | {"type": "overflow"}), 5),
    ("radio buttons", lambda n: actions(select(*[option()] * n) | {"type": "radio_buttons"}), 10),
    ("checkboxes", lambda n: actions(select(*[option()] * n) | {"type": "checkboxes"}), 10),
    ("confirm title", lambda n: actions(button(confirm=confirm(title="x" * n))), 100),
    ("confirm text", lambda n: actions(button(confirm=confirm(text="x" * n))), 300),
    ("confirm button", lambda n: actions(button(confirm=confirm(confirm="x" * n))), 30),
    ("alt text", lambda n: {"type": "image", "image_url": "https://x/y.png", "alt_text": "x" * n}, 2000),
    ("input label", lambda n: entry() | {"label": plain("x" * n)}, 2000),
    ("markdown", lambda n: {"type": "markdown", "text": "x" * n}, 12000),
]


@pytest.mark.parametrize(("what", "make", "most"), LENGTHS, ids=[one[0] for one in LENGTHS])
def test_a_length_is_allowed_up_to_its_most_and_no_further(what, make, most):
    """Slack: "Block Kit: blocks", "Block elements", "Composition objects"."""
    assert check_blocks([make(most)]) == []
    assert check_blocks([make(most + 1)]) != []


@pytest.mark.parametrize(
    ("surface", "most"),
    [("message", 50), ("view", 100)],
)
def test_a_message_has_fifty_blocks_and_a_modal_a_hundred(surface, most):
    """Slack: "Block Kit: blocks": up to 50 blocks in a message, 100 in a modal."""
    assert check_blocks([section()] * most, surface) == []
    assert check_blocks([section()] * (most + 1), surface) != []


WRONG = {
    "a type nobody knows": {"type": "sectoin", "text": mrkdwn("x")},
    "no block at all": "hello",
    "markup in a header": {"type": "header", "text": mrkdwn("*x*")},
    "markup in a button": actions(button() | {"text": mrkdwn("*x*")}),
    "text that is no object": {"type": "section", "text": "x"},
    "an empty text": section(""),
    "a section without text": {"type": "section"},
    "emoji in mrkdwn": {"type": "section", "text": mrkdwn("x") | {"emoji": True}},
    "verbatim in plain text": header("x") | {"text": plain("x") | {"verbatim": True}},
    "a field nobody knows": section(color="red"),
    "a style nobody knows": actions(button(style="green")),
    "no elements": actions(),
    "the same action twice": actions(button(), button()),
    "an input among actions": actions({"type": "plain_text_input", "action_id": "x"}),
    "a button as an input": entry() | {"element": button()},
    "an image without words": {"type": "image", "image_url": "https://x/y.png"},
    "an image from nowhere": {"type": "image", "alt_text": "x"},
    "a file nobody uploaded": {"type": "image", "slack_file": {"id": "F404"}, "alt_text": "x"},
    "an initial option that is none": actions(select(initial_option=option("no", "no"))),
    "half a question": actions(button(confirm={"title": plain("x")})),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_page_allows_is_found(case):
    """Slack: "Block Kit: blocks", "Block elements", "Composition objects"."""
    assert check_blocks([WRONG[case]]) != []


def test_two_blocks_have_two_names():
    """Slack: "Block Kit: blocks": ``block_id`` is unique in a message; an action in its block only."""
    assert check_blocks([section(block_id="a"), section(block_id="a")]) != []
    assert check_blocks([actions(button(), block_id="a"), actions(button(), block_id="b")]) == []


def test_a_wrong_block_is_refused_with_its_place(slack):
    """Slack: "chat.postMessage", error ``invalid_blocks`` with ``response_metadata.messages``."""
    channel = slack.channel("incidents")
    told = refused(
        web(slack).chat_postMessage, channel=channel.id, text="x", blocks=[section(), section("x" * 3001)]
    )
    assert told["error"] == "invalid_blocks"
    assert told["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    ]
    assert slack.everything(channel) == []


def test_blocks_that_are_no_list_are_refused_as_such(slack):
    """Slack: "chat.postMessage", error ``invalid_blocks_format``."""
    channel = slack.channel("incidents")
    told = refused(web(slack).chat_postMessage, channel=channel.id, text="x", blocks="{not json")
    assert told["error"] == "invalid_blocks_format"


@pytest.mark.parametrize(
    ("color", "good"), [("#36a64f", True), ("good", True), ("green", False), ("#36a6", False)]
)
def test_an_attachment_has_a_colour_that_slack_knows(slack, color, good):
    """Slack: "Secondary message attachments": ``good``, ``warning``, ``danger`` or a hex code."""
    channel, client = slack.channel("incidents"), web(slack)
    given = {"channel": channel.id, "text": "x", "attachments": [{"color": color, "blocks": [section()]}]}
    if good:
        client.chat_postMessage(**given)
        assert slack.messages(channel)[0].colors == [color]
    else:
        assert refused(client.chat_postMessage, **given)["error"] == "invalid_attachments"


def test_an_uploaded_file_may_be_shown_in_a_block(slack):
    """Slack: "Image block": ``slack_file`` names a file that is there."""
    channel, client = slack.channel("incidents"), web(slack)
    file_id = client.files_upload_v2(filename="plot.png", content=b"PNG")["file"]["id"]
    image = {"type": "image", "slack_file": {"id": file_id}, "alt_text": "latency"}
    assert client.chat_postMessage(channel=channel.id, text="x", blocks=[image])["ok"]


MODALS = [
    ("title", lambda n: modal(entry(), title=plain("x" * n)), 24),
    ("submit", lambda n: modal(entry(), submit=plain("x" * n)), 24),
    ("close", lambda n: modal(entry(), close=plain("x" * n)), 24),
    ("callback_id", lambda n: modal(entry(), callback_id="x" * n), 255),
    ("private_metadata", lambda n: modal(entry(), private_metadata="x" * n), 3000),
]


@pytest.mark.parametrize(("what", "make", "most"), MODALS, ids=[one[0] for one in MODALS])
def test_a_modal_has_its_own_lengths(what, make, most):
    """Slack: "Views"."""
    assert check_view(make(most)) == []
    assert check_view(make(most + 1)) != []


def test_a_modal_with_inputs_has_a_button_to_send_it_off():
    """Slack: "Views": ``submit`` is required where an input block is there."""
    without = {key: value for key, value in modal(entry()).items() if key != "submit"}
    assert check_view(without) != []
    assert check_view(without | {"blocks": [section()]}) == []
