"""Bolt: the slack_bolt app: every request is checked to be ours, acknowledged, and handed to the workers.

Nothing here waits for Slack, for the journal or for a person: an acknowledgement leaves within milliseconds,
in Socket Mode and over HTTP alike. Where the workers have no room there is none (503), and Slack comes again.
"""

import re
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.middleware import Middleware

from aiops.adapters.slack import payloads
from aiops.adapters.slack.blocks import AMEND
from aiops.adapters.slack.connect import LOG, Identity, client
from aiops.adapters.slack.listener import Listener
from aiops.adapters.slack.work import Work
from aiops.errors import Unavailable
from aiops.model import SlackSettings

Failed = Callable[[str, Exception], None]


def make_app(
    settings: SlackSettings,
    identity: Identity,
    listener: Listener,
    work: Work,
    failed: Failed,
    acknowledging: Executor,
) -> App:
    """The app. Signatures are checked before it (see ``http``), or come with our own socket."""

    def authorize() -> AuthorizeResult:
        us = identity.us()  # known by now: see ``Gate``
        return AuthorizeResult(enterprise_id=None, team_id=us.team, bot_id=us.bot, bot_user_id=us.user)

    app = App(
        name="aiops",
        logger=LOG,
        client=client(settings, ""),
        signing_secret="",  # of no use to the app: see ``http.Endpoint``
        request_verification_enabled=False,
        ssl_check_enabled=False,
        before_authorize=Gate(settings.team, identity, work),
        authorize=authorize,
        raise_error_for_unhandled_request=True,
        listener_executor=acknowledging,
    )

    @app.error
    def unhandled(error: Exception, response: BoltResponse | None) -> BoltResponse | None:
        if isinstance(error, BoltUnhandledRequestError):
            return BoltResponse(status=200, body="")  # not for us, and no reason to bring it again
        failed("slack: request", error)
        return None if response is None else BoltResponse(status=400, body="")

    _listen(app, listener, work, failed)
    return app


def _listen(app: App, listener: Listener, work: Work, failed: Failed) -> None:
    """What is acknowledged and then done."""

    def take(user: str, job: Callable[[], None]) -> None:
        if not work.offer(user, job):
            failed("slack", Unavailable("more is said than can be heard: something was dropped"))

    @app.event("message")
    def on_message(body: dict[str, Any]) -> None:
        said = payloads.message(body)
        if said is not None:
            take(said.user, lambda: listener.message(said))

    @app.action(re.compile("aiops_.*"))
    def on_click(ack: Callable[..., Any], body: dict[str, Any]) -> None:
        ack()
        click = payloads.click(body)
        if click is not None:
            take(click.user, lambda: listener.click(click))

    @app.view(AMEND)
    def on_submission(ack: Callable[..., Any], body: dict[str, Any]) -> None:
        sent = payloads.submission(body)
        try:
            payloads.parameters(sent.parameters if sent else "")
        except ValueError as error:
            ack(response_action="errors", errors={"parameters": str(error)[:150]})
            return
        ack()
        if sent is not None:
            take(sent.user, lambda: listener.submission(sent))


class Gate(Middleware):
    """Refuses what is for another workspace or app or has no shape (H1), and what there is no room for.

    A middleware of bolt's own kind: a function would get its arguments out of a body not yet looked at.
    """

    def __init__(self, team: str, identity: Identity, work: Work) -> None:
        self._team, self._identity, self._work = team, identity, work

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,  # noqa: ARG002 - bolt's interface
        next: Callable[[], BoltResponse],  # noqa: A002 - bolt's name for it
    ) -> BoltResponse | None:
        """The refusal; else what follows."""
        status = self._refusal(req)
        if status == 0:
            return next()
        # acknowledged on a socket, unless there is no room: it is our own, nothing better will come
        return BoltResponse(status=200 if req.mode == "socket_mode" and status != 503 else status, body="")

    def _refusal(self, req: BoltRequest) -> int:
        """Status of the refusal; 0 for what is let in."""
        body: object = req.body  # as it came, whatever bolt says of it
        if not isinstance(body, dict):
            return 400
        if req.mode == "http" and body.get("type") == "url_verification":
            return 0 if isinstance(body.get("challenge"), str) else 400
        us = self._identity.known
        if self._team not in payloads.team_of(body):
            return 401
        if us is not None and us.app and body.get("api_app_id") != us.app:
            return 401
        if not payloads.shaped(body):
            return 400
        return 503 if us is None or not self._work.room(payloads.speaker(body)) else 0
