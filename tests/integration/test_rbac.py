"""The roles that ``aiops rbac`` prints, judged by a real API server: enough, and nothing beyond (B3)."""

import itertools

import pytest

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.kinds import KINDS
from aiops.bootstrap import plugins, rbac
from aiops.core.grants import Needs, grants
from aiops.model import (
    Access,
    KubernetesSettings,
    Matcher,
    Mode,
    Playbook,
    PlaybookStep,
    Scope,
    SymptomMatcher,
)
from tests.controlplane.api import Api, ApiError
from tests.controlplane.identities import token

pytestmark = pytest.mark.integration
WHEN = Matcher(symptoms=(SymptomMatcher(signal="memory"),))
ALL = tuple(plugins.found("aiops.remediations"))
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_numbers = itertools.count()


class Role:
    """An identity with what a configuration of these remediations is granted, in a namespace of its own."""

    def __init__(self, plane, remediations):
        self.api, number = plane.api, next(_numbers)
        self.home, self.opted_in, self.other = (f"rbac-{name}-{number}" for name in ("home", "in", "out"))
        for space in (self.home, self.opted_in, self.other):
            self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
        books = (Playbook("b", "1", WHEN, tuple(PlaybookStep(one) for one in remediations), mode=Mode.AUTO),)
        needs = Needs(
            Mode.AUTO,
            (Scope(Mode.AUTO, namespace=self.opted_in),),
            books,
            logs=True,
            stop_map="aiops-stop",
            head_events=True,
        )
        self.found = grants(needs, rbac.watched(), rbac.rights)
        names = rbac.Names(f"aiops-{number}", self.home, (self.opted_in,))
        self.made = list(rbac.manifests(self.found, names))
        for one in self.made:
            self.api.create(one)
        key = token(self.api, self.home, names.name)
        self.kubeconfig = plane.write_kubeconfig(f"rbac-{number}", {"token": key}, "")
        self.own = Api.of(self.kubeconfig)

    def close(self):
        for one in self.made:
            if one["kind"].startswith("Cluster"):
                self.api.delete(one["kind"], None, one["metadata"]["name"])
        for space in (self.home, self.opted_in, self.other):
            self.api.delete("Namespace", None, space)

    def may(self, verb, group, resource, namespace="", name=""):
        plain, _, sub = resource.partition("/")
        about = {"verb": verb, "group": group, "resource": plain, "subresource": sub}
        spec = {"resourceAttributes": {**about, "namespace": namespace, "name": name}}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        return self.own.call("POST", REVIEW, body)["status"]["allowed"]


@pytest.fixture(scope="module")
def role(control_plane):
    made = Role(control_plane, ALL)
    yield made
    made.close()


@pytest.mark.parametrize("name", ALL)
def test_each_remediation_may_do_what_it_declares_where_it_is_opted_in_and_nowhere_else(role, name):
    """A verb that is taken out of the grants fails the test of each remediation that needs it."""
    for right in rbac.rights(name):
        asked = right.verb, right.group, right.resource
        if right.resource.startswith("nodes"):
            assert role.may(*asked)
            continue
        assert role.may(*asked, role.opted_in), right
        reads = right.verb in ("get", "list")  # which is granted in the whole cluster
        assert role.may(*asked, role.other) is reads, right


def test_every_kind_that_facts_need_can_be_listed_and_watched(role):
    """Through the connection that the daemon uses; kinds of products that are not there are "none"."""
    api = connect(KubernetesSettings(Access.KUBECONFIG, str(role.kubeconfig)))
    for kind in KINDS:
        reply = api.request("GET", kind.path, [("limit", "1")], total_s=10.0)
        assert reply.status == (404 if kind.extra else 200), (kind.name, reply.status)
    assert all(role.may("watch", group, resource) for group, resource in rbac.watched())


def test_of_config_maps_of_its_own_it_may_read_the_switch_by_name(role):
    assert role.may("get", "", "configmaps", role.home, "aiops-stop")
    assert not role.may("update", "", "configmaps", role.home, "aiops-stop")


VERBS = ("create", "update", "delete", "deletecollection")
FORBIDDEN = [  # (verb, group, resource, in the opted-in namespace)
    *((verb, "", "secrets") for verb in ("get", "list", "watch", *VERBS, "patch")),
    *(
        (verb, "rbac.authorization.k8s.io", one)
        for one in ("roles", "rolebindings")
        for verb in (*VERBS, "patch")
    ),
    *(("bind", "rbac.authorization.k8s.io", one) for one in ("roles", "clusterroles")),
    *(("escalate", "rbac.authorization.k8s.io", one) for one in ("roles", "clusterroles")),
    *((verb, "apps", one) for one in ("deployments", "statefulsets", "daemonsets") for verb in VERBS),
    *((verb, "", one) for one in ("configmaps", "serviceaccounts", "services") for verb in VERBS),
    *((verb, "", "pods") for verb in ("create", "update", "deletecollection")),
    ("create", "", "pods/exec"),
    ("create", "", "pods/attach"),
    ("create", "", "pods/portforward"),
    ("create", "", "serviceaccounts/token"),
    ("impersonate", "", "users"),
    ("delete", "", "namespaces"),
    ("delete", "", "nodes"),
    ("get", "", "nodes/proxy"),
    ("delete", "", "persistentvolumeclaims"),
    ("create", "admissionregistration.k8s.io", "validatingwebhookconfigurations"),
]


def test_what_no_remediation_declares_is_forbidden(role):
    """With every remediation enabled: at least forty calls that must never be possible."""
    assert len(FORBIDDEN) >= 40
    assert [one for one in FORBIDDEN if role.may(*one, role.opted_in)] == []


@pytest.mark.parametrize("where", ["opted_in", "other", "home"])
def test_a_secret_is_really_refused(role, where):
    with pytest.raises(ApiError) as refused:
        role.own.call("GET", f"/api/v1/namespaces/{getattr(role, where)}/secrets")
    assert refused.value.status == 403


def test_what_is_not_enabled_is_not_granted(control_plane):
    """Restarting rollouts needs no right on pods, nodes, jobs ..."""
    role = Role(control_plane, ("restart_rollout",))
    try:
        mine = {(one.verb, one.group, one.resource) for one in rbac.rights("restart_rollout")}
        every = {(one.verb, one.group, one.resource) for name in ALL for one in rbac.rights(name)}
        beyond = {one for one in every - mine if one[0] not in ("get", "list")}
        assert len(beyond) > 5
        assert {one for one in beyond if role.may(*one, role.opted_in)} == set()
        assert all(role.may(*one, role.opted_in) for one in mine)
    finally:
        role.close()
