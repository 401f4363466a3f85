"""Writer on a real API server: every way in which an answer is lost, late, spoiled, or not to be trusted."""

import socket
import subprocess
import threading
import time

import pytest

from aiops.model import Answer, ChangeVerb, Mark, Sight
from tests.contract.cluster_worlds import Hands, RealWorld
from tests.controlplane.apiproxy import (
    GARBAGE,
    HTML,
    Delay,
    First,
    Hang,
    LoseAnswer,
    Truncate,
    refusal,
)
from tests.controlplane.apiproxy import (
    Answer as Says,
)
from tests.integration.faults import BlackHole, Corrupt, FaultProxy, Latency, Reset, Throttle
from tests.integration.writer_cases import OURS, PAUSE, hasty, paused, through

pytestmark = pytest.mark.integration


@pytest.fixture
def world(control_plane, namespace, audit, api_proxy, service_account, nodes):
    return RealWorld(control_plane, namespace, audit, api_proxy, service_account, nodes)


@pytest.fixture
def pause(world):
    """A change that can be told at once from what it changes."""
    return world.bound(world.deployment(), PAUSE)


@pytest.mark.parametrize(
    ("fault", "sight"),
    [
        (LoseAnswer(), Sight.ARRIVED),
        (Truncate(40), Sight.ARRIVED),
        (Says(500, b"{}", after_commit=True), Sight.ARRIVED),
        (Says(502, b"<html>", after_commit=True), Sight.ARRIVED),
        (Says(200, b"{}", after_commit=True), Sight.ARRIVED),
        (Says(204, b"", after_commit=True), Sight.ARRIVED),
        (Says(303, b"", (("Location", "/elsewhere"),), after_commit=True), Sight.ARRIVED),
        (Hang(after_commit=True), Sight.ARRIVED),
        (Hang(after_commit=False), Sight.ABSENT),
        (GARBAGE, Sight.ABSENT),
        (HTML, Sight.ABSENT),
        (refusal(503, "ServiceUnavailable", "shutting down"), Sight.ABSENT),
        (refusal(504, "Timeout", "took too long"), Sight.ABSENT),
    ],
    ids=lambda one: (
        one.value if isinstance(one, Sight) else f"{type(one).__name__}-{getattr(one, 'status', '')}"
    ),
)
def test_an_answer_that_cannot_be_trusted_is_unknown_and_a_look_tells(world, pause, fault, sight):
    """E2, E3, E9: whatever comes back in place of the answer, the object itself says what was done."""
    hands = hasty(world)
    rule_ = world.proxy.inject(fault, method="PATCH")
    receipt = hands.send(pause, OURS)
    world.proxy.heal()
    assert (receipt.answer, rule_.hits) == (Answer.UNKNOWN, 1), receipt
    look = world.cluster.look(pause, OURS)
    assert (look.sight, paused(world)) == (sight, sight is Sight.ARRIVED), look
    assert len(world.commits()) == (sight is Sight.ARRIVED)


def test_a_look_that_cannot_be_trusted_is_unknown(world, pause):
    """E9: least of all is a pod gone because a proxy says 404."""
    evict = world.bound(world.pod("p", {"app": "p"}), verb=ChangeVerb.EVICT)
    hands = hasty(world)
    for fault in (
        GARBAGE,
        HTML,
        Truncate(60),
        Hang(),
        Says(404, b"404 page not found"),
        refusal(404, "NotFound", "of something else"),
        Says(200, b"{}"),
        Says(200, b'{"kind":"Pod","metadata":{"name":"other","uid":"u","resourceVersion":"1"}}'),
        refusal(429, "TooManyRequests", Retry_After="1"),
        refusal(500, "InternalError"),
    ):
        world.proxy.heal()
        world.proxy.inject(fault, method="GET")
        for change in (pause, evict):
            assert hands.look(change, OURS).sight is Sight.UNKNOWN, fault


