"""Rollback: return a workload to a named revision that ran before the trouble.

The revision is named, never "the one before": done twice it is the same revision still. Chosen is the newest
earlier revision that was in place for ``min_held_s``, so that a version that was itself just a failed
attempt is passed over; ``revision`` names one outright.

Input:   a Deployment, StatefulSet or DaemonSet with its revisions; the pod template where it is known.
Output:  a Step, or NotApplicable with the reason. The pod template is replaced as a whole, without the labels
         that controllers keep in it. Where only images are known (a recording) the patch shows those, with
         the names of the containers that run them now, and it cannot be sent.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  HIGH, always: an older version may not understand newer data.
Undo:    forward to the revision that is current now, where its template is known. Never automatic.
Source:  Kubernetes documentation, "Deployments: rolling back to a previous revision".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Revision, Step, Target, Workload
from aiops.model.kubectl import kubectl, named
from aiops.model.revisions import bare, last_held
from aiops.plugin import Right

KINDS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True, slots=True)
class Rollback:
    """Proposes to return to the last revision that held."""

    revision: int = 0  # a number names one; 0 chooses
    min_held_s: int = 3600  # a revision that was replaced sooner has proved nothing

    rights: ClassVar[tuple[Right, ...]] = tuple(
        Right("apps", f"{kind.lower()}s", "patch", ("spec.template",)) for kind in KINDS
    )

    def __post_init__(self) -> None:
        if self.revision < 0:
            raise ValueError(f"revision: expected 0 or more, got {self.revision}")
        if self.min_held_s < 0:
            raise ValueError(f"min_held_s: expected 0 or more, got {self.min_held_s}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the return of ``target`` to a revision that held."""
        workload = facts.workloads.get(target)
        if target.kind not in KINDS:
            return NotApplicable(f"{target} is not a {', '.join(KINDS)}")
        if workload is None or not workload.revisions:
            return NotApplicable(f"the revisions of {target} are not known")
        if workload.deleting or workload.paused or workload.replicas == 0:
            state = "being deleted" if workload.deleting else "paused" if workload.paused else "scaled to 0"
            return NotApplicable(f"{target} is {state}: a rollback would do nothing now")
        current = workload.revisions[-1]
        chosen = self._choose(workload.revisions)
        if isinstance(chosen, NotApplicable):
            return chosen
        forth = _template(chosen, workload)
        if forth is None or (chosen.template is None and workload.resource_version is not None):
            return NotApplicable(f"the pod template of revision {chosen.number} of {target} is not known")
        return Step(
            summary=f"roll {target} back from revision {current.number} to {chosen.number}{_images(chosen)}",
            change=_change(workload, forth),
            undo=None if current.template is None else _change(workload, _whole(current.template)),
            impact=Impact.HIGH,
            blast_radius=BlastRadius(pods=workload.replicas or 0, share=1.0, at_once=workload.rollout_takes),
            command=kubectl(target, "rollout", "undo", named(target), f"--to-revision={chosen.number}"),
            because="an older version may not understand newer data",
        )

    def _choose(self, revisions: tuple[Revision, ...]) -> Revision | NotApplicable:
        if self.revision:
            found = next((one for one in revisions[:-1] if one.number == self.revision), None)
            return found or NotApplicable(f"there is no earlier revision {self.revision}")
        nobody = f"no earlier revision that differs was in place for {self.min_held_s} s"
        return last_held(revisions, self.min_held_s) or NotApplicable(nobody)


def _template(revision: Revision, workload: Workload) -> dict[str, Any] | None:
    """The template that is written: whole where it is known, else the images alone, to be shown."""
    if revision.template is not None:
        return _whole(revision.template)
    if not revision.images:
        return None
    containers = [{"image": image, **_name(image, workload)} for image in revision.images]
    return {"spec": {"containers": containers}}


def _whole(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template that takes the place of the one that is there, so that nothing new stays behind."""
    return {"$patch": "replace", **bare(template)}


def _name(image: str, workload: Workload) -> dict[str, str]:
    """The container that runs another version of ``image`` now; none where it is not just one."""
    names = [one.name for one in workload.containers if _repository(one.image) == _repository(image)]
    return {"name": names[0]} if len(names) == 1 else {}


def _repository(image: str) -> str:
    """An image without its tag and digest; the port of a registry is no tag."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def _change(workload: Workload, template: Any) -> Change:
    patch = {"spec": {"template": template}}
    return Change(workload.target, workload.resource_version, patch, workload.uid)


def _images(revision: Revision) -> str:
    return f" ({', '.join(revision.images)})" if revision.images else ""
