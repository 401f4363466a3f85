"""Notices: what of the board a channel is to be told next. Pure: what was posted and shown is handed in.

Which incidents: those that are open, and those that ended within ``LATE_MS`` unseen (a channel was down);
not what is known breakage, silenced, less bad than the channel's least, or another owner's. What waits for an
answer is always told. While a storm is on, one summary and the worst few; the rest stays in the summary,
also afterwards, unless something is done or asked about it (H10).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from aiops.core.board import Board, Standing, Storm
from aiops.core.card import SEVERITIES, summary, worst_first
from aiops.core.routing import owner_of
from aiops.core.silences import silenced
from aiops.core.words import count
from aiops.model import (
    Approval,
    ApprovalState,
    Card,
    Facts,
    Incident,
    IncidentKind,
    IncidentState,
    NotifySettings,
    Severity,
    Target,
)

LATE_MS = 3_600_000  # what ended, or was said, longer ago than this is not told any more
OLD_MS = 86_400_000  # what is open for longer, and was never told here, is told together, once a day
STORM = "storm"  # the class of the incident that stands for a storm
DOING = frozenset({IncidentState.ACTING, IncidentState.VERIFYING})
Posted = Callable[[str], bool]  # whether ``about`` was posted here


def incident_about(incident_id: str) -> str:
    """The key of an incident's card."""
    return f"incident:{incident_id}"


def approval_about(approval_id: str) -> str:
    """The key of a question."""
    return f"approval:{approval_id}"


def over_about(about: str, flaps: int = 0) -> str:
    """The key that says that the last word on ``about`` was shown."""
    return f"over:{about}:{flaps}" if flaps else f"over:{about}"


