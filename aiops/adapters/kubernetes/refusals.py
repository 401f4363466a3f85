"""Refusals: an HTTP answer to a write as a Receipt, every outcome told apart.

Input:   the change, and the whole answer of the API server, or of what stands between.
Output:  DONE only where the answer is that of an API server for this very object; where a 2xx is anything
         else, nobody knows. A refusal says for certain that nothing was done: 4xx does, 5xx does not, with
         one exception: two disruption budgets over one pod are found out before the pod is touched.
         A 403 of RBAC is FORBIDDEN; of admission (a policy, a webhook, a quota) INVALID: more rights would
         not help. 422 for another ``metadata.uid`` is a CONFLICT: the object was deleted and made anew.
Errors:  none.
Source:  kubernetes, pkg/registry/core/pod/storage/eviction.go; apiserver, endpoints/handlers/responsewriters
         (the words of RBAC) and util/flowcontrol; decision 0011 says what was seen.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from aiops.adapters.kubernetes.addresses import resource
from aiops.adapters.kubernetes.calls import retry_after
from aiops.adapters.kubernetes.connect import Reply
from aiops.core.redact import one_line
from aiops.model import Answer, Change, ChangeVerb, Receipt

LONGEST_WAIT_S = 3600.0  # a server that asks for more is not believed
_RBAC = re.compile(r'User "[^"]*" cannot \S+ (resource|path)')
_QUOTED = re.compile(r'Invalid value: (?:"map\[.*\]"|\{.*\}|\[.*\])', re.DOTALL)
_TWO_BUDGETS = "This pod has more than one PodDisruptionBudget"
_SUBRESOURCE = {ChangeVerb.EVICT: "eviction"}
_VERB = {ChangeVerb.EVICT: "create"}  # as RBAC sees it


def named(change: Change) -> str:
    """Verb, resource and object as RBAC and people name them: ``patch deployments.apps shop/cart``."""
    target = change.target
    kind = resource(target, change.subresource or _SUBRESOURCE.get(change.verb, ""))
    place = f"{target.namespace}/{target.name}" if target.namespace else target.name
    return f"{_VERB.get(change.verb, change.verb.value)} {kind} {place}"


def receipt(change: Change, reply: Reply) -> Receipt:
    """What ``reply`` says became of ``change``."""
    said = status(reply)
    if 200 <= reply.status < 300:
        return _done(change, reply, said)
    answer = _answer(change, reply.status, said)
    words = _words(said.get("message"), reply)
    wait = _wait(reply, said)
    return Receipt(answer, f"{named(change)}: HTTP {reply.status}: {words}", retry_after_s=wait)


def status(reply: Reply) -> Mapping[str, Any]:
    """The JSON object of an answer; empty where it is none."""
    try:
        data = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) else {}


def _words(message: object, reply: Reply) -> str:
    """The server's words without what it quotes of our patch or of the object, which may hold anything."""
    text = message if isinstance(message, str) and message else reply.body[:1000].decode("utf-8", "replace")
    return one_line(_QUOTED.sub("Invalid value: (not shown)", text))


def _done(change: Change, reply: Reply, said: Mapping[str, Any]) -> Receipt:
    metadata = _mapping(said, "metadata")
    removes = change.verb in (ChangeVerb.EVICT, ChangeVerb.DELETE)
    if removes and said.get("kind") == "Status" and said.get("status") == "Success":
        return Receipt(Answer.DONE, named(change), change.uid)
    uid, version = metadata.get("uid"), metadata.get("resourceVersion")
    ours = said.get("kind") == change.target.kind and metadata.get("name") == change.target.name
    same = change.verb is ChangeVerb.CREATE or uid == change.uid
    if change.verb is not ChangeVerb.EVICT and ours and same and isinstance(uid, str) and uid:
        known = str(version) if version and not removes else None
        return Receipt(Answer.DONE, named(change), uid, known)
    detail = f"{named(change)}: HTTP {reply.status}, and not the answer of an API server for this object"
    return Receipt(Answer.UNKNOWN, detail)


def _answer(change: Change, code: int, said: Mapping[str, Any]) -> Answer:
    match code:
        case 401:
            return Answer.FORBIDDEN
        case 403:
            return _forbidden(change, said)
        case 404:  # of a proxy, or of a server that does not know the kind, it says nothing of the object
            return Answer.NOT_FOUND if said.get("reason") == "NotFound" else Answer.INVALID
        case 409:
            return Answer.CONFLICT
        case 410:
            return Answer.GONE
        case 422:
            return Answer.CONFLICT if _is_other_uid(said) else Answer.INVALID
        case 429:
            return Answer.BUDGET if _has_cause(said, "reason", "DisruptionBudget") else Answer.THROTTLED
        case 408:  # of a proxy, which cannot know what went through it
            return Answer.UNKNOWN
        case _ if 400 <= code < 500:
            return Answer.INVALID
        case 500 if change.verb is ChangeVerb.EVICT and str(said.get("message", "")).startswith(_TWO_BUDGETS):
            return Answer.INVALID
        case _:
            return Answer.UNKNOWN


def _forbidden(change: Change, said: Mapping[str, Any]) -> Answer:
    if change.verb is ChangeVerb.EVICT and _mapping(said, "details").get("kind") == "poddisruptionbudget":
        return (
            Answer.BUDGET
        )  # its count is negative, or too many evictions are not yet seen by its controller
    if said.get("kind") != "Status" or _RBAC.search(str(said.get("message", ""))):
        return Answer.FORBIDDEN
    return Answer.INVALID


def _is_other_uid(said: Mapping[str, Any]) -> bool:
    return _has_cause(said, "field", "metadata.uid")


def _has_cause(said: Mapping[str, Any], key: str, value: str) -> bool:
    causes = _mapping(said, "details").get("causes")
    causes = causes if isinstance(causes, list) else []
    return any(isinstance(cause, Mapping) and cause.get(key) == value for cause in causes)


def _wait(reply: Reply, said: Mapping[str, Any]) -> float | None:
    header = retry_after(reply)
    if header is not None:
        return min(header, LONGEST_WAIT_S)
    seconds = _mapping(said, "details").get("retryAfterSeconds")
    if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0:
        return min(float(seconds), LONGEST_WAIT_S)
    return None


def _mapping(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = said.get(key)
    return value if isinstance(value, Mapping) else {}
