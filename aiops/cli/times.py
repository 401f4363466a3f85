"""Times and durations on the command line: never naive, always told what was expected."""

import re
from datetime import UTC, datetime, timedelta

import click

LONGEST_MS = 100 * 365 * 86_400_000  # a hundred years: whoever asks for more has mistyped it
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


class Duration(click.ParamType[int]):
    """``90s``, ``15m``, ``14d``: milliseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds; a click error for anything else."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", str(value).strip())
        if not match:
            self.fail(f"expected a number and a unit such as 90s, 15m, 6h or 14d, got {value!r}", param, ctx)
        span_ms = float(match[1]) * UNITS[match[2]]
        if span_ms > LONGEST_MS:
            self.fail(f"expected at most a hundred years (36500d), got {value!r}", param, ctx)
        return int(span_ms)


class Moment(click.ParamType[int]):
    """``2026-03-01T10:07Z``, a unix time in seconds, or ``2h`` for two hours ago: milliseconds UTC.

    A time without zone is refused: nobody could say which hour was meant.
    """

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds UTC; a click error for anything else."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
            return int(float(text) * 1000)
        if re.fullmatch(r"\d+(?:\.\d+)?(ms|s|m|h|d|w)", text):
            ago = timedelta(milliseconds=Duration().convert(text, param, ctx))
            return int((datetime.now(UTC) - ago).timestamp() * 1000)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"expected a time such as 2026-03-01T10:07Z, a unix time, or 2h (ago), got {text!r}",
                param,
                ctx,
            )
        if at.tzinfo is None:
            like = f"{at:%Y-%m-%dT%H:%M}"
            self.fail(
                f"expected a time with its zone, such as {like}Z or {like}+01:00, got {text!r}", param, ctx
            )
        return int(at.timestamp() * 1000)


DURATION, MOMENT = Duration(), Moment()
