"""``aiops rbac``: manifests that kubectl takes, and what is said beside them."""

import json

from click.testing import CliRunner
from ruamel.yaml import YAML

from aiops.bootstrap import plugins
from aiops.bootstrap.rbac import watched
from aiops.cli import app
from tests.unit.settings.folders import folder

ACTING = "policy: {mode: auto, scopes: [{mode: auto, namespace: shop}]}"
ROLE = "approvals: {roles: {oncall: {kubernetes_groups: [sre]}}}"
BOOKS = """\
playbooks:
  - {name: a, version: "1", mode: ask, when: {classes: [crash_loop]}, steps: [{remediation: rollback}]}
  - {name: b, version: "1", mode: auto, when: {classes: [node_pressure]}, steps: [{remediation: cordon}]}
  - {name: c, version: "1", mode: suggest, when: {classes: [oom_killed]}, steps: [{remediation: restart_pod}]}
"""


def run(*arguments):
    answer = CliRunner().invoke(app, ["rbac", *[str(one) for one in arguments]])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer


def objects(*arguments):
    return {
        (one["kind"], one["metadata"]["name"]): one
        for one in YAML(typ="safe").load_all(run(*arguments).stdout)
    }


def test_the_shipped_configuration_may_write_nothing():
    answer = run()
    assert answer.exit_code == 0
    assert "nothing may be written" in answer.stderr
    assert not [name for _, name in objects() if "write" in name]


def test_each_enabled_remediation_is_granted_what_it_declares_and_nothing_else_is(tmp_path):
    found = objects("--config", folder(tmp_path, ACTING, playbooks__own=BOOKS))
    patch = [
        {
            "apiGroups": ["apps"],
            "resources": ["daemonsets", "deployments", "statefulsets"],
            "verbs": ["patch"],
        }
    ]
    assert found["ClusterRole", "aiops-write"]["rules"] == patch
    assert found["ClusterRole", "aiops-write-nodes"]["rules"] == [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]}
    ]
    binding = found["RoleBinding", "aiops-write"]
    assert binding["metadata"]["namespace"] == "shop"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "aiops", "namespace": "aiops"}]


def test_names_and_opted_in_namespaces_can_be_given(tmp_path):
    where = folder(tmp_path, ACTING, playbooks__own=BOOKS)
    answer = run("--config", where, "--name", "eye", "--namespace", "ops", "--opt-in", "b", "--opt-in", "a")
    bound = [one for one in YAML(typ="safe").load_all(answer.stdout) if one["kind"] == "RoleBinding"]
    assert [(one["metadata"]["name"], one["metadata"]["namespace"]) for one in bound] == [
        ("eye", "ops"),
        ("eye-write", "a"),
        ("eye-write", "b"),
    ]


def test_a_role_to_write_that_is_bound_nowhere_is_told(tmp_path):
    main = "policy: {mode: auto, scopes: [{mode: auto, playbook: a}]}"
    answer = run("--config", folder(tmp_path, main, playbooks__own=BOOKS))
    assert "no namespace is opted in" in answer.stderr


def test_roles_of_people_are_granted_by_name(tmp_path):
    found = objects("--config", folder(tmp_path, ROLE), "--people")
    assert found["ClusterRole", "aiops-approve-oncall"]["rules"] == [
        {
            "apiGroups": ["aiops.dev"],
            "resources": ["approvals"],
            "verbs": ["approve"],
            "resourceNames": ["oncall"],
        }
    ]


def test_nothing_ever_grants_secrets_or_a_wildcard(tmp_path):
    """With every remediation that is installed enabled (S2)."""
    steps = "".join(f"{{remediation: {name}}}, " for name in plugins.found("aiops.remediations"))
    book = f'{{name: a, version: "1", mode: auto, when: {{classes: [oom_killed]}}, steps: [{steps}]}}'
    books = f"playbooks: [{book}]\n"
    rules = [
        rule
        for one in json.loads(
            run("--config", folder(tmp_path, ACTING, playbooks__own=books), "--json").stdout
        )["manifests"]
        for rule in one.get("rules", [])
    ]
    assert len(rules) > 10
    for rule in rules:
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert not [one for one in rule["resources"] if one.startswith("secrets")]


def test_every_kind_that_is_watched_is_granted():
    found = objects()["ClusterRole", "aiops-read"]["rules"]
    granted = {
        (rule["apiGroups"][0], one) for rule in found for one in rule["resources"] if "watch" in rule["verbs"]
    }
    assert granted == set(watched())
