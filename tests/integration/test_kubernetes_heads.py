"""Signed heads as Events of a real API server: made where we may, told where we may not, never in observe."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.heads import REASON, HeadEvents
from aiops.adapters.signing import make_key
from aiops.bootstrap.audit import make_heads
from aiops.core.audit import SignedHead, heads_in
from aiops.errors import Forbidden, Unavailable
from aiops.model import Access, Entry, KubernetesSettings, Mode, Policy
from aiops.settings import Settings
from tests.controlplane.identities import rule
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore
from tests.unit.core.cases import NOW

pytestmark = pytest.mark.integration


def access(kubeconfig):
    return KubernetesSettings(
        access=Access.KUBECONFIG, kubeconfig=str(kubeconfig), connect_timeout_s=2, read_timeout_s=5
    )


@pytest.fixture
def head(tmp_path):
    bare = SignedHead(1234, "a" * 64, 3, NOW, "prod_eu.west~1", "")
    return make_key(tmp_path / "key").sign(bare)


def test_a_head_is_an_event_in_our_own_namespace_and_twice_is_one(service_account, namespace, api, head):
    made = connect(access(service_account("aiops", [rule("create", "events")])))
    events = HeadEvents(made, namespace)
    events(head)
    events(head)
    found = [one for one in api.list("Event", namespace) if one.get("reason") == REASON]
    (one,) = found
    assert heads_in(one["message"]) == (head,)
    assert one["lastTimestamp"] == "2023-11-14T22:13:20Z"


def test_without_the_right_it_is_forbidden_and_names_it(service_account, namespace, head):
    made = connect(access(service_account("aiops")))
    with pytest.raises(Forbidden, match=f"create events {namespace}: HTTP 403"):
        HeadEvents(made, namespace)(head)


def test_a_server_that_is_not_there_is_unavailable(service_account, namespace, head):
    made = connect(access(service_account("aiops", server="https://127.0.0.1:1")))
    with pytest.raises(Unavailable):
        HeadEvents(made, namespace)(head)


@pytest.mark.parametrize(
    ("mode", "events"), [(Mode.OBSERVE, 0), (Mode.SUGGEST, 0), (Mode.ASK, 1), (Mode.AUTO, 1)]
)
def test_in_observe_and_suggest_no_event_leaves_us(service_account, namespace, audit, tmp_path, mode, events):
    """B9: the API server's audit log is the oracle."""
    kubeconfig = service_account("aiops", [rule("create", "events")])
    settings = replace(
        Settings(), policy=Policy(mode=mode, own_namespace=namespace), kubernetes=access(kubeconfig)
    )
    store, told = FakeStore([Entry("decided", "i", NOW, {})]), []
    live = SimpleNamespace(loop=SimpleNamespace(store=store, term=0), clock=FakeClock(NOW))
    since = audit.now()
    heads = make_heads(
        live, settings, tmp_path, told.append, object(), lambda what, error: told.append(error)
    )
    assert heads.sign() is not None
    assert len(told) == 1  # the note; nothing failed
    seen = audit.mutating(since=since, user_agent="aiops/")
    assert [(one.verb, one.resource, one.namespace) for one in seen] == [
        ("create", "events", namespace)
    ] * events
