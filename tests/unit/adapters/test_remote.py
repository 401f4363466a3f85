"""A daemon asked over HTTP: its journal reads as it is stored there, and what it is told counts once."""

import contextlib
import http.server
import threading

import pytest

from aiops.adapters.remote import Address, Daemon, RemoteStore
from aiops.bootstrap.answers import People
from aiops.core.chain import first_break
from aiops.errors import Forbidden, NotFound, PortError, Rejected, Unavailable
from aiops.model import Entry
from aiops.web.server import Server
from tests.unit.web.api_cases import Api, an_incident, closed

WRITTEN = [*(an_incident(number) for number in range(30)), *(closed(number) for number in range(0, 30, 3))]


@pytest.fixture(scope="module")
def api():
    return Api(WRITTEN)


@pytest.fixture(scope="module")
def remote(api):
    with Server(api.app, "127.0.0.1", 0) as server:
        store = RemoteStore(Address(server.url, "token-of-ada"))
        yield store
        store.close()


@pytest.mark.parametrize("since", [-1, 0, 1, 29, 39, 40, 41])
@pytest.mark.parametrize("stream", ["", "0003incident", "none"])
@pytest.mark.parametrize("kinds", [(), ("incident_closed",), ("incident_opened", "incident_closed"), ("x",)])
def test_it_reads_as_the_journal_itself(api, remote, since, stream, kinds):
    assert list(remote.read(since, stream, kinds)) == list(api.store.read(since, stream, kinds))


def test_head_term_and_chain_are_those_of_the_journal(api, remote):
    """S10: the hashes are computed here."""
    assert (remote.head(), remote.term(), remote.verify()) == (api.store.head(), api.store.term(), "")


def test_what_is_appended_while_reading_is_not_part_of_the_answer(remote, api):
    reading = remote.read()
    first = next(reading)
    api.store.append([Entry("noted", "late", 0, {})], term=0)
    assert "late" not in {one.entry.stream for one in [first, *reading]}
    assert "late" in {one.entry.stream for one in remote.read()}


def test_values_of_variables_stay_there_and_the_chain_holds_all_the_same():
    """S8."""
    env = {"env": [{"name": "PASSWORD", "value": "canary-in-a-patch"}]}
    api = Api([*WRITTEN, Entry("change_sending", "0001incident", 0, {"change": {"patch": env}})])
    with Server(api.app, "127.0.0.1", 0) as server, contextlib.closing(store_of(server.url)) as store:
        records = list(store.read())
    assert "canary" not in repr(records)
    assert first_break(records) == ""


def test_it_only_reads(remote):
    with pytest.raises(Rejected):
        remote.append([Entry("noted", "s", 0, {})], 0)
    with pytest.raises(Rejected):
        remote.begin_term(5)


def store_of(url):
    return RemoteStore(Address(url, "token-of-ada"))


class Scripted:
    """Answers every request with one (status, headers, body); ``asked`` are their headers."""

    def __init__(self, status=200, body=b"{}", **headers):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(dict(self.headers))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"{}", Forbidden),
        (403, b'{"where": "w", "got": "g", "expected": "e"}', Forbidden),
        (404, b"{}", NotFound),
        (429, b"{}", Unavailable),
        (500, b"oops", Unavailable),
        (503, b"{}", Unavailable),
        (400, b"{}", Rejected),
        (200, b"<html>", Rejected),
        (200, b"[]", Rejected),
        (200, b'{"records": 5, "head": {"seq": 1, "hash": "", "term": 0}}', Rejected),
        (200, b'{"records": [{"seq": 1}], "head": {"seq": 1, "hash": "", "term": 0}}', Rejected),
        (200, b"{}", Rejected),
        (200, b'{"records": []}', Rejected),
        (200, b'{"records": [], "head": 5}', Rejected),
        (200, b"", Rejected),
    ],
)
def test_every_other_answer_is_one_of_our_errors(status, body, error):
    """Nothing is taken for an empty journal."""
    with Scripted(status, body) as server, pytest.raises(error):
        list(store_of(server.url).read())


def test_a_redirect_is_not_followed_so_the_token_goes_to_nobody_else():
    with Scripted() as other, Scripted(302, Location=f"{other.url}/api/v1/journal") as server:
        with pytest.raises(PortError):
            list(store_of(server.url).read())
        assert server.asked[0]["Authorization"] == "Bearer token-of-ada"
    assert other.asked == []


def test_pages_that_go_round_in_circles_end():
    record = (
        '{"seq": 1, "term": 0, "kind": "k", "stream": "s", "at_ms": 0, "payload": {}, "key": "",'
        ' "previous": "", "hash": ""}'
    )
    page = f'{{"records": [{record}], "next": 1, "head": {{"seq": 9, "hash": "", "term": 0}}}}'
    with Scripted(200, page.encode()) as server, pytest.raises(Rejected, match="not in order"):
        list(store_of(server.url).read())


def test_nothing_that_listens_is_unavailable():
    with pytest.raises(Unavailable):
        store_of("http://127.0.0.1:9").head()


def test_an_address_does_not_show_its_token():
    """S8."""
    assert "canary" not in repr(Address("https://aiops.example.com", "canary"))


def test_an_answer_whose_echo_was_lost_is_sent_again_and_counts_once():
    """H3: the same key, so the forum hears it once."""
    api, lost = Api(), []

    async def losing(scope, receive, send):
        """The first answer is done, and its echo lost."""

        async def gone(message):
            if message["type"] == "http.response.start":
                await send({**message, "status": 503})
            else:
                await send({**message, "body": b"{}"} if "body" in message else message)

        if scope["method"] == "POST" and not lost:
            lost.append(scope["path"])
            await api.app(scope, receive, without_length(gone))
        else:
            await api.app(scope, receive, send)

    with Server(losing, "127.0.0.1", 0) as server:
        daemon = Daemon(Address(server.url, "token-of-ada"))
        with contextlib.closing(daemon):
            people = People(daemon)
            found = people.say(people.approval("a1b2"), "approve", {})
    assert (found.done, found.text, len(lost)) == (True, "approved by ada", 1)
    assert len(api.forum.heard) == 1


def without_length(send):
    async def wrapped(message):
        if message["type"] == "http.response.start":
            headers = [one for one in message["headers"] if one[0] != b"content-length"]
            message = {**message, "headers": headers}
        await send(message)

    return wrapped
