"""E3, E5, E6, E8, E9, B9 on a real API server, by its audit log; a proxy before it loses answers."""

import contextlib
import itertools
import threading
import time
from dataclasses import replace

import pytest
import urllib3

from aiops.errors import Conflict, Unavailable
from aiops.model import Mode
from tests.chaos.acts import ACTS
from tests.chaos.matrix import Scenario, judge
from tests.chaos.server import Server
from tests.chaos.stage import LAST, Run
from tests.chaos.test_execution import Down
from tests.chaos.test_hands_off import in_mode
from tests.controlplane.api import ApiError
from tests.controlplane.apiproxy import ApiProxy, Delay, Drop, First, LoseAnswer, Rule, refusal

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_numbers = itertools.count()
RESTART = ACTS[0]
METHODS = {"patch": "PATCH", "create": "POST", "evict": "POST", "delete": "DELETE"}
VERBS = [next(one for one in ACTS if one.writes[0] == verb) for verb in METHODS]
by_verb = pytest.mark.parametrize("act", VERBS, ids=lambda act: act.writes[0])


@pytest.fixture
def plane(control_plane):
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no audit log")
    return control_plane


@pytest.fixture
def proxy(plane):
    with ApiProxy(plane) as made:
        yield made


@pytest.fixture
def server(plane, proxy):
    with Server(plane, f"chaos-e-{next(_numbers)}", proxy.kubeconfig(plane.kubeconfig)) as made:
        yield made


class OfRealWrites(Rule):
    """A fault that lets dry runs pass."""

    def takes(self, asked):
        dry = b"dryRun" in asked.body or "dryRun" in asked.path
        return not dry and super().takes(asked)


def struck(proxy, fault, act, path="", times=None):
    """A fault on the act's real writes."""
    rule = OfRealWrites(fault, METHODS[act.writes[0]], path, times)
    proxy._rules.insert(0, rule)
    return rule


def judged(server, run, scenario=Scenario("")):  # noqa: B008 - a frozen value
    run.close()
    return judge(run, scenario, "", 0, run.stage.effects_of(server.effects()))


@by_verb
def test_an_answer_that_is_lost_is_resolved_by_looking(server, proxy, act, tmp_path):
    """E3: the server has it, the connection is reset; nothing is sent again."""
    lost = struck(proxy, LoseAnswer(), act, times=1)
    run = Run(act, server.stage(act), tmp_path / "journal.db").play()
    assert lost.hits == 1
    assert str(judged(server, run)).endswith("good")
    answers = [one.entry.payload["answer"] for one in run.kept if one.entry.kind == "change_answered"]
    assert answers[0] == "unknown"


@by_verb
def test_a_request_that_never_arrived_is_sent_once_that_is_certain(server, proxy, act, tmp_path):
    """E3: the connection breaks before the server heard of it."""
    dropped = struck(proxy, Drop(), act, times=1)
    run = Run(act, server.stage(act), tmp_path / "journal.db").play()
    assert dropped.hits == 1
    assert str(judged(server, run)).endswith("good")


@by_verb
def test_a_stale_leaders_request_that_is_held_back_is_refused_when_it_arrives(server, proxy, act, tmp_path):
    """E5, E4: A's write hangs in the proxy, B takes over and finishes, then it arrives: 409, or 404
    where the object is gone."""
    struck(proxy, Delay(6.0), act, times=1)
    stage, path = server.stage(act), tmp_path / "journal.db"
    old = Run(act, stage, path)
    old.at(-60)
    first = threading.Thread(target=lambda: suppressed(lambda: old.at(0)), daemon=True)
    first.start()
    time.sleep(1.0)
    new = Run(act, stage, path, resumes=True)
    for tick in range(1, LAST):
        new.at(tick / 2)
    first.join(20)
    assert not first.is_alive()
    with pytest.raises(Conflict):  # and its journal is not A's any more
        old.loop.write(replace(next(iter(old.store.read())).entry, key=""))
    assert str(judged(server, new)).endswith("good")
    if act.writes[0] == "create":
        return  # two creates have one address; the model has found that one of them had an effect
    late = server.plane.audit.wait_for(
        lambda one: (
            stage.place.tag in one.uri and one.code in (404, 409) and one.mutating and not one.dry_run
        ),
        timeout_s=20,
        user_agent="aiops/",
    )
    assert "term/1" in late.user_agent


def suppressed(call):
    with contextlib.suppress(Conflict):
        call()


