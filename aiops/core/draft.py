"""Draft: a book while one tick is written into it. Lives inside ``correlate`` only."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from aiops.core.alone import is_faint, seconded
from aiops.core.book import Book, Changed, Closed, IncidentChange, Key, Opened, Storm, key
from aiops.core.closing import CAME_TRUE, LOST_AFTER_MS, over
from aiops.core.detect import Cleared, Happening
from aiops.core.ending import is_over
from aiops.core.fingerprint import incident_id
from aiops.core.known import broken_at_first_sight
from aiops.core.page import Page, begun, returned
from aiops.core.quality import Quality
from aiops.core.relate import TOGETHER_MS, Ground
from aiops.model import (
    Alert,
    Anomaly,
    AnomalyKind,
    Correlation,
    Incident,
    IncidentKind,
    IncidentState,
    Role,
    Target,
)

BESIDE = 4  # the strength of a tie by one call, or by a node
PROOF = {"OOMKilled": Role.MEMORY, "MemoryPressure": Role.MEMORY, "DiskPressure": Role.DISK}
Symptom = tuple[str, str, str]  # namespace, role, direction


class _Index:
    """Where the anomalies of open incidents are, so that joining one costs no search."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.by_key: dict[Key, str] = {}
        self.by_place: dict[Target, dict[str, None]] = defaultdict(dict)
        self.by_symptom: dict[Symptom, dict[str, None]] = defaultdict(dict)

    def symptom(self, anomaly: Anomaly) -> Symptom:
        """What two anomalies of one namespace may share."""
        return self._ground.place(anomaly.target).namespace, anomaly.role, anomaly.direction

    def add(self, at: str, anomaly: Anomaly) -> None:
        """``anomaly`` belongs to the incident ``at``."""
        self.by_key[key(anomaly)] = at
        self.by_place[self._ground.place(anomaly.target)][at] = None
        self.by_symptom[self.symptom(anomaly)][at] = None

    def drop(self, at: str, page: Page) -> None:
        """The incident ``at`` is closed."""
        for one in page.anomalies.values():
            self.by_place[self._ground.place(one.target)].pop(at, None)
            self.by_symptom[self.symptom(one)].pop(at, None)
            if self.by_key.get(key(one)) == at:
                del self.by_key[key(one)]


def first_of(anomaly: Anomaly) -> Anomaly:
    """``anomaly``, or where it began so long ago that an incident of it was lost from sight, its newest
    sample: another incident, with another name."""
    long_ago = anomaly.at_ms - anomaly.since_ms >= LOST_AFTER_MS
    return replace(anomaly, since_ms=anomaly.at_ms) if long_ago else anomaly


def _proves(anomaly: Anomaly, page: Page) -> bool:
    """Whether a state of Kubernetes says that a limit, which was predicted, was reached."""
    roles = {one.role for one in page.anomalies.values()}
    return PROOF.get(anomaly.condition) in roles


