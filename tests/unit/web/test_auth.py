"""Who is let in: tokens, sessions, and what a gate asks before any route is reached."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aiops.errors import Forbidden, Unavailable
from aiops.model import Actor, Channel
from aiops.web.auth import BELIEVED_S, FAILURES, WINDOW_S, Doorkeeper, require, visitor_of
from aiops.web.gate import CSRF, HEADERS, Gate, Rules, among
from aiops.web.sessions import COOKIE, MOST, Sessions
from tests.asgi import Client
from tests.fakes.authenticator import FakeAuthenticator
from tests.fakes.clock import FakeClock

ADA = Actor(Channel.LOCAL, "ada", "ada")
GOOD = "good-token-of-ada"


class House:
    """A gate before three routes, a clock, and who knows tokens."""

    def __init__(self, **rules):
        self.clock = FakeClock()
        self.knows = FakeAuthenticator({GOOD: ADA})
        self.sessions = Sessions(3600, self.clock.monotonic_s)
        self.doorkeeper = Doorkeeper(self.knows, self.sessions, self.clock.monotonic_s)
        self.done = []

        def change(request: Request) -> Response:
            self.done.append(require(request).key)
            return PlainTextResponse("done")

        def read(request: Request) -> Response:
            visitor = visitor_of(request)
            return PlainTextResponse(visitor.actor.key if visitor else "somebody")

        routes = [Route("/change", change, methods=["POST"]), Route("/read", read), Route("/healthz", read)]
        routes += [Route("/console/", read), Route("/console/answer", change, methods=["POST"])]
        self.gate = Gate(Starlette(routes=routes), self.doorkeeper, Rules(**rules))
        self.client = Client(self.gate)

    def post(self, path="/change", bearer=None, **headers):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            path, headers=given | ({"authorization": f"Bearer {bearer}"} if bearer else {})
        )


def test_nothing_is_changed_without_a_token():
    """S1."""
    house = House()
    answer = house.post()
    assert (answer.status_code, answer.json()["error"]) == (401, "not signed in")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert house.done == []


def test_a_token_lets_its_holder_in():
    house = House()
    assert house.post(bearer=GOOD).status_code == 200
    assert house.done == ["local:ada"]


@pytest.mark.parametrize(
    "given", ["Basic YTpi", "Bearer", "Bearer ", "Bearer a b", f"Token {GOOD}", "Bearer \x7f", "bearer bad"]
)
def test_other_credentials_are_refused_and_not_shown(given):
    house = House()
    answer = house.client.post("/change", headers={"authorization": given})
    assert answer.status_code == 401
    assert given.split()[-1] not in answer.text.replace("Bearer", "").split()
    assert house.done == []


def test_two_tokens_are_one_too_many():
    house = House()
    answer = house.client.post(
        "/change", headers=[("authorization", f"Bearer {GOOD}"), ("authorization", "Bearer x")]
    )
    assert answer.status_code == 401


def test_a_token_that_does_not_do_is_not_passed_over_for_a_cookie():
    house = House()
    house.client.cookies[COOKIE] = house.sessions.begin(ADA).id
    assert house.post(bearer="bad").status_code == 401


def test_nobody_is_let_in_where_nobody_can_tell():
    house = House()
    house.knows.fails = Unavailable("TokenReview: no answer")
    answer = house.post(bearer="new-token")
    assert (answer.status_code, house.done) == (503, [])
    assert "new-token" not in answer.text


def test_who_is_no_member_is_told_what_is_missing():
    house = House()
    house.knows.fails = Forbidden("get approvals.aiops.dev")
    answer = house.post(bearer="new-token")
    assert (answer.status_code, answer.json()["got"]) == (403, "get approvals.aiops.dev")


@pytest.mark.parametrize(("later_s", "asked"), [(BELIEVED_S - 0.1, 1), (BELIEVED_S + 0.1, 2)])
def test_a_token_is_believed_for_a_few_seconds(later_s, asked):
    house = House()
    house.post(bearer=GOOD)
    house.clock.advance(later_s)
    house.post(bearer=GOOD)
    assert len(house.knows.asked) == asked


def test_a_revoked_token_stops_working_after_that():
    house = House()
    house.post(bearer=GOOD)
    house.knows.tokens.clear()
    house.clock.advance(BELIEVED_S + 0.1)
    assert house.post(bearer=GOOD).status_code == 401


def test_after_ten_bad_tokens_an_address_has_to_wait_and_nobody_is_asked_for_it():
    house = House()
    codes = [house.post(bearer=f"bad-{n}").status_code for n in range(FAILURES + 1)]
    assert codes == [401] * FAILURES + [429]
    assert len(house.knows.asked) == FAILURES
    house.clock.advance(WINDOW_S + 0.1)
    assert house.post(bearer="bad-again").status_code == 401


def test_whoever_is_known_already_is_let_in_all_the_same():
    house = House()
    house.post(bearer=GOOD)
    for n in range(FAILURES + 1):
        house.post(bearer=f"bad-{n}")
    assert house.post(bearer=GOOD).status_code == 200


def test_a_session_is_the_console_s_and_needs_its_csrf_token():
    house = House()
    session = house.doorkeeper.open(GOOD)
    house.client.cookies[COOKIE] = session.id
    assert house.post().status_code == 403
    assert house.post(**{CSRF: "another"}).status_code == 403
    assert house.post(**{CSRF: session.csrf}).status_code == 200
    assert house.done == ["local:ada"]


def test_a_session_ends_when_its_time_is_over_or_its_person_signs_out():
    house = House(closed=True)
    first, second = house.doorkeeper.open(GOOD), house.doorkeeper.open(GOOD)
    house.doorkeeper.close(first.id)
    assert house.doorkeeper.find(first.id) is None
    house.clock.advance(3599)
    assert house.doorkeeper.find(second.id) == second
    house.clock.advance(1)
    assert house.doorkeeper.find(second.id) is None


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites():
    house, response = House(), Response()
    house.sessions.give(response, house.doorkeeper.open(GOOD), secure=True)
    parts = {one.strip().lower() for one in response.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=strict", "secure", "path=/", "max-age=3600"} <= parts


def test_a_session_does_not_show_its_secrets():
    """S8."""
    session = House().doorkeeper.open(GOOD)
    assert session.id not in repr(session)
    assert session.csrf not in repr(session)


def test_sessions_are_bounded():
    sessions = Sessions(3600)
    first = sessions.begin(ADA)
    for _ in range(MOST):
        newest = sessions.begin(ADA)
    assert sessions.find(first.id) is None
    assert sessions.find(newest.id) == newest


def test_closed_reading_needs_a_token_too_but_health_does_not():
    house = House(closed=True)
    assert house.client.get("/read").status_code == 401
    assert house.client.get("/read", headers={"authorization": f"Bearer {GOOD}"}).text == "local:ada"
    assert house.client.get("/healthz").status_code == 200
    assert House().client.get("/read").text == "somebody"


def test_closed_pages_send_people_to_the_sign_in():
    house = House(closed=True, forms=("/console/",), sign_in="/console/sign-in")
    answer = house.client.get("/console/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?next=/console/")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:9911", "", "a]b"])
def test_a_page_that_made_its_own_name_point_here_reads_nothing(host):
    """DNS rebinding: the browser sends the name that the page has."""
    house = House()
    assert house.client.get("/read", headers={"host": host}).status_code == 421
    assert house.client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:9911"])
def test_this_machine_may_be_called_by_all_of_its_own_names(host):
    assert House().client.get("/read", headers={"host": host}).status_code == 200


def test_elsewhere_than_on_loopback_any_name_will_do():
    assert House(loopback=False).client.get("/read", headers={"host": "aiops.example"}).status_code == 200


@pytest.mark.parametrize("loopback", [True, False])
def test_where_names_are_configured_only_they_and_this_machine_s_will_do(loopback):
    """DNS rebinding, behind a proxy that passes the name on."""
    client = House(loopback=loopback, names=("aiops.example",)).client
    codes = {
        host: client.get("/read", headers={"host": host}).status_code
        for host in ("AIOPS.example:443", "localhost:9911", "evil.example", "x.aiops.example")
    }
    assert codes == {
        "AIOPS.example:443": 200,
        "localhost:9911": 200,
        "evil.example": 421,
        "x.aiops.example": 421,
    }


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1234", "http://[", ""])
def test_a_form_of_another_page_is_refused(origin):
    house = House()
    assert house.post(bearer=GOOD, origin=origin).status_code == 403
    assert house.post(bearer=GOOD, sec_fetch_site="cross-site").status_code == 403
    assert house.done == []


def test_a_form_of_our_own_page_is_taken():
    assert House().post(bearer=GOOD, origin="http://127.0.0.1:9911").status_code == 200


def test_every_answer_tells_browsers_to_be_careful():
    house = House()
    for answer in (house.client.get("/read"), house.post(), house.client.get("/none")):
        assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)


@pytest.mark.parametrize(
    ("path", "public"),
    [
        ("/", True),
        ("/change", False),
        ("/pages/", True),
        ("/pages", True),
        ("/pages/one", True),
        ("/pagesone", False),
        ("//", False),
        ("", False),
    ],
)
def test_a_public_root_opens_the_root_alone(path, public):
    """S1: that everything begins with "/" must not make everything public."""
    assert among(path, ("/", "/pages/")) == public


def test_a_public_page_opens_nothing_beside_it():
    """S1."""
    house = House(public=("/", "/console/"), closed=True)
    assert house.post().status_code == 401
    assert house.client.get("/read").status_code == 401
    assert house.post(bearer=GOOD).status_code == 200


def test_nobodys_failures_shut_out_who_was_let_in_before():
    """Behind a proxy everybody has one address. A token that was valid is judged anew, and at once."""
    house = House()
    assert house.post(bearer=GOOD).status_code == 200
    for number in range(FAILURES):
        house.post(bearer=f"bad-{number}")
    house.clock.advance(BELIEVED_S + 1)
    assert house.post(bearer="bad").status_code == 429
    assert house.post(bearer=GOOD).status_code == 200


def test_nobodys_failures_shut_out_the_holder_of_the_daemons_own_token():
    house = House()
    mine = {"own": ADA}
    own = Doorkeeper(house.knows, house.sessions, house.clock.monotonic_s, own=mine.get)
    for number in range(FAILURES):
        assert own.open(f"bad-{number}", "10.0.0.1") is None
    with pytest.raises(Unavailable):
        own.open("other", "10.0.0.1")
    assert own.open("own", "10.0.0.1").actor == ADA


@pytest.mark.parametrize(
    ("channel", "after_s", "signed_in"),
    [(Channel.KUBERNETES, 3599, True), (Channel.KUBERNETES, 3600, False), (Channel.LOCAL, 7199, True)],
)
def test_what_the_api_server_said_of_groups_is_believed_for_an_hour(channel, after_s, signed_in):
    clock = FakeClock()
    sessions = Sessions(7200, clock.monotonic_s)
    session = sessions.begin(Actor(channel, "ada"))
    clock.advance(after_s)
    assert (sessions.find(session.id) is not None) is signed_in
