"""Explain: an incident from its journal, or why nothing was said of a target at a time."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from aiops.adapters.baselines import FileBaselines
from aiops.adapters.remote import Address
from aiops.bootstrap.config import find_state, load_settings
from aiops.bootstrap.incidents import records_of
from aiops.bootstrap.journal import Place, open_journal
from aiops.bootstrap.recordings import open_recording
from aiops.bootstrap.replay import replay_all
from aiops.bootstrap.rules import make_rules
from aiops.core.adjust import describe
from aiops.core.chain import veiled
from aiops.core.feedback import STREAM as FEEDBACK
from aiops.core.feedback import FeedbackBook
from aiops.core.rerun import KINDS, Rerun, rerun
from aiops.core.words import clock
from aiops.engine import entries
from aiops.engine.look import Look, kept, looks, unseen
from aiops.engine.replay import Progress, Replayed, quietly
from aiops.engine.screens import Screens
from aiops.errors import InputError
from aiops.model import Incident, Record, Target
from aiops.ports import Store


@dataclass(frozen=True, slots=True)
class Silence:
    """What was seen of a target at a time. ``incidents`` are those that did speak of it then."""

    target: Target
    at_ms: int
    looks: tuple[Look, ...]
    unseen: tuple[str, ...]  # signals that are watched, but not of this target
    incidents: tuple[Incident, ...]
    blind: str  # why nothing could be said at all; empty: we saw
    notes: tuple[str, ...]
    looked: bool = True  # False: who looks is not known here, so that no looks mean nothing


@dataclass(frozen=True, slots=True)
class Explained:
    """The records of an incident, without values of variables (S8)."""

    records: tuple[Record, ...]
    broken: str  # what is wrong with the journal's chain; empty: nothing
    again: Mapping[int, Rerun]  # each decision, by the number of its record, decided again


def explain_incident(
    incident_id: str,
    config: Path | None,
    state: Place | None,
    recording: Path | None,
    progress: Progress = quietly,
) -> Explained:
    """The records of an incident, of a daemon or of a replay, and each of its decisions made again."""
    if recording is not None:
        return explained(replay_all(recording, config, progress).loop.store, incident_id)
    with closing(open_journal(find_state(config, state))) as store:
        return explained(store, incident_id)


def explained(store: Store, incident_id: str) -> Explained:
    """See ``explain_incident``. One pass over all decisions of the journal, and one over its chain."""
    records, broken = records_of(store, incident_id)
    decided = [one.seq for one in records if one.entry.kind == "decided"]
    again = rerun(store.read(kinds=KINDS), decided) if decided else {}
    return Explained(tuple(map(veiled, records)), broken, again)


def explain_silence(
    target: Target,
    at_ms: int,
    config: Path | None,
    state: Place | None,
    recording: Path | None,
    progress: Progress = quietly,
) -> Silence:
    """Why nothing was said; InputError where the target or the time is not there."""
    if isinstance(state, Address):
        return from_journal(target, at_ms, state)
    if recording is None:
        return from_state(target, at_ms, config, state)
    held = open_recording(recording)
    if not held.start_ms <= at_ms <= held.end_ms:
        raise InputError(
            f"--at: expected a time from {clock(held.start_ms)} to {clock(held.end_ms)} UTC, the times of"
            f" {recording}, got {clock(at_ms)}"
        )
    return from_replay(replay_all(recording, config, progress, until_ms=at_ms), target, at_ms)


def from_replay(replayed: Replayed, target: Target, at_ms: int) -> Silence:
    """The answer of a replay that ended at ``at_ms``."""
    story, loop = replayed.story, replayed.loop
    rows = [one for band in replayed.bands.values() for one in band.panel.targets]
    target = known_target(target, [*rows, *(story.owner(one) for one in rows)])
    notes = []
    if at_ms < story.watched_ms:
        until = clock(story.watched_ms)
        notes.append(f"until {until} UTC the recording was only learned from: nothing is raised there")
    if loop.book.storm is not None:
        notes.append(f"a storm was on: {loop.book.storm.because}")
    return Silence(
        target=target,
        at_ms=at_ms,
        looks=(seen := looks(replayed.bands, loop.rules, story.owners, loop.quality, target, at_ms)),
        unseen=unseen(loop.rules, seen),
        incidents=about(loop.store, target, at_ms),
        blind=loop.quality.why(),
        notes=tuple(notes),
    )


def from_state(target: Target, at_ms: int, config: Path | None, state: Path | None) -> Silence:
    """The answer of what a daemon saved: no values of the past, but what looks, what it has learned, when we
    were blind, and what was said."""
    folder = find_state(config, state)
    settings = load_settings(config)
    rules = make_rules(settings, settings.signals)
    notes = []
    with closing(open_journal(folder)) as store:
        screens = Screens(rules, rules.detection.step_s)
        restored = screens.restore(
            FileBaselines(folder / "baselines", lambda _, problem: notes.append(problem), only_read=True)
        )
        if restored.problems:
            names = ", ".join(sorted({one.partition(":")[0].partition("/")[0] for one in restored.problems}))
            notes.append(
                f"what was learned under other settings cannot be shown ({names}): give the daemon's --config"
            )
        target = known_target(target, [*screens.targets, *named(store)])
        seen = kept(screens, rules, target, at_ms)
        incidents, blind = about(store, target, at_ms), blindness(store, at_ms)
        notes += expected(store, target, at_ms)
    notes.append(
        "a daemon keeps no samples of the past: for values and scores record that time"
        " (aiops record --prometheus URL --since ... -o DIR) and ask with --recording DIR"
    )
    return Silence(target, at_ms, seen, unseen(rules, seen), incidents, blind, tuple(notes))


def from_journal(target: Target, at_ms: int, place: Address) -> Silence:
    """The answer of a daemon's journal alone: what was said, when it was blind, what is expected."""
    with closing(open_journal(place)) as store:
        incidents, blind = about(store, target, at_ms), blindness(store, at_ms)
        notes = [*expected(store, target, at_ms)]
    notes.append(
        "over HTTP the journal answers alone: for which detectors look, and how far from the edge, ask with"
        " --state beside the daemon, or with --recording"
    )
    return Silence(target, at_ms, (), (), incidents, blind, tuple(notes), looked=False)


