"""Who may approve, asked of a real API server: ServiceAccounts, Roles with the virtual verb, their tokens."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.reviews import Reviews
from aiops.errors import Forbidden, Unavailable
from aiops.model import Access, Actor, Channel, KubernetesSettings
from tests.controlplane.apiproxy import Answer, LoseAnswer, refusal
from tests.controlplane.identities import rule, token

pytestmark = pytest.mark.integration

MEMBER = rule("get", "approvals", "aiops.dev")
ASK = [
    rule("create", "tokenreviews", "authentication.k8s.io"),
    rule("create", "subjectaccessreviews", "authorization.k8s.io"),
]


def api_of(kubeconfig, **changes):
    settings = KubernetesSettings(access=Access.KUBECONFIG, kubeconfig=str(kubeconfig), **changes)
    return connect(settings)


@pytest.fixture
def daemon(service_account):
    """Reviews with the rights of the daemon, and no more."""
    api = api_of(service_account("aiops", cluster_rules=ASK))
    yield Reviews(api)
    api.close()


def test_a_member_is_known_by_the_name_the_api_server_gives(daemon, service_account, api, namespace):
    """H5: the identity is a stable one."""
    service_account("eve", cluster_rules=[MEMBER])
    found = daemon.who(token(api, namespace, "eve"))
    assert found.id == f"system:serviceaccount:{namespace}:eve"
    assert f"system:serviceaccounts:{namespace}" in found.groups


def test_the_token_of_just_any_pod_opens_nothing(daemon, service_account, api, namespace):
    """S1."""
    service_account("pod")
    with pytest.raises(Forbidden, match="may not get"):
        daemon.who(token(api, namespace, "pod"))


def test_a_role_counts_where_it_is_bound_and_for_its_name(daemon, service_account, api, namespace):
    service_account(
        "eve", [rule("approve", "approvals", "aiops.dev", names=["on-call"])], cluster_rules=[MEMBER]
    )
    eve = daemon.who(token(api, namespace, "eve"))
    assert daemon.roles(eve, ["on-call", "dba"], namespace) == {"on-call"}
    assert daemon.roles(eve, ["on-call"], "default") == frozenset()
    assert daemon.roles(eve, ["on-call"], "") == frozenset()  # not the whole cluster's


def test_a_right_that_is_taken_away_is_gone_with_the_next_question(daemon, service_account, api, namespace):
    service_account("eve", [rule("approve", "approvals", "aiops.dev")], cluster_rules=[MEMBER])
    eve = daemon.who(token(api, namespace, "eve"))
    assert daemon.roles(eve, ["on-call"], namespace) == {"on-call"}
    api.delete("RoleBinding", namespace, "eve")
    assert daemon.roles(eve, ["on-call"], namespace) == frozenset()


def test_a_right_over_all_namespaces_counts_in_each_and_in_the_cluster(
    daemon, service_account, api, namespace
):
    everywhere = [MEMBER, rule("approve", "approvals", "aiops.dev", names=["on-call"])]
    service_account("eve", cluster_rules=everywhere)
    eve = daemon.who(token(api, namespace, "eve"))
    for place in (namespace, "default", ""):
        assert daemon.roles(eve, ["on-call", "dba"], place) == {"on-call"}


def test_whoever_may_do_everything_has_every_role_for_the_api_server_says_so(
    daemon, service_account, api, namespace
):
    """Told in the how-to: an administrator is an approver, unless one takes their rights away."""
    service_account("root", cluster_rules=[rule("*", "*", "*")])
    root = daemon.who(token(api, namespace, "root"))
    assert daemon.roles(root, ["on-call", "dba"], namespace) == {"on-call", "dba"}


@pytest.mark.parametrize("text", ["nonsense", "eyJhbGciOiJub25lIn0.e30.", "x" * 5000])
def test_a_token_that_is_none_is_nobody(daemon, text):
    """H4."""
    assert daemon.who(text) is None


def test_a_token_for_another_audience_is_nobody(service_account, api, namespace):
    asking = api_of(service_account("aiops", cluster_rules=ASK))
    service_account("eve", cluster_rules=[MEMBER])
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 600, "audiences": ["aiops"]},
    }
    where = f"/api/v1/namespaces/{namespace}/serviceaccounts/eve/token"
    ours = api.call("POST", where, request)["status"]["token"]
    theirs = token(api, namespace, "eve")
    assert Reviews(asking, "aiops").who(ours).id.endswith(":eve")
    assert Reviews(asking, "aiops").who(theirs) is None
    assert Reviews(asking).who(ours) is None  # and not good for the API server either
    asking.close()


def test_a_token_whose_account_is_gone_is_nobody(daemon, service_account, api, namespace):
    service_account("eve", cluster_rules=[MEMBER])
    hers = token(api, namespace, "eve")
    api.delete("ServiceAccount", namespace, "eve")
    assert daemon.who(hers) is None


def test_without_the_right_to_ask_nobody_is_let_in(service_account, api, namespace):
    asking = api_of(service_account("bare"))
    with pytest.raises(Unavailable, match="system:auth-delegator"):
        Reviews(asking).who(token(api, namespace, "bare"))
    asking.close()


@pytest.mark.parametrize("fault", [refusal(503, "ServiceUnavailable"), LoseAnswer(), Answer(200, b"{}")])
def test_an_api_server_that_does_not_answer_as_one_lets_nobody_in(
    fault, service_account, api, namespace, api_proxy
):
    asking = api_of(api_proxy.kubeconfig(service_account("aiops", cluster_rules=ASK)))
    service_account("eve", cluster_rules=[MEMBER])
    hers = token(api, namespace, "eve")
    for path in ("tokenreviews", "subjectaccessreviews"):
        spoiled = api_proxy.inject(fault, method="POST", path=path, times=1)
        with pytest.raises(Unavailable):
            Reviews(asking).who(hers)
        assert spoiled.hits == 1
    assert Reviews(asking).who(hers) is not None
    asking.close()


def test_the_rights_of_the_how_to_make_members_and_approvers(daemon, api, namespace):
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "answer.md").read_text()
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    objects = list(YAML(typ="safe").load_all(text))
    try:
        for one in objects:
            if "namespace" in one["metadata"]:
                one["metadata"]["namespace"] = namespace
            api.create(one)
        ada = Actor(Channel.KUBERNETES, "ada@example.com", groups=("engineers",))
        bob = Actor(Channel.KUBERNETES, "bob@example.com", groups=("engineers",))
        eve = Actor(Channel.KUBERNETES, "eve@example.com", groups=("guests",))
        assert [daemon.member(one) for one in (ada, bob, eve)] == [True, True, False]
        assert [daemon.roles(one, ["on-call", "dba"], namespace) for one in (ada, bob, eve)] == [
            {"on-call"},
            set(),
            set(),
        ]
        assert daemon.roles(ada, ["on-call"], "default") == frozenset()
    finally:
        for one in objects:
            if "namespace" not in one["metadata"]:
                api.delete(one["kind"], None, one["metadata"]["name"])
