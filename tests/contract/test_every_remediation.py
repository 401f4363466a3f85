"""The battery: every remediation found through the entry points keeps the contract of ``aiops.plugin``.

A new plug-in is tested by existing.
"""

import dataclasses
import importlib
import json
import pkgutil
import shlex
from dataclasses import fields, replace

import pytest

import remediations
from aiops.bootstrap import plugins
from aiops.bootstrap.plugins import found
from aiops.core.impact import floor
from aiops.model import ChangeVerb, Facts, Impact, Node, NotApplicable, Pod, Step, Workload
from aiops.model.wire import digest, to_json
from aiops.plugin import Remediation, Right
from tests.contract.remediation_cases import FACTS, KINDS, NAMES, NOW, STRANGE, TARGETS, merged, paths

SECTIONS = ("Input:", "Output:", "Errors:", "Impact:", "Undo:", "Source:")
VERBS = {
    ChangeVerb.PATCH: "patch",
    ChangeVerb.EVICT: "create",
    ChangeVerb.DELETE: "delete",
    ChangeVerb.CREATE: "create",
}
READING = {"get", "list"}
ENDING = {ChangeVerb.EVICT, ChangeVerb.DELETE}


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


BLANKS = [
    (kind, field.name)
    for kind in ("workloads", "pods", "nodes")
    for field in fields({"workloads": Workload, "pods": Pod, "nodes": Node}[kind])
    if field.name != "target"
]


@pytest.mark.parametrize(("kind", "field"), BLANKS)
def test_what_is_unknown_makes_it_decline_or_makes_it_no_bolder(fix, kind, field):
    """Each field of each object in turn as it is where nothing is known of it: never is an impact lower than
    where it is known, and never is an object named by another."""
    held = getattr(FACTS, kind)
    blank = getattr(type(next(iter(held.values())))(TARGETS[0]), field)
    facts = replace(FACTS, **{kind: {t: replace(one, **{field: blank}) for t, one in held.items()}})
    known = dict(steps(fix))
    for target, answer in proposals(fix, facts):
        assert isinstance(answer, Step | NotApplicable)
        if isinstance(answer, Step) and target in known:
            assert answer.impact.rank >= known[target].impact.rank


def test_the_same_call_twice_is_the_same_answer_in_whatever_order_facts_come(fix):
    """5.1: to the digest, which an approval is bound to (G11)."""
    kinds = ("workloads", "pods", "nodes", "claims", "autoscalers", "services")
    turned = {kind: dict(reversed(getattr(FACTS, kind).items())) for kind in kinds}
    again = proposals(fix, replace(FACTS, **turned))
    assert proposals(fix) == again

    def digests(answers):
        return [digest("step", to_json(one)) for _, one in answers if isinstance(one, Step)]

    assert digests(proposals(fix)) == digests(again)


def test_a_step_is_bound_to_the_very_object_that_was_read(fix):
    """E5: uid and version of the facts; what is created has neither, and a name that a repeat finds; what is
    only read needs none."""
    read = {**FACTS.workloads, **FACTS.pods, **FACTS.nodes, **FACTS.claims, **FACTS.autoscalers}
    for change in (change for _, step in steps(fix) for change in step.changes):
        if change.verb is ChangeVerb.CREATE:
            assert change.patch["metadata"]["name"] == change.target.name
        elif change.verb is not ChangeVerb.CAPTURE:
            assert change.uid == read[change.target].uid is not None
        if change.verb is ChangeVerb.PATCH:
            assert change.resource_version == read[change.target].resource_version is not None
        elif change.verb is not ChangeVerb.CREATE:
            assert change.patch == {}


def test_its_change_is_absolute(fix):
    """5.1: the patch says what will be, so that a repeat changes nothing: planned on another version of the
    same object it is the same patch, and it holds no operation but to replace a pod template as a whole."""
    newer = {target: replace(one, resource_version="42") for target, one in FACTS.workloads.items()}
    later = dict(steps(fix, replace(FACTS, workloads=newer)))
    for target, step in steps(fix):
        assert later[target].change.patch == step.change.patch
        text = json.dumps(to_json(step.change))  # plain values
        assert text.count('"$') == text.count('"template": {"$patch": "replace"')
        once = merged({}, step.change.patch)
        assert merged(once, step.change.patch) == once


OTHERWISE = {"hpa_bounds": {"maximum": 8}}  # parameters with which a field is written that is left else


def test_it_declares_every_field_that_it_writes_and_no_other(fix, name):
    """S7: RBAC and the admission policy are made from these."""
    written, used = set(), set()
    for _, step in [*steps(fix), *steps(plugins.remediation(name, OTHERWISE.get(name)))]:
        for change in filter(None, (*step.changes, step.undo)):
            if change.verb is ChangeVerb.CAPTURE:
                continue
            right = right_for(fix.rights, change)
            assert right is not None, (change.verb, change.target.kind)
            used.add(right)
            mine = {".".join(path) for path in paths(change.patch)}
            written |= mine
            assert {one for one in mine if not covered(one, right.fields)} == set()
    assert {right for right in fix.rights if right.verb not in READING} - used <= set(unseen(fix))
    for right in fix.rights:
        for field in right.fields:
            assert any(one == field or one.startswith(field + ".") for one in written), f"unused: {field}"


def unseen(fix):
    """Rights of one and the same kind of change on the other workloads of its group."""
    return [right for right in fix.rights if right.group == "apps"]


