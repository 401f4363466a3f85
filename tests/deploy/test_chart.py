"""The chart: what Helm makes of it, held against the schemas of Kubernetes and against ``aiops rbac``."""

import json

import helm_python as helm
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from aiops.bootstrap.config import load_settings
from aiops.bootstrap.rbac import Names, granted, manifests
from tests.deploy.charts import CHART, bindings, only, render, rights

VERSIONS = [f"1.{minor}" for minor in range(30, 38)]
BOOK = {"name": "own", "version": "1", "when": {"classes": ["crash_loop"]}, "mode": "ask"}


def bound(*scopes):
    return {"policy": {"scopes": [{"namespace": "shop", "mode": "auto"} | one for one in scopes]}}


def own(mode, *remediations):
    steps = [{"remediation": one} for one in remediations]
    return {"playbooks": [{**BOOK, "mode": mode, "steps": steps}]}


ACTING = {"mode": "auto", "config": bound({})}
CASES = {
    "as it ships": {},
    "observe, with scopes": {**ACTING, "mode": "observe"},
    "suggest": {**ACTING, "mode": "suggest"},
    "ask": {**ACTING, "mode": "ask"},
    "auto": ACTING,
    "a scope for one playbook": {"mode": "ask", "config": bound({"playbook": "memory-leak"})},
    "a scope that only suggests": {"mode": "auto", "config": bound({"mode": "suggest"})},
    "two namespaces": {"mode": "ask", "config": bound({}, {"namespace": "data"})},
    "a playbook switched off": {**ACTING, "config": {**bound({}), "off": {"playbooks": ["memory-leak"]}}},
    "playbooks of one's own": {**ACTING, "playbooks": {"own": own("ask", "rerun_job", "drain")}},
    "one of one's own that only suggests": {**ACTING, "playbooks": {"own.yaml": own("suggest", "drain")}},
    "log lines, no switch, no heads": {
        "mode": "ask",
        "config": {
            **bound({}),
            "kubernetes": {"evidence": {"logs": True}, "stop": {"config_map": ""}},
            "audit": {"to_event": False},
        },
    },
    "no console": {**ACTING, "config": {**bound({}), "server": {"console": False}}},
}
each_case = pytest.mark.parametrize("values", CASES.values(), ids=CASES)


def test_helm_finds_nothing_to_complain_of():
    report = helm.lint(str(CHART), strict=True)
    assert report["errors"] == []
    assert [one for one in report["messages"] if one["severity"] > 1] == []


@pytest.mark.slow
@each_case
def test_what_it_renders_is_valid_for_every_version_of_kubernetes(values):
    found = render(values)
    assert len(found) >= 8
    for version in VERSIONS:
        for one in found.values():
            kubernetes_validate.validate(one, version, strict=True)


def test_an_object_that_is_not_valid_would_be_found():
    broken = only(render(), "Deployment")
    broken["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def configured(values, folder):
    """The folder that the daemon in the pod would read, from the rendered objects alone."""
    found = render(values)
    data = only(found, "ConfigMap")["data"]
    volumes = {one["name"]: one for one in pod(found)["volumes"]}
    for item in volumes["config"]["configMap"]["items"]:
        path = folder / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data[item["key"]])
    return found, load_settings(folder)


def pod(found):
    return only(found, "Deployment")["spec"]["template"]["spec"]


@pytest.mark.slow
@each_case
def test_its_configuration_is_one_that_the_daemon_takes(values, tmp_path):
    _, settings = configured(values, tmp_path)
    assert settings.policy.mode == values.get("mode", "observe")
    assert settings.policy.own_namespace == "ops"
    assert str(settings.state) == "/var/lib/aiops"


@each_case
def test_its_rights_are_those_that_aiops_rbac_prints(values, tmp_path):
    """Helm cannot call us: the template comes to the same from its table."""
    found, settings = configured(values, tmp_path)
    spaces = sorted({one.namespace for one in settings.policy.scopes if one.mode.rank >= 2})
    ours = list(manifests(granted(settings), Names("aiops", "ops", tuple(spaces))))
    assert rights(found.values()) == rights(ours)
    assert bindings(found.values()) == bindings(ours)


def test_as_it_ships_it_may_write_nothing_at_all():
    verbs = {(group, verb) for *_, group, _, verb, _ in rights(render().values())}
    assert {verb for _, verb in verbs} <= {"get", "list", "watch", "create"}
    assert {group for group, verb in verbs if verb == "create"} == {
        "authentication.k8s.io",
        "authorization.k8s.io",
    }


def test_where_something_acts_the_comparison_is_of_more_than_nothing(tmp_path):
    found, _ = configured(ACTING, tmp_path)
    assert len([one for one in rights(found.values()) if one[1] == "aiops-write"]) >= 10


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mode": "full"}, "mode"),
        ({"optin": ["shop"]}, "optin"),
        ({"optIn": ["*"]}, "optIn"),
        ({"service": {"port": 80}}, "port"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"serviceAccount": {"create": False}}, "serviceAccount"),
        ({"persistence": {"size": "lots"}}, "size"),
        ({"replicas": 2}, "replicas"),
    ],
)
def test_values_that_cannot_be_are_refused_by_the_schema(values, said):
    with pytest.raises(helm.HelmValuesError, match=said):
        render(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mode": "ask", "config": {"policy": {"mode": "auto"}}}, "config.policy.mode: expected ask"),
        (
            {
                **ACTING,
                "playbooks": {"own": {"playbooks": [{**BOOK, "steps": [{"remediation": "own_one"}]}]}},
            },
            "expected a remediation that is shipped, got own_one",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused_with_what_to_change(values, said):
    with pytest.raises(helm.HelmRenderError, match=said):
        render(values)


def test_the_pod_is_as_restricted_as_it_can_be():
    spec = pod(render({"secrets": ["slack"]}))
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
    assert writable == {"/var/lib/aiops", "/tmp"}  # noqa: S108 - of the pod
    assert "/etc/aiops-secrets/slack" in {one["mountPath"] for one in container["volumeMounts"]}


def test_a_change_of_the_configuration_rolls_the_pod():
    def sums(values):
        return only(render(values), "Deployment")["spec"]["template"]["metadata"]["annotations"][
            "checksum/config"
        ]

    assert sums({}) == sums({"podLabels": {"team": "sre"}})
    assert sums({}) != sums({"mode": "suggest"})


def test_nobody_reaches_it_unless_allowed():
    policy = only(render(), "NetworkPolicy")["spec"]
    assert (policy["ingress"], policy["policyTypes"]) == ([], ["Ingress", "Egress"])
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    (allowed,) = only(render({"networkPolicy": {"from": [peer]}}), "NetworkPolicy")["spec"]["ingress"]
    assert allowed == {"from": [peer], "ports": [{"protocol": "TCP", "port": "http"}]}


def test_every_value_has_a_place_in_the_schema():
    values = YAML(typ="safe").load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())

    def missing(given, known, where):
        for key, value in given.items():
            if key not in known.get("properties", {}):
                yield f"{where}{key}"
            elif isinstance(value, dict) and "properties" in known["properties"][key]:
                yield from missing(value, known["properties"][key], f"{where}{key}.")

    assert list(missing(values, schema, "")) == []
