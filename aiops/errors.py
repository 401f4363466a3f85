"""Every error this product raises on purpose.

Expected answers (inconclusive, not applicable, hold) are values, not errors. Adapters translate what a
vendor raises into a ``PortError``, chained; nothing else raises those.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class AiopsError(Exception):
    """Root of all our errors; the command line prints its text and exits, never a traceback."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration or an input file."""

    where: str  # file and path inside it: "config/aiops.yaml:12 detection.step"
    got: str  # what stands there, shortened
    expected: str  # what would be right, with "did you mean" where a name is close

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}"


class ConfigError(AiopsError):
    """The configuration is not usable; carries every problem at once. At start and on reload only."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[tuple[Problem, ...]]]:
        """It comes back whole from a worker process."""
        return type(self), (self.problems,)


class InputError(AiopsError):
    """A file or argument that a person handed us is not usable; carries every problem found."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems = () if isinstance(problems, str) else tuple(problems)
        super().__init__(
            problems if isinstance(problems, str) else "\n".join(str(problem) for problem in self.problems)
        )

    def __reduce__(self) -> tuple[type["InputError"], tuple[tuple[Problem, ...] | str]]:
        """It comes back whole from a worker process."""
        return type(self), (self.problems or str(self),)


class PortError(AiopsError):
    """Something outside answered badly or not at all. Raised by adapters only, always chained."""


class Unavailable(PortError):  # noqa: N818 - the words of the design: an answer, named by what it means
    """Try again later: timeout, 429, 5xx, connection refused."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class Conflict(PortError):  # noqa: N818 - see Unavailable
    """The object changed since it was read: plan again."""


class NotFound(PortError):  # noqa: N818 - see Unavailable
    """What was asked for does not exist."""


class Forbidden(PortError):  # noqa: N818 - see Unavailable
    """We are not allowed to; the text names verb and resource."""


class Rejected(PortError):  # noqa: N818 - see Unavailable
    """Do not try again: the request itself is wrong (other 4xx, admission, unreadable reply)."""


class InvariantError(AiopsError):
    """A bug of ours: stop acting, keep watching, tell a person."""
