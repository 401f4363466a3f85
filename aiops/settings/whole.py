"""Whole: what must hold between the parts of a configuration: names are unique, and what is named exists.

What is switched off is taken out here, after it was checked, so that it can be switched on again.
"""

from collections.abc import Iterable
from dataclasses import fields

from aiops.core.classify import TABLE
from aiops.model import Scope, Signal, SymptomMatcher, Verification
from aiops.settings.draft import Draft, Placed
from aiops.settings.files import MAIN
from aiops.settings.report import Place
from aiops.settings.schema import Off

STATES = frozenset(name for row in TABLE for name in row.conditions)


def judge(draft: Draft) -> None:
    """Note every problem between parts; take out what is switched off."""
    _once((one.place.below("name"), one.value.name) for one in draft.signals)
    _once((one.place.below("name"), one.value.name) for one in draft.playbooks)
    _once((one.place, f"{one.value.caller} to {one.value.callee}") for one in draft.edges)
    state = draft.main.get("state")
    if isinstance(state, str) and not (state.strip() and state.isprintable()):
        draft.main_place.below("state").wrong(ascii(state), "a folder, such as /var/lib/aiops")
    _symptoms(draft)
    _scopes(draft)
    _switch_off(draft)


def _once(named: Iterable[tuple[Place, str]]) -> None:
    first: dict[str, Place] = {}
    for place, name in named:
        if name in first:
            place.wrong(f"{name!a} again (first in {first[name].where()})", "each once")
        first.setdefault(name, place)


def _symptoms(draft: Draft) -> None:
    """A symptom or a check of success that no signal could ever show is a typing error."""
    if "signals" in draft.damaged:
        return  # what was meant may be there and only badly written
    signals = {one.value.name: one.value for one in draft.signals}
    conditions = STATES | {one.condition for one in signals.values() if one.condition}
    for symptom, place in draft.report.made_of(SymptomMatcher):
        if symptom.signal and symptom.signal not in signals:
            place.below("signal").unknown(repr(symptom.signal), symptom.signal, signals)
        elif symptom.signal:
            _shown_by(signals[symptom.signal], symptom, place)
        if symptom.condition and symptom.condition not in conditions:
            place.below("condition").unknown(repr(symptom.condition), symptom.condition, conditions)
    for verification, place in draft.report.made_of(Verification):
        for index, name in enumerate(verification.signals):
            if name not in signals:
                place.below(f"signals[{index}]").unknown(repr(name), name, signals)


def _shown_by(signal: Signal, symptom: SymptomMatcher, place: Place) -> None:
    """What the signal is must be what the symptom demands, or it would never match."""
    for field in ("role", "condition"):
        wanted, is_ = getattr(symptom, field), getattr(signal, field)
        if wanted and wanted != is_:
            place.below(field).wrong(str(wanted), f"{is_ or 'nothing'}, as signal {signal.name} has")


def _scopes(draft: Draft) -> None:
    names = {one.value.name for one in draft.playbooks}
    if "playbooks" in draft.damaged:
        return
    for scope, place in draft.report.made_of(Scope):
        if scope.playbook and scope.playbook not in names:
            place.below("playbook").unknown(repr(scope.playbook), scope.playbook, names)


def _switch_off(draft: Draft) -> None:
    off = draft.main.get("off", Off())
    known = {
        "packs": {one.value.pack for one in draft.signals},
        "signals": {one.value.name for one in draft.signals},
        "playbooks": {one.value.name for one in draft.playbooks},
    }
    for field in fields(Off):
        kind = "playbooks" if field.name == "playbooks" else "signals"
        for index, name in enumerate(getattr(off, field.name)):
            if name not in known[field.name] and kind not in draft.damaged:
                here = draft.main_place.below(f"off.{field.name}[{index}]")
                here.unknown(repr(name), name, known[field.name])
    left: list[Placed[Signal]] = [
        one for one in draft.signals if one.value.pack not in off.packs and one.value.name not in off.signals
    ]
    if not left and not draft.report.problems:
        draft.main_place.wrong("no signal", f"at least one signal to watch (see signals/ and off in {MAIN})")
    draft.signals = left
    draft.playbooks = [one for one in draft.playbooks if one.value.name not in off.playbooks]
