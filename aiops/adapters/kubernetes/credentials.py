"""Credentials: by which files we reach the API server, and whether they have changed since."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops.errors import ConfigError, Problem
from aiops.model import Access, KubernetesSettings

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
HOME = Path("~/.kube/config")
CONNECTIONS = 64  # kept open: one a watched kind, and a few for questions
Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a client is made, and from which files."""

    make: Callable[[], Any]
    files: Callable[[], tuple[Path, ...]]

    def client(self) -> Any:
        """A client of the vendor from the files as they are now; raises whatever the vendor raises."""
        client = self.make()
        client.configuration.connection_pool_maxsize = CONNECTIONS
        from kubernetes.client.rest import RESTClientObject  # noqa: PLC0415 - see ``_kubernetes``

        from aiops.adapters.kubernetes.deadline import watch_over  # noqa: PLC0415 - as above

        client.rest_client = RESTClientObject(client.configuration)
        watch_over(client.rest_client.pool_manager)
        return client

    def fingerprint(self) -> Stamp:
        """Changes whenever one of the files does, a link that is turned to another file included."""
        found = []
        for path in self.files():
            try:
                seen = path.stat()
            except OSError:
                continue
            found.append((str(path), seen.st_ino, seen.st_mtime_ns, seen.st_size))
        return tuple(found)


def find(
    settings: KubernetesSettings, account: Path | None, environ: Mapping[str, str]
) -> Credentials | None:
    """The credentials that ``settings.access`` asks for; None for none. ConfigError as ``connect`` says."""
    account = ACCOUNT if account is None else account
    inside = bool(environ.get("KUBERNETES_SERVICE_HOST")) and (account / "token").is_file()
    named = settings.kubeconfig or environ.get("KUBECONFIG", "")
    match settings.access:
        case Access.OFF:
            return None
        case Access.IN_CLUSTER:
            return _inside(account, environ)
        case Access.KUBECONFIG:
            return _outside(_path(named), settings.context)
        case Access.AUTO:
            if inside:
                return _inside(account, environ)
            return _outside(_path(named), settings.context) if named else None


def _path(named: str) -> Path:
    """$KUBECONFIG may name several files; the first one that is there counts."""
    paths = [Path(one).expanduser() for one in named.split(os.pathsep) if one] or [HOME.expanduser()]
    return next((one for one in paths if one.is_file()), paths[0])


def _inside(account: Path, environ: Mapping[str, str]) -> Credentials:
    files = (account / "token", account / "ca.crt")

    def make() -> Any:
        from kubernetes import client  # noqa: PLC0415 - half a second, only who acts pays
        from kubernetes.config.incluster_config import InClusterConfigLoader  # noqa: PLC0415 - as above

        configuration: Any = client.Configuration()
        make_loader: Any = InClusterConfigLoader  # the vendor's is untyped
        make_loader(str(files[0]), str(files[1]), environ=dict(environ)).load_and_set(configuration)
        return client.ApiClient(configuration)

    return _tried(Credentials(make, lambda: files), "kubernetes.access", "the ServiceAccount of a pod")


def _outside(path: Path, context: str) -> Credentials:
    if not path.is_file():
        raise ConfigError([Problem("kubernetes.kubeconfig", f"{path}, which is no file", "a kubeconfig")])
    named: list[Path] = []

    def make() -> Any:
        from kubernetes import config  # noqa: PLC0415 - half a second, only who acts pays

        loaded: Any = config.new_client_from_config  # the vendor's is untyped
        client = loaded(str(path), context or None, persist_config=False)
        named[:] = _named_by(path)
        return client

    wanted = f"a kubeconfig that works{f', with the context {context}' if context else ''}"
    return _tried(Credentials(make, lambda: (path, *named)), f"kubernetes.kubeconfig {path}", wanted)


def _named_by(path: Path) -> tuple[Path, ...]:
    """The files that a kubeconfig names: tokens, keys and certificates that others may renew."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - only who has a kubeconfig pays

    data = YAML(typ="safe", pure=True).load(path.read_text()) or {}
    found = []
    for kind, keys in (
        ("clusters", ("certificate-authority",)),
        ("users", ("tokenFile", "client-certificate", "client-key")),
    ):
        for one in data.get(kind) or ():
            inner = one.get(kind[:-1]) or {}
            found += [path.parent / inner[key] for key in keys if inner.get(key)]
    return tuple(found)


def _tried(credentials: Credentials, where: str, expected: str) -> Credentials:
    try:
        credentials.client().close()
    except Exception as error:  # whatever the client makes of a person's file, it is a wrong file
        got = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise ConfigError([Problem(where, got, expected)]) from error
    return credentials
