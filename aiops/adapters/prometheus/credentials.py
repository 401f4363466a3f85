"""Credentials: the headers of one request. Secrets are read from their files at each use, so a rotated one
is taken up; their text appears in no error.
"""

import base64
from pathlib import Path

from aiops.errors import Unavailable
from aiops.model.prometheus import PrometheusSettings

_LONGEST = 65_536  # bytes of a secret; more is the wrong file


def headers(settings: PrometheusSettings) -> dict[str, str]:
    """What to send. Unavailable, naming the file, if a secret cannot be read."""
    sent = {
        "Accept": "application/json",
        "User-Agent": "aiopsd",
        "Accept-Encoding": "gzip" if settings.compress else "identity",
        **settings.headers,
    }
    if settings.tenant:
        sent["X-Scope-OrgID"] = settings.tenant
    if settings.bearer_token_file:
        sent["Authorization"] = f"Bearer {secret(settings.bearer_token_file)}"
    if settings.basic_user:
        pair = f"{settings.basic_user}:{secret(settings.basic_password_file)}"
        sent["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    for name, file in settings.header_files.items():
        sent[name] = secret(file)
    return sent


def secret(file: str) -> str:
    """The one line in ``file``, without the newline that editors add."""
    try:
        with Path(file).open("rb") as stream:
            text = stream.read(_LONGEST + 1).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise Unavailable(f"{file}: expected a secret to read, got: {why}") from None
    if not text or len(text) > _LONGEST or not text.isprintable() or not text.isascii():
        raise Unavailable(f"{file}: expected one line of printable ASCII, got something else (not shown)")
    return text
