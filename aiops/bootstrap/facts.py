"""Facts for the live loop: what is known of the cluster, from a recording, or nothing.

Reading a live API server comes with acting on it. Recorded facts are as old as the recording's end, and say
so: guards that ask for fresh facts hold.
"""

from pathlib import Path

from aiops.bootstrap.recordings import open_recording
from aiops.model import Facts
from aiops.ports import FactSource, MetricSource


class RecordedFacts:
    """``ports.FactSource``: the cluster as it was at the end of a recording."""

    def __init__(self, path: Path) -> None:
        recording = open_recording(path)
        self._facts = recording.facts(recording.end_ms)

    def facts(self, at_ms: int) -> Facts:  # noqa: ARG002 - they do not change any more
        """Always the same; ``Facts.at_ms`` tells how old they are."""
        return self._facts


def make_facts(recording: Path | None, source: MetricSource, cluster: str) -> FactSource | None:  # noqa: ARG001
    """The facts of ``recording``; None where there is none."""
    return None if recording is None else RecordedFacts(recording)
