"""Socket: Socket Mode over the SDK's own client: we call out, and need no public endpoint.

The client pings, and follows Slack's wish to move to another connection. A lost one is made anew by ``tend``.
"""

import contextlib
import threading
from collections.abc import Callable
from socket import SHUT_RDWR
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from aiops.adapters.slack.calls import translated
from aiops.adapters.slack.connect import library_log
from aiops.errors import Rejected, Unavailable

PING_S = 5.0  # the client gives up a connection that has answered no ping for four times as long


class Socket:
    """One connection of one app. Connecting is for one thread; the rest is safe between threads."""

    def __init__(
        self, app: App, token: str, web: WebClient, failed: Callable[[str, Exception], None]
    ) -> None:
        self._app, self._token, self._web, self._failed = app, token, web, failed
        self._log = library_log("aiops.slack.socket")
        self._lock = threading.Lock()
        self._handler: SocketModeHandler | None = None
        self._closed = False

    def tend(self) -> None:
        """Connect where there is no connection that works, through a new address. Raises PortError."""
        handler = self._made()
        if handler is None:
            return
        try:
            session = handler.client.current_session
            if session is not None and session.is_active():
                session.check_state()
                if session.consecutive_check_state_error_count:  # the client itself waits for five of them
                    session.disconnect()
            handler.client.connect_to_new_endpoint()  # unless it stands
        except SlackApiError as error:
            raise translated("apps.connections.open", error) from error
        except (SlackClientError, OSError, ValueError, AttributeError) as error:
            # the client's own parts fail with attributes of what could not be opened
            raise Unavailable(f"slack: socket: {type(error).__name__}") from error
        if not handler.client.is_connected():
            raise Unavailable("slack: socket: closed at once")

    def connected(self) -> bool:
        """Whether it stands now."""
        handler = self._handler
        return handler is not None and handler.client.is_connected()

    def close(self) -> None:
        """Hang up; waits for what is being acknowledged."""
        with self._lock:
            self._closed = True
            handler, self._handler = self._handler, None
        if handler is not None:
            self._log.disabled = True  # what comes while we hang up is not heard, and that is no error
            try:
                _wake(handler)
                handler.close()  # type: ignore[no-untyped-call]  # bolt leaves it so
            except (OSError, AttributeError) as error:  # of a connection that was never made
                self._failed("slack: hanging up", error)

    def _made(self) -> SocketModeHandler | None:
        """The SDK's client, whose threads begin with it; None once closed."""
        with self._lock:
            if self._closed:
                return None
            if self._handler is None:
                self._handler = SocketModeHandler(
                    self._app,
                    self._token,
                    logger=self._log,
                    web_client=self._web,
                    ping_interval=PING_S,
                    auto_reconnect_enabled=False,  # ``tend`` does it, and does not hurry a Slack that is down
                )
                self._handler.client.message_listeners.append(self._greeted)
            return self._handler

    def _greeted(self, _: object, message: dict[str, Any], __: str | None = None) -> None:
        """Slack says how many connections the app has: with two, each hears half of what people say."""
        many = message.get("num_connections") if message.get("type") == "hello" else None
        if isinstance(many, int) and many > 1:
            text = f"slack: {many} connections of this app, each event goes to one of them: one app a cluster"
            self._failed("slack: connection", Rejected(text))


def _wake(handler: SocketModeHandler) -> None:
    """End the read that the client is in: closing waits for it, and it may take seconds."""
    client = handler.client
    client.current_session_state.terminated = True
    sock = client.current_session.sock if client.current_session is not None else None
    if sock is not None:
        with contextlib.suppress(OSError):  # gone already
            sock.shutdown(SHUT_RDWR)
