"""``aiops run`` as a process, and what a person sees of it: logs, journal, health."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

AIOPS = str(Path(sys.executable).parent / "aiops")


class Daemon:
    """Started in ``folder``; ``log`` are its lines as they stand. A context: killed at the end."""

    def __init__(self, folder: Path, url: str, config: Path, *arguments: str):
        self.folder, self.state = folder, folder / "state"
        self._log = (folder / "daemon.log").open("ab")
        self._from = self._log.tell()
        command = [AIOPS, "run", "--prometheus", url, "--config", str(config), "--state", str(self.state)]
        self.process = subprocess.Popen(
            [*command, "--listen", "0", "--log-format", "json", *arguments],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def log(self):
        text = (self.folder / "daemon.log").read_bytes()[self._from :].decode()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def wait_for(self, event, timeout_s=30.0, **keys):
        """The first log line ``event`` with these keys; fails with the whole log when it does not come."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            for line in self.log:
                if line["event"] == event and all(line.get(key) == value for key, value in keys.items()):
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        text = (self.folder / "daemon.log").read_text()[-4000:]
        raise AssertionError(f"no {event} {keys} in {timeout_s} s (exit {self.process.poll()}):\n{text}")

    def get(self, path):
        """(status, body) of a route."""
        url = self.wait_for("started")["url"]
        try:
            with urllib.request.urlopen(f"{url}{path}", timeout=5) as reply:  # noqa: S310 - loopback
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def incidents(self):
        """``aiops incidents --json``: another process reads the journal."""
        answer = subprocess.run(
            [AIOPS, "incidents", "--state", str(self.state), "--json"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return json.loads(answer.stdout)

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(20)

    def kill(self):
        """SIGKILL: no word, no clean-up."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
        self._log.close()
