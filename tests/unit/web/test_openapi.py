"""The description of the API: every route is in it, and all of it is a route; and a fuzz of what it says."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.web.api import openapi
from aiops.web.api.operations import PREFIX, Token
from aiops.web.api.table import OPERATIONS
from tests.unit.web.api_cases import Api, an_incident

DOCUMENT = openapi.describe(OPERATIONS, "1.2.3")
DECLARED = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}


def test_every_route_is_described_and_everything_described_is_a_route():
    served = {
        (method, route.path)
        for route in Api().app.routes
        if route.path.startswith(PREFIX)
        for method in route.methods - {"HEAD"}
    }
    assert served == DECLARED
    assert len(served) == len(OPERATIONS)


def test_it_is_served_as_it_is_made():
    answer = Api(version="1.2.3").get("/openapi.json")
    assert answer.json() == DOCUMENT
    assert answer.json()["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere_and_every_schema_is_used():
    text = json.dumps(DOCUMENT)
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named == set(DOCUMENT["components"]["schemas"])


def test_what_needs_a_token_says_so():
    for one in OPERATIONS:
        security = DOCUMENT["paths"][PREFIX + one.path][one.method.lower()]["security"]
        assert ({} in security) == (one.token is not Token.ALWAYS), one.id
        assert not (one.changes and {} in security), one.id


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does():
    assert len({one.id for one in OPERATIONS}) == len(OPERATIONS)
    assert all(one.summary.endswith(".") for one in OPERATIONS)


CHANGING = [one for one in OPERATIONS if one.changes]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NAMES = st.sampled_from(["reason", "until_ms", "digest", "remediation", "parameters", "x"])
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(NAMES, JSON, max_size=6).map(lambda value: json.dumps(value).encode()),
)


@pytest.fixture(scope="module")
def api():
    return Api([an_incident(1)])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(CHANGING), BODIES)
def test_no_body_is_an_error_of_ours(api, operation, body):
    """What is not refused was read as the types say."""
    path = operation.path.replace("{id}", "a1b2" if "approvals" in operation.path else "0001incident")
    answer = api.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {200, 400, 409}, answer.text
    if answer.status_code == 400:
        assert set(answer.json()) == {"error", "where", "got", "expected"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_no_path_and_no_query_is_an_error_of_ours(api, name, query):
    for path in ("/incidents/{}", "/approvals/{}", "/journal"):
        quoted = "".join(f"%{byte:02x}" for byte in name.encode("utf-8", "replace"))
        answer = api._ask("GET", path.format(quoted), "token-of-ada", {}, params=query)
        assert answer.status_code in {200, 307, 400, 404, 405}