class Draft:
    """Open incidents as pages, those closed lately, and what to tell."""

    def __init__(self, book: Book, ground: Ground, now_ms: int, settings: Correlation, cluster: str) -> None:
        self.before, self.ground, self.now_ms = book, ground, now_ms
        self.settings, self.cluster = settings, cluster
        self.pages = {at: Page(incident) for at, incident in book.open.items()}
        within_ms = 1000 * settings.reopen_within_s
        self._closed = {one.id: one for one in book.closed if now_ms - (one.closed_ms or 0) <= within_ms}
        self._healthy = set(book.healthy)
        self._ended: list[Incident] = []
        self._alone = dict(book.alone)

    @cached_property
    def _index(self) -> _Index:
        index = _Index(self.ground)
        for at, page in self.pages.items():
            for anomaly in page.anomalies.values():
                index.add(at, anomaly)
        return index

    # What happens

    def take(self, happening: Happening) -> None:
        """Write one happening down."""
        if isinstance(happening, Cleared):
            for kind in AnomalyKind:
                which = (happening.target, happening.signal, happening.detector, kind)
                self._alone.pop(which, None)
                if which in self._index.by_key:
                    self.pages[self._index.by_key[which]].clear(which, happening.at_ms)
            return
        anomaly = happening.anomaly
        if is_over(anomaly, self.ground.facts):
            return  # a stale sample of what does not exist any more, or of what was made good
        at = self._index.by_key.get(key(anomaly)) or self._known_home(anomaly)
        if at is None and self._kind(anomaly) is IncidentKind.OBSERVED and is_faint(anomaly, self.settings):
            self._alone[key(anomaly)] = anomaly
            return
        self._write(anomaly, at)

    def _write(self, anomaly: Anomaly, at: str | None, why: str = "") -> None:
        at = at or self._begin(anomaly, why)
        self._alone.pop(key(anomaly), None)
        self.pages[at].add(anomaly)
        self._index.add(at, anomaly)

    def settle(self) -> None:
        """Let faint signals join what they are tied to by now, or open an incident where they last or are
        two. The oldest goes first; what it opens, the others may join."""
        for anomaly in sorted(self._alone.values(), key=lambda one: (one.since_ms, one.target, one.signal)):
            lasts = self.now_ms - anomaly.since_ms >= 1000 * self.settings.alone_s
            at = self._known_home(anomaly)
            if lasts:
                self._write(anomaly, at, f", for {self.settings.alone_s // 60} min")
            elif at is not None or seconded(anomaly, self._alone.values(), self.ground, self.settings):
                self._write(anomaly, at, ", and another resource agrees")

    # Where an anomaly belongs

    def _known_home(self, anomaly: Anomaly) -> str | None:
        """The incident that ``anomaly`` belongs to: an open one, or one that comes back; None: a new one."""
        kind = self._kind(anomaly)
        at = self._here(anomaly, kind) or self._tied(anomaly, kind) or self._back(anomaly, kind)
        if at is not None and kind is IncidentKind.OBSERVED:
            self._came_true(anomaly, at)
        return at

    def _begin(self, anomaly: Anomaly, why: str) -> str:
        """A new incident of ``anomaly``; ``why`` goes on where its band ends."""
        kind = self._kind(anomaly)
        at = incident_id(self.cluster, first_of(anomaly))
        self.pages[at] = begun(at, anomaly, self.ground.place(anomaly.target), kind, self.now_ms, why)
        if kind is IncidentKind.OBSERVED:
            self._came_true(anomaly, at)
        return at

    def _kind(self, anomaly: Anomaly) -> IncidentKind:
        if anomaly.kind is AnomalyKind.PREDICTED:
            return IncidentKind.PREDICTED
        place, first_sight_s = self.ground.place(anomaly.target), self.settings.first_sight_s
        if place in self._healthy:
            return IncidentKind.OBSERVED
        known = broken_at_first_sight(self.before, place, anomaly.since_ms, first_sight_s)
        return IncidentKind.KNOWN if known else IncidentKind.OBSERVED

    def _here(self, anomaly: Anomaly, kind: IncidentKind) -> str | None:
        """An open incident of the same workload."""
        place = self.ground.place(anomaly.target)
        for at in self._index.by_place.get(place, ()):
            page = self.pages[at]
            if page.kind is IncidentKind.PREDICTED:
                fits = kind is IncidentKind.PREDICTED
            elif kind is IncidentKind.PREDICTED:
                fits = page.shows(anomaly)  # it is here already
            elif page.kind is IncidentKind.KNOWN:
                fits = True  # until it has been healthy once, all its trouble is known
            else:
                its_own = place == self.ground.place(page.prime)
                fits = its_own or self._in_time(page, anomaly) or page.shows(anomaly)
            if fits:
                return at
        return None

    def _tied(self, anomaly: Anomaly, kind: IncidentKind) -> str | None:
        """The open incident with the strongest tie; of two as strong, the newer."""
        if kind is IncidentKind.PREDICTED:
            return None
        found = [
            (strength, self.pages[at].first_ms, at)
            for strength, at in self._candidates(anomaly)
            if self.pages[at].kind is kind and self._in_time(self.pages[at], anomaly, strength)
        ]
        return max(found)[2] if found else None

    def _in_time(self, page: Page, anomaly: Anomaly, strength: int = 0) -> bool:
        """Within the window; or faint, and right beside what is bad still: it pays for that, however late."""
        window_ms = 1000 * self.settings.join_window_s
        if page.first_ms - window_ms <= anomaly.since_ms <= page.last_ms + window_ms:
            return True
        late = anomaly.since_ms > page.last_ms and strength >= BESIDE
        return late and page.active and is_faint(anomaly, self.settings)

    def _candidates(self, anomaly: Anomaly) -> Iterator[tuple[int, str]]:
        for tie in self.ground.ties(anomaly, 1000 * self.settings.change_within_s):
            for at in self._index.by_place.get(tie.place, ()):
                yield tie.strength, at
        index, place = self._index, self.ground.place(anomaly.target)
        near = self.ground.around(place) if self.ground.graphed(place) else None
        for at in index.by_symptom.get(index.symptom(anomaly), ()):
            if any(self._alike(one, anomaly, near) for one in self.pages[at].anomalies.values()):
                yield 1, at

    def _alike(self, one: Anomaly, other: Anomaly, near: dict[Target, int] | None) -> bool:
        """Whether two anomalies are one symptom at one time, near in the graph or where no graph is known."""
        if one.role is not other.role or one.direction is not other.direction:
            return False
        if one.condition != other.condition or abs(one.since_ms - other.since_ms) > TOGETHER_MS:
            return False
        place = self.ground.place(one.target)
        return place in near if near is not None else not self.ground.graphed(place)

    # Return and end

    def _back(self, anomaly: Anomaly, kind: IncidentKind) -> str | None:
        """One that closed lately and whose first suspect, or this very series, is bad again: it returns."""
        if kind is IncidentKind.KNOWN:
            return None
        place = self.ground.place(anomaly.target)
        for incident in reversed(tuple(self._closed.values())):
            same = place == self.ground.place(incident.prime) or key(anomaly) in map(key, incident.anomalies)
            if same and incident.kind is kind and not incident.closed_because.startswith(CAME_TRUE):
                del self._closed[incident.id]
                page = self.pages[incident.id] = returned(incident)
                for one in page.anomalies.values():
                    self._index.add(incident.id, one)
                return incident.id
        return None

    def _came_true(self, anomaly: Anomaly, into: str) -> None:
        for at in tuple(self._index.by_place.get(self.ground.place(anomaly.target), ())):
            page = self.pages[at]
            if page.kind is IncidentKind.PREDICTED and (page.shows(anomaly) or _proves(anomaly, page)):
                self._end(at, f"{CAME_TRUE}: incident {into}")

    def _bury(self, page: Page) -> None:
        """Let what is over without a good sample be over (``aiops.core.ending``)."""
        for which, one in tuple(page.anomalies.items()):
            if one.cleared_ms is None and is_over(one, self.ground.facts):
                page.clear(which, self.now_ms)

    def close_what_is_over(self, quality: Quality) -> None:
        """Apply the rules that close an incident, where we see all of its signals (M2)."""
        for at, page in tuple(self.pages.items()):
            self._bury(page)
            if quality.identity_error or any(one.signal in quality.blind for one in page.anomalies.values()):
                continue
            because = over(self._derived(page), self.ground, self.now_ms, self.settings)
            if because:
                self._end(at, because)

    def _end(self, at: str, because: str) -> None:
        page, now_ms = self.pages.pop(at), self.now_ms
        incident = replace(
            self._derived(page),
            state=IncidentState.CLOSED,
            closed_ms=now_ms,
            updated_ms=now_ms,
            closed_because=because,
        )
        self._closed[at] = incident
        self._ended.append(incident)
        if incident.kind is IncidentKind.KNOWN:
            self._healthy |= set(incident.targets)
        self._index.drop(at, page)

    # Alerts and storms

    def join_alerts(self) -> None:
        """Let alerts that fire for an incident's targets join it, with their runbook links."""
        if not self.pages or not self.ground.facts.alerts:
            return
        firing: dict[Target, list[Alert]] = defaultdict(list)
        for alert in self.ground.facts.alerts:
            if alert.target is not None and alert.since_ms <= self.now_ms:
                firing[self.ground.place(alert.target)].append(alert)
        for page in self.pages.values():
            incident = self._derived(page)
            joined = {(one.name, one.target, one.since_ms): one for one in incident.alerts}
            count = len(joined)
            for place in {self.ground.place(one.target) for one in page.anomalies.values()}:
                for one in firing.get(place, ()):
                    if one.until_ms is None or one.until_ms >= incident.since_ms:
                        joined[one.name, one.target, one.since_ms] = one
            if len(joined) > count:
                page.edit(alerts=tuple(sorted(joined.values(), key=lambda one: (one.since_ms, one.name))))
                page.tell("alert")

    def mark_storm(self, since_ms: int) -> None:
        """Mark what was opened or came back since ``since_ms`` as part of the storm."""
        for page in self.pages.values():
            incident = self._derived(page)
            if not incident.storm and page.kind is IncidentKind.OBSERVED and page.last_ms >= since_ms:
                page.edit(storm=True)
                page.tell("storm")

    # The result

    def _derived(self, page: Page) -> Incident:
        return page.derived(self.ground, self.now_ms, self.settings, self.cluster)

    def incidents(self) -> tuple[Incident, ...]:
        """The open incidents as they stand."""
        return tuple(self._derived(page) for page in self.pages.values())

    def book(self, weather: Storm | None) -> Book:
        """The book after this tick."""
        return replace(
            self.before,
            open={at: self._derived(page) for at, page in self.pages.items()},
            closed=tuple(self._closed.values()),
            storm=weather,
            healthy=frozenset(self._healthy),
            alone=dict(self._alone),
        )

    def changes(self) -> tuple[IncidentChange, ...]:
        """What to tell: the ended, the changed, the opened."""
        changed: list[IncidentChange] = []
        opened: list[IncidentChange] = []
        for page in self.pages.values():
            incident = self._derived(page)
            if "opened" in page.what:
                opened.append(Opened(incident))
            elif page.what:
                changed.append(Changed(incident, tuple(page.what)))
        return (*(Closed(one) for one in self._ended), *changed, *opened)
