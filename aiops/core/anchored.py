"""Anchored: whole-text matching of a regular expression that a stranger wrote, in linear time (S2).

Silences come from people and tools through an Alertmanager, which reads them as RE2: anchored, no
backtracking. Python's ``re`` backtracks, so one silence could stop the loop for hours. Here all states are
followed at once.

Input:   the syntax of RE2 that matchers are made of: literals, ``.``, classes, groups, ``|``, ``* + ?`` and
         ``{m,n}`` also lazy, ``^ $``, ``\\d \\w \\s`` and the like, ``(?i)`` and ``(?s)`` at the beginning.
Output:  whether the whole text matches.
Errors:  ValueError for what is longer or more deeply nested than allowed, or written in no way known here.
Cost:    O(pattern x text); a pattern has at most ``MOST`` states.
"""

from collections.abc import Callable
from dataclasses import dataclass

LONGEST, DEEPEST, MOST = 500, 20, 2_000
LONGEST_TEXT = 1_000
CLASSES = {"d": str.isdigit, "w": lambda one: one.isalnum() or one == "_", "s": str.isspace}
PLAIN = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
SPECIAL = frozenset("\\.+*?()|[]{}^$")

Fits = Callable[[str], bool]


@dataclass(slots=True)
class _State:
    """A place in the pattern: ``fits`` lets one character pass to ``to``; without it ``to`` is free."""

    fits: Fits | None
    to: list[int]