def test_a_redirect_is_not_followed(world, pause):
    """S5: with the credentials in the request."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.5)
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        world.proxy.inject(Says(307, b"", (("Location", url),)), method="PATCH")
        assert world.cluster.send(pause, OURS).answer is Answer.UNKNOWN
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert world.commits() == []


def test_a_delayed_plan_that_a_newer_one_overtook_is_refused(world, pause):
    """E5: executor A hangs in the network, B writes meanwhile, then A's request arrives."""
    newer = Mark("life-2:step-0", 4)
    other = world.bound(pause.target, {"spec": {"minReadySeconds": 7}})
    overtake = First(lambda _: direct.send(other, newer))
    direct = Hands(world.plane.kubeconfig)
    world.proxy.inject(overtake, method="PATCH", times=1)
    assert world.cluster.send(pause, OURS).answer is Answer.CONFLICT
    look = world.cluster.look(pause, OURS)
    assert (look.sight, look.term, paused(world)) == (Sight.CHANGED, 4, False)
    assert [intent for *_, intent, _ in world.commits()] == ["life-2:step-0"]


def test_a_slow_answer_within_the_limits_is_an_answer(world, pause):
    world.proxy.inject(Delay(0.5), method="PATCH")
    began = time.monotonic()
    assert world.cluster.send(pause, OURS).answer is Answer.DONE
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("fault", [BlackHole(), Reset(1), Corrupt(every=50, skip=0), Throttle(300)], ids=repr)
def test_a_connection_that_never_stands_changes_nothing_within_the_time_limits(world, pause, fault):
    """E9: TLS never comes about, so that the request was never sent; UNKNOWN is allowed, DONE is not."""
    with FaultProxy(world.plane.url) as between:
        between.fault = fault
        hands = Hands(through(world, between), read_timeout_s=0.7)
        began = time.monotonic()
        receipt = hands.send(pause, OURS)
        assert receipt.answer in (Answer.UNAVAILABLE, Answer.UNKNOWN), receipt
        assert hands.look(pause, OURS).sight is Sight.UNKNOWN
        assert time.monotonic() - began < 8
    assert (world.cluster.look(pause, OURS).sight, world.commits()) == (Sight.ABSENT, [])


def test_latency_is_no_error(world, pause):
    with FaultProxy(world.plane.url) as between:
        between.fault = Latency(0.2)
        assert Hands(through(world, between)).send(pause, OURS).answer is Answer.DONE


def test_a_server_with_another_certificate_is_told_nothing(world, pause, tmp_path):
    """S5: nothing is sent, and that is known."""
    ours = world.plane.kubeconfig.read_text()
    strange = world.plane.pki / "strange.crt"
    if not strange.exists():
        _self_signed(strange)
    place = tmp_path / "config"
    place.write_text(ours.replace(str(world.plane.pki / "ca.crt"), str(strange)))
    receipt = Hands(place).send(pause, OURS)
    assert receipt.answer is Answer.UNAVAILABLE, receipt
    assert "certificate" in receipt.detail.lower()


def _self_signed(place):
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    where = [
        "-keyout",
        str(place.with_suffix(".key")),
        "-out",
        str(place),
        "-days",
        "2",
        "-subj",
        "/CN=strange",
    ]
    subprocess.run([*made, *where], check=True, capture_output=True)


def test_a_token_that_is_no_good_is_a_refusal(world, pause, service_account):
    place = service_account("expired")
    token = next(part for part in place.read_text().split('"') if part.startswith("ey"))
    place.write_text(place.read_text().replace(token, "nonsense"))
    receipt = Hands(place).send(pause, OURS)
    assert receipt.answer is Answer.FORBIDDEN
    assert "HTTP 401" in receipt.detail


def test_an_api_server_that_restarts_loses_nothing_and_doubles_nothing(world, own_plane, pause):
    """E9: while it is down nothing was sent; afterwards the same hands go on."""
    hands = Hands(own_plane.kubeconfig, read_timeout_s=5)
    assert hands.look(pause, OURS).sight is Sight.ABSENT  # a connection stands
    own_plane.kill_api_server()
    try:
        receipt = hands.send(pause, OURS)
        assert receipt.answer in (Answer.UNAVAILABLE, Answer.UNKNOWN)
        assert hands.look(pause, OURS).sight is Sight.UNKNOWN
    finally:
        own_plane.start_api_server()
    assert hands.look(pause, OURS).sight is Sight.ABSENT
    assert hands.send(pause, OURS).answer is Answer.DONE
    assert hands.look(pause, OURS).sight is Sight.ARRIVED


def test_writers_that_race_for_one_version_have_one_winner(world, pause):
    """E4, E6: eight threads, one effect."""
    answers = []

    def write(number):
        answers.append(world.cluster.send(pause, Mark(f"life-{number}:step-0", number + 1)).answer)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [Answer.CONFLICT] * 7 + [Answer.DONE]
    assert len(world.commits()) == 1
