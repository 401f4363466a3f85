"""One kind, listed and watched against a scripted API server that misbehaves in every way we know."""

import json
import threading
import time
from dataclasses import replace

import pytest

from aiops.adapters.clock import SystemClock
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.kinds import BY_NAME
from aiops.adapters.kubernetes.lines import lines
from aiops.adapters.kubernetes.picture import Picture
from aiops.adapters.kubernetes.watching import LONGEST_S, Sink, State, Watching
from aiops.errors import Unavailable
from aiops.model import Access, EventKind, KubernetesSettings, Target
from tests.fakes.api_server import Answer, ApiServer, status
from tests.unit.adapters.kubernetes.cases import OBJECTS

OLD, NEW = "first", "second"  # tokens
CART = OBJECTS["Deployment"][0]
EMPTY = {"kind": "DeploymentList", "metadata": {"resourceVersion": "500"}, "items": []}
NO_LISTS = [
    status(500),
    status(429),
    Answer(200, b"<html>"),
    Answer(200, b"{}"),
    Answer(200, json.dumps({**EMPTY, "metadata": {}}).encode()),
    Answer(200, json.dumps({**EMPTY, "kind": "Status"}).encode()),
    Answer(200, json.dumps({**EMPTY, "items": {}}).encode()),
    Answer(200, json.dumps({**EMPTY, "items": [{"metadata": {}}]}).encode()),
    Answer(200, json.dumps(EMPTY).encode(), {"Content-Length": "9999"}),  # cut short
]


def deployment(name):
    return {**CART, "metadata": {**CART["metadata"], "name": name, "uid": f"uid-{name}"}}


class Kind:
    """The watch of one kind and what it made of it, without threads of its own."""

    def __init__(self, server, folder, kind="Deployment"):
        where = str(server.kubeconfig(folder))
        # the real server wants whole seconds; ours takes less, so that tests are quick
        settings = KubernetesSettings(Access.KUBECONFIG, where, read_timeout_s=0.3, watch_s=0.2)
        self.kind, self.picture, self.told = kind, Picture(), []
        sink = Sink(
            *(getattr(self.picture, name) for name in ("put", "remove", "replace", "forget", "count"))
        )
        failed = lambda where, error: self.told.append(f"{where}: {error}")  # noqa: E731
        self.watching = Watching(
            connect(settings), BY_NAME[kind], sink, SystemClock(), failed, threading.Event()
        )

    def turn(self, times=1):
        """Seconds to wait after the last of so many turns."""
        return [self.watching.turn() for _ in range(times)][-1]

    @property
    def names(self):
        facts = self.picture.facts(int(time.time() * 1000), frozenset({self.kind}))
        table = facts.workloads if self.kind == "Deployment" else facts.pods
        return {target.name for target in table}

    @property
    def deleted(self):
        facts = self.picture.facts(int(time.time() * 1000), frozenset({self.kind}))
        return {event.target.name for event in facts.events if event.kind is EventKind.DELETED}

    @property
    def state(self):
        return self.watching.status.state

    @property
    def sign_s(self):
        return self.watching.status.sign_s


@pytest.fixture
def server():
    with ApiServer() as server:
        for name in ("cart", "web"):
            server.put("Deployment", deployment(name))
        yield server


@pytest.fixture
def kind(server, tmp_path):
    return Kind(server, tmp_path)


def test_a_list_and_then_what_changes(server, kind):
    assert kind.turn() == 0
    assert kind.names == {"cart", "web"}
    server.put("Deployment", deployment("api"))
    server.remove("Deployment", "shop", "web")
    assert kind.turn() == 0
    assert kind.names == {"cart", "api"}
    assert kind.deleted == {"web"}
    assert server.count("Deployment") == 1


def test_a_gap_that_the_server_forgot_is_closed_by_a_new_list(server, kind):
    """E7: what vanished in the gap is gone; what is there stays, and no other is told to be deleted."""
    kind.turn()
    server.remove("Deployment", "shop", "web", told=False)
    server.put("Deployment", deployment("api"))
    server.compact()
    kind.turn(2)  # the watch that is refused, the list
    assert kind.names == {"cart", "api"}
    assert kind.deleted == {"web"}
    assert server.count("Deployment") == 2


