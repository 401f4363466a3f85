"""PrometheusSource before servers that are down, slow, lying or hostile: a PortError, soon, in bounds."""

import gzip
import json
import socket
import subprocess
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aiops.adapters.prometheus import address
from aiops.adapters.prometheus.source import PrometheusSource
from aiops.errors import ConfigError, Forbidden, NotFound, PortError, Rejected, Unavailable
from aiops.model import Role, Signal, TargetMapping
from aiops.model.prometheus import PrometheusSettings, QueryBudget
from tests.integration import faults
from tests.integration.servers import free_port, need, openmetrics, prometheus

pytestmark = pytest.mark.integration

AT = (int(time.time()) // 60 - 5) * 60_000
LOAD = Signal("load", "load", "1", Role.OTHER, TargetMapping("Pod", "pod", "namespace"))


def source_of(url, **settings):
    quick = {"connect_timeout_s": 0.5, "read_timeout_s": 0.5, "deadline_s": 1.5, "backoff_s": 0.02}
    return PrometheusSource(PrometheusSettings(url=url, **{**quick, **settings}))


def good(value=1.0, **labels):
    row = {"metric": {"pod": "a", "namespace": "n", **labels}, "value": [AT / 1000, str(value)]}
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [row]}}).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    rows = [("load", {"pod": f"p-{n}", "namespace": "n"}, [AT - 60_000, AT], [1.0, 2.0]) for n in range(500)]
    directory = tmp_path_factory.mktemp("prometheus")
    with prometheus(directory, history=openmetrics(rows), external_labels={"cluster": "blue"}) as running:
        yield running


@pytest.fixture
def proxy(server):
    with faults.FaultProxy(server.url) as running:
        yield running


