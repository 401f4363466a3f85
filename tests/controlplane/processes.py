"""Server processes on loopback: started in a folder, watched until ready, dead when their parent is."""

import contextlib
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

READY_S = 60.0
PORTS = range(20_000, 32_000)  # below those that outgoing connections take, so that a restart finds its port

_dice = random.Random()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on just now."""
    found: list[int] = []
    while len(found) < count:
        port = _dice.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found


class Watchdog:
    """Ends processes and removes a folder when we are gone without having done so, killed ourselves perhaps.

    A shell that reads their ids from a pipe: that ends when we do.
    """

    SCRIPT = 'while read -r pid; do pids="$pids $pid"; done; kill -9 $pids 2>/dev/null; rm -rf "$1"'

    def __init__(self, folder: Path) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", self.SCRIPT, "watchdog", str(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # so that Ctrl-C on the terminal does not reach it
        )

    def guard(self, pid: int) -> None:
        """End this one too."""
        if self._shell.stdin is not None:
            self._shell.stdin.write(f"{pid}\n".encode())
            self._shell.stdin.flush()

    def stop(self) -> None:
        """All is ended in order; nothing is left to do."""
        self._shell.kill()
        self._shell.wait(10)


class Process:
    """One server with its log; ``start`` again after ``kill`` gives the same server anew."""

    def __init__(self, name: str, command: Sequence[object], folder: Path, watchdog: Watchdog) -> None:
        self.name, self.command = name, [str(part) for part in command]
        self.log, self._watchdog = folder / f"{name}.log", watchdog
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it ends when we do."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
        self._watchdog.guard(self._process.pid)

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float = READY_S) -> None:
        """Return once ``ready`` is true; RuntimeError with the end of its log if it never is."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.alive:
            with contextlib.suppress(Exception):
                if ready():
                    return
            time.sleep(0.05)
        end = self.log.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"{self.name} is not ready (alive: {self.alive}):\n{end}")

    def signal(self, number: int) -> None:
        """Send it a signal, such as SIGSTOP."""
        if self._process is not None and self.alive:
            self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait(10)
