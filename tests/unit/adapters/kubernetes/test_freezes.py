"""Sync windows of Argo CD and what Flux has suspended are freezes of what they own."""

from datetime import UTC, datetime

import pytest

from aiops.adapters.kubernetes.cron import cron, duration_ms
from aiops.model import Target
from tests.unit.adapters.kubernetes.cases import CART, OBJECTS, meta, pictured

KINDS = frozenset(OBJECTS)
HOUR = 3_600_000


def ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def project(*windows, name="shop"):
    return {"metadata": meta(name, namespace="argocd"), "spec": {"syncWindows": list(windows)}}


def window(kind="deny", schedule="0 22 * * *", duration="8h", **more):
    return {"kind": kind, "schedule": schedule, "duration": duration, "applications": ["*"], **more}


def application(name="cart", resources=True, **destination):
    made = [
        {"kind": "Deployment", "namespace": "shop", "name": "cart"},
        {"kind": "Secret", "namespace": "shop", "name": "s"},
    ]
    return {
        "metadata": meta(name, namespace="argocd"),
        "spec": {
            "project": "shop",
            "destination": {"namespace": "shop", "server": "https://k", **destination},
        },
        "status": {"resources": made if resources else []},
    }


def facts(at, *windows, app=None):
    listed = {**OBJECTS, "AppProject": [project(*windows)], "Application": [app or application()]}
    now = ms(at)
    return pictured(listed, now).facts(now, KINDS)


@pytest.mark.parametrize(
    ("at", "frozen"),
    [
        ("2026-03-01T21:59:59", False),
        ("2026-03-01T22:00:00", True),
        ("2026-03-02T05:59:59", True),
        ("2026-03-02T06:00:00", False),
    ],
)
def test_a_deny_window_freezes_what_the_application_made_while_it_is_open(at, frozen):
    freezes = facts(at, window()).freezes
    assert bool(freezes) is frozen
    if frozen:
        (one,) = freezes
        assert (one.namespace, one.workloads) == ("shop", frozenset({CART}))
        assert one.until_ms == ms("2026-03-02T06:00:00")
        assert one.name == "Argo CD sync window deny 0 22 * * * of project shop"


def test_an_application_that_made_nothing_yet_freezes_its_namespace():
    (one,) = facts("2026-03-01T23:00:00", window(), app=application(resources=False)).freezes
    assert (one.namespace, one.workloads) == ("shop", frozenset())


@pytest.mark.parametrize(("at", "frozen"), [("2026-03-01T23:00:00", False), ("2026-03-01T12:00:00", True)])
def test_with_allow_windows_everything_is_frozen_outside_of_them(at, frozen):
    assert bool(facts(at, window("allow")).freezes) is frozen


def test_a_deny_window_beats_an_allow_window():
    assert facts("2026-03-01T23:00:00", window("allow"), window("deny")).freezes


@pytest.mark.parametrize(
    ("named", "concerned"),
    [
        ({"applications": ["ca*"]}, True),
        ({"applications": ["other"]}, False),
        ({"applications": [], "namespaces": ["shop"]}, True),
        ({"applications": [], "namespaces": ["x"], "clusters": ["https://*"]}, True),
        ({"applications": []}, False),
    ],
)
def test_a_window_is_for_the_applications_namespaces_or_clusters_that_it_names(named, concerned):
    assert bool(facts("2026-03-01T23:00:00", window(**named)).freezes) is concerned


def test_a_deny_window_that_cannot_be_read_is_open():
    """B5: what nobody can tell holds."""
    (one,) = facts("2026-03-01T12:00:00", window(schedule="sometimes")).freezes
    assert one.until_ms is None


def test_what_an_application_made_is_managed_by_argo_though_no_label_says_so():
    listed = [{**OBJECTS["Deployment"][0], "metadata": meta("cart")}]
    with_app = {**OBJECTS, "Deployment": listed, "Application": [application()]}
    assert pictured(with_app).facts(0, KINDS).workloads[CART].managed_by == "argocd"
    without = {**OBJECTS, "Deployment": listed, "Application": []}
    assert pictured(without).facts(0, KINDS).workloads[CART].managed_by == ""


@pytest.mark.parametrize(("suspend", "frozen"), [(True, True), (False, False)])
def test_what_flux_has_suspended_is_worked_on_by_hand(suspend, frozen):
    labels = {
        "kustomize.toolkit.fluxcd.io/name": "apps",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    }
    owned = [{**OBJECTS["Deployment"][0], "metadata": meta("cart", labels=labels)}]
    flux = {"metadata": {"name": "apps", "namespace": "flux-system"}, "spec": {"suspend": suspend}}
    found = pictured({**OBJECTS, "Deployment": owned, "Kustomization": [flux]}).facts(0, KINDS)
    assert found.workloads[CART].managed_by == "flux"
    assert [(one.name, one.namespace, one.workloads) for one in found.freezes] == (
        [("Flux Kustomization flux-system/apps is suspended", "shop", frozenset({CART}))] if frozen else []
    )


@pytest.mark.parametrize(
    ("text", "at", "last"),
    [
        ("*/15 * * * *", "2026-03-01T10:44:59", "2026-03-01T10:30:00"),
        ("0 9-17 * * mon-fri", "2026-03-01T12:00:00", "2026-02-27T17:00:00"),  # a Sunday: back to Friday
        (
            "0 0 1 * 1",
            "2026-03-03T00:00:00",
            "2026-03-02T00:00:00",
        ),  # both days restricted: either, so Monday
        ("30 2 * * 7", "2026-03-01T03:00:00", "2026-03-01T02:30:00"),  # 7 is Sunday too
        ("0 0 * 12 *", "2026-03-01T00:00:00", None),  # December is out of reach
        ("@daily", "2026-03-01T10:00:00", "2026-03-01T00:00:00"),
        ("5/20 1 * * *", "2026-03-01T10:00:00", "2026-03-01T01:45:00"),  # 5, 25, 45
    ],
)
def test_when_a_schedule_last_fired(text, at, last):
    found = cron(text, "UTC").last(ms(at), 31 * 24 * HOUR)
    assert found == (None if last is None else ms(last))


def test_a_schedule_is_of_its_zone_through_summer_time():
    """M14: 08:00 in Berlin is 07:00 UTC in winter and 06:00 UTC from 2026-03-29 on."""
    berlin = cron("0 8 * * *", "Europe/Berlin")
    assert berlin.last(ms("2026-03-28T12:00:00"), 24 * HOUR) == ms("2026-03-28T07:00:00")
    assert berlin.last(ms("2026-03-29T12:00:00"), 24 * HOUR) == ms("2026-03-29T06:00:00")


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* * * * 8", "a * * * *", "*/0 * * * *", "5-1 * * * *"]
)
def test_a_schedule_that_cannot_be_read_is_none(text):
    assert cron(text, "UTC") is None


def test_an_unknown_zone_makes_a_schedule_unreadable():
    assert cron("0 0 * * *", "Mars/Olympus") is None


@pytest.mark.parametrize(("text", "value"), [("1h30m", 5_400_000), ("45s", 45_000), ("2d", None), ("", None)])
def test_durations_are_as_go_writes_them(text, value):
    assert duration_ms(text) == value


def test_a_target_of_argo_in_another_namespace_is_frozen_there():
    app = application()
    app["status"]["resources"] = [{"kind": "Deployment", "namespace": "other", "name": "x"}]
    (one,) = facts("2026-03-01T23:00:00", window(), app=app).freezes
    assert (one.namespace, one.workloads) == ("other", frozenset({Target("Deployment", "other", "x")}))
