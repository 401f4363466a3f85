"""The chart as Helm renders it."""

from pathlib import Path

import helm_python as helm
from ruamel.yaml import YAML

CHART = Path(__file__).parents[2] / "deploy" / "helm"


def render(values=None, name="aiops", namespace="ops"):
    """Every object of a release, by (kind, name); values are judged by the chart's schema first."""
    with helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema(values or {})
        texts = chart.render(values or {}, name=name, namespace=namespace)
    found = {}
    for path, text in texts.items():
        for one in YAML(typ="safe").load_all(text) if path.endswith(".yaml") else ():
            if one:
                where = one["metadata"].get("namespace", "")
                found[one["kind"], one["metadata"]["name"], where] = one
    return found


def only(found, kind):
    """The one object of a kind."""
    (one,) = [each for (this, _, _), each in found.items() if this == kind]
    return one


def rights(objects):
    """{(kind of the role, its name, namespace, group, resource, verb, name of the object)} of all roles."""
    return {
        (
            one["kind"],
            one["metadata"]["name"],
            one["metadata"].get("namespace", ""),
            group,
            resource,
            verb,
            name,
        )
        for one in objects
        for rule in one.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


def bindings(objects):
    """{(kind, name, namespace, role)} of all bindings."""
    return {
        (one["kind"], one["metadata"]["name"], one["metadata"].get("namespace", ""), one["roleRef"]["name"])
        for one in objects
        if "roleRef" in one
    }
