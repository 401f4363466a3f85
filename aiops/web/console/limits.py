"""Limits: what may be done as things stand: switch, storm, budgets, cooldowns, lock-outs, breakers;
playbooks and what they have earned; signals and how good their data is.

The same functions judge here as in the guards; nothing is worked out a second time.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from aiops.core.autonomy import AutonomyLevel, Case, cases, described, level
from aiops.core.guards import GUARDS
from aiops.core.guards.pace import DAY_MS, HOUR_MS, MINUTE_MS, limits
from aiops.core.guards.trust import is_tripped, was_tripped
from aiops.core.ledger import Ledger
from aiops.core.words import span
from aiops.model import Playbook, Policy, Signal
from aiops.web.console.parts import Standing, View
from aiops.web.console.site import Site

PROMISES = re.compile(r" \((?:[A-Z]+\d+(?:, )?)+\)")  # names of promises mean nothing on a page


@dataclass(frozen=True, slots=True)
class Used:
    """One budget."""

    where: str
    used: int
    limit: int

    @property
    def share(self) -> float:
        """0 to 1; a budget of nothing is used up."""
        return min(self.used / self.limit, 1.0) if self.limit else 1.0

    @property
    def full(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.limit


def budgets(ledger: Ledger, policy: Policy, now_ms: int) -> tuple[Used, ...]:
    """Every budget that counts for the whole cluster, and those of places where something was started."""
    flying, own = ledger.in_flight(), policy.budgets
    found = [
        Used("under way in the cluster", len(flying), own.cluster_in_flight),
        Used("under way on nodes", sum(one.node for one in flying), own.nodes_in_flight),
    ]
    places = {(one.target, one.namespace) for one in ledger.counted_since(now_ms - HOUR_MS)}
    seen: set[str] = set()
    for target, namespace in [("", ""), *sorted(places)]:
        for where, field, value, limit, window_ms in limits(policy, target, namespace):
            if (field and not value) or where in seen:
                continue
            seen.add(where)
            started = ledger.counted_since(now_ms - window_ms)
            used = sum(not field or getattr(one, field) == value for one in started)
            found.append(Used(where, used, limit))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Wait:
    """A place where nothing is done until a time, or until a person says so (None)."""

    where: str
    why: str
    until_ms: int | None


def waits(ledger: Ledger, view: View, now_ms: int) -> tuple[Wait, ...]:
    """Cooldowns and lock-outs in force, the longest last."""
    found = [*_cooldowns(ledger, view.playbooks, now_ms), *_locks(ledger, view.policy)]
    return tuple(sorted(found, key=lambda one: (one.until_ms is None, one.until_ms or 0, one.where)))


def _cooldowns(ledger: Ledger, playbooks: Sequence[Playbook], now_ms: int) -> Iterator[Wait]:
    cooldown_s = {one.name: one.cooldown_s for one in playbooks}
    newest = {(one.target, one.playbook): one for one in ledger.attempts}
    for (target, playbook), one in newest.items():
        ended_ms = one.at_ms if one.ended_ms is None else one.ended_ms
        until_ms = ended_ms + 1000 * cooldown_s.get(playbook, 0)
        if until_ms > now_ms:
            said = (one.result or "under way").replace("_", " ")
            yield Wait(
                target,
                f"cooldown of {playbook}: {one.remediation} {span(now_ms - one.at_ms)} ago, {said}",
                until_ms,
            )


def _locks(ledger: Ledger, policy: Policy) -> Iterator[Wait]:
    for target, failures in ledger.failures.items():
        if failures >= policy.lock_after_failures:
            yield Wait(target, f"locked out: {failures} fixes in a row did not help", None)
    for target, times in ledger.overwritten.items():
        if times >= policy.lock_after_reverts:
            yield Wait(target, f"locked out: {times} changes of ours were taken back", None)


@dataclass(frozen=True, slots=True)
class BreakerView:
    """The verdicts on one playbook; "" is all of them together."""

    playbook: str
    tally: str
    state: str  # "closed", "open", "until a person resets it"


def breakers(ledger: Ledger, policy: Policy, now_ms: int) -> tuple[BreakerView, ...]:
    """Of all playbooks together, and of each that was judged."""
    found = []
    for name, verdicts in sorted({"": (), **ledger.verdicts}.items()):
        recent = verdicts[-policy.breaker.of_last :]
        tally = f"{sum(not helped for _, helped in recent)} failed of the last {len(recent)}"
        state = "closed"
        if not name and was_tripped(verdicts, policy.breaker):
            state = "open until a person resets it"
        elif name and is_tripped(verdicts, policy.breaker):
            state = (
                "open" if now_ms < verdicts[-1][0] + 1000 * policy.breaker.open_s else "half open: one trial"
            )
        found.append(BreakerView(name, tally, state))
    return tuple(found)


def guard_words() -> tuple[tuple[str, str], ...]:
    """Each guard in the order in which they are asked, with what it stands for."""
    return tuple(
        (
            guard.__name__.replace("_", " "),
            PROMISES.sub("", " ".join((guard.__doc__ or "").split("\n\n")[0].split())),
        )
        for guard in GUARDS
    )


def guards_page(site: Site) -> Callable[[Request], Response]:
    """Guards and budgets as they stand."""

    def endpoint(request: Request) -> Response:
        known, view, now_ms = site.keeper.known(), site.parts.view, site.parts.now_ms()
        values = {
            "here": "guards",
            "budgets": budgets(known.ledger, view.policy, now_ms),
            "waits": waits(known.ledger, view, now_ms),
            "breakers": breakers(known.ledger, view.policy, now_ms),
            "flying": known.ledger.in_flight(),
            "claims": tuple(known.claims.held.values()),
            "policy": view.policy,
            "guards": guard_words(),
            "hours": (10 * MINUTE_MS, HOUR_MS, DAY_MS),
        }
        return site.page(request, "guards.html", values)

    return endpoint


@dataclass(frozen=True, slots=True)
class Earned:
    """What a playbook may do alone about one class in one place."""

    case: Case
    level: AutonomyLevel

    @property
    def where(self) -> str:
        """In words."""
        return described(self.case.scope) or "everywhere"


def playbooks_page(site: Site) -> Callable[[Request], Response]:
    """Playbooks with their autonomy and track record."""

    def endpoint(request: Request) -> Response:
        view, now_ms = site.parts.view, site.parts.now_ms()
        lessons = site.keeper.lessons()
        found: dict[str, list[Earned]] = {one.name: [] for one in view.playbooks}
        for case in cases(view.playbooks, view.policy, lessons):
            found[case.playbook].append(Earned(case, level(case, lessons, now_ms)))
        tried: dict[str, dict[str, int]] = {one.name: {} for one in view.playbooks}
        for one in lessons.tried.values():
            counts = tried.setdefault(one.playbook, {})
            word = "under way" if one.came is None else one.came.replace("_", " ")
            counts[word] = counts.get(word, 0) + 1
        values = {
            "here": "playbooks",
            "playbooks": sorted(
                view.playbooks, key=lambda one: (not found[one.name], -len(tried[one.name]), one.name)
            ),
            "earned": found,
            "tried": tried,
            "policy": view.policy,
        }
        return site.page(request, "playbooks.html", values)

    return endpoint


@dataclass(frozen=True, slots=True)
class SignalView:
    """One signal with the quality of its data."""

    signal: Signal
    state: str  # "good", "blind", "empty", "unknown"
    words: str
    seen: int
    expected: int


def signals(view: View, standing: Standing) -> tuple[SignalView, ...]:
    """The signals, what is wrong first. What nobody knows is not said to be good."""
    readings = {one.signal: one for one in standing.readings}
    blind = dict(standing.quality.blind) if standing.quality is not None else {}
    found = []
    for signal in view.signals:
        reading = readings.get(signal.name)
        seen, expected = (reading.seen, reading.expected) if reading is not None else (0, 0)
        if signal.name in blind:
            state, words = "blind", blind[signal.name]
        elif reading is None:
            state, words = "unknown", "not asked for here" if not standing.live else "not asked for yet"
        elif not seen:
            state, words = "empty", "no series: nothing here has this signal"
        else:
            state, words = "good", f"{seen} series"
        found.append(SignalView(signal, state, words, seen, expected))
    rank = {"blind": 0, "unknown": 1, "empty": 2, "good": 3}
    return tuple(sorted(found, key=lambda one: (rank[one.state], one.signal.pack, one.signal.name)))


def signals_page(site: Site) -> Callable[[Request], Response]:
    """Signals with data quality."""

    def endpoint(request: Request) -> Response:
        standing = site.parts.standing()
        values = {"here": "signals", "signals": signals(site.parts.view, standing), "standing": standing}
        return site.page(request, "signals.html", values)

    return endpoint
