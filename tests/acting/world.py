"""World: all cases of a module side by side, each in two namespaces: one opted in, and a twin that is not.

Everything is made at the start, so that it is old when its fault comes; one Prometheus sees it, one daemon
acts. In the end the first of each pair is mended and the twin is as broken as before: it is the daemon that
mends.

    with World(control_plane, folder, CASES) as world:
        with world.daemon() as daemon:          # a process; or ``with Hand(world) as hand``
            world.spoil()
"""

import contextlib
import time
from contextlib import ExitStack

from aiops.bootstrap.plugins import found, remediation
from tests.acting.case import Place, Write, body_of
from tests.acting.chronicle import Chronicle
from tests.acting.config import ROOM, write_config
from tests.acting.rights import read_rules, write_rules
from tests.controlplane.api import ApiError
from tests.controlplane.fixtures import new_namespace
from tests.controlplane.identities import service_account
from tests.controlplane.nodes import NodeShape, SimNode
from tests.controlplane.objects import deployment
from tests.integration.daemon import Daemon
from tests.integration.servers import prometheus

CALM, OWN = "calm", "bot"  # namespaces of what stays well, and of the daemon's ServiceAccount
CALM_ONES = ("web", "api", "shop", "mail", "till", "stock")  # so that a few series that end do not blind us
LEARNED_S = 38  # of samples before the daemon begins: those of a rate that fills up, and what it learns
WARM_S = 6  # of good ticks before anything may be done: a window of four, and the first
NODES = 6  # more nodes, so that two that are broken are no fifth of all


