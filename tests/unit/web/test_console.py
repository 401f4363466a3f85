"""The console without a browser: who may do what, what is shown to whom, and what the journal has of it."""

import re

import pytest

from aiops.core.approvals.book import ApprovalBook
from aiops.core.chain import first_break
from aiops.core.kubectl import command_of
from aiops.errors import Unavailable
from aiops.model import Approve, Change, Entry, Record
from aiops.model.wire import from_json, to_json
from aiops.web.console import SIGN_IN, View, console_routes
from aiops.web.console.people import own, parameters
from tests.asgi import Client
from tests.browser.scene import TOKEN, Scene, app_of
from tests.fakes.authenticator import FakeAuthenticator
from tests.fakes.forum import FakeForum
from tests.unit.core.cases import NOW

HOME = "/console/"
NONCE = re.compile(r'name="nonce" value="([0-9a-f]{16})"')
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture
def scene():
    return Scene(past=2)


@pytest.fixture
def client(scene):
    return Client(app_of(scene))


def sign_in(client):
    answer = client.post(f"{HOME}sign-in", data={"token": TOKEN, "next": HOME})
    assert answer.status_code == 303
    client.cookies = dict(answer.cookies)
    return answer


def form_of(client, scene):
    """The fields of the first form of the incident's page."""
    page = client.get(f"{HOME}incidents/{scene.incident_id}").text
    return {"csrf": CSRF.search(page)[1], "nonce": NONCE.search(page)[1]}


def approve(client, scene, **fields):
    where = f"{HOME}approvals/{scene.approval.id}/approve"
    return client.post(where, data=form_of(client, scene) | fields)


def approval(scene):
    return ApprovalBook().fold(scene.store.read()).by_id[scene.approval.id]


ANSWERS = (
    "approvals/{approval}/approve",
    "approvals/{approval}/deny",
    "approvals/{approval}/snooze",
    "approvals/{approval}/amend",
    "incidents/{incident}/mine",
    "incidents/{incident}/release",
    "incidents/{incident}/false-alarm",
    "everything/stop",
    "everything/resume",
    "replay",
    "sign-out",
)


@pytest.mark.parametrize("path", ANSWERS)
def test_nothing_is_changed_by_who_is_not_signed_in(scene, client, path):
    """S1: every route that takes something, without a token."""
    head = scene.store.head()
    where = HOME + path.format(approval=scene.approval.id, incident=scene.incident_id)
    assert client.post(where, data={"reason": "x", "minutes": "15"}).status_code in {401, 403}
    assert scene.store.head() == head


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("csrf", [{}, {"csrf": "guessed"}])
def test_nothing_is_changed_by_a_form_of_another_session(scene, client, path, csrf):
    sign_in(client)
    head = scene.store.head()
    where = HOME + path.format(approval=scene.approval.id, incident=scene.incident_id)
    answer = client.post(where, data={"reason": "x", "minutes": "15"} | csrf)
    assert answer.status_code in {303, 403}
    assert (scene.store.head(), scene.stops) == (head, [])
    assert client.get(HOME).text.count("signed in as") == 1  # nor is anybody signed out


def test_a_form_of_another_site_is_refused(scene, client):
    sign_in(client)
    fields = form_of(client, scene)
    where = f"{HOME}approvals/{scene.approval.id}/approve"
    answer = client.post(where, data=fields, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert approval(scene).state == "pending"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client):
    cookie = sign_in(client).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie


def test_a_double_click_is_one_answer(scene, client):
    """H3: the same form twice is the same saying."""
    sign_in(client)
    fields = form_of(client, scene)
    where = f"{HOME}approvals/{scene.approval.id}/approve"
    for _ in range(2):
        answer = client.post(where, data=fields)
        assert answer.status_code == 303
        assert "Done." in client.get(answer.headers["location"].partition("#")[0]).text
    assert [vote.actor.key for vote in approval(scene).votes] == ["kubernetes:ada@example.org"]


def test_what_became_of_an_answer_is_shown_to_who_gave_it_and_to_nobody_else(scene, client):
    sign_in(client)
    where = approve(client, scene).headers["location"].partition("#")[0]
    assert 'id="said"' in client.get(where).text
    nobody, another = Client(client.app), Client(client.app)
    sign_in(another)
    for one in (nobody, another):
        assert 'id="said"' not in one.get(where).text


def test_a_refusal_of_the_forum_is_shown_with_its_reason(scene):
    forum = FakeForum([scene.approval], refuses=lambda said: "you changed it last")
    client = Client(app_of(scene, forum=forum))
    sign_in(client)
    answer = approve(client, scene)
    page = client.get(answer.headers["location"].partition("#")[0]).text
    assert "Not done." in page
    assert "you changed it last" in page


