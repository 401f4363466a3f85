"""The battery: every remediation found through the entry points keeps the contract of ``aiops.plugin``.

A new plug-in is tested by existing.
"""

import dataclasses
import importlib
import json
import pkgutil
from dataclasses import fields, replace

import pytest

import remediations
from aiops.bootstrap import plugins
from aiops.bootstrap.plugins import found
from aiops.core.guards.ownership import paths
from aiops.core.impact import floor
from aiops.model import ChangeVerb, Facts, Impact, NotApplicable, Step, Workload
from aiops.model.wire import to_json
from aiops.plugin import Remediation, Right
from tests.contract.remediation_cases import FACTS, KINDS, NAMES, NOW, STRANGE, TARGETS

SECTIONS = ("Input:", "Output:", "Errors:", "Impact:", "Undo:", "Source:")
VERBS = {
    ChangeVerb.PATCH: "patch",
    ChangeVerb.EVICT: "create",
    ChangeVerb.DELETE: "delete",
    ChangeVerb.CREATE: "create",
}


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def fix(name):
    return plugins.remediation(name)


def proposals(fix, facts=FACTS):
    """(target, answer) for targets of every kind."""
    return [(target, fix.propose(target, facts, NOW)) for target in TARGETS]


def steps(fix, facts=FACTS):
    return [(target, answer) for target, answer in proposals(fix, facts) if isinstance(answer, Step)]


def test_every_module_has_an_entry_point_and_the_reverse():
    modules = {f"remediations.{module.name}" for module in pkgutil.iter_modules(remediations.__path__)}
    points = found("aiops.remediations")
    ours = {name: point.module for name, point in points.items() if point.module.startswith("remediations.")}
    assert modules == set(ours.values())
    assert all(module == f"remediations.{name}" for name, module in ours.items())


def test_it_is_a_frozen_dataclass_with_slots_and_defaults(fix, name):
    kind = type(fix)
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)
    assert isinstance(fix, Remediation)
    assert kind() == plugins.remediation(name)


def test_its_docstring_says_what_goes_in_what_comes_out_and_where_it_is_from(fix):
    text = importlib.import_module(type(fix).__module__).__doc__
    assert [section for section in SECTIONS if f"\n{section}" not in text] == []
    assert type(fix).__doc__


def test_it_finds_something_to_do_in_a_cluster_of_everything(fix):
    """The positive control of all below."""
    assert steps(fix)


def test_what_it_does_not_know_it_declines_with_a_reason(fix):
    """Any kind, known or not, also an empty cluster."""
    for facts, targets in ((FACTS, STRANGE), (Facts(FACTS.at_ms), TARGETS)):
        for target in targets:
            answer = fix.propose(target, facts, NOW)
            assert isinstance(answer, NotApplicable), target
            assert str(target) in answer.reason


@pytest.mark.parametrize("field", [field.name for field in fields(Workload) if field.name != "target"])
def test_no_single_unknown_fact_breaks_it(fix, field):
    """Each field of each workload in turn as it is where nothing is known."""
    blank = getattr(Workload(TARGETS[0]), field)
    facts = replace(FACTS, workloads={t: replace(w, **{field: blank}) for t, w in FACTS.workloads.items()})
    for _, answer in proposals(fix, facts):
        assert isinstance(answer, Step | NotApplicable)


def test_the_same_call_twice_is_the_same_answer(fix):
    assert proposals(fix) == proposals(fix)


def test_a_step_is_bound_to_the_very_object_that_was_read(fix):
    """E5: uid and version of the facts; what is created has neither, and a name that a repeat finds."""
    for _, step in steps(fix):
        change = step.change
        if change.verb is ChangeVerb.CREATE:
            assert change.patch["metadata"]["name"] == change.target.name
            continue
        read = {**FACTS.workloads, **FACTS.pods, **FACTS.nodes, **FACTS.claims, **FACTS.autoscalers}
        assert change.uid == read[change.target].uid is not None
        if change.verb is ChangeVerb.PATCH:
            assert change.resource_version == read[change.target].resource_version is not None


def test_its_change_is_absolute(fix):
    """5.1: the patch says what will be, so that a repeat changes nothing: planned on another version of the
    same object it is the same patch, and it holds no operations."""
    newer = {target: replace(one, resource_version="42") for target, one in FACTS.workloads.items()}
    later = dict(steps(fix, replace(FACTS, workloads=newer)))
    for target, step in steps(fix):
        assert later[target].change.patch == step.change.patch
        json.dumps(to_json(step.change))  # plain values
        assert not any(part.startswith("$") for path in paths(step.change.patch) for part in path)