def about(store: Store, target: Target, at_ms: int) -> tuple[Incident, ...]:
    """Incidents of the journal that were on at ``at_ms`` and name ``target``."""
    return tuple(
        one
        for one in entries.incidents(store).values()
        if one.since_ms <= at_ms <= (one.closed_ms if one.closed_ms is not None else at_ms)
        and target in {*one.targets, *(suspect.target for suspect in one.suspects)}
    )


def named(store: Store) -> Iterable[Target]:
    """Every target that an incident of the journal names."""
    for one in entries.incidents(store).values():
        yield from one.targets
        yield from (suspect.target for suspect in one.suspects)


def blindness(store: Store, at_ms: int) -> str:
    """Why we were blind at ``at_ms``, as the journal has it; empty: we saw."""
    changes = [one.entry for one in store.read(kinds=("sight_changed",)) if one.entry.at_ms <= at_ms]
    return str(changes[-1].payload["because"]) if changes and changes[-1].payload["blind"] else ""


def expected(store: Store, target: Target, at_ms: int) -> Iterable[str]:
    """What was in force at ``at_ms`` because people called an incident about ``target`` a false alarm."""
    for one in FeedbackBook().fold(store.read(stream=FEEDBACK)).by_id.values():
        if one.target == target and not one.proposed and one.from_ms <= at_ms < one.until_ms:
            yield f"called false by {one.by} ({one.reason}), {one.id}: {describe(one)}"


def known_target(target: Target, known: Sequence[Target]) -> Target:
    """The target of ``known`` with that name, whatever its cluster; InputError with close ones if none."""
    by_name = {str(one): one for one in known}
    if str(target) in by_name:
        return by_name[str(target)]
    close = get_close_matches(str(target), by_name, n=3, cutoff=0.5)
    meant = f", did you mean {' or '.join(close)}?" if close else ""
    raise InputError(f"--target: expected one of the {len(by_name)} targets there are, got {target}{meant}")