@pytest.mark.parametrize(("races", "result"), [(1, "applied"), (99, "superseded")])
def test_somebody_who_writes_just_before_us_is_never_written_over(server, proxy, races, result, tmp_path):
    """E6: 409; decided anew from what is there then, at most three times, then a person has it."""
    turns = itertools.count()
    stage = server.stage(RESTART)

    def race(asked):
        labels = {"labels": {"turn": str(next(turns))}}
        server.api.patch("Deployment", server.namespace, stage.place.cart.name, {"metadata": labels})

    struck(proxy, First(race), RESTART, path="deployments", times=races)
    run = Run(RESTART, stage, tmp_path / "journal.db").play(40)
    results = run.results()
    assert result in results
    assert results.count("superseded") <= 4
    if races == 1:
        assert str(judged(server, run)).endswith("good")
    else:
        run.close()
        assert stage.effects_of(server.effects()) == ()


def test_flow_controls_429_waits_as_long_as_it_asks(server, proxy, tmp_path):
    """E8."""
    throttled = struck(proxy, refusal(429, "TooManyRequests", Retry_After="45"), RESTART, times=1)
    run = Run(RESTART, server.stage(RESTART), tmp_path / "journal.db").play()
    assert throttled.hits == 1
    assert str(judged(server, run)).endswith("good")
    sendings = [one.entry.at_ms for one in run.kept if one.entry.kind == "change_sending"]
    assert sendings[1] - sendings[0] >= 45_000


def test_a_disruption_budgets_429_is_waited_for_and_never_gone_round(server, tmp_path):
    """E8: a budget that allows none; the pod runs, so that it counts. Once there is none, it is evicted."""
    act = next(one for one in ACTS if one.name == "evict_pod")
    stage = server.stage(act)
    pod = next(iter(stage.known.pods))
    running(server, pod)
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "none", "namespace": server.namespace},
        "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "cart"}}},
    }
    server.api.create(budget)
    time.sleep(1.0)
    run = Run(act, stage, tmp_path / "journal.db")
    run.loop.rehearse = None  # the dry run would hold it
    run.at(-60)
    for tick in range(3):
        run.at(tick / 2)
    answers = [one.entry.payload["answer"] for one in run.store.read(kinds=("change_answered",))]
    assert set(answers) == {"budget"}
    assert stage.effects_of(server.effects()) == ()
    server.api.delete("PodDisruptionBudget", server.namespace, "none")
    run.loop.rehearse = None
    for tick in range(3, LAST):
        run.at(tick / 2)
    run.close()
    assert {one.verb for one in stage.effects_of(server.effects())} <= {"evict"}


def running(server, pod):
    """The pod says that it runs and is ready; no kubelet looks after it."""
    ready = {"type": "Ready", "status": "True"}
    status = {"status": {"phase": "Running", "conditions": [ready]}}
    server.api.patch("Pod", pod.namespace, pod.name, status, "status")


def test_an_api_server_that_is_down_for_five_minutes_is_lived_through(own_plane, tmp_path):
    """E9: killed before the write; five minutes of our time pass; without a restart of ours the
    step is done once."""
    with Server(own_plane, f"chaos-e-{next(_numbers)}") as server:
        stage = server.stage(RESTART)
        run = Down(RESTART, stage, tmp_path / "journal.db")
        plain = stage.facts

        def facts(at_ms):
            try:
                return plain(at_ms)
            except (ApiError, OSError, urllib3.exceptions.HTTPError) as error:
                raise Unavailable(str(error)) from error

        stage.facts = facts
        run.at(-60)
        killed = []

        def kill(point):
            if point == "loop.decided" and not killed and run.loop.memory.lives:
                killed.append(own_plane.kill_api_server())

        run.loop.reach = kill
        run.at(0)
        assert killed
        run.loop.reach = lambda _: None
        for tick in range(1, 10):
            run.at(tick / 2)
        own_plane.start_api_server()
        for tick in range(10, 10 + LAST):
            run.at(tick / 2)
        assert run.starts == 1
        run.close()
        assert [one.verb for one in stage.effects_of(server.effects())] == ["patch"]
        assert run.left == ""


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.SUGGEST, Mode.AUTO])
def test_in_observe_and_suggest_the_server_hears_of_no_mutating_verb(server, mode, tmp_path):
    """B9: dry runs included, by the audit log; auto is the control."""
    since = server.plane.audit.now()
    for number, act in enumerate(ACTS):
        stage = server.stage(act)
        Run(act, stage, tmp_path / f"{number}.db", rules=in_mode(act, mode)).play().close()
    heard = server.plane.audit.mutating(user_agent="aiops/", since=since)
    if mode is Mode.AUTO:
        assert {one.dry_run for one in heard} == {True, False}
    else:
        assert heard == []
