"""Token: the daemon's own, in its state folder. Who can read that file speaks as its owner.

Made anew at every start (mode 0600), so that one that got out is worth nothing after the next. We know it by
its hash alone, and the file is never read by us again: whoever writes another into it lets nobody in.
"""

import hashlib
import hmac
import os
import pwd
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from aiops.errors import InputError, Problem, Unavailable
from aiops.model import Actor, Channel

NAME = "token"
PREFIX = "aiops_local_"  # so that scanners, and people, see what it is
LONGEST = 16_384  # bytes of the file; a token of Kubernetes has a few thousand


class LocalToken:
    """``ports.Authenticator`` for the token of ``state``, which is made now. Raises Unavailable."""

    def __init__(self, state: Path) -> None:
        token = PREFIX + secrets.token_urlsafe(32)
        self._hash = _hash(token)
        try:
            owner = _write(state / NAME, token)
        except OSError as error:
            raise Unavailable(f"{state / NAME}: {error.strerror or error}") from error
        self._actor = Actor(Channel.LOCAL, owner, owner)

    def who(self, token: str) -> Actor | None:
        """The owner of the file, for its token; compared in constant time."""
        return self._actor if hmac.compare_digest(_hash(token), self._hash) else None

    def roles(self, actor: Actor, names: Sequence[str], namespace: str) -> frozenset[str]:  # noqa: ARG002 - a port
        """All: whoever can read the daemon's files can do what it can. The settings may not believe it."""
        return frozenset(names) if actor == self._actor else frozenset()


def read_token(path: Path) -> str:
    """The token in ``path``, for whoever calls the daemon. InputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST + 1)
    except FileNotFoundError as error:
        raise InputError([Problem(str(path), "no such file", "the token of a daemon that runs")]) from error
    except OSError as error:
        got = error.strerror or str(error)
        raise InputError([Problem(str(path), got, "a token that you may read")]) from error
    token = raw.decode("ascii", "replace").strip()
    if not token or len(raw) > LONGEST or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError([Problem(str(path), "something else", "a token alone")])
    return token


def _write(path: Path, token: str) -> str:
    """Put ``token`` into its place, whole or not at all; the name of the file's owner."""
    beside = path.with_name(f".{NAME}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IWUSR)  # whatever the umask says
        file.write(f"{token}\n")
        file.flush()
        os.fsync(file.fileno())
        owner = os.fstat(file.fileno()).st_uid
    beside.replace(path)
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:  # a container's user often has no name
        return f"uid {owner}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
