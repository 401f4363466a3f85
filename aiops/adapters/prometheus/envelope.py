"""Envelope: what is round the data of a reply: its status, the server's own words, what the query cost (M3).

Errors:  Rejected for what is no reply, Unavailable where the server itself says so; nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from aiops.adapters.prometheus import spans
from aiops.errors import PortError, Rejected, Unavailable

_SHOWN = 200  # characters of what a server says
_MAX_NOTES = 20  # warnings carried of one reply


@dataclass(frozen=True, slots=True)
class Document:
    """One successful reply: ``data`` as JSON gave it, and what the server said beside it."""

    data: Any
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    partial: bool = False
    samples: int | None = None  # that the server touched, as it counts them; None: it does not say


def document(body: bytes) -> Document:
    """Read the envelope."""
    return _enveloped(body, body)


def range_document(body: bytes) -> Document:
    """The same for a range query, whose samples are many: ``values`` are Samples where that can be."""
    parts = spans.cut(body)
    if parts is None:
        return document(body)
    about = _enveloped(parts[0], body)
    result = about.data.get("result") if isinstance(about.data, dict) else None
    used = 0
    for row in result if isinstance(result, list) else []:
        place = row.get("values") if isinstance(row, dict) else None
        if place == f"{spans.MARK}{used}":
            row["values"] = parts[1][used]
            used += 1
    return about if used == len(parts[1]) else document(body)


def _enveloped(text: bytes, body: bytes) -> Document:
    """``text`` is ``body``, or what is left of it."""
    try:
        reply = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if body.lstrip()[:1] == b"<":
            raise Rejected(
                "answer: expected JSON, got a page of HTML: is there a login or a proxy before the server?"
            ) from error
        raise Rejected(f"answer: expected JSON, got something else ({str(error)[:_SHOWN]})") from error
    if not isinstance(reply, dict):
        raise Rejected(f"answer: expected an object, got {type(reply).__name__}")
    if reply.get("status") != "success":
        raise _said(reply)
    if "data" not in reply:
        raise Rejected("answer: expected data, got none")
    data = reply["data"]
    return Document(
        data,
        _notes(reply.get("warnings")),
        _notes(reply.get("infos")),
        reply.get("isPartial") is True,  # VictoriaMetrics
        _samples(data),
    )


def complaint(body: bytes) -> tuple[str, str]:
    """(errorType, reason) of a refusal; the reason is one line, whatever the body is."""
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", one_line(body[:_SHOWN].decode("utf-8", "replace"))
    if not isinstance(reply, dict):
        return "", ""
    return one_line(reply.get("errorType", "")), one_line(reply.get("error", ""))


def _said(reply: Mapping[str, Any]) -> PortError:
    kind, text = one_line(reply.get("errorType", "")), one_line(reply.get("error", ""))
    shown = f"the server says {one_line(reply.get('status', 'nothing'))!r}: {kind or 'error'}: {text}"
    if kind in {"timeout", "canceled", "internal", "unavailable", "too_many_requests"}:
        return Unavailable(shown)
    return Rejected(shown)


def one_line(text: object) -> str:
    """One printable line of what the server said."""
    return "".join(sign if sign.isprintable() else " " for sign in str(text)[:_SHOWN]).strip()


def _notes(said: object) -> tuple[str, ...]:
    if not said:
        return ()
    if not isinstance(said, list):
        return (one_line(said),)
    return tuple(one_line(one) for one in said[:_MAX_NOTES])


def _samples(data: object) -> int | None:
    stats = data.get("stats") if isinstance(data, dict) else None
    samples = stats.get("samples") if isinstance(stats, dict) else None
    total = samples.get("totalQueryableSamples") if isinstance(samples, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None
