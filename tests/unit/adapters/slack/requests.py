"""Requests as Slack makes them: bodies, and how they are signed."""

import json
import time
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

from tests.unit.adapters.slack.parts import TEAM

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105 - of these tests alone
DIGEST = "d" * 64


def message_body(text="approve a1b2", **changes):
    event = {
        "type": "message",
        "user": "U01",
        "text": text,
        "ts": "1700000100.000200",
        "channel": "C01",
        "channel_type": "channel",
        "team": TEAM,
        "event_ts": "1700000100.000200",
        "client_msg_id": "m1",
    }
    outer = {"type": "event_callback", "team_id": TEAM, "api_app_id": "A01", "event_id": "Ev01"}
    outer |= {key: changes.pop(key) for key in ("team_id", "api_app_id") if key in changes}
    return outer | {"authorizations": [{"team_id": outer["team_id"]}], "event": event | changes}


def click_body(
    action="aiops_approve", value=f"a1b2c3d4e5f6 {DIGEST}", at="1700000200.000300", who="U01", **changes
):
    return {
        "type": "block_actions",
        "api_app_id": "A01",
        "team": {"id": TEAM, "domain": "x"},
        "user": {"id": who, "team_id": TEAM, "name": "ana"},
        "container": {
            "type": "message",
            "message_ts": "1700000050.000100",
            "channel_id": "C01",
            "thread_ts": "1700000000.000100",
            "is_ephemeral": False,
        },
        "channel": {"id": "C01", "name": "incidents"},
        "trigger_id": "1.2.3",
        "response_url": "http://127.0.0.1:1/never",
        "actions": [
            {"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": at}
        ],
    } | changes


def submission_body(parameters="replicas=6", **changes):
    about = {
        "approval": "a1b2c3d4e5f6",
        "digest": DIGEST,
        "channel": "C01",
        "thread": "1700000000.000100",
    }
    values = {
        "remediation": {"remediation": {"type": "static_select", "selected_option": {"value": "scale_to"}}},
        "parameters": {"parameters": {"type": "plain_text_input", "value": parameters}},
        "reason": {"reason": {"type": "plain_text_input", "value": "cheaper"}},
    }
    return {
        "type": "view_submission",
        "api_app_id": "A01",
        "team": {"id": TEAM},
        "user": {"id": "U01", "team_id": TEAM},
        "view": {
            "id": "V01",
            "type": "modal",
            "callback_id": "aiops_amend",
            "private_metadata": json.dumps(about),
            "state": {"values": values},
        },
    } | changes


def signed(body, *, secret=SECRET, at=None, interactive=None):
    """(headers, raw body) of ``body`` as Slack sends it at ``at`` seconds."""
    form = body.get("type") in {"block_actions", "view_submission"} if interactive is None else interactive
    raw = urlencode({"payload": json.dumps(body)}) if form else json.dumps(body)
    stamp = str(int(time.time() if at is None else at))
    return {
        "content-type": "application/x-www-form-urlencoded" if form else "application/json",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": SignatureVerifier(secret).generate_signature(timestamp=stamp, body=raw),
    }, raw.encode()