def test_gone_within_a_watch_is_a_new_list_too(server, kind):
    """E7."""
    kind.turn()
    server.watches["Deployment"] = [{"type": "ERROR", "object": {"code": 410, "message": "too old"}}]
    server.remove("Deployment", "shop", "web", told=False)
    kind.turn(2)
    assert kind.names == {"cart"}


def test_a_bookmark_moves_the_watch_on_so_that_it_survives_compaction(server, kind):
    """E7: no list is needed where nothing of this kind changed for long."""
    kind.turn(2)  # the list, and a watch that ends with a bookmark
    server.put("Pod", {"metadata": {"name": "p", "namespace": "shop"}})
    kind.turn()
    server.compact()
    kind.turn(2)
    assert server.count("Deployment") == 1


@pytest.mark.parametrize("answer", NO_LISTS)
def test_a_list_that_fails_takes_nothing_away(server, kind, answer):
    """E7, E9: no phantom deletes; the picture stands, and grows old."""
    kind.turn()
    seen_s = kind.sign_s
    kind.watching.version = ""
    server.lists["Deployment"] = [answer]
    assert kind.turn() > 0
    assert kind.names == {"cart", "web"}
    assert kind.deleted == set()
    assert kind.sign_s == seen_s


def test_a_list_whose_second_page_fails_takes_nothing_away(server, kind):
    """E7: it would have had the second half."""
    kind.turn()
    server.page = 1
    kind.watching.version = ""
    page = {
        **EMPTY,
        "metadata": {"resourceVersion": "500", "continue": "1@500"},
        "items": [deployment("new")],
    }
    server.lists["Deployment"] = [Answer(200, json.dumps(page).encode()), status(500)]
    kind.turn()
    assert kind.names == {"cart", "web"}
    kind.turn()
    assert kind.names == {"cart", "web"}


def test_a_list_that_outlives_its_pages_is_begun_anew(server, kind):
    """410 for a continuation."""
    server.page = 1
    server.lists["Deployment"] = [status(410)]
    kind.turn(2)
    assert kind.names == {"cart", "web"}


def test_everything_gone_is_believed_when_it_is_said_twice(server, kind):
    """E7: an empty list is what a broken proxy, or a cache that has just started, would give."""
    kind.turn()
    kind.watching.version = ""
    server.lists["Deployment"] = [Answer(200, json.dumps(EMPTY).encode())]
    kind.turn()
    assert kind.names == {"cart", "web"}
    for name in ("cart", "web"):
        server.remove("Deployment", "shop", name, told=False)
    kind.watching.version = ""
    kind.turn()
    assert kind.names == set()
    assert kind.deleted == {"cart", "web"}


@pytest.mark.parametrize(
    "spoilt",
    [
        "half",
        b"\x00\xff\n",
        b"{}\n",
        b'{"type":"ADDED"}\n',
        b'{"type":"ADDED","object":{"metadata":{}}}\n',
        b'{"type":"DELETED","object":{"metadata":{"resourceVersion":"9"}}}\n',
        b'{"type":"ADDED","object":{"metadata":"x"}}\n',
        b'{"type":"RENAMED","object":{"metadata":{"name":"x","resourceVersion":"9"}}}\n',
        status(500),
    ],
)
def test_a_watch_that_breaks_goes_on_where_it_was(server, kind, spoilt):
    """Reset within a line, garbage, refusal: nothing is lost, and nothing listed anew for it."""
    kind.turn()
    server.watches["Deployment"] = [spoilt]
    server.put("Deployment", deployment("api"))
    assert kind.turn() > 0
    assert kind.turn() == 0
    assert kind.names == {"cart", "web", "api"}
    assert server.count("Deployment") == 1


