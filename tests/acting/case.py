"""Case: one class of incident: what is there before, how it breaks, what is to be written, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.controlplane.objects import deployment, is_complete


@dataclass(slots=True)
class Place:
    """One of the two namespaces in which a case is played: the one that is opted in, or its twin."""

    plane: Any
    space: str
    ask: Any = None  # a query to Prometheus, once it runs
    notes: dict[str, Any] = field(default_factory=dict)  # what a case remembers of its fault

    @property
    def api(self):
        """The hand of a person."""
        return self.plane.api

    @property
    def kubelet(self):
        """Faults of containers and nodes."""
        return self.plane.kubelet

    @property
    def telemetry(self):
        """Loads, and what spoils them."""
        return self.plane.kubelet.telemetry

    @property
    def twin(self):
        """Whether it is the one that nobody opted in."""
        return self.space.endswith("-twin")

    def create(self, manifest):
        """As ``kubectl create`` does."""
        return self.api.create(manifest, fieldManager="kubectl-create")

    def edit(self, kind, name, body):
        """As ``kubectl edit`` does."""
        return self.api.patch(kind, self.space, name, body, fieldManager="kubectl-edit")

    def release(self, name, **container):
        """A person rolls out another template: fields of its container ``web``."""
        spec = {"template": {"spec": {"containers": [{"name": "web", **container}]}}}
        return self.edit("Deployment", name, {"spec": spec})

    def pods(self, app):
        """The pods of an app that are meant to run, in order of name."""
        found = self.api.list("Pod", self.space, labelSelector=f"app={app}")
        live = [one for one in found if "deletionTimestamp" not in one["metadata"]]
        return sorted((one for one in live if one["status"]["phase"] != "Failed"), key=_name)

    def uids(self, app):
        """Their uids, for faults that a new pod does not inherit."""
        return frozenset(one["metadata"]["uid"] for one in self.pods(app))

    def is_complete(self, name="cart"):
        """Whether the Deployment is all there."""
        return is_complete(self.api.get("Deployment", self.space, name))

    def value(self, query):
        """The highest value of a PromQL query; 0 where it has none."""
        found = self.ask(query.replace("$space", self.space))
        return max((float(one["value"][1]) for one in found), default=0.0)


def _name(pod):
    return pod["metadata"]["name"]


ANY = object()  # in an expected body: whatever it is


class Keys(frozenset):
    """In an expected body: these keys, whatever their values."""

    def __new__(cls, *names):
        return super().__new__(cls, names)


def agrees(wanted, got):
    """Whether a body is as expected: no field less, and none more."""
    match wanted:
        case _ if wanted is ANY:
            return True
        case Keys():
            return isinstance(got, dict) and wanted == got.keys()
        case dict():
            same = isinstance(got, dict) and wanted.keys() == got.keys()
            return same and all(agrees(value, got[key]) for key, value in wanted.items())
        case list():
            same = isinstance(got, list) and len(wanted) == len(got)
            return same and all(agrees(one, other) for one, other in zip(wanted, got, strict=True))
        case _:
            return wanted == got


def container(resources):
    """The patch of a template's one container."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", "resources": resources}]}}}}


@dataclass(frozen=True, slots=True)
class Write:
    """A write that the audit log must show, and its body without what binds and marks it."""

    verb: str
    resource: str  # "deployments", "pods/eviction"
    name: str
    body: Any = ANY

    def is_of(self, wanted):
        """Whether it is the write that was ``wanted``."""
        same = (self.verb, self.resource, self.name) == (wanted.verb, wanted.resource, wanted.name)
        return same and agrees(wanted.body, self.body)


class Case:
    """See the module; a subclass a class of incident."""

    name = ""  # of the class, as ``classify`` has it
    target = "Deployment/cart"  # what is blamed; its namespace is the place's
    size: ClassVar[Mapping[str, Any]] = {"replicas": 4}  # of the Deployment ``cart``
    load: ClassVar[Mapping[str, float]] = {}  # requests to it
    has_twin = True
    good = "verified"  # how its last step ends
    impact = "high"  # of what a person is asked for
    fixes = 1  # steps that people approve, or that are done alone, in this incident

    @property
    def slug(self):
        """Part of the names of its namespaces."""
        return self.name.replace("_", "-")

    def create(self, at):
        """Make what is there before."""
        at.create(deployment(at.space, "cart", **self.size))
        if self.load:
            at.telemetry.app(at.space, "cart", **self.load)

    def ready(self, at):
        """Whether what was made is well."""
        return at.is_complete()

    def spoil(self, at):
        """Break it."""
        raise NotImplementedError

    def broken(self, at):
        """Whether it still is."""
        return not at.is_complete()

    def expected(self, at):
        """The writes that mend it, in order."""
        raise NotImplementedError

    def also_blamed(self, at):
        """Other objects of its place that may be blamed for it, as text."""
        return ()

    def goes_on(self, at):
        """What happens in the world as long as this lasts; asked again and again."""

    def over(self, at):
        """What ends the trouble after it was mended, where that is not the mending itself."""

    def __repr__(self):
        return self.name


def body_of(entry):
    """What an audit entry writes, without preconditions, marks and what names the object."""
    body = entry.request if isinstance(entry.request, dict) else {}
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key in KEPT}
    notes = {
        key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key not in MARKS
    }
    kept = {
        key: value for key, value in body.items() if key not in ("metadata", "apiVersion", "kind", "status")
    }
    metadata |= {"annotations": notes} if notes else {}
    return {**kept, **({"metadata": metadata} if metadata else {})}


KEPT = ("annotations", "labels")
MARKS = ("aiops.dev/intent", "aiops.dev/term")