def right_for(rights, change):
    where = f"/{change.subresource}" if change.subresource else ""
    where = "/eviction" if change.verb is ChangeVerb.EVICT else where
    for right in rights:
        resource, slash, below = right.resource.partition("/")
        if (KINDS[resource], slash + below, right.verb) == (change.target.kind, where, VERBS[change.verb]):
            return right
    return None


def covered(path, declared):
    return any(path == one or path.startswith(one + ".") for one in declared)


def test_rights_name_what_the_api_server_knows(fix):
    """G12: no wildcards, no secrets."""
    assert fix.rights
    for right in fix.rights:
        assert isinstance(right, Right)
        assert right.resource in KINDS
        assert right.verb in {"patch", "create", "delete"} | READING
        assert not any("*" in field for field in right.fields)


def test_its_impact_is_never_below_the_floor(fix, name):
    """5.3: the floor may raise what a remediation says; none of ours leaves that to it."""
    for _, step in steps(fix):
        least, because = floor(replace(step, remediation=name), FACTS)
        if name not in {"scale_out", "scale_to"}:  # its owner's maximum is the floor's to judge, as it says
            assert step.impact.rank >= least.rank, because
        if step.impact is Impact.HIGH:
            assert step.because


def test_its_blast_radius_is_a_promise_that_can_be_kept(fix):
    for _, step in steps(fix):
        blast, ending = step.blast_radius, [one for one in step.changes if one.verb in ENDING]
        assert blast.pods >= len(ending)
        assert 0 <= blast.share <= 1
        assert blast.at_once is None or blast.at_once >= 0
        assert blast.nodes == 1 or (blast.workloads, blast.nodes) == (1, 0)  # B1: one workload or one node
        assert step.destructive is bool(ending)
        assert step.deadline_s > 0


def test_what_only_contains_can_be_taken_back_and_ends_nothing_but_what_it_moves(fix, name):
    """It is judged by standing, so it must be harmless to let it stand. A drain moves pods off the node that
    it keeps shut, and makes no node ready."""
    for _, step in steps(fix):
        if step.contains and name != "drain":
            assert step.undo is not None
            assert (step.destructive, step.blast_radius.at_once) == (False, 0)
    containing = {"cordon", "drain", "taint", "pause_rollout", "suspend_cronjob"}
    assert any(step.contains for _, step in steps(fix)) is (name in containing)


def test_an_undo_goes_back_to_what_was(fix):
    """Of the same object, bound as the change is; after both, every field that was written is as it was
    before, and none was touched that was not written."""
    for _, step in steps(fix):
        if step.undo is None:
            continue
        assert step.undo.target == step.change.target
        if step.undo.verb is ChangeVerb.PATCH:
            assert (step.undo.uid, step.undo.subresource) == (step.change.uid, step.change.subresource)
            before = merged({}, step.undo.patch)
            after = merged(before, step.change.patch)
            assert after != before
            assert merged(after, step.undo.patch) == before


def test_a_person_is_told_what_and_how(fix):
    """The command is one that a shell takes apart as it was meant; kubectl is given what we would send."""
    for _, step in steps(fix):
        assert step.summary
        assert step.change.target.name in step.summary or step.change.target.name in step.command
        for line in step.command.split("; "):
            command, _, body = line.partition(" <<< ")
            words = shlex.split(command)
            assert words[0] == "kubectl"
            assert step.change.target.namespace in command
            if body:
                (text,) = shlex.split(body)
                assert json.loads(text)["metadata"]["name"] == step.change.target.name
            if "-p" in words:
                typed = json.loads(words[words.index("-p") + 1])
                assert merged(step.change.patch, typed) == merged(step.change.patch, {})


def test_a_bad_parameter_is_named_in_the_error(fix):
    """Every number out of its range is refused by name, and so is a word that is none of those expected."""
    for field in fields(fix):
        default = getattr(fix, field.name)
        if isinstance(default, bool) or default == "":
            continue
        with pytest.raises(ValueError, match=f"^{field.name}: expected"):
            type(fix)(**{field.name: "nonsense" if isinstance(default, str) else -1})


def test_it_leaves_alone_what_is_rolling_out_or_scaled_to_nothing():
    """M16: whoever writes a pod template waits for the rollout that is under way; a rollback need not."""
    rolling = {target: replace(one, rolling=True) for target, one in FACTS.workloads.items()}
    for name in ("restart_rollout", "raise_memory_limit", "adjust_resources"):
        assert steps(plugins.remediation(name), replace(FACTS, workloads=rolling)) == []
    idle = {target: replace(one, replicas=0, ready=0) for target, one in FACTS.workloads.items()}
    for name in ("restart_rollout", "scale_out", "rollback", "restore_config_ref"):
        assert steps(plugins.remediation(name), replace(FACTS, workloads=idle)) == []


def test_what_is_being_deleted_is_left_to_whoever_deletes_it(fix):
    """Its finalizers are worked off: nothing that we write would last (M16)."""
    workloads = {target: replace(one, deleting=True) for target, one in FACTS.workloads.items()}
    pods = {target: replace(one, deleting=True) for target, one in FACTS.pods.items()}
    facts = replace(FACTS, workloads=workloads, pods=pods)
    changed = {change.target for _, step in steps(fix, facts) for change in step.changes if writes(change)}
    assert not changed & ({*FACTS.workloads, *FACTS.pods})


def writes(change):
    return change.verb is not ChangeVerb.CAPTURE
