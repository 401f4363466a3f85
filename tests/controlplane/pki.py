"""Keys and certificates of one control plane, made by openssl: one authority, and who speaks to whom."""

import json
import shutil
import subprocess
from pathlib import Path

ADMIN = "admin"
KUBELET = "simulated-kubelet"
STATE_METRICS = "kube-state-metrics"
CONTROLLERS = "system:kube-controller-manager"
SCHEDULER = "system:kube-scheduler"
CLIENTS = {
    ADMIN: "/O=system:masters/CN=admin",
    KUBELET: "/O=system:masters/CN=simulated-kubelet",
    STATE_METRICS: "/O=system:masters/CN=kube-state-metrics",
    CONTROLLERS: "/CN=system:kube-controller-manager",
    SCHEDULER: "/CN=system:kube-scheduler",
}
SERVER_NAMES = "subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1"
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "3650")


def make(place: Path) -> None:
    """Make .crt and .key of ``ca``, ``api`` (server), ``sa`` (tokens) and each client in ``place``."""
    place.mkdir(parents=True, exist_ok=True)
    _openssl(place, "req", "-x509", *EC, "-subj", "/CN=tests", "-keyout", "ca.key", "-out", "ca.crt")
    _signed(place, "api", "/CN=kube-apiserver", SERVER_NAMES)
    for name, subject in CLIENTS.items():
        _signed(place, name, subject, "extendedKeyUsage=clientAuth")
    _openssl(place, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sa.key")
    _openssl(place, "ec", "-in", "sa.key", "-pubout", "-out", "sa.pub")


def _signed(place, name, subject, extension):
    signer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", extension)
    extensions = ("-addext", "basicConstraints=critical,CA:FALSE")
    files = ("-keyout", f"{name}.key", "-out", f"{name}.crt")
    _openssl(place, "req", "-x509", *EC, "-subj", subject, *signer, *extensions, *files)


def _openssl(place, *arguments):
    subprocess.run(["openssl", *arguments], cwd=place, check=True, capture_output=True, timeout=30)


def is_possible() -> bool:
    """Whether openssl is there."""
    return shutil.which("openssl") is not None


def kubeconfig(path: Path, server: str, ca: Path, user: dict[str, str]) -> Path:
    """Write a kubeconfig (YAML is a superset of JSON); ``user`` is its user entry, such as a token."""
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {"name": "tests", "cluster": {"server": server, "certificate-authority": str(ca)}}
                ],
                "users": [{"name": "user", "user": user}],
                "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "user"}}],
                "current-context": "tests",
            },
            indent=1,
        )
    )
    return path


def certificate(place: Path, name: str) -> dict[str, str]:
    """The user entry of a kubeconfig for one of the CLIENTS."""
    return {"client-certificate": str(place / f"{name}.crt"), "client-key": str(place / f"{name}.key")}
