"""Broken: what went wrong with a request that got no answer, and whether anything was sent for certain."""

from collections.abc import Callable

from aiops.errors import Unavailable


class NoConnection(Unavailable):
    """No connection was made, so nothing was sent."""


def translated(what: str, error: Exception, *, sent: bool = False) -> Unavailable:
    """The error for what urllib3 raised when ``what`` was asked; ``sent``: after the head of the answer."""
    from urllib3 import exceptions  # noqa: PLC0415 - comes with the client, which is loaded by now

    refused: tuple[type[Exception], ...] = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError)
    unsure = isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" not in str(error)
    certain = isinstance(error, (*refused, exceptions.SSLError, exceptions.LocationParseError)) and not unsure
    kind: Callable[[str], Unavailable] = NoConnection if certain and not sent else Unavailable
    return kind(f"{what}: the API server does not answer: {line_of(error)}")


def line_of(error: Exception) -> str:
    """The first line of what an error says, shortened."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
