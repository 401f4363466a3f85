"""Autonomy: what each playbook may do alone about each class in each scope, by journal and configuration."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from aiops.adapters.clock import SystemClock
from aiops.bootstrap.config import load_settings
from aiops.bootstrap.journal import Place
from aiops.bootstrap.requests import Progress, hand_in, journal, make
from aiops.core.autonomy import AutonomyLevel, Case, cases, level, refused_rise
from aiops.core.learn import READERS, learn
from aiops.core.memory import Lessons
from aiops.core.requests import Answered
from aiops.errors import InputError
from aiops.model import RequestKind
from aiops.ports import Store
from aiops.settings import Settings


@dataclass(frozen=True, slots=True)
class Row:
    """One case and its level."""

    case: Case
    level: AutonomyLevel


def rows(config: Path | None, state: Place | None) -> tuple[Row, ...]:
    """Every case there is; none where no scope binds a playbook. InputError where there is no journal."""
    settings, now_ms = load_settings(config), SystemClock().now_ms()
    with journal(config, state) as (_, store):
        lessons = lessons_of(store)
    return tuple(Row(case, level(case, lessons, now_ms)) for case in known(settings, lessons))


def accept(
    config: Path | None,
    state: Place | None,
    playbook: str,
    scope: str,
    reason: str,
    wait_ms: int,
    progress: Progress,
) -> Answered:
    """Hand in that a person lets ``playbook`` rise by one step in ``scope``; what came of it. Refused at once
    where no rise is proposed. InputError where there is no such case, or no daemon."""
    settings = load_settings(config)
    request = make(RequestKind.ACCEPT_AUTONOMY, reason, playbook=playbook, scope=scope)
    with journal(config, state) as (folder, store):
        lessons = lessons_of(store)
    there = {(case.playbook, case.where) for case in known(settings, lessons)}
    if (playbook, scope) not in there:
        raise InputError(unknown(playbook, scope, there))
    why_not = refused_rise(request, settings.playbooks, settings.policy, lessons, request.at_ms)
    if why_not:
        return Answered(request, False, why_not)
    return hand_in(folder, request, wait_ms, progress)


def lessons_of(store: Store) -> Lessons:
    """Everything that the journal teaches."""
    return learn(Lessons(), store.read(kinds=tuple(READERS)))


def known(settings: Settings, lessons: Lessons) -> tuple[Case, ...]:
    """Every case that the configuration and the journal know."""
    return cases(settings.playbooks, settings.policy, lessons)


def unknown(playbook: str, scope: str, there: set[tuple[str, str]]) -> str:
    """What is wrong with a case that is not there, with close ones."""
    names = {f"{one} {where}" for one, where in there}
    close = get_close_matches(f"{playbook} {scope}", names, n=2, cutoff=0.5)
    meant = f", did you mean {' or '.join(close)}?" if close else ""
    return f"expected a playbook and a scope as `aiops autonomy` lists them, got {playbook} {scope}{meant}"
