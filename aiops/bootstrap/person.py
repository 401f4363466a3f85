"""Who is at the keyboard, as the operating system knows it, and that person's own way to the API server."""

import os
import pwd
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aiops.model import Access, KubernetesSettings

if TYPE_CHECKING:
    from aiops.adapters.kubernetes.connect import Api

LONGEST = 64


def who() -> str:
    """The user's name, for the journal and not for permissions; behind sudo whose it was: "ada as root"."""
    name = _name_of(os.geteuid())
    before = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and before.isascii() and before.isdigit() and int(before) != 0:
        return f"{_name_of(int(before))} as {name}"
    return name


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name[:LONGEST] or f"uid {uid}"
    except (KeyError, OverflowError):  # a container's user often has no name
        return f"uid {uid}"


def person_api(settings: KubernetesSettings, kubeconfig: Path | None, context: str) -> "Api":
    """The API server with the caller's own kubeconfig: the one named, else the configured one, else that of
    ``kubectl``. ConfigError where it cannot be used; nothing is sent yet."""
    from aiops.adapters.kubernetes.connect import connect

    named = str(kubeconfig) if kubeconfig is not None else settings.kubeconfig
    inside = kubeconfig is None and not context and "KUBERNETES_SERVICE_HOST" in os.environ and not named
    access = Access.AUTO if inside else Access.KUBECONFIG
    api = connect(replace(settings, access=access, kubeconfig=named, context=context or settings.context))
    assert api is not None  # noqa: S101 - an access that is not off gives one, or raises
    return api
