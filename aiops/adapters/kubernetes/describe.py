"""Describe: of an object of the API server what tells of its trouble, as plain JSON. No I/O here.

Left out on purpose: values of environment variables, arguments, commands, values of annotations (the one
that ``kubectl apply`` leaves holds the whole manifest), contents of volumes. What others wrote (messages) is
redacted, made one line, and shortened.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aiops.core.redact import redact
from aiops.core.words import plain

LONGEST_TEXT = 1_000  # characters of one message
LINE_END = " ⏎ "
Json = Mapping[str, Any]
Text = Callable[[object], str]


def text_of(words: Sequence[str]) -> Text:
    """A function that makes others' text fit to keep; ``words`` name more secrets."""

    def text(value: object) -> str:
        if not isinstance(value, str):
            return ""
        lines = [plain(line) for line in redact(value, words).splitlines()]
        joined = LINE_END.join(line for line in lines if line.strip())
        return joined if len(joined) <= LONGEST_TEXT else "…" + joined[1 - LONGEST_TEXT :]

    return text


def described(found: Json, text: Text) -> dict[str, Any]:
    """Identity, spec in short, and status of any object."""
    meta, spec, status = part(found, "metadata"), part(found, "spec"), part(found, "status")
    owners = [f"{one.get('kind')}/{one.get('name')}" for one in items(meta, "ownerReferences")]
    return _without_empty(
        {
            "kind": found.get("kind"),
            "name": meta.get("name"),
            "namespace": meta.get("namespace"),
            "uid": meta.get("uid"),
            "resource_version": meta.get("resourceVersion"),
            "generation": meta.get("generation"),
            "created": meta.get("creationTimestamp"),
            "deleted": meta.get("deletionTimestamp"),
            "finalizers": meta.get("finalizers"),
            "labels": dict(part(meta, "labels")),
            "annotations": sorted(part(meta, "annotations")),
            "owners": owners,
            "spec": {key: spec[key] for key in SPEC if key in spec},
            "template": _pod_spec(part(part(spec, "template"), "spec"), text) or _pod_spec(spec, text),
            "status": {key: status[key] for key in STATUS if key in status},
            "reason": text(status.get("reason")),
            "message": text(status.get("message")),
            "conditions": [_condition(one, text) for one in items(status, "conditions")],
            "containers": [*_containers(status, text)],
        }
    )


SPEC = (  # fields that hold numbers, names and switches, nothing that people write freely
    "replicas",
    "paused",
    "suspend",
    "schedule",
    "strategy",
    "updateStrategy",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "backoffLimit",
    "completions",
    "parallelism",
    "nodeName",
    "unschedulable",
    "taints",
    "minReplicas",
    "maxReplicas",
    "scaleTargetRef",
    "resources",
    "storageClassName",
    "volumeName",
    "accessModes",
    "selector",
)
STATUS = (
    "phase",
    "qosClass",
    "startTime",
    "observedGeneration",
    "replicas",
    "readyReplicas",
    "updatedReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "currentReplicas",
    "desiredReplicas",
    "desiredNumberScheduled",
    "numberReady",
    "numberUnavailable",
    "updatedNumberScheduled",
    "currentRevision",
    "updateRevision",
    "active",
    "succeeded",
    "failed",
    "lastScheduleTime",
    "lastSuccessfulTime",
    "capacity",
    "allocatable",
    "disruptionsAllowed",
    "currentHealthy",
    "desiredHealthy",
)


def event(found: Json, text: Text) -> dict[str, Any]:
    """One event: when last, how often, about what, and the words."""
    about = part(found, "involvedObject")
    series = part(found, "series")
    return _without_empty(
        {
            "at": when(found),
            "count": series.get("count") or found.get("count"),
            "type": found.get("type"),
            "reason": text(found.get("reason")),
            "about": f"{about.get('kind')}/{about.get('name')}",
            "message": text(found.get("message")),
        }
    )


def when(found: Json) -> str:
    """The last time of an event, as text that sorts; "" where it says none."""
    series = part(found, "series")
    times = (series.get("lastObservedTime"), found.get("lastTimestamp"), found.get("eventTime"))
    return next((one for one in times if isinstance(one, str)), "")


def part(found: Json, key: str) -> Json:
    """A mapping inside an object; empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, Mapping) else {}


def items(found: Json, key: str) -> list[Json]:
    """The mappings of a list inside an object."""
    value = found.get(key)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _condition(found: Json, text: Text) -> dict[str, Any]:
    return _without_empty(
        {
            "type": found.get("type"),
            "status": found.get("status"),
            "since": found.get("lastTransitionTime"),
            "reason": text(found.get("reason")),
            "message": text(found.get("message")),
        }
    )


def _containers(status: Json, text: Text) -> Iterator[dict[str, Any]]:
    for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for one in items(status, key):
            yield _without_empty(
                {
                    "name": one.get("name"),
                    "init": key.startswith("init"),
                    "image": text(one.get("image")),
                    "ready": one.get("ready"),
                    "restarts": one.get("restartCount"),
                    "state": _state(part(one, "state"), text),
                    "last_state": _state(part(one, "lastState"), text),
                }
            )


def _state(found: Json, text: Text) -> dict[str, Any]:
    for name in ("waiting", "running", "terminated"):
        if isinstance(found.get(name), Mapping):
            inner = found[name]
            return _without_empty(
                {
                    "state": name,
                    "reason": text(inner.get("reason")),
                    "exit_code": inner.get("exitCode"),
                    "signal": inner.get("signal"),
                    "started": inner.get("startedAt"),
                    "finished": inner.get("finishedAt"),
                    "message": text(inner.get("message")),
                }
            )
    return {}


def _pod_spec(spec: Json, text: Text) -> dict[str, Any]:
    containers = [
        _without_empty(
            {
                "name": one.get("name"),
                "image": text(one.get("image")),
                "resources": dict(part(one, "resources")),
                "probes": sorted(key for key in one if key.endswith("Probe")),
                "env": sorted(str(env.get("name")) for env in items(one, "env")),
                "from": [*_references(one)],
            }
        )
        for key in ("initContainers", "containers")
        for one in items(spec, key)
    ]
    return {"containers": containers, "volumes": [*_volumes(spec)]} if containers else {}


def _references(container: Json) -> Iterator[str]:
    """The ConfigMaps and Secrets that environment variables are taken from, by name."""
    sources = [*items(container, "envFrom"), *(part(one, "valueFrom") for one in items(container, "env"))]
    for source in sources:
        for key, kind in REFERENCES.items():
            if key in source:
                yield f"{kind}/{part(source, key).get('name')}"


REFERENCES = {
    "configMapRef": "ConfigMap",
    "secretRef": "Secret",
    "configMapKeyRef": "ConfigMap",
    "secretKeyRef": "Secret",
}


def _volumes(spec: Json) -> Iterator[str]:
    """``data: persistentVolumeClaim data-0``: what kind a volume is, and of what name."""
    for one in items(spec, "volumes"):
        for key, value in one.items():
            if key != "name" and isinstance(value, Mapping):
                name = value.get("name") or value.get("secretName") or value.get("claimName") or ""
                yield f"{one.get('name')}: {key} {name}".rstrip()


def _without_empty(found: dict[str, Any]) -> dict[str, Any]:
    """0 and False say something; what is empty says nothing."""
    return {key: value for key, value in found.items() if value is not None and value not in ("", [], {})}
