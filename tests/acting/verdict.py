"""Verdict: what is asked of every case in the end, of the audit log, the journal and the cluster itself."""

from aiops.model import ChangeVerb
from tests.acting.case import Write, agrees


def mended(world, case, patience_s, pause):
    """Wait until the case was acted upon, verified and closed; its incident."""
    at = world.place(case)

    def verified():
        found = world.incident(at, case)
        ended = world.chronicle.ended(found.id) if found is not None else []
        good = sum(result in ("verified", "contained") for _, result, _ in ended) >= case.fixes
        return found if good and ended[-1][1] == case.good else None

    incident = world.wait(verified, patience_s, lambda: f"{case.good}: {world.told(at, case)}", pause)
    if case.good == "verified":
        assert not case.broken(at), f"{case} is said to be mended and is not"
    else:  # what only contains does not say that it mended
        world.wait(lambda: not case.broken(at), patience_s, lambda: f"mended: {world.told(at, case)}", pause)
    return incident


def closed(world, case, incident, patience_s, pause):
    """Wait until the incident of a case that was mended is closed."""

    def is_closed():
        newest = next(one for one in world.chronicle.incidents() if one.id == incident.id)
        return newest if newest.closed_ms is not None else None

    at = world.place(case)
    return world.wait(is_closed, patience_s, lambda: f"closed: {world.told(at, case)}", pause)


def only_expected_writes(world, case):
    """The audit log shows the writes of the case in order, and no other by us."""
    at = world.place(case)
    wanted = [one if isinstance(one, Write) else Write(*one) for one in case.expected(at)]
    got = world.written(at, nodes=_nodes(case, at))
    same = len(got) == len(wanted) and all(one.is_of(other) for one, other in zip(got, wanted, strict=True))
    assert same, f"{case}: expected {wanted}\ngot {got}\n{world.told(at, case)}"


def the_question_was_exact(world, case, question):
    """What a person was shown is what was written later: targets and patches, and why it is asked."""
    wanted = case.expected(world.place(case))
    changes = [one for one in question.step.changes if one.verb is not ChangeVerb.CAPTURE]
    shown = [(VERBS[one.verb], one.target.name) for one in changes]
    assert shown == [(one.verb, one.name) for one in wanted], world.told(world.place(case), case)
    for change, write in zip(changes, wanted, strict=True):
        assert agrees(write.body, dict(change.patch)), (write, change.patch)
    assert question.step.impact == case.impact
    assert question.step.command, "a person could do it by hand"
    assert question.writes == 0, "something was written before anybody was asked"


VERBS = {
    ChangeVerb.PATCH: "patch",
    ChangeVerb.CREATE: "create",
    ChangeVerb.EVICT: "create",
    ChangeVerb.DELETE: "delete",
}


def twin_is_left(world, case, patience_s, pause):
    """The twin was seen and refused for the place's sake; nothing was written, and it is broken."""
    at = world.place(case, twin=True)
    seen = world.wait(lambda: world.incident(at, case), patience_s, lambda: world.told(at, case), pause)
    assert [one.verb for one in world.touched(at)] == [], "not even a dry run (B9)"
    assert world.written(at, nodes=_nodes(case, at)) == []
    assert case.broken(at), f"{case} heals by itself: the run that was acted upon proves nothing"
    last = world.chronicle.decisions(seen.id)[-1]
    guards = {one.guard for one in last.reasons if one.lean == "refuse"}
    assert {"opt_in", "mode"} <= guards, [
        (one.guard, one.text) for one in last.reasons if one.lean != "permit"
    ]


def _nodes(case, at):
    return (case.node(at),) if hasattr(case, "node") else ()
