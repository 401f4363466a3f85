"""sight: what an object shows of a write, for every verb; the same on a real server in the contract suite."""

import pytest

from aiops.adapters.kubernetes.sight import annotations, sight
from aiops.model import Change, ChangeVerb, Mark, Sight, Target

CART = Target("Deployment", "shop", "cart")
POD = Target("Pod", "shop", "cart-1")
OURS = Mark("life-1:step-0", 3)
PATCH = Change(CART, "7", {"spec": {"replicas": 5}}, "u1")


def found(uid="u1", version="7", intent="", term="", replicas=5, **meta):
    notes = {"aiops.dev/intent": intent, "aiops.dev/term": term} if intent or term else {}
    return {
        "metadata": {"uid": uid, "resourceVersion": version, "annotations": notes, **meta},
        "spec": {"replicas": replicas},
    }


@pytest.mark.parametrize(
    ("there", "seen", "held"),
    [
        (found(version="9", intent="life-1:step-0", term="3"), Sight.ARRIVED, True),
        (found(version="9", intent="life-1:step-0", term="3", replicas=6), Sight.ARRIVED, False),
        (found(intent="life-1:step-0"), Sight.ARRIVED, True),  # the mark counts, not the version
        (found(replicas=3), Sight.ABSENT, False),
        (found(), Sight.ABSENT, True),  # it had the value before we came: nothing of ours arrived
        (found(version="8"), Sight.CHANGED, True),
        (found(version="8", intent="life-2:step-0", term="4"), Sight.CHANGED, True),
        (found(uid="u2", intent="life-1:step-0", term="3"), Sight.CHANGED, False),  # copied to another
        (None, Sight.CHANGED, False),
        ({}, Sight.CHANGED, False),
    ],
)
def test_a_patch_is_told_by_its_mark_then_by_the_version(there, seen, held):
    """E2, E3."""
    look = sight(there, PATCH, OURS)
    assert (look.sight, look.holds) == (seen, held)


@pytest.mark.parametrize(("replicas", "seen"), [(5, Sight.ARRIVED), (4, Sight.CHANGED)])
def test_a_resize_leaves_no_mark_and_is_told_by_its_effect(replicas, seen):
    resize = Change(CART, "7", PATCH.patch, "u1", subresource="resize")
    assert sight(found(version="8", replicas=replicas), resize, OURS).sight is seen
    assert sight(found(replicas=replicas), resize, OURS).sight is Sight.ABSENT


@pytest.mark.parametrize("verb", [ChangeVerb.EVICT, ChangeVerb.DELETE])
@pytest.mark.parametrize(
    ("there", "seen"),
    [
        (None, Sight.ARRIVED),
        (found(uid="u2"), Sight.ARRIVED),
        (found(deletionTimestamp="2026-01-01T00:00:00Z"), Sight.ARRIVED),
        (found(version="99"), Sight.ABSENT),  # its status changes all the time
    ],
)
def test_an_end_is_told_by_the_uid(verb, there, seen):
    look = sight(there, Change(POD, None, {}, "u1", verb), OURS)
    assert (look.sight, look.holds) == (seen, seen is Sight.ARRIVED)


@pytest.mark.parametrize(
    ("there", "seen", "held"),
    [
        (None, Sight.ABSENT, False),
        (found(intent="life-1:step-0"), Sight.ARRIVED, True),
        (found(intent="life-1:step-0", replicas=6), Sight.ARRIVED, False),
        (found(intent="life-1:step-0", deletionTimestamp="x"), Sight.ARRIVED, False),
        (found(intent="life-2:step-0"), Sight.CHANGED, False),
        (found(), Sight.CHANGED, False),
    ],
)
def test_what_is_created_is_ours_only_with_our_mark(there, seen, held):
    create = Change(CART, None, PATCH.patch, None, ChangeVerb.CREATE)
    look = sight(there, create, OURS)
    assert (look.sight, look.holds) == (seen, held)


@pytest.mark.parametrize(
    ("written", "term"),
    [("4", 4), ("", 0), ("-4", 0), ("four", 0), ("४", 0), ("9" * 40, 0), (None, 0), (5, 5)],
)
def test_a_term_that_is_no_number_of_ours_is_none(written, term):
    """Anybody may write annotations; a huge number must not end our leadership for ever."""
    there = found(version="8")
    there["metadata"]["annotations"] = {"aiops.dev/term": written}
    assert sight(there, PATCH, OURS).term == term


@pytest.mark.parametrize("broken", [{"metadata": None}, {"metadata": {"uid": "u1", "annotations": "x"}}])
def test_an_object_of_no_known_form_shows_nothing_of_ours(broken):
    assert sight(broken, PATCH, OURS).sight is Sight.CHANGED


def test_a_capture_is_nothing_to_look_for():
    with pytest.raises(ValueError, match="capture"):
        sight(None, Change(POD, None, {}, None, ChangeVerb.CAPTURE), OURS)


def test_a_mark_travels_as_text():
    assert annotations(OURS) == {"aiops.dev/intent": "life-1:step-0", "aiops.dev/term": "3"}