class Scripted:
    """A server whose answers the test writes as functions of the handler; remembers what it was asked."""

    def __init__(self, answer):
        self.asked, scripted = [], self

        class Page(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                scripted.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                answer(self, len(scripted.asked))

            do_GET = do_POST  # noqa: N815 - the name is the base class's

            def send(self, status=200, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def test_a_server_that_is_down_is_unavailable_after_its_retries():
    """M1."""
    with pytest.raises(Unavailable, match="connection failed"):
        source_of(f"http://127.0.0.1:{free_port()}").query(LOAD, AT)


def test_a_name_that_nobody_knows_is_unavailable():
    """M1."""
    with pytest.raises(Unavailable):
        source_of("http://no-such-host.invalid:9090").query(LOAD, AT)


@pytest.mark.parametrize(
    ("fault", "word", "connections"),
    [
        (faults.BlackHole(), "in time", 1),  # a query that timed out is not asked again
        (faults.Latency(3), "in time", 1),
        (faults.Reset(), "connection failed", 3),
        (faults.Reset(after=300), "connection failed", 3),
        (faults.HalfClose(), "connection failed", 3),
        (faults.Truncate(after=1000), "connection failed", 3),
        (faults.Answer(503, b"busy"), "HTTP 503: busy", 3),
        (faults.Answer(500, b"{"), "HTTP 500", 3),
        (faults.Answer(502, faults.HTML.body, faults.HTML.headers), "HTTP 502", 3),
        (faults.Answer(429, b""), "HTTP 429", 3),
    ],
)
def test_what_may_be_gone_soon_is_unavailable_and_asked_again_but_never_after_a_time_out(
    proxy, fault, word, connections
):
    """M1, M4. Three connections are the first try and two retries."""
    proxy.fault = fault
    began = time.monotonic()
    with pytest.raises(Unavailable, match=word) as caught:
        source_of(proxy.url).query(LOAD, AT)
    assert time.monotonic() - began < 5
    assert proxy.connections == connections
    assert caught.value.__cause__ is not None or "HTTP" in word


@pytest.mark.parametrize(
    ("fault", "error", "word"),
    [
        (faults.HTML, Rejected, "HTML"),
        (faults.Answer(400, b'{"status":"error","errorType":"bad_data","error":"no"}'), Rejected, "400: no"),
        (
            faults.Answer(422, b'{"status":"error","errorType":"execution","error":"too many"}'),
            Rejected,
            "many",
        ),
        (faults.Answer(503, b'{"status":"error","errorType":"timeout","error":"slow"}'), Unavailable, "slow"),
        (faults.Answer(504, b"gateway"), Unavailable, "504"),
        (faults.Answer(401), Forbidden, "not allowed"),
        (faults.Answer(403, b"rbac"), Forbidden, "rbac"),
        (faults.Answer(404, b"page"), NotFound, "404"),
        (faults.Answer(200, b""), Rejected, "JSON"),
        (faults.Answer(200, good()[:40]), Rejected, "JSON"),
        (faults.Answer(204, b""), Rejected, "JSON"),
        (faults.Answer(200, b"x", (("Content-Encoding", "br"),)), Rejected, "Content-Encoding"),
        (faults.Answer(200, b"xxxx", (("Content-Encoding", "gzip"),)), Rejected, "gzip"),
        (faults.Answer(200, b"", length=10**10), Rejected, "at most"),
    ],
)
def test_what_will_not_get_better_is_asked_once(proxy, fault, error, word):
    """M3, M4."""
    proxy.fault = fault
    with pytest.raises(error, match=word):
        source_of(proxy.url, max_body_bytes=10**6).query(LOAD, AT)
    assert proxy.connections == 1


def test_bits_that_turned_over_are_an_error_or_rejected_samples_and_never_a_crash(proxy):
    """M4."""
    for skip in range(200, 300, 7):
        proxy.fault = faults.Corrupt(skip=skip)
        proxy.cut()
        try:
            got = source_of(proxy.url).query(LOAD, AT)
        except PortError:
            continue
        assert len(got.labels) + got.rejected >= 0


def test_a_trickle_ends_at_the_deadline_though_every_piece_comes_in_time(proxy):
    """M4: 50 kB at 2 kB/s would take 25 s; the deadline is 1.5 s."""
    proxy.fault = faults.Throttle(2000)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        source_of(proxy.url).query(LOAD, AT)
    assert 1.4 < time.monotonic() - began < 5


def test_the_deadline_is_kept_though_pieces_might_take_longer(proxy):
    """M1: a piece may take 30 s here, the whole half a second."""
    proxy.fault = faults.BlackHole()
    began = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        source_of(proxy.url, read_timeout_s=30, deadline_s=0.5).query(LOAD, AT)
    assert time.monotonic() - began < 5


def test_a_trickle_of_headers_ends_at_the_deadline_too():
    """M4."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip():
            client, _ = listener.accept()
            with client:
                client.recv(65_536)
                try:
                    for _ in range(100):
                        client.sendall(b"H")
                        time.sleep(0.1)
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(Unavailable, match="in time"):
            source_of(f"http://127.0.0.1:{listener.getsockname()[1]}").query(LOAD, AT)
        assert time.monotonic() - began < 5


def test_a_gzip_bomb_is_never_blown_up():
    """M4: 200 MB of zeros in 200 kB; the limit is 1 MB, and that is about all it may take."""
    import tracemalloc  # noqa: PLC0415 - of this test only

    bomb = gzip.compress(b"0" * 200_000_000, 9)
    with Scripted(lambda page, _: page.send(200, bomb, Content_Encoding="gzip")) as scripted:
        source = source_of(scripted.url, max_body_bytes=1_000_000, compress=True)
        tracemalloc.start()
        with pytest.raises(Rejected, match="at most 1000000 bytes"):
            source.query(LOAD, AT)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8_000_000


def test_gzip_is_unpacked_where_it_is_asked_for(server):
    assert len(source_of(server.url, compress=True).query(LOAD, AT).labels) == 500


def test_retry_after_is_followed_and_ends_with_the_deadline():
    def busy_once(page, number):
        page.send(429, b"", Retry_After="0.3") if number == 1 else page.send(200, good())

    with Scripted(busy_once) as scripted:
        began = time.monotonic()
        assert source_of(scripted.url).query(LOAD, AT).values.tolist() == [[1.0]]
        assert time.monotonic() - began >= 0.3
    with Scripted(lambda page, _: page.send(503, b"", Retry_After="3600")) as scripted:
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            source_of(scripted.url).query(LOAD, AT)
        assert time.monotonic() - began < 5
        assert caught.value.retry_after_s == 3600
        assert len(scripted.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_credentials_go_nowhere(status, tmp_path):
    """S5."""
    (tmp_path / "token").write_text("canary\n")
    with Scripted(lambda page, _: page.send(200, good())) as thief:

        def away(page, _):
            page.send(status, b"", Location=f"{thief.url}/api/v1/query", Set_Cookie="a=b")

        with Scripted(away) as scripted:
            source = source_of(scripted.url, bearer_token_file=str(tmp_path / "token"))
            with pytest.raises(Rejected, match="redirects are not followed"):
                source.query(LOAD, AT)
        assert thief.asked == []


def test_neither_proxies_nor_credentials_of_whoever_starts_us_are_used(monkeypatch, tmp_path):
    """S5: environment and .netrc belong to a person's shell; the URL and the credentials are configured."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login canary password canary\n")
    with Scripted(lambda page, _: page.send(502, b"")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with Scripted(lambda page, _: page.send(200, good())) as scripted:
            source_of(scripted.url).query(LOAD, AT)
            assert ["Authorization" in headers for _, _, headers, _ in scripted.asked] == [False]
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("169.254.169.254", "link-local"),
        ("169.254.0.1", "link-local"),
        ("fe80::1", "link-local"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("::ffff:169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("0.0.0.0", "one server"),  # noqa: S104 - refused, not bound to
        ("224.0.0.1", "one server"),
    ],
)
def test_link_local_and_metadata_addresses_are_never_connected_to(text, word):
    """S5."""
    host = f"[{text}]" if ":" in text else text
    began = time.monotonic()
    with pytest.raises(Rejected, match=word):
        source_of(f"http://{host}:9090", connect_timeout_s=5, deadline_s=20).query(LOAD, AT)
    assert time.monotonic() - began < 4  # refused, not tried


@pytest.mark.parametrize("text", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "fd00::1", "8.8.8.8", "::1"])
def test_ordinary_addresses_are_spoken_to(text):
    import ipaddress  # noqa: PLC0415 - of this test only

    assert address.refusal(ipaddress.ip_address(text)) == ""


def test_a_name_is_looked_up_once_for_a_connection_and_what_was_checked_is_connected_to(monkeypatch):
    """S5: a name that means us at first and the metadata service a moment later (DNS rebinding)."""
    answers = iter(["127.0.0.1", "169.254.169.254"])

    def rebinding(host, port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    closing = {"Connection": "close"}
    with Scripted(lambda page, _: page.send(200, good(), **closing)) as scripted:
        source = source_of(scripted.url.replace("127.0.0.1", "metrics.example"))
        assert source.query(LOAD, AT).values.tolist() == [[1.0]]
        with pytest.raises(Rejected, match=r"metrics\.example is 169\.254\.169\.254, a link-local address"):
            source.query(LOAD, AT)
        assert len(scripted.asked) == 1


def test_credentials_headers_and_tenant_are_sent_and_rotated_secrets_taken_up(tmp_path):
    token, other = tmp_path / "token", tmp_path / "other"
    token.write_text("first\n")
    other.write_text("secret")
    with Scripted(lambda page, _: page.send(200, good())) as scripted:
        source = source_of(
            scripted.url,
            bearer_token_file=str(token),
            headers={"X-Team": "sre"},
            header_files={"X-Key": str(other)},
            tenant="shop",
        )
        source.query(LOAD, AT)
        token.write_text("second\n")
        source.query(LOAD, AT)
    first, second = (headers for _, _, headers, _ in scripted.asked)
    assert first["Authorization"] == "Bearer first"
    assert second["Authorization"] == "Bearer second"
    assert (first["X-Team"], first["X-Key"], first["X-Scope-OrgID"]) == ("sre", "secret", "shop")


def test_a_password_is_sent_as_basic_and_never_shown(tmp_path):
    """S8: "shop:canary" in base64 is c2hvcDpjYW5hcnk=."""
    secret = tmp_path / "password"
    secret.write_text("canary")
    with Scripted(lambda page, _: page.send(401, b"who are you")) as scripted:
        source = source_of(scripted.url, basic_user="shop", basic_password_file=str(secret))
        with pytest.raises(Forbidden) as caught:
            source.query(LOAD, AT)
    assert scripted.asked[0][2]["Authorization"] == "Basic c2hvcDpjYW5hcnk="
    assert "canary" not in f"{caught.value!r} {source.settings!r}"


@pytest.mark.parametrize("settings", [{"headers": {"X-Key": " canary"}}, {"tenant": "canary\r\nX-Evil: 1"}])
def test_a_header_that_cannot_be_sent_is_refused_and_never_shown(settings):
    """S8."""
    with Scripted(lambda page, _: page.send(200, good())) as scripted:
        with pytest.raises(Rejected, match="cannot be sent as it is") as caught:
            source_of(scripted.url, **settings).query(LOAD, AT)
        assert scripted.asked == []
    assert "canary" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff\xfe", b"x" * 70_000])
def test_a_secret_that_cannot_be_read_is_named_and_nothing_is_sent(tmp_path, content):
    secret = tmp_path / "token"
    if content is not None:
        secret.write_bytes(content)
    with (
        Scripted(lambda page, _: page.send(200, good())) as scripted,
        pytest.raises(Unavailable, match="token: expected"),
    ):
        source_of(scripted.url, bearer_token_file=str(secret)).query(LOAD, AT)
    assert scripted.asked == []


def test_where_a_gateway_refuses_post_the_query_goes_as_get():
    def only_get(page, _):
        page.send(405) if page.command == "POST" else page.send(200, good())

    with Scripted(only_get) as scripted:
        source = source_of(scripted.url)
        source.query(LOAD, AT)
        source.query(LOAD, AT)
    assert [command for command, *_ in scripted.asked] == ["POST", "GET", "GET"]


def test_our_own_rules_outlive_whatever_a_caller_asks_of_the_session(proxy):
    """S5: prometheus-api-client mounts a transport of its own and would let TLS go unverified."""
    from prometheus_api_client import PrometheusConnect  # noqa: PLC0415 - half a second to import

    from aiops.adapters.prometheus.transport import Session  # noqa: PLC0415 - as above
    from aiops.adapters.prometheus.wire import Adapter  # noqa: PLC0415 - as above

    session = Session(PrometheusSettings(url=proxy.url))
    client = PrometheusConnect(url=proxy.url, session=session, disable_ssl=True)
    assert {type(adapter) for adapter in session.adapters.values()} == {Adapter}
    assert client.get_label_values("__name__") == ["load"]
    proxy.fault = faults.HTML
    proxy.cut()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    cert, key = directory / "cert.pem", directory / "key.pem"
    need("openssl", "openssl")
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {cert}"
        " -addext subjectAltName=DNS:localhost".split(),
        check=True,
        capture_output=True,
    )
    return cert, key


def tls_server(certificate):
    import ssl  # noqa: PLC0415 - of these tests only

    scripted = Scripted(lambda page, _: page.send(200, good()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    scripted._server.socket = context.wrap_socket(scripted._server.socket, server_side=True)
    return scripted, f"https://localhost:{scripted._server.server_address[1]}"


def test_tls_is_verified_and_the_authority_is_named_in_ca_file(certificate):
    """M1, S5."""
    scripted, url = tls_server(certificate)
    with scripted:
        with pytest.raises(Unavailable, match="ca_file"):
            source_of(url).query(LOAD, AT)
        assert source_of(url, ca_file=str(certificate[0])).query(LOAD, AT).values.tolist() == [[1.0]]
        wrong_name = url.replace("localhost", "127.0.0.1")
        with pytest.raises(Unavailable, match="TLS failed"):
            source_of(wrong_name, ca_file=str(certificate[0])).query(LOAD, AT)
        assert len(scripted.asked) == 1


def test_tls_is_verified_even_if_somebody_turns_it_off_on_the_session(certificate):
    """S5: verify=False is impossible."""
    scripted, url = tls_server(certificate)
    with scripted:
        source = source_of(url)
        source.connect.session.verify = False
        with pytest.raises(Unavailable, match="TLS failed"):
            source.query(LOAD, AT)
        assert scripted.asked == []


def test_a_ca_file_that_is_none_is_a_problem_of_the_configuration(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="ca_file"):
        source_of("https://localhost:1", ca_file=str(tmp_path / "ca.pem")).query(LOAD, AT)


def test_a_server_of_another_cluster_shows_another_identity(server, tmp_path):
    """M7: the upstream behind the address is swapped; identity says whose it is now."""
    rows = [("load", {"pod": "p", "namespace": "n"}, [AT - 60_000, AT], [1.0, 2.0])]
    with (
        prometheus(tmp_path, history=openmetrics(rows), external_labels={"cluster": "green"}) as other,
        faults.FaultProxy(server.url) as proxy,
    ):
        source = source_of(proxy.url, expected_identity={"cluster": "blue"})
        assert source.identity() == "cluster=blue"
        proxy._upstream = ("127.0.0.1", int(other.url.rsplit(":", 1)[1]))
        proxy.cut()
        assert source.identity() == "cluster=green"


def test_over_budget_the_rest_of_the_tick_and_the_next_are_skipped_and_say_so(server):
    """500 series a query: the second goes over 900, so the third and the whole next tick are skipped."""
    source = source_of(server.url, budget=QueryBudget(series=900))
    source.query(LOAD, AT)
    source.query(LOAD, AT)
    with pytest.raises(Unavailable, match=r"1,000 of 900 series; the rest of this tick"):
        source.query(LOAD, AT)
    with pytest.raises(Unavailable, match=r"1,000 of 900 series; this tick is skipped"):
        source.query(LOAD, AT + 1000)
    assert len(source.query(LOAD, AT + 2000).labels) == 500


def test_closing_ends_a_wait_between_two_tries(proxy):
    proxy.fault = faults.Answer(503, b"busy")
    source = source_of(proxy.url, backoff_s=20, deadline_s=60)
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        source.query(LOAD, AT)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "fault", [faults.BlackHole(), faults.Throttle(bytes_per_s=200)], ids=["silent", "slow"]
)
def test_closing_ends_a_question_under_way_in_another_thread_and_none_is_asked_after(proxy, fault):
    """E16: a stop that waited for a server that is silent would end in a kill; these would take a minute."""
    proxy.fault = fault
    source = source_of(proxy.url, read_timeout_s=60, deadline_s=60)
    asked = proxy.connections

    def close_once_it_asks():
        while proxy.connections == asked:
            time.sleep(0.01)
        time.sleep(0.2)
        source.close()

    closing = threading.Thread(target=close_once_it_asks)
    closing.start()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        source.query(LOAD, AT)
    closing.join(10)
    with pytest.raises(Unavailable, match="closed"):
        source.query(LOAD, AT)
    assert time.monotonic() - began < 20
