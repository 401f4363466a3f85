"""Report: what is wrong and where, with the line of the file, what may be meant, and never a secret."""

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from aiops.errors import Problem

SECRET = ("password", "token", "secret", "header", "authorization", "credential")
URL_SECRETS = re.compile(r"(?<=://)[^/@\s]*@|\?\S*(?=['\"])|\?\S*$")  # user, password and query of an address
MOST_PROBLEMS = 100  # more are counted: who has a hundred mends the first and looks again
LONGEST_NAME = 64  # of one that could be a typing error; comparing names takes the square of their length
LONGEST = 400  # characters of what a problem says was got, and was expected

T = TypeVar("T")
Wrong = tuple[str, str, str]  # the path below the value ("" is itself), got, expected
Check = Callable[[Any], Iterable[Wrong]]


class Report:
    """Collects problems, and remembers in which line each path of each file stands.

    ``checks`` says for a type what else is wrong with a value of it.
    """

    def __init__(self, checks: Mapping[type, Sequence[Check]] | None = None) -> None:
        self.problems: list[Problem] = []
        self.checks = checks or {}
        self.made: list[tuple[Any, Place]] = []  # every dataclass that could be made, with its place
        self.left_out = 0  # problems beyond MOST_PROBLEMS
        self._lines: dict[tuple[str, str], int] = {}

    def stands(self, file: str, path: str, line: int) -> None:
        """Remember that ``path`` of ``file`` is in ``line``."""
        self._lines[file, path] = line

    def add(self, file: str, path: str, got: str, expected: str) -> None:
        """Note a problem; secrets are not shown."""
        if is_secret(path):
            got, expected = "(not shown)", expected.partition(': "')[0]  # which may quote the value
        elif "://" in got:
            got = URL_SECRETS.sub("...", got)
        self.note(Problem(self.where(file, path), got, expected))

    def where(self, file: str, path: str) -> str:
        """ "file:line path"; the line is that of the path, or of what it is part of."""
        known = path
        while known and (file, known) not in self._lines:
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        line = self._lines.get((file, known))
        return escaped(f"{file}{'' if line is None else f':{line}'} {path}".rstrip())

    @property
    def count(self) -> int:
        """How many problems there are."""
        return len(self.problems) + self.left_out

    def made_of(self, kind: type[T]) -> "list[tuple[T, Place]]":
        """Every value of ``kind`` that could be made."""
        return [(value, place) for value, place in self.made if type(value) is kind]

    def note(self, problem: Problem) -> None:
        """Keep a problem, or count it when there are enough."""
        if len(self.problems) < MOST_PROBLEMS:
            got, expected = (shortened(text) for text in (problem.got, problem.expected))
            self.problems.append(dataclasses.replace(problem, got=got, expected=expected))
        else:
            self.left_out += 1


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where in which file."""

    report: Report
    file: str
    path: str = ""

    def at(self, key: str | int, line: int) -> "Place":
        """The place of one key or item."""
        if isinstance(key, str) and len(key) > LONGEST_NAME:
            key = f"{key[:LONGEST_NAME]}..."
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if self.path else key
        self.report.stands(self.file, self.path + step, line)
        return dataclasses.replace(self, path=self.path + step)

    def wrong(self, got: str, expected: str) -> None:
        """Note a problem here."""
        self.report.add(self.file, self.path, got, expected)

    def where(self) -> str:
        """ "file:line path"."""
        return self.report.where(self.file, self.path)

    def unknown(self, got: str, name: str, known: Iterable[str]) -> None:
        """Note that ``name`` is none of ``known``, with the one that may be meant."""
        enough = len(self.report.problems) >= MOST_PROBLEMS  # the search is dear, nobody would see it
        self.wrong(got, "" if enough else did_you_mean(name, known))

    def below(self, path: str) -> "Place":
        """The place of ``path`` below this one; "" is this one."""
        dot = "." if self.path and path and not path.startswith("[") else ""
        return dataclasses.replace(self, path=f"{self.path}{dot}{path}")


def escaped(text: str) -> str:
    """``text`` without anything that could steer a terminal (S9)."""
    return text if text.isprintable() else ascii(text)[1:-1]


def shortened(text: str) -> str:
    """``text``, or its beginning where nobody would read it to the end."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def is_secret(path: str) -> bool:
    """Whether the value at ``path`` may be a secret, which nothing ever shows."""
    return any(word in path.lower() for word in SECRET)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "one of a, b, c", or the close one."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1) if len(name) <= LONGEST_NAME else []
    if close:
        return f'"{close[0]}" (did you mean that?)'
    return f"one of {', '.join(names)}" if names else "nothing here"
