"""Reviews: the API server says whose a token is, and what they may answer. Nobody is judged by our own word.

A token is shown to a TokenReview, with our audience where one is configured. Whoever it belongs to is let in
as a member where the configuration names them, or the API server says that they may ``get``
``approvals.aiops.dev`` in the whole cluster; so the token of just any pod opens nothing. A role is granted
where it says that they may ``approve`` the approval of that name, in the namespace that the question is
about. Neither resource exists: these are rights to give, by Roles that name them, and nothing to read.

Whoever may do everything (``system:masters``, a ClusterRole with ``*``) is told yes for every role, for so
the API server says: who shall not approve must not hold such rights.

Errors:  Unavailable where the API server does not answer as one, or does not let us ask (we need what
         ``system:auth-delegator`` may): nobody is let in, nothing is granted. Forbidden for a valid token of
         somebody who is no member.
Cost:    a POST each: two for who, one a role for roles.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from aiops.adapters.kubernetes.calls import refusal
from aiops.adapters.kubernetes.connect import Api
from aiops.errors import Forbidden, Unavailable
from aiops.model import Actor, Channel

GROUP, RESOURCE = "aiops.dev", "approvals"
TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
READ_S, TOTAL_S = 3.0, 5.0  # a person waits
MOST_GROUPS = 1_000
UNKNOWN = frozenset({"system:anonymous", "system:unauthenticated"})
Json = Mapping[str, Any]


def nobody(_: Actor) -> bool:
    """Nobody is named by the configuration."""
    return False


class Reviews:
    """``ports.Authenticator`` by the API server. Safe between threads."""

    def __init__(
        self,
        api: Api,
        audience: str = "",
        named: Callable[[Actor], bool] = nobody,
        *,
        access: bool = True,  # False: only whom the configuration names counts
    ) -> None:
        self._api, self._audience, self._named, self._access = api, audience, named, access

    def who(self, token: str) -> Actor | None:
        """Whose token it is; None for one that is not valid. Raises Unavailable, Forbidden."""
        spec: dict[str, Any] = {"token": token}
        if self._audience:
            spec["audiences"] = [self._audience]
        status = self._asked(TOKENS, "authentication.k8s.io/v1", "TokenReview", spec)
        if status.get("authenticated") is not True:
            return None
        if self._audience and self._audience not in _texts(status.get("audiences")):
            return None  # a server that knows no audiences leaves them out: then it is not for us
        actor = _actor(status.get("user"))
        if actor is None or self.member(actor):
            return actor
        raise Forbidden(
            f"{actor.id} may not get {RESOURCE}.{GROUP} in the whole cluster, and no role names them"
        )

    def member(self, actor: Actor) -> bool:
        """Whether they are let in: named by the configuration, or by a right. Raises Unavailable."""
        return self._named(actor) or self._may(actor, "get", "", "")

    def roles(self, actor: Actor, names: Sequence[str], namespace: str) -> frozenset[str]:
        """Which of the roles the API server grants ``actor`` in ``namespace`` ("": in the whole cluster).
        Raises Unavailable."""
        if actor.channel is not Channel.KUBERNETES:
            return frozenset()
        return frozenset(name for name in names if name and self._may(actor, "approve", name, namespace))

    def _may(self, actor: Actor, verb: str, name: str, namespace: str) -> bool:
        attributes = {
            "group": GROUP,
            "resource": RESOURCE,
            "verb": verb,
            "name": name,
            "namespace": namespace,
        }
        if not self._access:
            return False
        spec = {"user": actor.id, "groups": list(actor.groups), "resourceAttributes": attributes}
        status = self._asked(ACCESS, "authorization.k8s.io/v1", "SubjectAccessReview", spec)
        return status.get("allowed") is True and status.get("denied") is not True

    def _asked(self, path: str, version: str, kind: str, spec: Json) -> Json:
        """The status of a review. What is sent may be a secret: no error holds it."""
        body = orjson.dumps({"apiVersion": version, "kind": kind, "spec": spec})
        headers = {"Content-Type": "application/json"}
        reply = self._api.request("POST", path, body=body, headers=headers, read_s=READ_S, total_s=TOTAL_S)
        if reply.status in {401, 403}:
            raise Unavailable(
                f"create {kind}: HTTP {reply.status}: we may not ask; see system:auth-delegator"
            )
        if reply.status not in {200, 201}:
            error = refusal(f"create {kind}", reply)
            raise Unavailable(f"create {kind}: HTTP {reply.status}") from error
        try:
            data = orjson.loads(reply.body)
        except orjson.JSONDecodeError as error:
            raise Unavailable(f"create {kind}: expected JSON, got something else") from error
        status = data.get("status") if isinstance(data, dict) and data.get("kind") == kind else None
        if not isinstance(status, dict):
            raise Unavailable(f"create {kind}: expected its status, got something else")
        return status


def _actor(user: object) -> Actor | None:
    """The user of a TokenReview; None where there is none, or it is whoever has no name."""
    if not isinstance(user, dict):
        return None
    name, groups = user.get("username"), _texts(user.get("groups"))
    if not isinstance(name, str) or not name or name in UNKNOWN or UNKNOWN & set(groups):
        return None
    return Actor(Channel.KUBERNETES, name, name, groups[:MOST_GROUPS])


def _texts(given: object) -> tuple[str, ...]:
    return tuple(one for one in given if isinstance(one, str)) if isinstance(given, list) else ()
