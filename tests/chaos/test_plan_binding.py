"""G11: whatever is changed in a plan of any kind, its digest is another one, and its approval is void."""

from dataclasses import fields, replace

import pytest

from aiops.core import life as lives
from aiops.core.guards.ownership import intact
from aiops.core.ledger import decision_of
from aiops.core.life import Apply, Ignore, Life
from aiops.core.lifecycle import advance
from aiops.core.plan import is_intact, seal
from aiops.engine.floor import Floor
from aiops.model import Change, ChangeVerb, Escalate, Impact, Lean, Mode, Plan, Reason, Step, Target
from aiops.model.wire import from_json, to_json
from tests.chaos.acts import ACTS
from tests.chaos.stage import FakeStage, Run
from tests.unit.core.cases import NOW, judged

CHANGE = to_json(Change(Target("Deployment", "shop", "other"), "7", {"spec": {"replicas": 9}}, "uid-other"))
SEALED = {"id", "digest"}  # they follow from the rest
OTHER = ("changed", *(one.value for kind in (Impact, Mode, ChangeVerb) for one in kind))


def plan_of(act):
    """The plan that the act is carried out by, as the journal has it."""
    run = Run(act, FakeStage(act)).play(1)
    return next(decision_of(one.entry).plan for one in run.store.read(kinds=("decided",)))


def leaves(data, path=()):
    """The path of every value in JSON, of empty containers too."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = [leaf for key, value in inner for leaf in leaves(value, (*path, key))]
    return found or [path]


def others(value):
    """Values that might stand in the place of ``value``."""
    match value:
        case bool():
            return (not value,)
        case int() | float():
            return (value + 1,)
        case None:
            return ("changed", 7, True, {"changed": 1}, CHANGE)
        case str():
            return tuple(one for one in OTHER if one != value)
        case list():
            return (["changed"], [CHANGE])
        case _:
            return ({"changed": "yes"},)


def placed(data, path, value):
    """A copy of ``data`` with another value at ``path``."""
    if not path:
        return value
    key, *rest = path
    if isinstance(data, dict):
        return {**data, key: placed(data[key], rest, value)}
    return [placed(one, rest, value) if number == key else one for number, one in enumerate(data)]


def mutants(plan):
    """(path, the plan with another value there), of every value that a plan holds."""
    data = to_json(plan)
    for path in leaves(data):
        if path[0] in SEALED:
            continue
        old = data
        for key in path:
            old = old[key]
        for value in others(old):
            try:
                mutant = from_json(Plan, placed(data, path, value))
            except ValueError:
                continue
            if mutant != plan:
                yield path, mutant
                break
        else:
            raise AssertionError(f"nothing else fits at {path}: {old!r}")


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_any_change_of_a_plan_makes_its_digest_another_one_and_its_approval_void(act):
    plan = plan_of(act)
    assert is_intact(plan)
    asked = Escalate(plan, (Reason("impact", Lean.ESCALATE, "high"),), ("on-call",), NOW + 60_000)
    waiting, _ = advance(Life("i1"), lives.Decided(asked), NOW)
    tried = set()
    for path, mutant in mutants(plan):
        tried.add(path[0] if path[0] != "steps" else path[2])
        assert not is_intact(mutant), path
        sealed = seal(mutant)
        assert sealed.digest != plan.digest, path
        assert sealed.id != plan.id, path
        _, commands = advance(waiting, lives.Approved(sealed.digest, "alice"), NOW)
        assert [type(one) for one in commands] == [Ignore], path
    assert tried >= {one.name for kind in (Plan, Step) for one in fields(kind)} - SEALED - {"steps"}
    _, commands = advance(waiting, lives.Approved(plan.digest, "alice"), NOW)
    assert isinstance(commands[0], Apply)  # the positive control: this very plan is what was approved


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_a_plan_that_was_changed_after_it_was_approved_is_not_carried_out(act):
    """Found again just before the write, whoever approved: the guard ``intact`` holds."""
    run = Run(act, FakeStage(act))
    honest = run.loop.carry_out

    def carry_out(deed, scene):
        step = scene.plan.steps[0]
        wider = replace(step, blast_radius=replace(step.blast_radius, pods=step.blast_radius.pods + 1))
        changed, floor = replace(scene.plan, steps=(wider,)), Floor(run.loop, scene.now_ms, scene.facts)
        return honest(deed, floor.scene_of(scene.life.incident_id, scene.life, changed))

    run.loop.carry_out = carry_out
    run.play(2)
    assert run.stage.effects() == ()
    ends = [one.entry.payload for one in run.store.read(kinds=("step_ended",))]
    assert ends[0]["result"] == "refused"
    assert "does not agree with its digest" in ends[0]["detail"]


def test_the_guard_holds_what_does_not_agree_with_its_digest():
    plan = plan_of(ACTS[0])
    _, mutant = next(iter(mutants(plan)))
    said = {one.guard: one.lean for one in judged(mutant).reasons}
    assert said[intact.__name__] is Lean.HOLD
