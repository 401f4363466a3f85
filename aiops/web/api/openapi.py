"""OpenAPI: the description of the API, version 3.1, made from the table of operations and its types."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiops.web.api.operations import PREFIX, Operation, Token
from aiops.web.api.parse import adapter
from aiops.web.api.values import NoBody, NoQuery, Wrong

Json = dict[str, Any]
REFS = "#/components/schemas/{model}"
STATUSES = {
    400: "The request is not what is described here.",
    401: "A token is needed, or the one given is not valid.",
    403: "The token's holder may not come in, or the request came from a page of another site.",
    404: "There is none of that id.",
    409: "Not done; `text` says why, and nothing was changed.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    503: "The journal, or who knows tokens, does not answer: nothing was changed.",
}


def describe(operations: Sequence[Operation], version: str) -> Json:
    """The whole description."""
    schemas: Json = {}
    paths: Json = {}
    for one in operations:
        paths.setdefault(f"{PREFIX}{one.path}", {})[one.method.lower()] = _operation(one, schemas)
    _ref(Wrong, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "aiopsd",
            "version": version or "0",
            "description": "Incidents, approvals and the journal of one cluster's daemon.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of the daemon's state folder, or one that Kubernetes takes.",
                }
            },
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _operation(one: Operation, schemas: Json) -> Json:
    found: Json = {"operationId": one.id, "summary": one.summary}
    parameters = [*_path(one), *_query(one), *(_KEY if one.changes else ())]
    if parameters:
        found["parameters"] = parameters
    if one.changes and one.body is not NoBody:
        content = {"application/json": {"schema": _ref(one.body, schemas)}}
        required = bool(adapter(one.body).json_schema().get("required"))
        found["requestBody"] = {"required": required, "content": content}
    found["responses"] = _responses(one, schemas)
    found["security"] = [{"token": []}] if one.token is Token.ALWAYS else [{}, {"token": []}]
    return found


def _responses(one: Operation, schemas: Json) -> Json:
    kind = "text/event-stream" if one.streams else "application/json"
    good = {"type": "object"} if one.answer is dict else _ref(one.answer, schemas)
    found: Json = {"200": {"description": "Done.", "content": {kind: {"schema": good}}}}
    wrong = {"application/json": {"schema": _ref(Wrong, schemas)}}
    not_done = {"application/json": {"schema": good}}
    for status in sorted({400, 401, 403, 503, *one.refusals}):
        content = not_done if status == 409 else wrong
        found[str(status)] = {"description": STATUSES[status], "content": content}
    return found


_KEY: tuple[Json, ...] = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": 200},
        "description": "The same request with the same key, by the same person, is done once.",
    },
)


def _path(one: Operation) -> list[Json]:
    if "{id}" not in one.path:
        return []
    return [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]


def _query(one: Operation) -> list[Json]:
    if one.query is NoQuery:
        return []
    schema = adapter(one.query).json_schema()
    needed = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": _bare(value)}
        for name, value in schema["properties"].items()
    ]


def _ref(kind: Any, schemas: Json) -> Json:
    """A reference to the schema of ``kind``, which is put among ``schemas`` with all that it needs."""
    schema = adapter(kind).json_schema(mode="serialization", ref_template=REFS)
    for name, inner in schema.pop("$defs", {}).items():
        schemas[name] = _bare(inner)
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    schemas[kind.__name__] = _bare(schema)
    return {"$ref": REFS.format(model=kind.__name__)}


def _bare(schema: Mapping[str, Any]) -> Json:
    """A schema without the titles that pydantic makes up; docstrings stay, on one line."""
    found: Json = {}
    for key, value in schema.items():
        if key == "title" and isinstance(value, str):
            continue
        if key == "description" and isinstance(value, str):
            found[key] = " ".join(value.replace("``", "`").split())
        elif key == "properties":
            found[key] = {name: _bare(one) for name, one in value.items()}
        elif isinstance(value, Mapping):
            found[key] = _bare(value)
        elif isinstance(value, list):
            found[key] = [_bare(one) if isinstance(one, Mapping) else one for one in value]
        else:
            found[key] = value
    return found
