"""What went wrong in the loops of the simulation; a lost API server or object is expected there."""

import contextlib
import traceback
from collections.abc import Iterator

import urllib3

from tests.controlplane.api import ApiError

LOST = (urllib3.exceptions.HTTPError, OSError)
GONE = (404, 409)  # the object is gone, or another has its name


class Mishaps:
    """Kept until a fixture asks: a simulation that went wrong fails the test that saw it."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    @contextlib.contextmanager
    def noted(self, where: str) -> Iterator[None]:
        """Note what is unexpected, and let the loop go on."""
        try:
            yield
        except LOST:
            return
        except ApiError as error:
            if not _is_expected(error):
                self.note(where, error)
        except Exception:  # noqa: BLE001 - the edge of a loop that must not end
            self.note(where, traceback.format_exc())

    def note(self, where: str, error: object) -> None:
        """Keep one for the fixture."""
        self._texts.append(f"{where}: {error}")

    def take(self) -> list[str]:
        """All since the last call."""
        texts, self._texts = self._texts, []
        return texts


def _is_expected(error: ApiError) -> bool:
    causes = (error.body.get("details") or {}).get("causes", [])
    ends = any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
    return ends or error.status in GONE or error.status >= 500