def test_a_journal_that_refuses_makes_an_answer_that_does_not_count(scene):
    """H8: better late than twice."""
    client = Client(app_of(scene, forum=FakeForum([scene.approval], down=True)))
    sign_in(client)
    answer = approve(client, scene)
    assert "nothing counts" in client.get(answer.headers["location"].partition("#")[0]).text


@pytest.mark.parametrize(
    ("minutes", "said"),
    [("15", "Done."), ("0", "Not done."), ("10081", "Not done."), ("soon", "Not done."), ("", "Not done.")],
)
def test_later_is_a_number_of_minutes(scene, client, minutes, said):
    sign_in(client)
    where = f"{HOME}approvals/{scene.approval.id}/snooze"
    answer = client.post(where, data=form_of(client, scene) | {"minutes": minutes})
    assert said in client.get(answer.headers["location"].partition("#")[0]).text


def test_where_nobody_can_answer_there_are_no_forms_and_the_reason_is_given(scene):
    client = Client(app_of(scene, forum=None, shut="a recording cannot be answered"))
    page = client.get(f"{HOME}incidents/{scene.incident_id}").text
    assert "/approve" not in page
    assert "a recording cannot be answered" in page


def test_nobody_is_let_in_where_nobody_can_tell(scene):
    fails = FakeAuthenticator(fails=Unavailable("the API server is away"))
    client = Client(app_of(scene, authenticator=fails))
    answer = client.post(f"{HOME}sign-in", data={"token": TOKEN})
    assert (answer.status_code, "set-cookie" in answer.headers) == (503, False)


@pytest.mark.parametrize(
    ("where", "taken"),
    [
        ("/console/approvals", "/console/approvals"),
        ("/console/?q=a%20b", "/console/?q=a%20b"),
        ("", "/console/"),
        ("https://evil.example/console/", "/console/"),
        ("//evil.example/console/", "/console/"),
        ("/console/\\evil.example", "/console/"),
        ("/console//evil.example", "/console/"),
        ("/console/\r\nset-cookie: a=b", "/console/"),
        ("/api/v1/stop", "/console/"),
    ],
)
def test_a_sign_in_leads_to_a_page_of_the_console_and_nowhere_else(where, taken):
    assert own(where) == taken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("replicas=6", {"replicas": 6}),
        ("replicas = 6, share=0.5\nwait=true", {"replicas": 6, "share": 0.5, "wait": True}),
        ("name=a=b", {"name": "a=b"}),
    ],
)
def test_parameters_are_names_and_values(text, found):
    assert parameters(text) == found


SECRET = "canary-7f3a9"  # noqa: S105 - of nobody


def test_values_of_variables_are_on_no_page(scene, client):
    """S8: who may read the console need not know what the pods know."""
    container = {"name": "x", "env": [{"name": "PASSWORD", "value": SECRET}]}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    (decided,) = scene.store.read(kinds=("decided",))
    value = decided.entry.payload["value"]
    step = value["plan"]["steps"][0]
    change = from_json(Change, step["change"] | {"patch": patch})
    step = step | {"change": to_json(change), "command": command_of(change)}
    payload = decided.entry.payload | {"value": value | {"plan": value["plan"] | {"steps": [step]}}}
    assert SECRET in step["command"]
    scene.add(Entry("decided", scene.incident_id, NOW, payload))
    seq = scene.store.head()[0]
    paths = ("", f"incidents/{scene.incident_id}", "audit", f"audit/{seq}", f"audit/{seq}.json", "approvals")
    for path in paths:
        assert SECRET not in client.get(f"{HOME}{path}").text, path
    sign_in(client)
    for path in ("audit", f"audit/{seq}", f"audit/{seq}.json"):
        assert SECRET not in client.get(f"{HOME}{path}").text, path
    assert "(hidden)" in client.get(f"{HOME}incidents/{scene.incident_id}").text


def test_a_record_as_json_is_for_who_is_signed_in_and_can_be_verified(scene, client):
    assert client.get(f"{HOME}audit/2.json").status_code == 401
    sign_in(client)
    data = client.get(f"{HOME}audit/2.json").json()
    before = client.get(f"{HOME}audit/1.json").json()
    entry = Entry(data["kind"], data["stream"], data["at_ms"], data["payload"], data["key"])
    record = Record(data["seq"], data["term"], entry, data["previous"], data["hash"])
    assert first_break([record], (1, before["hash"])) == ""


