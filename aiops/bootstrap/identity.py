"""Identity: who knows people, as configured: the daemon's own token, and the API server."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops.adapters.kubernetes.connect import Api, connect
from aiops.adapters.kubernetes.reviews import Reviews
from aiops.adapters.token import PREFIX, LocalToken
from aiops.model import Actor, ApprovalSettings, Channel
from aiops.settings import Settings
from aiops.web.auth import Doorkeeper
from aiops.web.gate import is_loopback
from aiops.web.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Known:
    """``ports.Authenticator``: both ways, or either, or none."""

    local: LocalToken | None = None
    kubernetes: Reviews | None = None

    def who(self, token: str) -> Actor | None:
        """Whoever holds ``token``. Our own kind of token is shown to nobody else, valid or not."""
        if self.local is not None and (actor := self.local.who(token)) is not None:
            return actor
        if self.kubernetes is None or token.startswith(PREFIX):
            return None
        return self.kubernetes.who(token)

    def roles(self, actor: Actor, names: Sequence[str], namespace: str) -> frozenset[str]:
        """What the channel of ``actor`` grants."""
        match actor.channel:
            case Channel.LOCAL if self.local is not None:
                return self.local.roles(actor, names, namespace)
            case Channel.KUBERNETES if self.kubernetes is not None:
                return self.kubernetes.roles(actor, names, namespace)
            case _:
                return frozenset()


def make_authenticator(settings: Settings, state: Path, api: Api | None = None) -> Known:
    """As ``settings.approvals`` says; ``api`` is the API server, connected where none is given. The token of
    the state folder is made anew."""
    approvals = settings.approvals
    if api is None:
        api = connect(settings.kubernetes)
    reviews = None
    if api is not None:
        reviews = Reviews(
            api,
            approvals.kubernetes_audience,
            lambda actor: named(actor, approvals),
            access=approvals.kubernetes_access,
        )
    return Known(LocalToken(state) if approvals.local else None, reviews)


def make_doorkeeper(settings: Settings, known: Known) -> Doorkeeper:
    """Who is let in, over HTTP."""
    sessions = Sessions(settings.server.session_s)
    if known.local is None:
        return Doorkeeper(known, sessions)
    return Doorkeeper(known, sessions, own=known.local.who)


def named(actor: Actor, approvals: ApprovalSettings) -> bool:
    """Whether the configuration names this Kubernetes user, as a person or in a role."""
    if any(actor.id in person.kubernetes for person in approvals.people.values()):
        return True
    return any(
        actor.id in role.kubernetes_users or set(actor.groups) & set(role.kubernetes_groups)
        for role in approvals.roles.values()
    )


def role_names(settings: Settings) -> tuple[str, ...]:
    """Every role that the configuration speaks of."""
    approvals = settings.approvals
    asked = [role for playbook in settings.playbooks for role in playbook.approvers]
    return tuple(
        dict.fromkeys([*approvals.roles, *approvals.second_tier, *settings.policy.approvers, *asked])
    )


def on_loopback(host: str) -> bool:
    """Whether a server that listens on ``host`` is reached from this machine alone."""
    return is_loopback(host.strip("[]").lower())