class World:
    """See the module. ``mode`` is the ceiling of policy and scopes."""

    def __init__(self, plane, folder, cases, name="w", mode="auto", *, twins=True, past=True, **policy):
        self.plane, self.folder, self.cases, self.name = plane, folder, cases, name
        self.mode, self.policy, self.twins, self.past = mode, policy, twins, past
        self.places = {}
        self.chronicle = Chronicle(folder / "state")
        self.since = 0
        self._stack = ExitStack()
        self._nodes = []

    def __enter__(self):
        with ExitStack() as stack:
            stack.callback(self._clear)
            self._spaces()
            server = prometheus(self.folder / "prometheus", self._jobs(), honor_labels=True)
            self.prometheus = stack.enter_context(server)
            self._populate()
            rules = [*read_rules(), *write_rules(_remediations())]
            self.kubeconfig = service_account(self.plane, self._space(OWN), "aiops", [], rules)
            self.config = write_config(self.folder / "config", self.kubeconfig, self._policy())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def place(self, case, twin=False):
        """Where ``case`` is played."""
        return self.places[case, twin]

    def _space(self, name):
        return f"{self.name}-{name}"

    @property
    def own_namespace(self):
        """Where the daemon's ServiceAccount is."""
        return self._space(OWN)

    def _jobs(self):
        states = self.plane.metrics_url.split("://")[1].rstrip("/")
        return {"kube-state-metrics": [states], "nodes": [self.plane.kubelet.telemetry]}

    def _spaces(self):
        api = self.plane.api
        new_namespace(api, self._space(CALM))
        new_namespace(api, self._space(OWN), opted_in=False)
        for case in self.cases:
            space = self._space(case.slug)
            for twin in (False, True) if self.twins and case.has_twin else (False,):
                where = f"{space}{'-twin' * twin}"
                new_namespace(api, where, opted_in=not twin)
                self.places[case, twin] = Place(self.plane, where, self._ask)

    def _ask(self, query):
        return self.prometheus.get("query", query=query)["result"]

    def _populate(self):
        for number in range(NODES):
            self.add_node(f"{self.name}-{number}", zone="abc"[number % 3])
        for name in CALM_ONES:
            made = deployment(self._space(CALM), name, replicas=1, cpu="500m", memory="256Mi")
            self.plane.api.create(made, fieldManager="kubectl-create")
            self.plane.kubelet.telemetry.app(self._space(CALM), name, rps=20)
        for (case, _), at in self.places.items():
            at.notes["world"] = self
            case.create(at)
        self.wait(
            lambda: all(case.ready(at) for (case, _), at in self.places.items()), 90, "all is well at first"
        )

    def add_node(self, name, taint="", **given):
        """One more node; with ``taint`` only pods that tolerate that pool ever go there."""
        shape = NodeShape(name, **given)
        if taint:
            made = SimNode(shape).manifest()
            made["spec"]["taints"] = [{"key": "pool", "value": taint, "effect": "NoSchedule"}]
            self.plane.api.create(made, fieldManager="kubectl-create")
        self.plane.kubelet.add_node(shape)
        self._nodes.append(name)

    def _policy(self):
        scopes = [
            {"mode": self.mode, "namespace": at.space} for (_, twin), at in self.places.items() if not twin
        ]
        nodes = [case.node(self.places[case, False]) for case in self.cases if hasattr(case, "node")]
        scopes += [{"mode": self.mode, "workload": f"Node/{name}"} for name in nodes]
        own = {"own_namespace": self.own_namespace}  # where the kill switch is looked for
        return {"mode": self.mode, "scopes": scopes, **own, **ROOM, **self.policy}

    def again(self, mode):
        """The same cluster before a daemon that knows nothing yet, in another mode."""
        self.mode, self.folder = mode, self.folder / mode
        self.folder.mkdir()
        self.chronicle = Chronicle(self.folder / "state")
        self.config = write_config(self.folder / "config", self.kubeconfig, self._policy())
        self.since = self.plane.audit.now()

    def daemon(self, *arguments):
        """The daemon as a process; on the same state each time."""
        self.learned()
        return Daemon(self.folder, self.prometheus.url, self.config, *arguments)

    def is_warm(self, daemon):
        """Return once the daemon has ticked, and for as long as it holds after it began to see."""
        self.wait(lambda: daemon.get("/readyz")[0] == 200, 90, "the daemon is ready")
        self.wait(lambda: self.chronicle.records("scopes_seen"), 30, "it has ticked")
        began = self.chronicle.records("scopes_seen")[0].entry.at_ms / 1000
        warm = began + WARM_S
        self.wait(lambda: time.time() > warm, WARM_S + 5, "it is warm")

    def learned(self):
        """Return once Prometheus has seen enough of what is calm; with ``past`` False at once."""
        if not self.past:
            return
        query = f"min(count_over_time(container_memory_working_set_bytes[{LEARNED_S}s]))"
        enough = LEARNED_S - 4  # scrapes of the first and last second may lie outside, and one may be late
        self.wait(lambda: self.place_of_any().value(query) >= enough, 60, "there is a calm past")

    def place_of_any(self):
        """Some place, for questions to Prometheus."""
        return next(iter(self.places.values()))

    def spoil(self):
        """Break every case, and its twin at the same time."""
        self.since = self.plane.audit.now()
        for (case, _), at in self.places.items():
            case.spoil(at)

    def goes_on(self):
        """Let time pass for all that goes on."""
        for (case, _), at in self.places.items():
            case.goes_on(at)

    def wait(self, condition, timeout_s, what, pause=lambda: time.sleep(0.2)):
        """The first true answer of ``condition``; AssertionError says ``what`` did not come."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if answer := condition():
                return answer
            self.goes_on()
            pause()
        raise AssertionError(f"not within {timeout_s} s: {what() if callable(what) else what}")

    def incident(self, at, case, name=""):
        """The newest incident of the case's class (or this one) that blames its target; None before."""
        for one in reversed(self.chronicle.incidents()):
            if one.incident_class == (name or case.name) and str(one.prime) in self._blamed(at, case):
                return one
        return None

    def _blamed(self, at, case):
        kind, _, name = case.target.partition("/")
        if kind == "Node":
            return {f"Node/{case.node(at)}"}
        pods = {f"Pod/{at.space}/{one['metadata']['name']}" for one in at.api.list("Pod", at.space)}
        return {f"{kind}/{at.space}/{name}", *case.also_blamed(at), *pods}

    def written(self, at, nodes=()):
        """What we wrote into a namespace or on nodes since the faults, dry runs left out, as ``Write``.

        What the API server refused changed nothing; it may have done so for a newer version of the object, or
        for a disruption budget, and for nothing else.
        """
        sent = self.plane.audit.mutating(since=self.since, user_agent="aiops/", dry_run=False)
        mine = [one for one in sent if one.namespace == at.space or _is_of(one, nodes)]
        assert {one.code for one in mine if not one.succeeded} <= {409, 429}
        return [
            Write(one.verb, "/".join(filter(None, (one.resource, one.subresource))), one.name, body_of(one))
            for one in mine
            if one.succeeded
        ]

    def touched(self, at):
        """Every mutating call of ours in a namespace, dry runs and refused ones too."""
        return self.plane.audit.mutating(namespace=at.space, since=self.since, user_agent="aiops/")

    def told(self, at, case):
        """What the journal says about the case, for a test that fails."""
        mine = [one for one in self.chronicle.incidents() if self._concerns(one, at, case)]
        lines = [f"{case} in {at.space}: {[(one.incident_class, str(one.prime), one.state) for one in mine]}"]
        return "\n".join([*lines, *(self.chronicle.told(one.id) for one in mine[-2:])])

    def _concerns(self, incident, at, case):
        return any(
            str(one) in self._blamed(at, case) or one.namespace == at.space for one in incident.targets
        )

    def _clear(self):
        """Leave the control plane as it was; pods first, for no kubelet ends those of a node that is gone."""
        api, kubelet = self.plane.api, self.plane.kubelet
        kubelet.heal_all()
        kubelet.heal_nodes()
        kubelet.telemetry.forget()
        spaces = {at.space for at in self.places.values()} | {self._space(CALM), self._space(OWN)}
        for name in spaces:
            with contextlib.suppress(ApiError):
                api.delete("Namespace", None, name)
        for name in spaces:
            api.wait_gone("Namespace", None, name, timeout_s=60)
        for kind in ("ClusterRoleBinding", "ClusterRole"):
            with contextlib.suppress(ApiError):
                api.delete(kind, None, f"{self._space(OWN)}-aiops")
        for name in self._nodes:
            kubelet.remove_node(name)


def _is_of(entry, nodes):
    return entry.resource == "nodes" and entry.name in nodes


def _remediations():
    return [remediation(name, {}) for name in found("aiops.remediations")]
