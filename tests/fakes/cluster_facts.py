"""Facts and the objects of the fake cluster, kept in step: what the one says, the other says."""

from collections.abc import Mapping
from dataclasses import replace

PARTS = ("workloads", "pods", "nodes", "claims", "autoscalers")


def parts(facts):
    """Everything of ``facts`` that is an object of the API server."""
    for name in PARTS:
        yield from getattr(facts, name).items()


FIELDS = {  # field of our facts: where the object has it
    "generation": ("metadata", "generation"),
    "replicas": ("spec", "replicas"),
    "paused": ("spec", "paused"),
    "suspended": ("spec", "suspend"),
    "unschedulable": ("spec", "unschedulable"),
    "taints": ("spec", "taints"),
    "minimum": ("spec", "minReplicas"),
    "maximum": ("spec", "maxReplicas"),
    "phase": ("status", "phase"),
    "labels": ("metadata", "labels"),
    "annotations": ("metadata", "annotations"),
}


def spoken(facts):
    """An object that says what ``facts`` (a Workload, Pod, Node ...) say of it."""
    body = {}
    for name, (part, key) in FIELDS.items():
        value = getattr(facts, name, None)
        if value is not None:
            value = dict(value) if isinstance(value, Mapping) else value
            body.setdefault(part, {})[key] = [dict(one) for one in value] if name == "taints" else value
    return body


def told(parts, objects):
    """``parts`` of the facts with what the objects say now; those whose object is gone are left out."""
    return {target: _renewed(one, objects[target]) for target, one in parts.items() if target in objects}


def _renewed(facts, found):
    changed = {"uid": found["metadata"]["uid"], "resource_version": found["metadata"]["resourceVersion"]}
    for name, (part, key) in FIELDS.items():
        if name == "generation" and getattr(facts, name, None) is None:
            continue  # a test that does not speak of it is bound to versions alone
        if hasattr(facts, name):
            value = found.get(part, {}).get(key)
            if value is None and getattr(facts, name) is None:
                continue
            if name == "taints":
                value = tuple(value or ())
            elif name in ("labels", "annotations"):
                value = value or {}
            elif value is None and name in ("paused", "suspended", "unschedulable"):
                value = False
            changed[name] = value
    return replace(facts, **changed)
