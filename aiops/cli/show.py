"""How values look on a terminal: times, decisions, tables. Colours only on a terminal, nothing for a pipe."""

import json
import sys
from typing import TYPE_CHECKING

from aiops.core.words import UNPRINTABLE, clock, number, plain, span
from aiops.model import Severity

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["STYLES", "clock", "console", "number", "plain", "print_json", "span"]

PIPE_WIDTH = 1_000  # columns of a table that is not for a screen: nothing is cut off or wrapped
STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}


def console(*, err: bool = False) -> "Console":
    """A console on standard output or error."""
    from rich.console import Console

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # ends the command as done, see LazyGroup; rich would make it exit code 1

    terminal = (sys.stderr if err else sys.stdout).isatty()
    return Quiet(
        stderr=err,
        highlight=False,
        soft_wrap=not terminal,
        width=None if terminal else PIPE_WIDTH,
        emoji=False,
        markup=False,
    )


def print_json(data: object) -> None:
    """JSON alone on standard output; NaN and infinities, which JSON lacks, are null. What could steer a
    terminal is escaped (S9): JSON itself escapes only the control characters below 32."""
    lines = json.dumps(finite(data), indent=2, ensure_ascii=False).split("\n")
    for line in lines:
        sys.stdout.write(UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n")


def finite(data: object) -> object:
    """``data`` with null for every NaN and infinity."""
    match data:
        case float() if data - data != 0:
            return None
        case dict():
            return {str(key): finite(value) for key, value in data.items()}
        case list() | tuple():
            return [finite(value) for value in data]
        case _:
            return data
