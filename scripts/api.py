"""The reference of the HTTP API, from the table that its routes are made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiops.web.api import openapi
from aiops.web.api.operations import PREFIX, Operation, Token
from aiops.web.api.table import OPERATIONS
from scripts.markdown import table

HEAD = f"""# HTTP API

All paths are below `{PREFIX}`; bodies and answers are JSON. `GET {PREFIX}/openapi.json` is the same as an
OpenAPI 3.1 description.

- **Who you are** is said by `Authorization: Bearer TOKEN`: the token of the daemon's state folder, or one of
  Kubernetes. What changes anything always needs it; what reads needs it where `server.closed` is on.
- **What may be done** is decided by the daemon, as for every other channel. 200: it is done. 409: it is not,
  and `text` says why. 503: the journal, or who knows tokens, does not answer; then nothing counts.
- `Idempotency-Key: ANYTHING` makes a repeat harmless: the same request of the same person under the same key
  is done once, and gets the same answer.
- Bodies are read strictly: an unknown key, another type, a key given twice is 400, with
  `{{error, where, got, expected}}`, as every refusal.
- Records of the journal are as stored, so that their hashes can be checked; values of environment variables
  in them are hidden, in a way that the hashes bear.
"""


def page() -> str:
    """All operations: an overview, and each with what it takes and gives; then the types."""
    document = openapi.describe(OPERATIONS, "")
    rows = [(f"`{one.method} {one.path}`", one.summary, str(one.token)) for one in OPERATIONS]
    parts = [HEAD, "## Overview\n", table(("request", "what", "token"), rows), ""]
    for one in OPERATIONS:
        parts += list(_one(one, document))
    parts.append("## Types\n")
    for name, schema in document["components"]["schemas"].items():
        parts += list(_type(name, schema))
    return "\n".join(parts)


def _one(one: Operation, document: Mapping[str, Any]) -> Iterable[str]:
    told = document["paths"][f"{PREFIX}{one.path}"][one.method.lower()]
    yield f"## {one.id}\n\n`{one.method} {PREFIX}{one.path}`\n\n{one.summary}\n"
    lines = [f"- token: {one.token}"]
    if one.token is Token.ALWAYS and not one.changes:
        lines[0] += ", whether or not the server is closed"
    lines += [
        f"- query `{each['name']}`: {_kind(each['schema'])}"
        for each in told.get("parameters", ())
        if each["in"] == "query"
    ]
    if "requestBody" in told:
        lines.append(f"- body: {_kind(told['requestBody']['content']['application/json']['schema'])}")
    good = next(iter(told["responses"]["200"]["content"].values()))["schema"]
    lines.append(f"- answer: {_kind(good)}{', one an event' if one.streams else ''}")
    lines.append(
        f"- refusals: {', '.join(sorted(status for status in told['responses'] if status != '200'))}"
    )
    yield "\n".join(lines) + "\n"


def _type(name: str, schema: Mapping[str, Any]) -> Iterable[str]:
    yield f"### {name}\n"
    if schema.get("description"):
        yield f"{schema['description']}\n"
    if "enum" in schema:
        yield ", ".join(f"`{one}`" for one in schema["enum"]) + "\n"
    needed = schema.get("required", ())
    rows = [
        (f"`{field}`", _kind(one), "yes" if field in needed else "", str(one.get("description", "")))
        for field, one in schema.get("properties", {}).items()
    ]
    if rows:
        yield table(("field", "type", "required", "what"), rows) + "\n"


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    match schema.get("type"):
        case "array":
            return f"list of {_kind(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return f"object of {_kind(schema['additionalProperties'])}"
        case str() as plain:
            return plain
        case _:
            return "anything"
