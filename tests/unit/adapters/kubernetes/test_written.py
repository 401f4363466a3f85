"""written: whether an object shows what a patch writes, whatever notation and defaults the server uses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.kubernetes.written import holds
from tests.fakes.patching import merged

WEB = {"name": "web", "image": "shop/cart:1", "terminationMessagePath": "/dev/termination-log"}
SIDE = {"name": "side", "image": "shop/side:1"}


def template(*containers, **rest):
    return {"spec": {"template": {"spec": {"containers": list(containers), **rest}}}}


@pytest.mark.parametrize(
    ("patch", "found", "expected"),
    [
        ({"spec": {"replicas": 5}}, {"spec": {"replicas": 5, "paused": True}}, True),
        ({"spec": {"replicas": 5}}, {"spec": {"replicas": 6}}, False),
        ({"spec": {"replicas": 5}}, {"spec": {}}, False),
        ({"spec": {"replicas": 5}}, {}, False),
        ({"spec": {"replicas": 0}}, {"spec": {"replicas": 0}}, True),
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": True}}, False),  # a switch is no number
        ({"spec": {"paused": False}}, {"spec": {}}, True),  # the server leaves out what is empty
        ({"spec": {"paused": False}}, {"spec": {"paused": True}}, False),
        ({"spec": {"paused": True}}, {"spec": {"paused": 1}}, False),
        ({"spec": {"paused": None}}, {"spec": {}}, True),
        ({"spec": {"paused": None}}, {}, True),
        ({"spec": {"paused": None}}, {"spec": {"paused": False}}, False),
        ({"spec": {"taints": None}}, {"spec": {"taints": [{"key": "a"}]}}, False),
        ({"spec": {"taints": []}}, {"spec": {}}, True),
        ({"spec": {"taints": [{"key": "a"}]}}, {"spec": {"taints": [{"key": "a", "effect": "x"}]}}, True),
        ({"spec": {"taints": [{"key": "a"}]}}, {"spec": {"taints": [{"key": "a"}, {"key": "b"}]}}, False),
        ({"spec": {"taints": [{"key": "a"}]}}, {"spec": {"taints": "a"}}, False),
        ({}, {"anything": 1}, True),
    ],
)
def test_every_written_field_must_have_its_value_and_others_do_not_matter(patch, found, expected):
    assert holds(patch, found) is expected


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ("1024Mi", "1Gi", True),
        ("1Gi", "1073741824", True),
        ("0.5", "500m", True),
        ("1e3", "1k", True),
        (2, "2", True),
        ("1G", "1Gi", False),
        ("512Mi", "513Mi", False),
        ("512Mi", None, False),
        ("much", "much", True),
        ("much", "1Gi", False),
        (True, "1", False),
    ],
)
def test_quantities_are_equal_by_value(wanted, found, expected):
    patch = template({"name": "web", "resources": {"limits": {"memory": wanted}}})
    there = template({**WEB, "resources": {"limits": {"memory": found}}})
    assert holds(patch, there) is expected


def test_only_quantities_are_equal_by_value():
    """A variable 1024Mi is another text than 1Gi."""
    patch = template({"name": "web", "env": [{"name": "SIZE", "value": "1024Mi"}]})
    assert not holds(patch, template({**WEB, "env": [{"name": "SIZE", "value": "1Gi"}]}))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("2026-01-01T00:00:00Z", True),
        ("2026-01-01T01:00:00+01:00", True),
        ("2026-01-01T00:00:01Z", False),
        ("2026-01-01T00:00:00", False),  # without a zone it is no moment
        ("2026-99-01T00:00:00Z", False),
    ],
)
def test_times_are_equal_by_moment(found, expected):
    patch = {"spec": {"taints": [{"key": "a", "timeAdded": "2026-01-01T00:00:00+00:00"}]}}
    assert holds(patch, {"spec": {"taints": [{"key": "a", "timeAdded": found}]}}) is expected


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([SIDE, WEB], True),  # in any order, with any others
        ([WEB], True),
        ([SIDE], False),
        ([{**WEB, "image": "shop/cart:2"}], False),
        ([], False),
    ],
)
def test_containers_are_found_by_name(containers, expected):
    assert holds(template({"name": "web", "image": "shop/cart:1"}), template(*containers)) is expected


@pytest.mark.parametrize(("containers", "expected"), [([WEB], True), ([WEB, SIDE], False), ([SIDE], False)])
def test_in_what_was_replaced_as_a_whole_nothing_was_added(containers, expected):
    """An undo would take it away."""
    patch = {"spec": {"template": {"$patch": "replace", **template(WEB)["spec"]["template"]}}}
    assert holds(patch, template(*containers)) is expected


def test_in_what_was_replaced_as_a_whole_the_server_fills_in_defaults():
    patch = {"spec": {"template": {"$patch": "replace", "spec": {"containers": [{"name": "web"}]}}}}
    found = template({"name": "web", "imagePullPolicy": "Always"}, restartPolicy="Always")
    assert holds(patch, found)


@pytest.mark.parametrize(("containers", "expected"), [([WEB], True), ([WEB, SIDE], False)])
def test_what_was_deleted_from_a_list_stays_away(containers, expected):
    assert holds(template({"name": "side", "$patch": "delete"}), template(*containers)) is expected


def test_variables_and_mounts_have_keys_of_their_own():
    mounts = {"name": "web", "volumeMounts": [{"mountPath": "/data", "name": "new"}]}
    there = {
        "name": "web",
        "volumeMounts": [{"mountPath": "/x", "name": "x"}, {"mountPath": "/data", "name": "new"}],
    }
    assert holds(template(mounts), template(there))
    assert holds(
        {"spec": {"ports": [{"port": 80}]}}, {"spec": {"ports": [{"port": 443}, {"port": 80, "name": "h"}]}}
    )


NAMES = st.sampled_from(["web", "side", "init"])
LEAVES = st.one_of(st.none(), st.integers(-3, 3), st.text("ab", max_size=2), st.booleans())
CONTAINERS = st.lists(
    st.fixed_dictionaries({"name": NAMES}, optional={"image": st.text("ab", min_size=1, max_size=3)}),
    max_size=3,
    unique_by=lambda one: one["name"],
)
OBJECTS = st.fixed_dictionaries(
    {"spec": st.fixed_dictionaries({}, optional={"replicas": LEAVES, "containers": CONTAINERS, "x": LEAVES})}
)


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


@given(OBJECTS, OBJECTS)
def test_whatever_was_patched_holds(patch, found):
    assert holds(patch, merged(without_nulls(found), patch))


@given(OBJECTS, OBJECTS)
def test_what_holds_is_not_changed_by_the_patch_again(patch, found):
    """E2: a repeat of what holds would do nothing."""
    there = without_nulls(found)
    if holds(patch, there):
        again = merged(there, patch)
        assert holds(patch, again)
        assert _without_empty(again) == _without_empty(there)


def _without_empty(found):
    """The server does not keep what is empty, so nothing tells it from what is absent."""
    return {key: value for key, value in found["spec"].items() if value not in ("", [], 0)}
