"""The API: what it shows, what becomes of what people say, and whom it refuses."""

import asyncio
import threading
import time

import httpx
import pytest

from aiops.core.approvals.book import asked_entry
from aiops.core.approvals.claims import claimed_entry
from aiops.core.chain import first_break
from aiops.model import (
    Amend,
    Approve,
    AskFor,
    Deny,
    Entry,
    FalseAlarm,
    Mine,
    Record,
    Release,
    Request,
    RequestKind,
    ResumeAll,
    Snooze,
    StopAll,
)
from aiops.web.api.table import OPERATIONS
from tests.fakes.forum import an_approval
from tests.unit.core.cases import NOW, incident
from tests.unit.web.api_cases import EVE, HOUR, Api, an_incident, closed

TEN = [an_incident(number) for number in range(10)]
LATER = NOW + HOUR
DAY_LATER = NOW + 24 * HOUR


def test_every_route_that_changes_anything_answers_401_without_a_token():
    """S1: the routes of the app are enumerated, not those that we remember."""
    api = Api(TEN)
    asked = [
        (method, route.path.replace("{id}", "a1b2"))
        for route in api.app.routes
        for method in sorted(route.methods - {"GET", "HEAD"})
    ]
    assert len(asked) == sum(one.changes for one in OPERATIONS) == 10
    for method, path in asked:
        answer = api.client.request(method, path, json={"until_ms": LATER, "reason": "x"})
        assert (path, answer.status_code) == (path, 401)
    for path in ("/", "/api/v1", "/api/v2/stop", "/metrics", "/api/v1/incidents"):
        assert api.client.post(path).status_code == 401
    assert (api.forum.heard, api.store.head()[0]) == ([], 10)


def test_closed_reading_needs_a_token_on_every_route_but_health():
    """S1."""
    api = Api(TEN, doors={"closed": True})
    codes = {
        route.path: api.client.get(route.path.replace("{id}", "0001incident")).status_code
        for route in api.app.routes
        if "GET" in route.methods
    }
    open_ones = {path for path, code in codes.items() if code == 200}
    assert open_ones == {"/metrics", "/healthz", "/readyz"}
    assert {code for path, code in codes.items() if path not in open_ones} == {401}


def test_the_journal_is_never_open():
    """S8: what was written to the cluster is in it."""
    assert Api(TEN).get("/journal").status_code == 401
    assert Api(TEN).get("/journal", "token-of-ada").status_code == 200


def test_incidents_come_newest_first_page_by_page_until_there_are_no_more():
    api, seen, after = Api(TEN), [], ""
    for _ in range(4):
        page = api.get("/incidents", limit=3, **({"after": after} if after else {})).json()
        seen.append([one["id"][:4] for one in page["incidents"]])
        after = page["next"]
        assert page["total"] == 10
    assert seen == [["0009", "0008", "0007"], ["0006", "0005", "0004"], ["0003", "0002", "0001"], ["0000"]]
    assert after == ""


def test_a_page_that_holds_all_that_is_left_is_the_last():
    api = Api(TEN)
    assert api.get("/incidents", limit=10).json()["next"] == ""
    assert api.get("/incidents", limit=9).json()["next"] != ""


def test_only_what_is_open_or_was_open_since_then():
    api = Api([*TEN, closed(3)])
    assert api.get("/incidents", open="true").json()["total"] == 9
    ended = NOW + 3 * HOUR + 1000
    assert api.get("/incidents", since_ms=ended).json()["total"] == 10
    assert api.get("/incidents", since_ms=ended + 1).json()["total"] == 9


def test_an_incident_is_found_by_the_beginning_of_its_id_and_tells_what_was_done():
    found = Api([*TEN, closed(3)]).get("/incidents/0003").json()
    assert found["incident"]["closed_because"] == "calm again"
    assert [one["kind"] for one in found["timeline"]] == ["incident_opened", "incident_closed"]