def test_a_silent_watch_is_dropped_and_is_no_sign_of_life(server, kind):
    """E10: connected, and then nothing comes."""
    kind.turn()
    seen_s = kind.sign_s
    server.watches["Deployment"] = ["silence"]
    begun = time.monotonic()
    assert kind.turn() > 0
    assert time.monotonic() - begun == pytest.approx(0.5, abs=0.3)  # 0.2 s to last and 0.3 s more
    assert kind.sign_s == seen_s
    kind.turn()
    assert kind.sign_s > seen_s


def test_a_watch_that_is_ended_at_once_is_no_sign_of_life(server, kind):
    """E10: a proxy that answers 200 and hangs up is not the API server."""
    kind.turn()
    seen_s = kind.sign_s
    server.watches["Deployment"] = ["end"]
    assert kind.turn() > 0
    assert kind.sign_s == seen_s


def test_a_calm_watch_is_a_sign_of_life_each_time_it_ends(server, kind):
    kind.turn()
    seen_s = kind.sign_s
    kind.turn()
    assert kind.sign_s >= seen_s + 0.2


def test_failures_are_waited_out_longer_and_longer_but_never_long(server, kind):
    """E9: at most some seconds, with jitter, and told once however long it lasts."""
    server.lists["Deployment"] = [status(500)] * 12
    waits = [kind.turn() for _ in range(12)]
    assert waits[0] <= 0.25 * 1.25
    assert LONGEST_S / 2 <= waits[-1] <= LONGEST_S * 1.25
    assert len(kind.told) == 1
    assert kind.told[0].startswith("cluster Deployment: list deployments.apps: HTTP 500")


def test_a_watch_that_fails_again_and_again_may_be_of_a_version_that_never_was(server, kind):
    """An API server that was restored from a backup: the third failure makes a new list."""
    kind.turn()
    server.watches["Deployment"] = [status(504, "Too large resource version")] * 3
    kind.turn(3)
    assert server.count("Deployment") == 1
    kind.turn()
    assert server.count("Deployment") == 2


def test_a_server_that_asks_for_patience_gets_it(server, kind):
    """E8: Retry-After."""
    server.lists["Deployment"] = [Answer(429, b"", {"Retry-After": "6"})]
    assert 3.0 <= kind.turn() <= 7.5


def test_a_kind_that_is_forbidden_is_said_once_with_verb_and_resource(server, kind):
    server.forbidden.add("Deployment")
    waits = [kind.turn() for _ in range(3)]
    assert kind.state is State.FORBIDDEN
    assert kind.told == [
        "cluster Deployment: list deployments.apps: HTTP 403: cannot list resource 'deployments'"
    ]
    assert waits[0] <= LONGEST_S * 1.25  # it may be an API server that has just started
    assert 30 <= waits[-1] <= 75  # about every minute
    server.forbidden.clear()
    kind.turn(2)  # the list, and a watch to its end
    assert kind.state is State.KNOWN


def test_a_kind_that_may_be_listed_and_not_watched_is_forbidden(server, kind):
    """Else it would be known for a moment, once a minute."""
    server.watches["Deployment"] = [status(403, "cannot watch")] * 6
    kind.turn(4)
    assert kind.state is State.FORBIDDEN
    assert kind.told[0] == "cluster Deployment: watch deployments.apps: HTTP 403: cannot watch"
    kind.turn()  # a list that is answered
    assert kind.state is State.FORBIDDEN


def test_a_kind_that_was_known_is_given_up_when_it_is_refused_three_times(server, kind):
    """E7: an API server that is starting refuses for a moment; what is given up was not deleted."""
    kind.turn()
    server.forbidden.add("Deployment")
    kind.turn(2)
    assert (kind.state, kind.names) == (State.KNOWN, {"cart", "web"})
    kind.turn()
    assert (kind.state, kind.names, kind.deleted) == (State.FORBIDDEN, set(), set())


def test_a_kind_of_a_product_that_is_not_installed_is_absent(server, tmp_path):
    kind = Kind(server, tmp_path, "AppProject")
    kind.turn()
    assert (kind.state, kind.told) == (State.ABSENT, [])


