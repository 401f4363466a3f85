"""Who knows tokens, for tests: a table, and what fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiops.errors import PortError
from aiops.model import Actor


@dataclass
class FakeAuthenticator:
    """``ports.Authenticator`` from a table; ``granted`` are roles by the actor's key and namespace."""

    tokens: dict[str, Actor] = field(default_factory=dict)
    granted: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    fails: PortError | None = None
    asked: list[str] = field(default_factory=list)

    def who(self, token: str) -> Actor | None:
        self.asked.append(token)
        if self.fails is not None:
            raise self.fails
        return self.tokens.get(token)

    def roles(self, actor: Actor, names: Sequence[str], namespace: str) -> frozenset[str]:
        if self.fails is not None:
            raise self.fails
        return self.granted.get((actor.key, namespace), frozenset()) & set(names)
