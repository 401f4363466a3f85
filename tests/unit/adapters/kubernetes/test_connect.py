"""How the API server is reached: which credentials count, and what a request may do."""

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from aiops.adapters.kubernetes.calls import resource_of
from aiops.adapters.kubernetes.connect import NoConnection, connect
from aiops.errors import ConfigError, Unavailable
from aiops.model import Access, KubernetesSettings
from tests.fakes.api_server import Answer, ApiServer

OLD, NEW = "first", "second"  # tokens
PODS = "/api/v1/pods"


@pytest.fixture
def server():
    with ApiServer() as server:
        yield server


@pytest.fixture
def account(tmp_path):
    """The folder of a ServiceAccount, as a pod has it."""
    folder = tmp_path / "account"
    folder.mkdir()
    (folder / "token").write_text(OLD)
    (folder / "ca.crt").write_text("a certificate")
    return folder


INSIDE = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def settings(access=Access.AUTO, **more):
    return KubernetesSettings(access, connect_timeout_s=0.5, read_timeout_s=0.3, **more)


def test_off_is_off_whatever_is_there(server, account, tmp_path):
    environ = {**INSIDE, "KUBECONFIG": str(server.kubeconfig(tmp_path))}
    assert connect(settings(Access.OFF), account=account, environ=environ) is None


def test_auto_takes_the_pods_account_before_a_kubeconfig(server, account, tmp_path):
    environ = {**INSIDE, "KUBECONFIG": str(server.kubeconfig(tmp_path))}
    assert connect(settings(), account=account, environ=environ).host == "https://10.96.0.1:443"


def test_auto_takes_a_kubeconfig_that_is_named_and_never_the_one_of_home(server, tmp_path):
    nowhere = tmp_path / "none"
    named = str(server.kubeconfig(tmp_path))
    assert connect(settings(), account=nowhere, environ={}) is None
    assert connect(settings(), account=nowhere, environ={"KUBECONFIG": named}).host == server.url
    assert connect(settings(kubeconfig=named), account=nowhere, environ={}).host == server.url


def test_of_several_kubeconfigs_the_first_that_is_there_counts(server, tmp_path):
    several = f"{tmp_path}/none:{server.kubeconfig(tmp_path)}"
    assert connect(settings(Access.KUBECONFIG), environ={"KUBECONFIG": several}).host == server.url


def test_an_account_that_is_asked_for_and_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="the ServiceAccount of a pod"):
        connect(settings(Access.IN_CLUSTER), account=tmp_path / "none", environ=INSIDE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "which is no file"),
        ("not: [yaml", "a kubeconfig that works"),
        ("{}", "a kubeconfig that works"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path, text, expected):
    if text is not None:
        (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(ConfigError, match=expected):
        connect(settings(Access.KUBECONFIG, kubeconfig=str(tmp_path / "kubeconfig")), environ={})


def test_a_context_that_is_not_there_is_named(server, tmp_path):
    where = str(server.kubeconfig(tmp_path))
    with pytest.raises(ConfigError, match="with the context nope"):
        connect(settings(Access.KUBECONFIG, kubeconfig=where, context="nope"), environ={})


def reach(server, folder):
    return connect(settings(Access.KUBECONFIG, kubeconfig=str(server.kubeconfig(folder))), environ={})


def test_every_request_says_who_we_are(server, tmp_path):
    api = reach(server, tmp_path)
    assert api.request("GET", PODS, [("limit", "5")]).status == 200
    assert server.asked[-1] == ("GET", PODS, {"limit": "5"}, f"Bearer {OLD}")


def test_a_token_in_a_file_is_read_anew_when_the_file_is_replaced(server, tmp_path):
    """E11: before the old one is refused."""
    api = reach(server, tmp_path)
    api.request("GET", PODS)
    (tmp_path / "token").write_text(NEW)
    api.request("GET", PODS)
    assert [one[3] for one in server.asked] == [f"Bearer {OLD}", f"Bearer {NEW}"]


def test_a_kubeconfig_that_is_half_written_leaves_the_old_credentials(server, tmp_path):
    """E11: whoever writes it is not done yet."""
    api = reach(server, tmp_path)
    whole = (tmp_path / "kubeconfig").read_text()
    (tmp_path / "kubeconfig").write_text(whole[:40])
    assert api.request("GET", PODS).status == 200
    (tmp_path / "kubeconfig").write_text(whole.replace(server.url, "http://127.0.0.1:1"))
    with pytest.raises(NoConnection):
        api.request("GET", PODS)


def test_a_refused_write_is_not_sent_again_and_a_refused_read_is(server, tmp_path):
    """E2: a 401 says that nothing was done, but whether to write again is not for us to say."""
    api = reach(server, tmp_path)
    server.token = NEW
    assert api.request("GET", PODS).status == 401
    assert len(server.asked) == 2
    assert api.request("DELETE", PODS).status == 401
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [301, 307])
def test_no_redirect_is_followed(server, tmp_path, status):
    """S5: credentials stay where they belong."""
    server.lists["Pod"] = [Answer(status, b"", {"Location": f"{server.url}/elsewhere"})]
    assert reach(server, tmp_path).request("GET", PODS).status == status
    assert [one[1] for one in server.asked] == [PODS]