@pytest.mark.parametrize(("installed", "state"), [((), State.ABSENT), (("AppProject",), State.FORBIDDEN)])
def test_what_is_not_installed_needs_no_right(server, tmp_path, installed, state):
    """The API server asks for rights before it looks whether there is such a kind."""
    server.forbidden, server.installed = {"AppProject"}, set(installed)
    kind = Kind(server, tmp_path, "AppProject")
    kind.turn()
    assert kind.state is state


def test_a_broken_kind_of_another_product_is_given_up_and_taken_up_again(server, tmp_path):
    """Its webhook fails for ever: that is no reason to be blind for all the rest."""
    server.installed = {"AppProject"}
    kind = Kind(server, tmp_path, "AppProject")
    server.lists["AppProject"] = [status(500, "conversion webhook failed")] * 6
    kind.turn(5)
    assert kind.state is State.NEW
    kind.turn()
    assert kind.state is State.FAILING
    kind.turn()
    assert kind.state is State.KNOWN


def test_a_kind_of_kubernetes_itself_is_never_absent(server, kind):
    """404 for Deployments is a wrong server, or a proxy."""
    server.lists["Deployment"] = [status(404)] * 3
    kind.turn(3)
    assert kind.state is State.NEW
    assert "HTTP 404" in kind.told[0]


def test_an_object_that_cannot_be_read_is_told_and_the_others_are_taken(server, kind):
    server.put(
        "Deployment",
        {"metadata": {"name": "odd", "namespace": "shop", "ownerReferences": 5}, "spec": {"replicas": "x"}},
    )
    kind.turn()
    assert kind.names == {"cart", "web"}
    assert kind.watching.status.unread == 1
    assert "cannot be read" in kind.told[0]


def test_a_bug_of_ours_ends_no_watch(server, kind):
    """E9: it is told, and the kind is listed anew; a thread that ended would make everything old for ever."""
    sink, broken = kind.watching.sink, [RuntimeError("a bug")]

    def put(*args):
        if broken:
            raise broken.pop()
        kind.picture.put(*args)

    kind.watching.sink = replace(sink, put=put)
    thread = threading.Thread(target=kind.watching.run, daemon=True)
    thread.start()
    time.sleep(0.1)
    server.put("Deployment", deployment("api"))
    until = time.monotonic() + 5
    while "api" not in kind.names and time.monotonic() < until:
        time.sleep(0.02)
    kind.watching.stop.set()
    thread.join(3)
    assert not broken
    assert "api" in kind.names


def test_credentials_that_are_rotated_are_taken_up(server, kind, tmp_path):
    """E11: a projected token is replaced by another file; the old one is refused from then on."""
    server.token = OLD
    kind.turn()
    server.token = NEW
    (tmp_path / "new").write_text(NEW)
    (tmp_path / "new").replace(tmp_path / "token")
    assert kind.turn() == 0
    assert server.asked[-1][3] == f"Bearer {NEW}"


def test_lines_are_put_together_from_pieces():
    assert list(lines([b"a\nb", b"c\n", b"\n", b"d\n"])) == [b"a", b"bc", b"d"]


def test_half_a_line_at_the_end_is_no_line():
    with pytest.raises(Unavailable):
        list(lines([b"a\nb"]))


def test_only_the_version_of_a_configmap_is_asked_for(server, tmp_path):
    """S6: contents are none of ours."""
    kind = Kind(server, tmp_path, "ConfigMap")
    server.put("ConfigMap", {"metadata": {"name": "c", "namespace": "shop"}})
    kind.turn(2)
    assert kind.picture.count("ConfigMap") == 1
    assert all("PartialObjectMetadata" in one for one in server.accepted["ConfigMap"])


def test_a_target_is_taken_out_by_the_event_that_says_so(server, kind):
    kind.turn()
    server.remove("Deployment", "shop", "cart")
    kind.turn()
    assert kind.names == {"web"}
    assert Target("Deployment", "shop", "cart") not in kind.picture.facts(0, frozenset()).workloads