def test_the_explorer_reads_back_from_the_newest_and_finds_by_kind_stream_and_time(scene, client):
    page = client.get(f"{HOME}audit").text
    seqs = [int(one) for one in re.findall(r'href="/console/audit/(\d+)">\d', page)]
    assert seqs == list(range(scene.store.head()[0], 0, -1))
    page = client.get(f"{HOME}audit?kind=approval_asked").text
    assert re.findall(r'href="/console/audit/(\d+)">\d', page) == ["7"]
    assert "No record matches" in client.get(f"{HOME}audit?kind=approval_asked&since=2100-01-01T00:00").text
    assert "No record matches" in client.get(f"{HOME}audit?stream=nowhere").text


def test_a_page_of_the_explorer_goes_on_where_the_one_before_ended():
    scene = Scene(past=60)  # 3 records each
    client = Client(app_of(scene))
    page = client.get(f"{HOME}audit").text
    first = [int(one) for one in re.findall(r'href="/console/audit/(\d+)">\d', page)]
    older = re.search(r'href="(/console/audit\?before=\d+)"', page)[1]
    then = [int(one) for one in re.findall(r'href="/console/audit/(\d+)">\d', client.get(older).text)]
    assert first + then == list(range(scene.store.head()[0], 0, -1))


def test_every_page_forbids_what_is_not_ours(scene, client):
    for path in ("", f"incidents/{scene.incident_id}", "nowhere", "static/console.js", "sign-in"):
        headers = client.get(f"{HOME}{path}").headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path", ["incidents/nope", "approvals/nope", "audit/999999", "nope", "static/../parts.py"]
)
def test_what_is_not_there_is_said_to_be_not_there(client, path):
    assert client.get(f"{HOME}{path}").status_code == 404


@pytest.mark.parametrize(
    "query", ["page=9999999999", "page=-1", "state=%00", "severity=x", "q=%ff", "page=٣"]
)
def test_an_address_that_makes_no_sense_is_no_error(client, query):
    assert client.get(f"{HOME}?{query}").status_code == 200


def test_a_short_id_leads_to_the_page_of_its_incident(scene, client):
    answer = client.get(f"{HOME}approvals/{scene.approval.short}")
    assert answer.headers["location"] == f"/console/incidents/{scene.incident_id}#answers"


def test_static_files_are_kept_for_ever_by_an_address_that_changes_with_them(client):
    page = client.get(HOME).text
    address = re.search(r'href="(/console/static/console\.css\?v=[0-9a-f]{12})"', page)[1]
    assert "immutable" in client.get(address).headers["cache-control"]
    assert "immutable" not in client.get("/console/static/console.css").headers["cache-control"]


def test_only_today_ends_with_the_day_of_the_configured_zone(scene):
    """NOW is 22:13:20 UTC on 14 November 2023, 23:13:20 in Berlin: 46 min 40 s are left of that day there."""
    forum = FakeForum([scene.approval])
    plain = Scene(past=0)
    client = Client(app_of(plain, forum=forum, view=View(timezone="Europe/Berlin")))
    sign_in(client)
    where = f"{HOME}approvals/{plain.approval.id}/approve"
    client.post(where, data=form_of(client, plain) | {"today": "yes"})
    assert forum.heard[0].saying == Approve(plain.approval.id, NOW + (46 * 60 + 40) * 1000)


def addresses(scene, method):
    """Every address of the console that takes ``method``, with real names in it."""
    names = {"approval": scene.approval.id, "incident": scene.incident_id, "answer": "approve", "seq": 1}
    for route in console_routes(scene.parts(None)):
        if method in route.methods:
            path = re.sub(r"\{seq:int\}", "{seq}", route.path)
            path = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: str(names.get(found[1], "console.css")), path)
            yield path


def test_every_address_that_takes_anything_takes_nothing_of_a_stranger(scene, client):
    """S1: enumerated, so that one that is added is asked as well."""
    head = scene.store.head()
    those = set(addresses(scene, "POST")) - {SIGN_IN}
    assert len(those) >= 5
    for path in those:
        answer = client.post(path, data={"reason": "x", "minutes": "5", "recording": "x"})
        assert answer.status_code in {401, 403}, path
    assert scene.store.head() == head


def test_a_closed_console_opens_nothing_to_a_stranger_but_the_sign_in_and_what_it_is_made_of(scene):
    client = Client(app_of(scene, closed=True))
    opened = {path for path in addresses(scene, "GET") if client.get(path).status_code == 200}
    assert opened == {SIGN_IN, "/console/static/console.css"}
