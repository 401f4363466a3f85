"""A strict double of Slack on loopback, for the real slack_sdk and slack_bolt; it does not know our adapter.

    with Slack(ack_s=1.0, retries_s=(0.0, 0.1, 0.2)) as slack:
        ana, ben = slack.person("ana"), slack.person("ben")
        incidents = slack.channel("incidents", [ana, ben])
        web = WebClient(slack.bot_token, base_url=slack.api_url)    # for sockets: slack.app_token
        ...                                                         # connect, or: slack.sends_to(url)
        slack.wait(lambda: slack.sockets)                           # until Socket Mode is connected
        card = slack.wait(lambda: slack.messages(incidents))[0]
        slack.says(ana, "why?", thread=card)                        # typed text, escaped as Slack does
        click = slack.clicks(ben, card, "Approve")                  # action_id, value or text of the button
        assert slack.acked(click)                                   # acknowledged in time
        assert slack.thread(card)[-1].seen == "..."                 # what a person reads
        assert slack.notified == []                                 # nobody was pinged

How the app is reached: over its sockets, each event to one of them; or, after ``sends_to(url)``, as signed
requests to that address (``sends_to(url, app)``: straight into an ASGI app; ``verifies`` asks the challenge).

People: ``person``, ``guest``, ``stranger`` (another team's, Slack Connect), ``other_bot``, ``deactivates``,
``changes``, ``group``, ``rotates``, ``channel``. They act: ``says``, ``edits``, ``deletes``, ``clicks``,
``chooses``, ``submits``, ``commands``; a person cannot do what Slack would not let them do: AssertionError.
Faults: ``down``/``up``, ``breaks(503)``, ``slow``, ``rate_limits``, ``strict_limits``, ``archives``,
``redelivers``, ``disconnects``, ``cuts``, ``edit_window_s``, ``scopes``.
To look at: ``messages``, ``thread``, ``everything``, ``current``, ``ephemerals``, ``views``, ``notified``,
``journal`` (deliveries with attempts and times), ``calls``/``called``, ``sockets``, ``opened``,
``courier.strays`` (what no envelope asked for), ``courier.complaints`` (interactions the app did not
acknowledge: the person saw a warning), ``uploads.data(file_id)``. A Message has ``seen``, ``buttons``,
``colors``, ``files``, ``versions``. ``wait``, ``settles`` and ``acked`` wait.

Stricter than Slack: arguments and block fields that no page knows are refused; no bursts over the rate
limits; every active mention counts as a notification. Not there: other methods (``unknown_method``), OAuth,
Enterprise Grid, the asynchronous end of an upload, a subscription that is switched off after many failures.
"""

from tests.fakes.slack.delivery import Attempt, Delivery, sign
from tests.fakes.slack.double import SCOPES, Slack
from tests.fakes.slack.world import Channel, Group, Message, Notified, User

__all__ = [
    "SCOPES",
    "Attempt",
    "Channel",
    "Delivery",
    "Group",
    "Message",
    "Notified",
    "Slack",
    "User",
    "sign",
]
