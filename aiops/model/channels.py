"""Settings of the channels through which people are told and asked, and of what others say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.incident import Severity


class SlackMode(StrEnum):
    """How Slack reaches us."""

    OFF = "off"
    SOCKET = "socket"  # we call out and keep a WebSocket: no public endpoint
    HTTP = "http"  # Slack calls POST /slack/events on our server: signed, fresh, and once


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """One Slack app for one cluster. Tokens come from files, else from the environment."""

    mode: SlackMode = SlackMode.OFF  # how Slack reaches us
    team: str = ""  # id of the one workspace whose people may answer, such as T0123
    channel: str = ""  # id of the channel for incidents, such as C0123
    bot_token_file: str = ""  # xoxb-...; empty: AIOPS_SLACK_BOT_TOKEN
    app_token_file: str = ""  # xapp-..., for socket mode; empty: AIOPS_SLACK_APP_TOKEN
    signing_secret_file: str = ""  # for http mode; empty: AIOPS_SLACK_SIGNING_SECRET
    api_url: str = "https://slack.com/api/"  # of a relay, where one is used
    timeout_s: float = 10.0  # for each call
    members_cache_s: int = 60  # how long who is a member, guest or deactivated is believed


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """A generic webhook: notices as JSON, signed (HMAC-SHA256) where a secret is given. Tells, never asks."""

    url: str  # https, with the path that the receiver gave
    secret_file: str = ""  # the header X-Aiops-Signature-256 is made with it
    timeout_s: float = 5.0  # for each notice
    plain_http: bool = False  # whether http, which can be read on its way, is good enough to another machine


@dataclass(frozen=True, slots=True)
class AlertmanagerSettings:
    """An Alertmanager: gets our incidents as alerts; its silences and alerts are read. Empty url: off."""

    url: str = ""  # http://alertmanager.monitoring:9093; empty: off
    push: bool = True  # incidents become alerts there
    read: bool = True  # silences mute us and hold actions; alerts are evidence
    matchers: Mapping[str, str] = field(
        default_factory=dict
    )  # labels that its alerts must have: one cluster's
    timeout_s: float = 5.0  # for each question
    resend_s: int = 60  # an open incident is pushed again so often


@dataclass(frozen=True, slots=True)
class Route:
    """Where the incidents of one owner go. The first route that matches counts."""

    owner: str  # exact value of the owner label
    slack_channel: str = ""  # id
    webhook: str = ""  # name of a webhook


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Who is told what. Notifications fail open: they never stop the loop."""

    webhooks: Mapping[str, WebhookSettings] = field(default_factory=dict)  # by name
    alertmanager: AlertmanagerSettings = field(default_factory=AlertmanagerSettings)
    owner_labels: tuple[str, ...] = (
        "app.kubernetes.io/owner",
        "team",
        "owner",
    )  # of a workload; the first there
    routes: tuple[Route, ...] = ()  # the first that matches; else the channel of ``slack``
    storm_messages: int = 5  # most new messages while a storm is on
    least_severity: Severity = Severity.LOW  # less bad incidents are only kept in the journal
    pictures: bool = True  # a plot of the evidence goes along


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How the journal's head is kept outside of it, so that a cut-off end shows (S10)."""

    key_file: str = "audit.key"  # Ed25519, made at first (mode 0600); relative to the state folder
    every_s: int = 3600  # a signed head so often, if there is anything new
    to_chat: bool = True  # as a message in the channel
    to_event: bool = True  # as a Kubernetes Event in our own namespace


@dataclass(frozen=True, slots=True)
class FeedbackSettings:
    """What "false alarm" may change, and for how long."""

    days: int = 30  # an adjustment ends after so long, unless it is renewed
    most_widening: float = 2.0  # a band is never made wider than so many times its width
    most_active: int = 100  # adjustments at the same time
