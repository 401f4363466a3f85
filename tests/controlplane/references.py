"""What a pod refers to: ConfigMaps, Secrets and claims, looked up live."""

import base64
from collections.abc import Mapping
from typing import Any

from tests.controlplane.api import Api

Object = Mapping[str, Any]
KINDS = {"configMap": "ConfigMap", "secret": "Secret"}


class References:
    """Resolves references by asking the API server each time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def env(self, pod: Object, container: Object) -> dict[str, str]:
        """The environment as the process sees it; what cannot be resolved is left out."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            kind, name, _ = _source(source, "Ref")
            found |= {
                source.get("prefix", "") + key: text
                for key, text in (self._data(pod, kind, name) or {}).items()
            }
        for entry in container.get("env", []):
            if "value" in entry:
                found[entry["name"]] = entry["value"]
            elif (selected := _selected(entry)) is not None:
                kind, name, key, _ = selected
                if (text := (self._data(pod, kind, name) or {}).get(key)) is not None:
                    found[entry["name"]] = text
        return found

    def missing_env(self, pod: Object, container: Object) -> str | None:
        """The kubelet's message about a reference of the environment that is not there; None: all are."""
        wanted: list[tuple[str, str, str, bool]] = []
        for source in container.get("envFrom", []):
            kind, name, optional = _source(source, "Ref")
            wanted.append((kind, name, "", optional))
        wanted += [found for entry in container.get("env", []) if (found := _selected(entry)) is not None]
        for kind, name, key, optional in wanted:
            data = self._data(pod, kind, name)
            if not optional and data is None:
                return f'{kind.lower()} "{name}" not found'
            if not optional and key and key not in (data or {}):
                return f"couldn't find key {key} in {kind} {pod['metadata']['namespace']}/{name}"
        return None

    def missing_volume(self, pod: Object) -> str | None:
        """The same for its volumes."""
        for volume in pod["spec"].get("volumes", []):
            for field, kind in KINDS.items():
                if field not in volume or volume[field].get("optional"):
                    continue
                name = volume[field].get("name") or volume[field].get("secretName")
                if self._data(pod, kind, name) is None:
                    mount = f'MountVolume.SetUp failed for volume "{volume["name"]}"'
                    return f'{mount} : {kind.lower()} "{name}" not found'
        return None

    def claims(self, pod: Object, container: Object) -> tuple[str, ...]:
        """The capacities of the claims that the container mounts."""
        mounted = {one["name"] for one in container.get("volumeMounts", [])}
        names = [
            one["persistentVolumeClaim"]["claimName"]
            for one in pod["spec"].get("volumes", [])
            if "persistentVolumeClaim" in one and one["name"] in mounted
        ]
        found = [
            self._api.find("PersistentVolumeClaim", pod["metadata"]["namespace"], name) for name in names
        ]
        sizes = [one.get("status", {}).get("capacity", {}).get("storage") for one in found if one is not None]
        return tuple(size for size in sizes if size is not None)

    def _data(self, pod, kind, name):
        found = self._api.find(kind, pod["metadata"]["namespace"], name)
        if found is None:
            return None
        data = found.get("data") or {}
        if kind == "Secret":
            return {key: base64.b64decode(text).decode(errors="replace") for key, text in data.items()}
        return data


def _source(entry, suffix):
    for field, kind in KINDS.items():
        if (chosen := entry.get(field + suffix)) is not None:
            return kind, chosen["name"], chosen.get("optional", False)
    raise ValueError(f"neither ConfigMap nor Secret: {entry}")


def _selected(entry):
    source = entry.get("valueFrom", {})
    for field, kind in KINDS.items():
        if (chosen := source.get(f"{field}KeyRef")) is not None:
            return kind, chosen["name"], chosen["key"], chosen.get("optional", False)
    return None
