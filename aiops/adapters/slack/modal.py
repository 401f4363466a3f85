"""Modal: another step instead, with its parameters and a reason. Pure.

Limits:  100 options, 75 characters an option's text, 24 a title, 3000 the private metadata.
"""

import json
from collections.abc import Sequence
from typing import Any

from aiops.adapters.slack.blocks import AMEND, place
from aiops.adapters.slack.escape import escape, unmarked
from aiops.model import Approval

MOST_OPTIONS, LONGEST_INPUT = 100, 500


def amend_view(approval: Approval, channel: str, thread: str, remediations: Sequence[str]) -> dict[str, Any]:
    """The view for ``views.open``; it remembers which question it is about, and nothing else."""
    options = [
        {"text": _plain(name.replace("_", " "), 75), "value": name}
        for name in sorted(remediations)[:MOST_OPTIONS]
        if len(name) <= 75
    ]
    about = {"approval": approval.id, "digest": approval.digest, "channel": channel, "thread": thread}
    what = f"Instead of `{escape(approval.short, 20)}`: {escape(approval.summary, 1000)}"
    where = (
        f"On *{escape(place(approval.cluster), 100)}*. It becomes a plan of its own, and is asked about anew."
    )
    return {
        "type": "modal",
        "callback_id": AMEND,
        "private_metadata": json.dumps(about),
        "title": _plain(f"Another step ({approval.short})", 24),
        "submit": _plain("Propose", 24),
        "close": _plain("Cancel", 24),
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"{what}\n{where}", "verbatim": True}},
            _input(
                "remediation",
                "Step",
                {"type": "static_select", "action_id": "remediation", "options": options},
            ),
            _input(
                "parameters",
                "Parameters",
                {
                    "type": "plain_text_input",
                    "action_id": "parameters",
                    "max_length": LONGEST_INPUT,
                    "placeholder": _plain("replicas=6", 150),
                },
                optional=True,
            ),
            _input(
                "reason",
                "Reason",
                {
                    "type": "plain_text_input",
                    "action_id": "reason",
                    "multiline": True,
                    "min_length": 3,
                    "max_length": LONGEST_INPUT,
                },
            ),
        ],
    }


def _input(block: str, label: str, element: dict[str, Any], *, optional: bool = False) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block,
        "label": _plain(label, 75),
        "element": element,
        "optional": optional,
    }


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": unmarked(text, limit), "emoji": False}
