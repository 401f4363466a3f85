"""Values: what must hold of a single value beyond its types. One table, read by the loader and the docs."""

from collections.abc import Iterator, Mapping, Sequence

from aiops.core.calendar import check_window
from aiops.model import FreezeWindow
from aiops.settings.fill import Check, Wrong


def _window(window: FreezeWindow) -> Iterator[Wrong]:
    try:
        check_window(window)
    except ValueError as error:  # "window 'x': field: expected this, got that", or without the first part
        message = str(error).removeprefix(f"window {window.name!r}: ")
        field, _, rest = message.partition(": ")
        expected, _, got = rest.partition(", got ")
        yield field, got or "this", expected.removeprefix("expected ")


CHECKS: Mapping[type, Sequence[Check]] = {FreezeWindow: (_window,)}
