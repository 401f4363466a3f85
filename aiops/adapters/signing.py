"""Signing: the Ed25519 key by which heads of the journal are signed, and the check of a signature.

Input:   a key file (PEM, PKCS 8, not encrypted), made at first with mode 0600; public keys as text
         ``ed25519:`` and 64 hex digits.
Errors:  Rejected for a key file that holds no such key; Unavailable where it cannot be read or made; NotFound
         where there is none and none is to be made: a key that was lost is never made anew by itself.
Cost:    0.1 ms a signature, or the check of one.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aiops.core.audit import SignedHead, statement
from aiops.errors import NotFound, Rejected, Unavailable
from aiops.model.wire import digest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "ed25519:"
LARGEST = 10_000  # bytes of a key file


def key_id(public: bytes) -> str:
    """16 hex digits that name a public key."""
    return digest("aiops.key.v1", public.hex())[:16]


class Signer:
    """Signs heads with one private key, which it never shows."""

    def __init__(self, key: "Ed25519PrivateKey") -> None:
        self._key = key
        raw = key.public_key().public_bytes_raw()
        self.public, self.key = f"{PREFIX}{raw.hex()}", key_id(raw)

    def __repr__(self) -> str:
        return f"Signer({self.public})"

    def sign(self, head: SignedHead) -> SignedHead:
        """``head`` with our key and our signature."""
        ours = replace(head, key=self.key, signature="")
        return replace(ours, signature=self._key.sign(statement(ours)).hex())


def load_key(path: Path) -> Signer:
    """The signer of the key file ``path``."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only who signs loads it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            text = file.read(LARGEST)
    except FileNotFoundError as error:
        raise NotFound(f"audit key {path}: no such file") from error
    except OSError as error:
        raise Unavailable(f"audit key {path}: {error.strerror or error}") from error
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # what it says may quote the file
        raise Rejected(
            f"audit key {path}: expected an Ed25519 private key (PEM), got something else"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Rejected(f"audit key {path}: expected an Ed25519 private key, got another kind")
    return Signer(key)


def make_key(path: Path) -> Signer:
    """A new key in the new file ``path``, which only its owner may read; whole, or not there at all."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        if path.exists():  # a key is never written over
            raise Rejected(f"audit key {path}: there is one already")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise Unavailable(f"audit key {path}: {error.strerror or error}") from error
    return Signer(key)


def is_open(path: Path) -> bool:
    """Whether others than its owner and group may read the key file."""
    try:
        return bool(path.stat().st_mode & 0o007)
    except OSError:
        return False


class Verifier:
    """Tells whether a head was signed by one of some public keys. Calls are ``aiops.core.audit.Genuine``."""

    def __init__(self, publics: Iterable[str]) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        raws = [_raw(one) for one in publics]
        self._keys = {key_id(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in raws}

    def __call__(self, head: SignedHead) -> str:
        """ "" where it was; else why not."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above

        key = self._keys.get(head.key)
        if key is None:
            return (
                f"it is signed by key {head.key}, which is not one of those trusted: {', '.join(self._keys)}"
            )
        try:
            key.verify(bytes.fromhex(head.signature), statement(head))
        except (InvalidSignature, ValueError):
            return f"its signature is not that of key {head.key}: it was altered"
        return ""


def _raw(public: str) -> bytes:
    """32 bytes; ValueError for a text that is no public key."""
    text = public.strip()
    try:
        raw = bytes.fromhex(text.removeprefix(PREFIX))
    except ValueError as error:
        raise ValueError(f"expected {PREFIX} and 64 hex digits, got {text[:80]!r}") from error
    if not text.startswith(PREFIX) or len(raw) != 32:
        raise ValueError(f"expected {PREFIX} and 64 hex digits, got {text[:80]!r}")
    return raw
