"""Processes: what a command costs as the operating system counts it, children included."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Spent:
    """One finished run."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def spend(command: Sequence[str], log: Path, timeout_s: float) -> Spent:
    """Run ``command`` to its end; RuntimeError with the end of its output where it fails."""
    with log.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        status, usage = _wait(process, began + timeout_s)
    if status != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {status}: {log.read_text(errors='replace')[-2000:]}")
    return Spent(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _wait(process: "subprocess.Popen[bytes]", until: float) -> tuple[int, resource.struct_rusage]:
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.perf_counter() > until:
            process.kill()
            os.wait4(process.pid, 0)
            raise RuntimeError(f"{process.args!r}: did not end in time")
        time.sleep(0.01)