class Anchored:
    """A pattern, ready to match."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST:
            raise ValueError(f"pattern: expected at most {LONGEST} characters, got {len(pattern)}")
        self._text, self._at, self._depth = pattern, 0, 0
        self._states: list[_State] = []
        self._fold = self._lines = False
        self._flags()
        self._first, end = self._either()
        if self._at < len(pattern):
            raise self._wrong("nothing more")
        self._last = self._add(None)
        self._states[end].to.append(self._last)

    def matches(self, text: str) -> bool:
        """Whether all of ``text`` matches. ValueError for a text that is too long to be a label."""
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"text: expected at most {LONGEST_TEXT} characters, got {len(text)}")
        here = self._free({self._first})
        for one in text:
            passed = {
                to
                for at in here
                if (fits := self._states[at].fits) and fits(one)
                for to in self._states[at].to
            }
            here = self._free(passed)
            if not here:
                return False
        return self._last in here

    def _free(self, states: set[int]) -> set[int]:
        """``states`` with all that are reached without a character."""
        todo, found = list(states), set(states)
        while todo:
            state = self._states[todo.pop()]
            if state.fits is None:
                fresh = [to for to in state.to if to not in found]
                found.update(fresh)
                todo += fresh
        return found

    def _add(self, fits: Fits | None, *to: int) -> int:
        if len(self._states) >= MOST:
            raise ValueError(f"pattern: expected at most {MOST} states, got more")
        self._states.append(_State(fits, list(to)))
        return len(self._states) - 1

    def _wrong(self, expected: str) -> ValueError:
        got = repr(self._text[self._at : self._at + 10]) if self._at < len(self._text) else "its end"
        return ValueError(f"pattern: expected {expected} at character {self._at + 1}, got {got}")

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _takes(self, what: str) -> bool:
        if self._text.startswith(what, self._at):
            self._at += len(what)
            return True
        return False

    def _flags(self) -> None:
        """``(?i)``, ``(?s)``, ``(?is)`` at the very beginning."""
        for flags in ("is", "si", "i", "s"):
            if self._takes(f"(?{flags})"):
                self._fold, self._lines = "i" in flags, "s" in flags
                return

    def _either(self) -> tuple[int, int]:
        """Branches: (first state, last state)."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"pattern: expected at most {DEEPEST} groups in each other, got more")
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        self._depth -= 1
        if len(parts) == 1:
            return parts[0]
        end = self._add(None)
        for _, last in parts:
            self._states[last].to.append(end)
        return self._add(None, *(first for first, _ in parts)), end

    def _sequence(self) -> tuple[int, int]:
        first = last = self._add(None)
        while self._peek() not in {"", "|", ")"}:
            begin, end = self._repeated()
            self._states[last].to.append(begin)
            last = end
        return first, last

    def _repeated(self) -> tuple[int, int]:
        """An atom with what follows it; counted repeats are written out."""
        start = self._at
        part = self._atom()
        stop = self._at
        while (low_high := self._count()) is not None:
            low, high = low_high
            part = self._times(part, (start, stop), low, high)
            stop = self._at
        return part

    def _count(self) -> tuple[int, int | None] | None:
        for sign, count in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(sign):
                self._takes("?")
                return count
        end = self._text.find("}", self._at)
        if self._peek() != "{" or end < 0:
            return None
        low, comma, high = self._text[self._at + 1 : end].partition(",")
        if not low.isdecimal() or not (high.isdecimal() or not high):
            raise self._wrong("a count such as {2,5}")
        self._at = end + 1
        self._takes("?")
        least = int(low)
        most = int(high) if high else (None if comma else least)
        if least > MOST or (most is not None and not least <= most <= MOST):
            raise self._wrong("a smaller count")
        return least, most

    def _times(
        self, part: tuple[int, int], span: tuple[int, int], low: int, high: int | None
    ) -> tuple[int, int]:
        """``part``, which stands at ``span``, so often."""
        after = self._at
        first = last = self._add(None)
        copies = max(low, 1) if high is None else high
        for number in range(copies):
            begin, end = part if number == 0 else self._again(span)
            self._states[last].to.append(begin)
            out = self._add(None)
            self._states[end].to.append(out)
            if number >= low:
                self._states[last].to.append(out)
            if high is None and number == copies - 1:
                self._states[end].to.append(begin)
            last = out
        self._at = after
        return first, last

    def _again(self, span: tuple[int, int]) -> tuple[int, int]:
        """The part at ``span`` once more, with states of its own."""
        self._at, text = span[0], self._text
        self._text = text[: span[1]]
        try:
            return self._repeated()
        finally:
            self._text = text

    def _atom(self) -> tuple[int, int]:
        one = self._peek()
        if one == "(":
            self._at += 1
            if self._takes("?") and not self._takes(":"):
                raise self._wrong("a plain group")
            part = self._either()
            if not self._takes(")"):
                raise self._wrong("')'")
            return part
        if one in ("^", "$"):  # it is anchored anyway; in the middle it can never hold
            self._at += 1
            edge = (one == "^" and self._at == 1) or (one == "$" and self._at == len(self._text))
            state = self._add(None) if edge else self._add(lambda _: False)
            return self._through(state)
        if one in ("*", "+", "?"):
            raise self._wrong("something to repeat")
        return self._through(self._add(self._fits()))

    def _through(self, state: int) -> tuple[int, int]:
        end = self._add(None)
        self._states[state].to.append(end)
        return state, end

    def _fits(self) -> Fits:
        one = self._peek()
        self._at += 1
        if one == ".":
            return (lambda _: True) if self._lines else (lambda each: each != "\n")
        if one == "[":
            return self._set()
        fits = self._escape() if one == "\\" else _literal(one)
        return self._either_case(fits)

    def _either_case(self, fits: Fits) -> Fits:
        if not self._fold:
            return fits
        return lambda each: fits(each.lower()) or fits(each.upper()) or fits(each)

    def _escape(self) -> Fits:
        one = self._peek()
        self._at += 1
        if one.lower() in CLASSES:
            inner = CLASSES[one.lower()]
            fits: Fits = lambda each: each.isascii() and inner(each)  # noqa: E731 - RE2's are ASCII
            return fits if one.islower() else (lambda each: not fits(each))
        if one in PLAIN:
            return _literal(PLAIN[one])
        if one in SPECIAL or (one and not one.isalnum() and one.isascii()):
            return _literal(one)
        self._at -= 1
        raise self._wrong("an escape that is known here")

    def _set(self) -> Fits:
        """A class such as ``[a-z_]`` or ``[^0-9]``."""
        negated, parts = self._takes("^"), list[Fits]()
        while self._peek() != "]" or not parts:
            one = self._peek()
            if not one or self._text.startswith("[:", self._at):
                raise self._wrong("a plain class and ']'")
            self._at += 1
            if one == "\\" and self._peek().lower() in CLASSES:
                parts.append(self._escape())
                continue
            low = self._one(one)
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._peek()
                self._at += 1
                high = self._one(high)
                if high < low:
                    raise self._wrong("a range that goes up")
                parts.append(_range(low, high))
            else:
                parts.append(_literal(low))
        self._at += 1
        inside = self._either_case(lambda each: any(part(each) for part in parts))
        return (lambda each: not inside(each)) if negated else inside

    def _one(self, one: str) -> str:
        """The character that ``one``, or the escape it begins, stands for."""
        if one != "\\":
            return one
        escaped = self._peek()
        if not escaped or (escaped.isalnum() and escaped not in PLAIN):
            raise self._wrong("an escape that is known here")
        self._at += 1
        return PLAIN.get(escaped, escaped)


def _literal(one: str) -> Fits:
    return lambda each: each == one


def _range(low: str, high: str) -> Fits:
    return lambda each: low <= each <= high
