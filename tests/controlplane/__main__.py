"""``python -m tests.controlplane build|run``: build the programs once, or run a control plane by hand."""

import signal
import sys
import tempfile
from pathlib import Path

from tests.controlplane import binaries
from tests.controlplane.plane import ControlPlane


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 1 it could not be, 2 wrong use."""
    match arguments:
        case ["build"]:
            return _build()
        case ["run"]:
            return _run()
    print("usage: python -m tests.controlplane build|run", file=sys.stderr)
    return 2


def _build() -> int:
    try:
        binaries.build()
    except binaries.NotBuiltError as problem:
        print(f"control plane: {problem}", file=sys.stderr)
        return 1
    return 0


def _run() -> int:
    asked = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)  # before there are threads: none of them takes it
    try:
        with (
            tempfile.TemporaryDirectory(prefix="aiops-controlplane-") as folder,
            ControlPlane(Path(folder)) as plane,
        ):
            print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
            print("control plane: ready; end it with Ctrl-C", file=sys.stderr)
            signal.sigwait(asked)
    except binaries.NotBuiltError as problem:
        print(f"control plane: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
