"""What the contract tests of the Slack double share: a client, blocks, a refused call."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError


def web(slack, token=None, **more):
    """The real client, without its retries."""
    return WebClient(slack.bot_token if token is None else token, base_url=slack.api_url, timeout=5, **more)


def plain(text):
    return {"type": "plain_text", "text": text}


def mrkdwn(text):
    return {"type": "mrkdwn", "text": text}


def button(text="Approve", **more):
    return {"type": "button", "text": plain(text), "action_id": "approve", "value": "1", **more}


def actions(*elements, **more):
    return {"type": "actions", "elements": list(elements), **more}


def section(text="hello", **more):
    return {"type": "section", "text": mrkdwn(text), **more}


def modal(*blocks, **more):
    return {
        "type": "modal",
        "callback_id": "amend",
        "title": plain("Another step"),
        "submit": plain("Ask"),
        "blocks": list(blocks),
        **more,
    }


def entry(action_id="reason", **more):
    element = {"type": "plain_text_input", "action_id": action_id}
    return {"type": "input", "block_id": f"of_{action_id}", "label": plain("Why"), "element": element, **more}


def refused(call, *args, **kwargs):
    """The answer of a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        call(*args, **kwargs)
    return caught.value.response