def test_what_was_asked_answered_and_done_about_an_incident_is_in_its_timeline():
    asked = an_approval(incident_id="0003incident")
    step = {"plan_id": "p1", "step": 0, "incident_id": "0003incident", "result": "applied"}
    api = Api(
        [
            *TEN,
            asked_entry(asked, NOW + 4 * HOUR),
            Entry("step_ended", "actions", NOW + 5 * HOUR, step),
            Entry("step_ended", "actions", NOW + 6 * HOUR, {**step, "incident_id": "0004incident"}),
            claimed_entry(incident(id="0003incident"), (), EVE, NOW + 7 * HOUR),
        ]
    )
    found = api.get("/incidents/0003").json()
    kinds = [one["kind"] for one in found["timeline"]]
    assert kinds == ["incident_opened", "approval_asked", "step_ended", "claimed"]
    assert (found["pending"], found["claimed_by"]) == ([asked.id], EVE.name)


@pytest.mark.parametrize("name", ["ffff", "0", "000", "%2e%2e", "a" * 300])
def test_no_incident_is_guessed(name):
    answer = Api(TEN).get(f"/incidents/{name}")
    assert (answer.status_code, answer.json()["error"]) == (404, "not found")


def test_the_index_of_incidents_follows_the_journal():
    api = Api(TEN)
    assert api.get("/incidents").json()["total"] == 10
    api.store.append([an_incident(11)], term=0)
    assert api.get("/incidents").json()["total"] == 11