def test_nobody_there_is_no_connection_and_nothing_was_sent(tmp_path):
    with ApiServer() as gone:
        api = reach(gone, tmp_path)
    with pytest.raises(NoConnection, match="GET /api/v1/pods: the API server does not answer"):
        api.request("GET", PODS)


@contextmanager
def odd_server(serve, folder):
    """An Api whose server is ``serve(connection)``, and what it heard."""
    heard = []

    def one(client):
        with suppress(OSError):
            heard.append(client.recv(65_536))
            serve(client)

    def listen(server):
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=one, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, args=(server,), daemon=True).start()
        with ApiServer() as named:
            where = named.kubeconfig(folder)
            where.write_text(
                where.read_text().replace(named.url, f"http://127.0.0.1:{server.getsockname()[1]}")
            )
        yield connect(settings(Access.KUBECONFIG, kubeconfig=str(where)), environ={}), heard


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_answer_that_never_comes_is_unknown_and_asked_for_once(tmp_path, method):
    """E3: the vendor's client would send a GET or a DELETE again."""
    with odd_server(lambda _: time.sleep(2), tmp_path) as (api, heard):
        with pytest.raises(Unavailable) as raised:
            api.request(method, PODS, body=b"{}" if method == "PATCH" else None)
        assert not isinstance(raised.value, NoConnection)
        assert len(heard) == 1


def test_a_head_that_trickles_is_no_answer(tmp_path):
    """E9: each line comes in time, the head never ends; the loop must not wait for it."""

    def trickle(client):
        client.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            client.sendall(b"X-More: yes\r\n")
            time.sleep(0.05)

    with odd_server(trickle, tmp_path) as (api, _):
        begun = time.monotonic()
        with pytest.raises(Unavailable) as raised:
            api.request("PATCH", PODS, body=b"{}", total_s=0.4)
        assert time.monotonic() - begun < 1
        assert not isinstance(raised.value, NoConnection)


def test_a_trickle_is_no_answer(server, tmp_path):
    """M4 of the API server: each piece comes in time, the whole never does."""
    answer = json.dumps({"kind": "PodList"}).encode() * 50
    server.trickle = 0.05
    server.lists["Pod"] = [Answer(200, answer)]
    with pytest.raises(Unavailable, match="not whole after 0"):
        reach(server, tmp_path).request("GET", PODS, total_s=0.3)


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/api/v1/pods", "pods"),
        ("/apis/apps/v1/deployments", "deployments.apps"),
        ("/apis/apps/v1/namespaces/shop/deployments/cart", "deployments.apps"),
        ("/apis/apps/v1/namespaces/shop/deployments/cart/scale", "deployments/scale.apps"),
        ("/api/v1/namespaces/shop", "namespaces"),
        ("/api/v1/nodes/n1", "nodes"),
    ],
)
def test_resources_are_named_as_rbac_names_them(path, resource):
    assert resource_of(path) == resource
