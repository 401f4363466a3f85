"""Notice: what people are shown of an incident: one card that is edited, questions, and notes beside it.

Texts are raw: what comes from labels and annotations may hold anything, and each channel escapes for itself
(H9). Values of environment variables and other secrets never come here (S8).
"""

from dataclasses import dataclass

from aiops.model.approval import Approval
from aiops.model.incident import Incident
from aiops.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Card:
    """An incident as it stands: the one message that is edited as it lives."""

    cluster: str
    incident: Incident
    stage: str  # "open", "diagnosing", "waiting", "acting", "verifying", "verified", "escalated", "resolved",
    # "closed"
    at_ms: int
    decision: str = ""  # the newest one, in words
    lines: tuple[str, ...] = ()  # what was done so far, oldest first
    pending: tuple[str, ...] = ()  # short ids of what waits for an answer
    claimed_by: str = ""  # who is on it
    owner: str = ""  # the workload's owner label: where it is routed
    silenced: str = ""  # why nobody is disturbed by it
    picture: bytes = b""  # PNG of the evidence, shown once; empty: none


@dataclass(frozen=True, slots=True)
class Question:
    """An approval, to be asked: a message of its own, never edited while it waits."""

    approval: Approval
    incident: Incident
    plan: Plan
    facts: tuple[str, ...] = ()  # what the API server says of the target: not from labels alone (H9)
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A detail, in the incident's thread; without an incident it is for the channel as a whole."""

    text: str
    about: str = ""  # what it is about, once: the same one again is not posted twice
    incident_id: str = ""
    at_ms: int = 0
    roles: tuple[str, ...] = ()  # whose attention is wanted (reminder, second tier)
    owner: str = ""
    loud: bool = False  # worth a message in the channel, not only in the thread


Notice = Card | Question | Note