@dataclass(frozen=True, slots=True)
class View:
    """What one channel is told: the board through its eyes."""

    board: Board
    notify: NotifySettings
    facts: Facts | None
    now_ms: int
    posted: Posted
    takes: Callable[[str], bool] = lambda _owner: True  # whether it is told of this owner's
    grouped: bool = True  # False: it groups by itself and is told everything

    @property
    def storm(self) -> Storm | None:
        """The storm that is on, where this channel is spared it."""
        storm = self.board.storm
        return storm if storm is not None and storm.ended_ms is None and self.grouped else None

    def owner(self, incident: Incident) -> str:
        """Whose it is; "" where nobody knows."""
        if self.facts is None:
            return ""
        return owner_of(incident.prime, self.facts, self.notify.owner_labels)

    def asks(self, standing: Standing) -> bool:
        """Whether something of it waits for an answer."""
        return any(one.state is ApprovalState.PENDING for one in self.board.approvals_of(standing.id))

    def tells(self, standing: Standing) -> bool:
        """Whether a card is posted that is not there yet, storms apart."""
        if not standing.open and (standing.closed_ms or 0) <= self.now_ms - LATE_MS:
            return False
        incident = standing.incident
        if not self.takes(self.owner(incident)) or incident.kind is IncidentKind.KNOWN:
            return False
        if self.asks(standing):
            return True
        if SEVERITIES.index(incident.severity) < SEVERITIES.index(self.notify.least_severity):
            return False
        return self.facts is None or not silenced(self.facts, incident, self.now_ms)

    def in_storm(self, standing: Standing) -> bool:
        """Whether the newest storm's summary speaks of it."""
        storm = self.board.storm
        if storm is None or not self.grouped:
            return False
        return storm.covers(standing.incident.opened_ms)

    def left(self) -> int:
        """How many new messages may be posted while the storm is on; the summary has its place."""
        storm = self.board.storm
        if self.storm is None or storm is None:
            return 1_000_000
        cards = sum(
            self.posted(incident_about(one.id))
            for one in self.board.standings()
            if storm.covers(one.incident.opened_ms)
        )
        asked = sum(
            self.posted(approval_about(one.id))
            for one in self.board.approvals.by_id.values()
            if storm.covers(one.asked_ms)
        )
        return self.notify.storm_messages - 1 - cards - asked

    def new_cards(self) -> Iterator[Standing]:
        """Incidents whose card is to be posted, the worst first."""
        waiting = {
            one.id: one
            for one in self.board.standings()
            if not self.posted(incident_about(one.id)) and self.tells(one)
        }
        left = self.left()
        for incident in worst_first([one.incident for one in waiting.values()]):
            standing = waiting[incident.id]
            if self.is_old(standing):
                continue
            if self.storm is not None:
                if left <= 0:
                    return
                left -= 1
            elif self.in_storm(standing) and not (self.asks(standing) or incident.state in DOING):
                continue  # the summary told of it
            yield standing

    def is_old(self, standing: Standing) -> bool:
        """Whether it is open for so long that it is no news: a channel is new, or was away for long."""
        incident = standing.incident
        news = self.asks(standing) or incident.state in DOING
        return self.grouped and not news and incident.opened_ms <= self.now_ms - OLD_MS

    def old(self) -> list[Incident]:
        """What is open for long and was never told here."""
        return [
            one.incident
            for one in self.board.standings()
            if one.open and self.is_old(one) and not self.posted(incident_about(one.id)) and self.tells(one)
        ]

    def questions(self) -> Iterator[Approval]:
        """What is asked and was not posted, oldest first; what cannot be posted for a storm is answered
        elsewhere: its short id is in the card and the summary."""
        left = self.left()
        for approval in self.board.approvals.pending():
            standing = self.board.standing(approval.incident_id)
            if standing is None or self.posted(approval_about(approval.id)):
                continue
            if self.takes(self.owner(standing.incident)) and left > 0:
                left -= 1
                yield approval

    def known(self) -> dict[int, list[Incident]]:
        """Known breakage of the last hour, by when it was first seen."""
        found: dict[int, list[Incident]] = {}
        for one in self.board.standings():
            if not one.open:
                continue
            incident = one.incident
            if incident.kind is not IncidentKind.KNOWN or incident.opened_ms <= self.now_ms - LATE_MS:
                continue
            if self.takes(self.owner(incident)):
                found.setdefault(incident.opened_ms, []).append(incident)
        return found

    def storm_card(self) -> Card | None:
        """The one message of the newest storm; None where there was none lately."""
        storm = self.board.storm
        if storm is None or not self.grouped:
            return None
        if storm.ended_ms is not None and storm.ended_ms <= self.now_ms - LATE_MS:
            return None
        within = [one.incident for one in self.board.standings() if storm.covers(one.incident.opened_ms)]
        asked = [one for one in self.board.approvals.pending() if storm.covers(one.asked_ms)]
        cluster = self.facts.cluster if self.facts is not None else ""
        return Card(
            cluster=cluster,
            incident=_as_incident(storm, within, cluster),
            stage="resolved" if storm.ended_ms is not None else "open",
            at_ms=self.now_ms,
            decision="nothing is done until it is over" if storm.ended_ms is None else "",
            lines=(count(len(within), "incident"), *summary(within)),
            pending=tuple(one.short for one in asked),
        )


def _as_incident(storm: Storm, within: list[Incident], cluster: str) -> Incident:
    """A storm as channels show it."""
    state = IncidentState.OPEN if storm.ended_ms is None else IncidentState.CLOSED
    targets = tuple(dict.fromkeys(one.prime for one in worst_first(within)))
    return Incident(
        id=storm.id,
        fingerprint=storm.id,
        kind=IncidentKind.OBSERVED,
        state=state,
        severity=Severity.CRITICAL,
        incident_class=STORM,
        targets=targets or (Target("Cluster", "", cluster or "cluster"),),
        anomalies=(),
        suspects=(),
        opened_ms=storm.began_ms,
        since_ms=storm.began_ms,
        updated_ms=storm.ended_ms or storm.began_ms,
        opened_because=storm.because,
        closed_ms=storm.ended_ms,
        closed_because="" if storm.ended_ms is None else "it was calm for long enough",
        storm=True,
    )


def same(card: Card) -> Card:
    """What of a card a person sees: two that are the same here need no edit."""
    incident = replace(card.incident, updated_ms=0)
    return replace(card, at_ms=0, picture=b"", incident=incident)