def test_it_declares_every_field_that_it_writes_and_no_other(fix):
    """S7: RBAC and the admission policy are made from these."""
    written = set()
    for _, step in steps(fix):
        for change in filter(None, (step.change, step.undo)):
            right = right_for(fix.rights, change)
            assert right is not None, (change.verb, change.target.kind)
            mine = {".".join(path) for path in leaves(change.patch)}
            written |= mine
            assert {one for one in mine if not covered(one, right.fields)} == set()
    for right in fix.rights:
        for field in right.fields:
            assert any(one == field or one.startswith(field + ".") for one in written), f"unused: {field}"


def right_for(rights, change):
    return next(
        (r for r in rights if KINDS[r.resource] == change.target.kind and r.verb == VERBS[change.verb]), None
    )


def covered(path, declared):
    return any(path == one or path.startswith(one + ".") for one in declared)


def leaves(patch):
    """Paths of a patch; through lists of named things too, whose name is their key and not a change."""
    for path in paths(patch):
        value = patch
        for part in path:
            value = value[part]
        if not isinstance(value, list):
            yield path
            continue
        for one in value:
            rest = {key: inner for key, inner in one.items() if key != "name"}
            yield from ((*path, *below) for below in leaves(rest))


def test_rights_name_what_the_api_server_knows(fix):
    """G12: no wildcards, no secrets."""
    assert fix.rights
    for right in fix.rights:
        assert isinstance(right, Right)
        assert right.resource in KINDS
        assert right.verb in {"patch", "create", "delete"}
        assert not any("*" in field for field in right.fields)


def test_its_impact_is_never_below_the_floor(fix, name):
    """5.3: the floor may raise what a remediation says; none of ours leaves that to it."""
    for _, step in steps(fix):
        least, because = floor(replace(step, remediation=name), FACTS)
        if name != "scale_out":  # its owner's maximum is the floor's to judge, as it says
            assert step.impact.rank >= least.rank, because
        if step.impact is Impact.HIGH:
            assert step.because


def test_its_blast_radius_is_a_promise_that_can_be_kept(fix):
    for _, step in steps(fix):
        blast = step.blast_radius
        assert blast.pods >= 0
        assert 0 <= blast.share <= 1
        assert blast.workloads + blast.nodes == 1  # B1: one workload or one node
        assert blast.at_once is None or 0 <= blast.at_once <= blast.pods or blast.pods == 0


def test_what_destroys_says_so(fix):
    """M9."""
    for _, step in steps(fix):
        assert step.destructive == (step.change.verb in {ChangeVerb.EVICT, ChangeVerb.DELETE})


def test_an_undo_goes_back_to_what_was(fix):
    """Of the same object, as it was read; nothing is undone that was not done."""
    for _, step in steps(fix):
        if step.undo is not None:
            assert step.undo.target == step.change.target
            if step.undo.verb is ChangeVerb.PATCH:
                assert set(leaves(step.undo.patch)) == set(leaves(step.change.patch))
                assert step.undo.patch != step.change.patch


def test_a_person_is_told_what_and_how(fix):
    for _, step in steps(fix):
        assert step.summary
        assert step.command.startswith("kubectl ")
        assert step.change.target.name in step.summary or step.change.target.name in step.command


def test_a_bad_parameter_is_named_in_the_error(fix):
    """Every number out of its range is refused by name."""
    for field in fields(fix):
        if isinstance(getattr(fix, field.name), bool | str):
            continue
        with pytest.raises(ValueError, match=field.name):
            type(fix)(**{field.name: -1})


def test_it_leaves_alone_what_is_rolling_out_or_scaled_to_nothing():
    """M16: whoever writes a pod template waits for the rollout that is under way; a rollback need not."""
    rolling = {target: replace(one, rolling=True) for target, one in FACTS.workloads.items()}
    for name in ("restart_rollout", "raise_memory_limit"):
        assert steps(plugins.remediation(name), replace(FACTS, workloads=rolling)) == []
    idle = {target: replace(one, replicas=0, ready=0) for target, one in FACTS.workloads.items()}
    for name in ("restart_rollout", "scale_out"):
        assert steps(plugins.remediation(name), replace(FACTS, workloads=idle)) == []
