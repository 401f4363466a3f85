"""Logs: one event a line, a constant message and keys that vary. JSON for machines, columns for a terminal.

Whatever a key holds, a line stays one line: control characters are escaped (S9), and the values of keys that
sound like secrets are never written (S8). Logs go to standard error; standard output is for results.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
FORMATS = ("auto", "json", "console")
SECRET = re.compile(r"pass(word|wd)?$|token|secret|authorization|credential|api_?key|cookie", re.IGNORECASE)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HIDDEN = "(not shown)"
LONGEST = 2_000  # characters of one value: a label may be a megabyte

Event = MutableMapping[str, Any]


def logger(name: str) -> Any:
    """A logger whose lines carry ``part=name``."""
    return structlog.get_logger(part=name)


def configure(form: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging once, at the start. ``auto`` is console on a terminal, else JSON.

    Raises ValueError naming what is not known.
    """
    if form not in FORMATS:
        raise ValueError(f"log.format: expected one of {', '.join(FORMATS)}, got {form!r}")
    if level not in LEVELS:
        raise ValueError(f"log.level: expected one of {', '.join(LEVELS)}, got {level!r}")
    out = sys.stderr if stream is None else stream
    terminal = out.isatty()
    machine = form == "json" or (form == "auto" and not terminal)
    render: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True, default=str)]
        if machine
        else [structlog.dev.ConsoleRenderer(colors=terminal, sort_keys=True)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            clean,
            *render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    # what libraries log goes the same way, from warnings on
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)


def clean(_: Any, __: str, event: Event) -> Event:
    """Hide secrets by the name of their key; keep every value on its line and of bounded length."""
    for key, value in event.items():
        if SECRET.search(key):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = _one_line(value)
        elif isinstance(value, dict):
            event[key] = {
                name: HIDDEN if SECRET.search(str(name)) else _one_line(str(one))
                for name, one in value.items()
            }
    return event


def _one_line(text: str) -> str:
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
    return UNPRINTABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", short.replace("\n", "\\n"))


class _Forward(logging.Handler):
    """Hands records of the standard library's logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one event. Its text may vary, so it is a key."""
        log = logger(record.name)
        write = log.error if record.levelno >= logging.ERROR else log.warning
        write("library", text=record.getMessage())
