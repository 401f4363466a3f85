"""Remote: a daemon that a person names on the command line, and the token that they show it."""

import os
from pathlib import Path

from aiops.adapters.remote import Address
from aiops.adapters.token import NAME, read_token
from aiops.errors import AiopsError, InputError, Problem

TOKEN_VARIABLE = "AIOPS_TOKEN"  # noqa: S105 - the name of a variable
ADDRESS = "server"  # in the state folder: where its daemon listens


def address(
    url: str, *, token_file: Path | None = None, ca_file: Path | None = None, state: Path | None = None
) -> Address:
    """The daemon at ``url``, with the first token there is: of the file, of the environment, of the state
    folder, of the kubeconfig. InputError for a file that was named and holds none."""
    Address(url)  # before any token is looked for
    return Address(url, _token(token_file, state), ca_file)


def beside(state: Path) -> Address:
    """The daemon of a state folder, as it says where it listens. InputError where none does."""
    path = state / ADDRESS
    try:
        url = path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        expected = "a daemon that runs there (aiops run --state), or --server URL"
        raise InputError([Problem(str(path), "no such file", expected)]) from error
    except (OSError, UnicodeDecodeError) as error:
        got = getattr(error, "strerror", None) or "something else"
        raise InputError([Problem(str(path), got, "where a daemon listens")]) from error
    return Address(url, _token(None, state))


def _token(token_file: Path | None, state: Path | None) -> str:
    if token_file is not None:
        return read_token(token_file)
    if given := os.environ.get(TOKEN_VARIABLE, "").strip():
        return given
    if state is not None:
        return read_token(state / NAME)
    return _of_kubeconfig()


def _of_kubeconfig() -> str:
    """The token of kubectl's current context; "" where it has none: certificates cannot be shown here."""
    from aiops.bootstrap.person import person_api
    from aiops.model import KubernetesSettings

    try:
        api = person_api(KubernetesSettings(), None, "")
    except AiopsError:
        return ""
    try:
        return api.token()
    except AiopsError:
        return ""
    finally:
        api.close()
