"""An existing cluster, named by AIOPS_TEST_KUBECONFIG: what ours has, without its insides."""

import base64
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.controlplane import pki
from tests.controlplane.api import Api


class Existing:
    """An API server that others run: no audit log, no simulated kubelet, nothing to kill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config = YAML(typ="safe").load(Path(os.environ["AIOPS_TEST_KUBECONFIG"]).read_text())
        context = self._named("contexts", self._config["current-context"])["context"]
        cluster = self._named("clusters", context["cluster"])["cluster"]
        user = self._named("users", context["user"])["user"]
        self.url = cluster["server"]
        self._ca = self._file(cluster, "certificate-authority")
        self.kubeconfig = self.write_kubeconfig("admin", self._user(user))
        self.api = Api.of(self.kubeconfig)

    def _named(self, kind: str, name: str) -> dict[str, Any]:
        return next(one for one in self._config[kind] if one["name"] == name)

    def _user(self, user):
        if "token" in user:
            return {"token": user["token"]}
        return {key: self._file(user, key) for key in ("client-certificate", "client-key")}

    def _file(self, entry, key):
        """The path of a file that an entry names or holds."""
        if key in entry:
            return entry[key]
        path = self.folder / key
        path.write_bytes(base64.b64decode(entry[f"{key}-data"]))
        path.chmod(0o600)
        return str(path)

    def write_kubeconfig(self, name: str, user: dict[str, str], server: str = "") -> Path:
        """Kubeconfig for a user entry, as ``ControlPlane`` has it."""
        return pki.kubeconfig(self.folder / f"{name}.kubeconfig", server or self.url, Path(self._ca), user)
