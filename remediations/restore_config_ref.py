"""Restore config reference: let containers read the ConfigMap or Secret again that they read before.

For containers that fail since they were pointed at another ConfigMap or Secret (a certificate, a password, a
file of settings). Only references that changed are set back; images and all else stay. It cannot help where
the content changed and not the name: see whoever changed it. To go back as a whole see ``rollback``.

Input:   a Deployment, StatefulSet or DaemonSet with its current pod template and earlier ones.
Output:  a Step, or NotApplicable with the reason. Compared are: ``envFrom`` of a container, ``valueFrom`` of
         its variables, and volumes of a ConfigMap or Secret, or projected ones; each where both revisions
         have it. The patch merges containers, variables and volumes by their name.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM, it rolls the pods; HIGH for a StatefulSet.
Undo:    the references as they are now.
Source:  Kubernetes documentation, "ConfigMaps" and "Secrets"; strategic merge patch of a pod template.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Revision, Step, Target
from aiops.model.kubectl import patching
from aiops.model.revisions import last_held
from aiops.plugin import Right

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
Json = Mapping[str, Any]
SOURCES = ("configMap", "secret", "projected")  # of a volume
NAMES = {"configMap": "name", "secret": "secretName", "projected": "sources"}  # what of it is the reference
LISTS = ("containers", "initContainers")
FIELDS = (
    *(f"spec.template.spec.{each}.{what}" for each in LISTS for what in ("env.valueFrom", "envFrom")),
    *(f"spec.template.spec.volumes.{source}.{NAMES[source]}" for source in SOURCES),
)


@dataclass(frozen=True, slots=True)
class RestoreConfigRef:
    """Proposes the references of the last revision that held and had others."""

    min_held_s: int = 3600  # a revision that was replaced sooner has proved nothing

    rights: ClassVar[tuple[Right, ...]] = tuple(
        Right("apps", f"{kind.lower()}s", "patch", FIELDS) for kind in KINDS
    )

    def __post_init__(self) -> None:
        if self.min_held_s < 0:
            raise ValueError(f"min_held_s: expected 0 or more, got {self.min_held_s}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the earlier references of ``target``."""
        workload = facts.workloads.get(target)
        if target.kind not in KINDS or workload is None or not workload.revisions:
            return NotApplicable(f"{target} is not a {', '.join(KINDS)} whose revisions are known")
        if workload.deleting or workload.paused or workload.replicas == 0:
            return NotApplicable(f"{target} is being deleted, paused or scaled to 0")
        current = workload.revisions[-1]
        if current.template is None:
            return NotApplicable(f"the pod template of {target} is not known")
        chosen = last_held(workload.revisions, self.min_held_s, _same_references)
        if chosen is None or chosen.template is None:
            return NotApplicable(f"no earlier revision of {target} that held is known to have read others")
        before, now_read = _references(chosen.template), _references(current.template)
        changed = [path for path, value in now_read.items() if before.get(path, value) != value]
        forth = _patch((path, before[path]) for path in changed)
        back = _patch((path, now_read[path]) for path in changed)
        words = ", ".join(sorted(" ".join(path[1:3]) for path in changed))
        stateful = target.kind == "StatefulSet"
        return Step(
            summary=f"let {target} read what it read in revision {chosen.number}: {words}",
            change=Change(target, workload.resource_version, forth, workload.uid),
            undo=Change(target, workload.resource_version, back, workload.uid),
            impact=Impact.HIGH if stateful else Impact.MEDIUM,
            blast_radius=BlastRadius(pods=workload.replicas or 0, share=1.0, at_once=workload.rollout_takes),
            command=patching(target, forth),
            because="it restarts a StatefulSet" if stateful else "",
        )


Path = tuple[str, ...]  # ("containers", "app", "env", "PASSWORD"), ("volumes", "tls", "secret")


def _same_references(one: Revision, other: Revision) -> bool:
    """Whether no reference that both have differs; so also where one template is not known."""
    if one.template is None or other.template is None:
        return True
    before, after = _references(one.template), _references(other.template)
    return all(before.get(path, value) == value for path, value in after.items())


def _references(template: Json) -> dict[Path, Any]:
    """Every reference of a template to a ConfigMap or Secret, by where it stands."""
    spec = template.get("spec") or {}
    found: dict[Path, Any] = {}
    for each in LISTS:
        for container in spec.get(each) or ():
            found.update(_of_container(each, container))
    for volume in spec.get("volumes") or ():
        for source in SOURCES:
            if (named := (volume.get(source) or {}).get(NAMES[source])) is not None:
                found["volumes", volume["name"], source] = named
    return found


def _of_container(each: str, container: Json) -> Iterator[tuple[Path, Any]]:
    name = container.get("name", "")
    if container.get("envFrom"):
        yield (each, name, "envFrom"), container["envFrom"]
    for variable in container.get("env") or ():
        value = variable.get("valueFrom") or {}
        if "configMapKeyRef" in value or "secretKeyRef" in value:
            yield (each, name, "env", variable["name"]), value


def _patch(references: Iterable[tuple[Path, Any]]) -> dict[str, Any]:
    """The strategic merge patch that sets ``references``."""
    spec: dict[str, dict[str, dict[str, Any]]] = {}
    for (each, name, what, *rest), value in references:
        one = spec.setdefault(each, {}).setdefault(name, {"name": name})
        if rest:
            one.setdefault(what, []).append({"name": rest[0], "valueFrom": value})
        elif what in NAMES:
            one[what] = {NAMES[what]: value}
        else:
            one[what] = value
    lists = {each: list(named.values()) for each, named in spec.items()}
    return {"spec": {"template": {"spec": lists}}}