def test_what_did_not_change_is_not_sent_again():
    api = Api(TEN)
    first = api.get("/incidents")
    again = api.get("/incidents", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    api.store.append([closed(3)], term=0)
    assert api.get("/incidents", headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_records_come_as_stored_so_that_their_chain_can_be_checked():
    """S10."""
    api, found, since = Api(TEN), [], 0
    while since is not None:
        page = api.get("/journal", "token-of-ada", since=since, limit=4).json()
        for one in page["records"]:
            entry = Entry(one["kind"], one["stream"], one["at_ms"], one["payload"], one["key"])
            found.append(Record(one["seq"], one["term"], entry, one["previous"], one["hash"]))
        since = page["next"]
    assert found == list(api.store.read())
    assert first_break(found) == ""
    assert page["head"] == {"seq": 10, "hash": found[-1].hash, "term": 0}


def test_records_of_one_stream_or_of_some_kinds():
    api = Api([*TEN, closed(3), closed(4)])
    by_stream = api.get("/journal", "token-of-ada", stream="0003incident").json()
    assert [one["seq"] for one in by_stream["records"]] == [4, 11]
    by_kind = api.get("/journal", "token-of-ada", kinds="incident_closed,claimed").json()
    assert [one["seq"] for one in by_kind["records"]] == [11, 12]


def test_the_command_for_a_hand_is_for_people_with_a_token():
    """S8: it may hold values of variables."""
    asked = an_approval(because=("impact: high; a person may type: kubectl set env X=canary",))
    api = Api(approvals=[asked])
    for path in ("/approvals", "/approvals/a1b2"):
        assert "kubectl" not in api.get(path).text
        assert "kubectl" in api.get(path, "token-of-ada").text


SAYINGS = [
    ("/approvals/a1b2/approve", {"until_ms": LATER}, Approve("a1b2c3d4e5f6", LATER)),
    ("/approvals/a1b2c3d4e5f6/approve", None, Approve("a1b2c3d4e5f6")),
    ("/approvals/a1b2/deny", {"reason": "sale"}, Deny("a1b2c3d4e5f6", "sale")),
    ("/approvals/a1b2/snooze", {"until_ms": LATER, "reason": "x"}, Snooze("a1b2c3d4e5f6", LATER, "x")),
    (
        "/approvals/a1b2/amend",
        {"remediation": "scale_to", "parameters": {"replicas": 6, "fast": True}},
        Amend("a1b2c3d4e5f6", "scale_to", {"replicas": 6, "fast": True}),
    ),
    ("/incidents/0001/mine", None, Mine("0001incident")),
    ("/incidents/0001incident/release", {}, Release("0001incident")),
    ("/incidents/0001/false-alarm", {"reason": "batch"}, FalseAlarm("0001incident", "batch")),
    ("/stop", {"reason": "smoke"}, StopAll("smoke")),
    ("/resume", None, ResumeAll()),
    (
        "/requests",
        {"id": "undo-0123456789", "kind": "undo", "plan_id": "p1", "step": 1, "reason": "slower"},
        AskFor(
            Request("undo-0123456789", RequestKind.UNDO, "local:ada", NOW, "slower", plan_id="p1", step=1)
        ),
    ),
]


@pytest.mark.parametrize(("path", "body", "saying"), SAYINGS)
def test_what_is_said_goes_through_the_one_door_as_a_structured_value(path, body, saying):
    api = Api(TEN)
    answer = api.post(path, body)
    (said,) = api.forum.heard
    assert (answer.status_code, answer.json()["done"]) == (200, True)
    assert (said.saying, said.actor.key, said.at_ms, said.via) == (saying, "local:ada", NOW, "api")


@pytest.mark.parametrize(
    ("body", "wants"),
    [
        ({"kind": "undo", "plan_id": "p1"}, "id"),
        ({"id": "../../etc/x", "kind": "undo", "plan_id": "p1"}, "id"),
        ({"id": "undo-0123456789", "kind": "drop"}, "kind"),
        ({"id": "undo-0123456789", "kind": "undo"}, "a plan to undo"),
        ({"id": "undo-0123456789", "kind": "unlock"}, "a target or a playbook"),
        ({"id": "undo-0123456789", "kind": "accept_autonomy", "playbook": "a"}, "a playbook and a scope"),
        ({"id": "undo-0123456789", "kind": "undo", "plan_id": "p1", "step": -1}, "step"),
        ({"id": "undo-0123456789", "kind": "undo", "plan_id": "p1", "by": "root"}, "by"),
    ],
)
def test_a_request_that_is_none_is_400_with_what_was_expected(body, wants):
    """Who asks is never taken from the body."""
    api = Api()
    answer = api.post("/requests", body)
    assert (answer.status_code, api.forum.heard) == (400, [])
    assert wants in answer.text


def test_every_saying_has_its_route():
    assert len({path.rsplit("/")[-1] for path, *_ in SAYINGS}) == sum(one.changes for one in OPERATIONS)


def test_what_was_not_done_is_409_with_the_reason():
    api = Api()
    api.post("/approvals/a1b2/deny", {})
    again = api.post("/approvals/a1b2/approve", {})
    assert (again.status_code, again.json()["done"]) == (409, False)
    assert again.json()["text"] == "it was decided already"
    assert again.json()["approval"]["state"] == "denied"


def test_a_yes_to_another_plan_than_the_one_that_was_shown_is_not_passed_on():
    api = Api()
    answer = api.post("/approvals/a1b2/approve", {"digest": "e" * 64})
    assert (answer.status_code, api.forum.heard) == (409, [])
    assert api.post("/approvals/a1b2/approve", {"digest": "d" * 64}).status_code == 200


def test_a_journal_that_refuses_is_503_and_nothing_counts():
    api = Api()
    api.forum.down = True
    answer = api.post("/approvals/a1b2/approve", {})
    assert (answer.status_code, answer.json()["got"]) == (503, "journal: disk is full")


def test_an_approval_that_is_not_there_is_404():
    assert Api().post("/approvals/ffff/approve", {}).status_code == 404


def test_the_same_request_with_the_same_key_is_one():
    api, key = Api(), {"idempotency-key": "k-1"}
    refs = []
    for bearer, body in [("token-of-ada", {}), ("token-of-ada", {}), ("token-of-eve", {})]:
        assert api.post("/approvals/a1b2/approve", body, bearer, key).status_code in (200, 409)
    refs = [one.ref for one in api.forum.heard]
    assert len(refs) == 2  # ada's second is ada's first again; eve's is eve's own
    assert len(set(refs)) == 2


def test_without_a_key_and_with_another_body_it_is_another_request():
    api = Api()
    for body, headers in [
        ({}, {}),
        ({}, {}),
        ({"reason": "x"}, {"idempotency-key": "k"}),
        ({}, {"idempotency-key": "k"}),
    ]:
        api.post("/stop", body, headers=headers)
    assert len({one.ref for one in api.forum.heard}) == 4


@pytest.mark.parametrize("key", ["", "x" * 201, "caf\xe9"])
def test_a_key_that_is_none_is_refused(key):
    api = Api()
    assert api.post("/stop", {}, headers={"idempotency-key": key.encode("latin-1")}).status_code == 400
    assert api.forum.heard == []


def test_an_answer_is_said_as_whoever_holds_the_token():
    """H5: what the API server grants them is asked by the forum, when it judges."""
    api = Api()
    api.post("/approvals/a1b2/approve", {}, "token-of-eve")
    assert (api.forum.heard[0].actor, api.forum.heard[0].actor.roles) == (EVE, ())


BAD = [
    ("[]", 400, "body"),
    ('"x"', 400, "body"),
    ("{", 400, "body"),
    ('{"until_ms": NaN}', 400, "body"),
    ('{"until_ms": "tomorrow"}', 400, "body.until_ms"),
    ('{"until_ms": 1.5}', 400, "body.until_ms"),
    ('{"until_ms": -1}', 400, "body.until_ms"),
    ('{"until_ms": true}', 400, "body.until_ms"),
    ('{"untill_ms": 1}', 400, "body.untill_ms"),
    ('{"digest": null}', 400, "body.digest"),
    ('{"until_ms": 1, "until_ms": 2}', 400, "body.until_ms"),
    ('{"digest": "\\ud800"}', 400, "body"),
    ("[" * 5000, 400, "body"),
    ('{"digest": "' + "x" * 20_000 + '"}', 413, "body"),
]


@pytest.mark.parametrize(("text", "status", "where"), BAD)
def test_a_body_is_read_strictly_and_what_is_wrong_is_named(text, status, where):
    api = Api()
    answer = api.post("/approvals/a1b2/approve", content=text, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["where"]) == (status, where)
    assert set(answer.json()) == {"error", "where", "got", "expected"}
    assert api.forum.heard == []


def test_a_form_is_no_json():
    api = Api()
    answer = api.post(
        "/stop", content="reason=x", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert (answer.status_code, api.forum.heard) == (415, [])


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=ten",
        "open=perhaps",
        "lim=1",
        "limit=1&limit=2",
        "after=x",
        "since_ms=-1",
    ],
)
def test_a_query_is_read_as_strictly(query):
    assert Api(TEN).client.get(f"/api/v1/incidents?{query}").status_code == 400


def test_a_snooze_without_a_time_says_what_is_missing():
    answer = Api().post("/approvals/a1b2/snooze", {})
    assert answer.json() == {
        "error": "bad request",
        "where": "body.until_ms",
        "got": "nothing",
        "expected": "a value",
    }


def test_a_bug_of_ours_is_told_without_its_words(capsys):
    """S8: the error may hold what was sent."""

    def broken():
        raise RuntimeError("canary-in-an-error")

    answer = Api(status=broken).get("/status")
    assert answer.status_code == 500
    assert "canary" not in answer.text + "".join(capsys.readouterr())


def test_answers_are_not_kept_by_anybody():
    api = Api(TEN)
    assert api.post("/stop", {}).headers["cache-control"] == "no-store"
    assert api.get("/journal", "token-of-ada").headers["cache-control"] == "no-store"
    assert api.get("/incidents").headers["cache-control"] == "private, no-cache"


def test_unknown_paths_and_methods_look_like_every_other_refusal():
    api = Api()
    assert api.get("/nothing").json()["error"] == "not found"
    assert api._ask("PUT", "/stop", "token-of-ada", {}).json()["error"] == "method not allowed"


def test_tokens_that_nobody_judges_in_time_keep_neither_health_nor_known_people_waiting():
    """The API server hangs, and fifty tokens wait for it; a stuck health route would have us restarted."""
    api, over = Api(TEN), threading.Event()
    assert api.get("/journal/head", "token-of-ada").status_code == 200  # ada is known for some seconds
    knows = api.knows.who
    api.knows.who = lambda token: over.wait(10) and knows(token)

    async def all_at_once():
        waiting = [asyncio.create_task(ask(f"new-{number}")) for number in range(50)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        for path, bearer in [("/healthz", None), ("/metrics", None), ("/api/v1/incidents", "token-of-ada")]:
            assert (await ask(bearer, path)).status_code == 200
        took_s = time.monotonic() - began
        over.set()
        await asyncio.gather(*waiting)
        return took_s

    async def ask(bearer, path="/api/v1/status"):
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30) as client:
            return await client.get(path, headers=headers)

    assert asyncio.run(all_at_once()) < 1
