"""What is read of the cluster: only what the how-to page says, with the rights that it lists (S6)."""

from pathlib import Path

from ruamel.yaml import YAML

from aiops.adapters.kubernetes.calls import resource_of
from aiops.adapters.kubernetes.kinds import FACTS, KINDS

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "watch-the-cluster.md"


def test_the_role_of_the_page_is_what_is_listed_and_watched():
    (block,) = [one for one in PAGE.read_text().split("```") if "kind: ClusterRole" in one]
    rules = YAML(typ="safe").load(block.removeprefix("yaml\n"))["rules"]
    named = {f"{r}.{g}".rstrip(".") for rule in rules for g in rule["apiGroups"] for r in rule["resources"]}
    assert named == {resource_of(kind.path) for kind in KINDS}
    assert {tuple(rule["verbs"]) for rule in rules} == {("list", "watch")}


def test_no_secret_is_read_and_of_configmaps_only_that_they_changed():
    assert not [kind for kind in KINDS if "secret" in kind.path]
    assert [kind.name for kind in KINDS if kind.metadata_only] == ["ConfigMap"]


def test_every_kind_of_fact_needs_kinds_that_are_read():
    assert {name for kinds in FACTS.values() for name in kinds} <= {kind.name for kind in KINDS}
