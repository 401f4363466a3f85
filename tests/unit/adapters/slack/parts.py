"""Parts of the tests of Slack: notices to show, a Web API that remembers, posts in memory."""

import threading
from dataclasses import replace

from aiops.adapters.slack.connect import Us
from aiops.errors import NotFound
from aiops.model import (
    BlastRadius,
    Card,
    Change,
    Evidence,
    Impact,
    Incident,
    IncidentKind,
    IncidentState,
    Plan,
    Question,
    Severity,
    Step,
    Suspect,
    Target,
    Verification,
)
from tests.fakes.forum import an_approval

TEAM, CHANNEL = "T01", "C01"
WEB = Target("Deployment", "shop", "web")


def an_incident(**changes):
    values = {
        "id": "incident00001",
        "fingerprint": "f1",
        "kind": IncidentKind.OBSERVED,
        "state": IncidentState.OPEN,
        "severity": Severity.HIGH,
        "incident_class": "traffic_surge",
        "targets": (WEB,),
        "anomalies": (),
        "suspects": (Suspect(WEB, 0.8, (Evidence("requests doubled first", 1.0),)),),
        "opened_ms": 1_000_000,
        "since_ms": 900_000,
        "updated_ms": 1_000_000,
        "opened_because": "latency of Deployment/shop/web left its band",
    }
    return Incident(**values | changes)


def a_card(stage="open", **changes):
    incident = changes.pop("incident", None) or an_incident()
    return Card(**{"cluster": "prod", "incident": incident, "stage": stage, "at_ms": 1_000_000} | changes)


def a_plan(**changes):
    step = Step(
        "scale Deployment/shop/web from 2 to 4 replicas",
        Change(WEB, "7", {"spec": {"replicas": 4}}, "uid-web"),
        Change(WEB, None, {"spec": {"replicas": 2}}, "uid-web"),
        Impact.HIGH,
        BlastRadius(pods=2, share=0.5),
    )
    plan = Plan(
        "plan00000001",
        "incident00001",
        WEB,
        "traffic-surge",
        "1",
        (step,),
        Verification(),
        1_000_000,
        "d" * 64,
    )
    return replace(plan, **changes)


def a_question(approval=None, **changes):
    values = {
        "approval": approval or an_approval(),
        "incident": an_incident(),
        "plan": a_plan(),
        "facts": ("2 of 2 pods ready",),
    }
    return Question(**values | changes)


class MemoryPosts:
    """``ports.Posts`` in memory. Safe between threads."""

    def __init__(self):
        self._refs, self._abouts, self._lock = {}, {}, threading.Lock()

    def ref(self, channel, about):
        with self._lock:
            return self._refs.get((channel, about), "")

    def about(self, channel, ref):
        with self._lock:
            return self._abouts.get((channel, ref), "")

    def put(self, channel, about, ref):
        with self._lock:
            self._refs[channel, about] = ref
            self._abouts[channel, ref] = about


class FakeApi:
    """``calls.Calls`` in memory: ``sent`` is what was asked; ``fails`` by method is raised instead."""

    def __init__(self):
        self.sent, self.fails, self.answers = [], {}, {}
        self.users, self.groups = {}, {}
        self._lock, self._count = threading.Lock(), 0

    def __call__(self, method, **arguments):
        with self._lock:
            self.sent.append((method, arguments))
            if method in self.fails:
                raise self.fails[method]
            if method == "users.info":
                return self._found(self.users, arguments["user"], "user", "user_not_found")
            if method == "usergroups.users.list":
                return self._found(self.groups, arguments["usergroup"], "users", "no_such_subteam")
            if method == "chat.postMessage":
                self._count += 1
                return {
                    "ok": True,
                    "channel": arguments["channel"],
                    "ts": f"{1700000000 + self._count}.000100",
                }
            return self.answers.get(method, {"ok": True})

    form = __call__

    def upload(self, channel, thread, name, picture, about):
        return self("files", channel=channel, thread=thread, name=name, picture=picture, about=about)

    def of(self, method):
        return [arguments for name, arguments in self.sent if name == method]

    @staticmethod
    def _found(known, key, field, error):
        if key not in known:
            raise NotFound(f"slack: {error}")
        return {"ok": True, field: known[key]}


class Known:
    """``connect.Identity`` that is known already."""

    def __init__(self, us=None):
        self.known = us or Us(TEAM, "UBOT", "BBOT", "A01")

    def us(self):
        return self.known


def a_user(user="U01", **changes):
    """A full member, as users.info tells of one."""
    plain = {
        "id": user,
        "team_id": TEAM,
        "name": "ana",
        "deleted": False,
        "is_bot": False,
        "is_app_user": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "profile": {"display_name": "Ana"},
    }
    return plain | changes


def texts(node):
    """Every text of a message, wherever it stands."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"text", "fallback"} and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(node, list | tuple):
        for one in node:
            yield from texts(one)
