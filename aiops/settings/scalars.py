"""Scalars: text of the YAML 1.2 core schema to values, strictly.

What another reader would take for something else is refused with advice instead of guessed: ``no`` and
``on`` (truths in YAML 1.1), ``0o17`` and ``017`` (octals), ``1e3`` for a whole number, ``.nan``.
"""

import math
import re

from aiops.settings.document import Scalar

TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
OLD_TRUTHS = frozenset({"y", "n", "yes", "no", "on", "off"})  # of YAML 1.1, in any case
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
NUMBER_LIKE = re.compile(
    r"[-+]?(0[oxb][0-9a-fA-F_]+|[0-9][0-9_]*|\.?[0-9][0-9_.]*([eE][-+]?[0-9]+)?|\.(inf|nan))", re.I
)
PARTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
DURATION = re.compile(rf"(?:{PARTS.pattern})+")
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST_S = 10 * 366 * 86_400  # ten years: beyond lies a typing error
LARGEST = 2**53  # beyond, a number is not the one that was written


class UnfitError(ValueError):
    """The text is not what is wanted; the message is what would be."""


def is_nothing(node: Scalar) -> bool:
    """Whether the value was left out or is null."""
    return node.plain and node.text in NOTHING


def text(node: Scalar) -> str:
    """Text; unquoted only where nobody can take it for anything else."""
    if node.plain:
        if node.text in NOTHING:
            raise UnfitError("text (or leave the key out)")
        doubtful = node.text in TRUTHS or node.text.lower() in OLD_TRUTHS or NUMBER_LIKE.fullmatch(node.text)
        if doubtful:
            raise UnfitError(f'text, in quotes: "{node.text}"')
    if any(not character.isprintable() and character not in "\n\t" for character in node.text):
        raise UnfitError("text without control characters")
    return node.text


def truth(node: Scalar) -> bool:
    """``true`` or ``false``, nothing else."""
    if node.plain and node.text in TRUTHS:
        return TRUTHS[node.text]
    raise UnfitError("true or false")


def whole(node: Scalar) -> int:
    """A whole number, decimal."""
    if node.plain and WHOLE.fullmatch(node.text) and abs(int(node.text[:20])) <= LARGEST:
        return int(node.text)
    raise UnfitError("a whole number, in decimal and without quotes")


def number(node: Scalar) -> float:
    """A finite number."""
    if node.plain and NUMBER.fullmatch(node.text) and math.isfinite(float(node.text)):
        return float(node.text)
    raise UnfitError("a finite number, in decimal and without quotes")


def parameter(node: Scalar) -> str | int | float | bool:
    """A value whose type the text alone decides, as parameters of plug-ins are."""
    if node.plain and node.text in TRUTHS:
        return truth(node)
    if node.plain and WHOLE.fullmatch(node.text):
        return whole(node)
    return number(node) if node.plain and NUMBER.fullmatch(node.text) else text(node)


def duration(node: Scalar) -> float:
    """Seconds of "15s", "90m", "1h30m", "14d"; 0 to ten years."""
    if DURATION.fullmatch(node.text):
        seconds = sum(float(size) * SECONDS[unit] for size, unit in PARTS.findall(node.text))
        if seconds <= LONGEST_S:
            return round(seconds, 3)
    raise UnfitError('a duration with its unit, such as "15s", "6h" or "14d", at most ten years')


def spell(seconds: float) -> str:
    """``seconds`` as ``duration`` reads it: 5400 is "1h30m"."""
    if seconds <= 0:
        return "0s"
    rest, parts = round(seconds * 1000), []
    for unit in ("d", "h", "m", "s", "ms"):
        size, rest = divmod(rest, round(SECONDS[unit] * 1000))
        parts.append(f"{size}{unit}" if size else "")
    return "".join(parts) or "0s"


def count(number: float) -> str:
    """A number without an exponent, where it is a whole one of a size that people write."""
    return f"{number:.0f}" if abs(number) < 1e15 and number == int(number) else f"{number:g}"
