"""Utterance: what one message says, before it is known what it is about.

``name`` is the short id that it names, in lower case; empty: the only plan that waits in its thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Approves:
    """ "approve a1b2 only today"."""

    name: str = ""
    today: bool = False


@dataclass(frozen=True, slots=True)
class Denies:
    """ "deny a1b2 only today because ..."."""

    name: str = ""
    today: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Waits:
    """ "wait a1b2 30m"."""

    name: str
    for_s: int


@dataclass(frozen=True, slots=True)
class Changes:
    """ "a1b2: scale to 6 instead"."""

    name: str
    remediation: str  # entry-point name
    parameters: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnlyToday:
    """ "only today", alone: qualifies what its author has just decided."""


@dataclass(frozen=True, slots=True)
class AsksWhy:
    """ "why?"."""


@dataclass(frozen=True, slots=True)
class CallsFalse:
    """ "false alarm only today: nightly batch"."""

    reason: str
    today: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """ "I'm on it"."""


@dataclass(frozen=True, slots=True)
class Releases:
    """ "release"."""


@dataclass(frozen=True, slots=True)
class Stops:
    """ "stop everything"."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resumes:
    """ "resume everything"."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class HelpAsked:
    """ "help": answered with the forms."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A decision may be meant, and none was made: to be asked about. Never acted on."""

    because: str  # in words to its author
    did_you_mean: str = ""  # what they could write instead; empty: nothing is near enough
    only_if_asked: bool = False  # worth an answer only where a plan waits in the thread ("yes")


@dataclass(frozen=True, slots=True)
class Chatter:
    """People talk to each other: not answered."""


Utterance = (
    Approves
    | Denies
    | Waits
    | Changes
    | OnlyToday
    | AsksWhy
    | CallsFalse
    | Claims
    | Releases
    | Stops
    | Resumes
    | HelpAsked
    | Unclear
    | Chatter
)
