"""What can be wrong with a container, and for which: the simulated kubelet asks at every step of its life.

    kubelet.inject(Crash(exit_code=3), image="cart:bad")        # healed by any other image
    kubelet.inject(OomKill(), labels={"app": "cart"}, memory_below="512Mi")  # healed by a higher limit
    kubelet.inject(NotReady(), uids={uid})                      # healed by replacing the pod

The same in a pod's annotation ``sim.aiops.dev/faults``, so that it travels in a template::

    [{"fault": "crash", "exit_code": 3, "when": {"env": {"MODE": "new"}}}]
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.controlplane.quantity import quantity

ANNOTATION = "sim.aiops.dev/faults"
RUN_S = "sim.aiops.dev/run-s"  # how long a container of a Job, or an init container, runs
NO_SUCH_IMAGE = "no-such-image"  # an image with this in its name can never be pulled


@dataclass(frozen=True, slots=True)
class Crash:
    """The process ends so long after its start."""

    exit_code: int = 1
    after_s: float = 0.1
    message: str = ""  # its termination message
    log: tuple[str, ...] = ("panic: it crashed",)  # last lines it wrote


@dataclass(frozen=True, slots=True)
class OomKill:
    """The kernel kills the process for its memory so long after its start."""

    after_s: float = 0.1


@dataclass(frozen=True, slots=True)
class ImageError:
    """The image cannot be pulled."""

    message: str = "not found"


@dataclass(frozen=True, slots=True)
class NotReady:
    """The readiness probe fails, though the process runs."""

    message: str = "HTTP probe failed with statuscode: 503"


@dataclass(frozen=True, slots=True)
class SlowStart:
    """The readiness probe fails for so long after each start."""

    seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class NeverStarts:
    """The container stays in ContainerCreating."""

    reason: str = "FailedMount"
    message: str = "Unable to attach or mount volumes: timed out waiting for the condition"


@dataclass(frozen=True, slots=True)
class SlowStop:
    """The process takes so long to end when asked to, its grace period at most."""

    seconds: float = 3600.0


Fault = Crash | OomKill | ImageError | NotReady | SlowStart | NeverStarts | SlowStop
NAMES: dict[str, type[Fault]] = {
    "crash": Crash,
    "oom-kill": OomKill,
    "image-error": ImageError,
    "not-ready": NotReady,
    "slow-start": SlowStart,
    "never-starts": NeverStarts,
    "slow-stop": SlowStop,
}


@dataclass(frozen=True, slots=True)
class When:
    """For which containers a fault is: all that is given must hold; nothing given means every container."""

    namespace: str = ""
    pod: str = ""  # its name, or how that begins
    uids: frozenset[str] = frozenset()  # these very pods
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    node: str = ""
    container: str = ""
    image: str = ""  # a part of the image's name
    env: Mapping[str, str] = field(default_factory=dict)  # as the process sees it, references resolved
    memory_below: str = ""  # its memory limit is lower than this; without a limit it never is
    cpu_below: str = ""
    claims_below: str = ""  # one of its claims has less capacity than this
    restarts_below: int | None = None  # it was restarted fewer times than this

    def holds(self, seen: "Seen") -> bool:
        """Whether the container that is seen is one of these."""
        meta, spec = seen.pod["metadata"], seen.pod["spec"]
        limits = seen.spec.get("resources", {}).get("limits", {})
        return (
            self.namespace in ("", meta["namespace"])
            and meta["name"].startswith(self.pod)
            and (not self.uids or meta["uid"] in self.uids)
            and self.labels.items() <= meta.get("labels", {}).items()
            and self.annotations.items() <= meta.get("annotations", {}).items()
            and self.node in ("", spec.get("nodeName"))
            and self.container in ("", seen.spec["name"])
            and self.image in seen.spec["image"]
            and self.env.items() <= seen.env.items()
            and _below(limits.get("memory"), self.memory_below)
            and _below(limits.get("cpu"), self.cpu_below)
            and (not self.claims_below or any(_below(one, self.claims_below) for one in seen.claims))
            and (self.restarts_below is None or seen.restarts < self.restarts_below)
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A container as the kubelet sees it when it asks for faults."""

    pod: Mapping[str, Any]
    spec: Mapping[str, Any]  # of the container
    restarts: int
    env: Mapping[str, str]
    claims: tuple[str, ...] = ()  # capacity of the claims it mounts


def _below(given: str | None, edge: str) -> bool:
    return not edge or (given is not None and quantity(given) < quantity(edge))


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that was injected; ``heal`` takes it away again."""

    fault: Fault
    when: When
    number: int = 0


def annotated(pod: Mapping[str, Any]) -> list[Injection]:
    """The faults in the annotation of a pod; ValueError says which is wrong."""
    text = pod["metadata"].get("annotations", {}).get(ANNOTATION)
    return [] if not text else [_parsed(dict(one)) for one in json.loads(text)]


def _parsed(one: dict[str, Any]) -> Injection:
    when = one.pop("when", {})
    name = one.pop("fault", None)
    if name not in NAMES:
        raise ValueError(f"{ANNOTATION}: expected fault to be one of {sorted(NAMES)}, got {name!r}")
    if "log" in one:
        one["log"] = tuple(one["log"])
    return Injection(NAMES[name](**one), replace(When(), **when))
