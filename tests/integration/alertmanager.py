"""A real Alertmanager (Debian's prometheus-alertmanager) on a free loopback port.

with alertmanager(tmp_path) as server:
    silence_id = server.silence([matcher("namespace", "shop")], 3600)
    server.alerts()
"""

import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.integration.servers import free_port, need

READY_S = 15.0
CONFIG = """route: {receiver: nobody, group_wait: 0s}
receivers: [{name: nobody}]
"""


def matcher(name, value, regex=False, equal=True):
    """One matcher, as the API spells it."""
    return {"name": name, "value": value, "isRegex": regex, "isEqual": equal}


@dataclass
class Running:
    """A running Alertmanager."""

    url: str
    process: subprocess.Popen

    def call(self, method, path, data=None):
        """The JSON of an API call."""
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/api/v2/{path}", body, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - loopback
            text = reply.read()
        return json.loads(text) if text else None

    def alerts(self):
        """Alerts that it holds as firing."""
        return self.call("GET", "alerts")

    def fire(self, **labels):
        """An alert of somebody else's."""
        self.call("POST", "alerts", [{"labels": labels, "annotations": {"summary": "it is slow"}}])

    def silence(self, matchers, seconds, by="anna", comment="release night"):
        """A silence from now on; its id."""
        now = datetime.now(UTC)
        made = {
            "matchers": matchers,
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(seconds=seconds)).isoformat(),
            "createdBy": by,
            "comment": comment,
        }
        return self.call("POST", "silences", made)["silenceID"]

    def unsilence(self, silence_id):
        """End a silence."""
        self.call("DELETE", f"silence/{silence_id}")

    def stop(self):
        """SIGTERM, then SIGKILL."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


@contextlib.contextmanager
def alertmanager(directory):
    """Start it with its files in ``directory``, and stop it at the end."""
    need("prometheus-alertmanager", "prometheus-alertmanager")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "alertmanager.yml").write_text(CONFIG)
    for _ in range(3):  # another process may take the port between our look and its bind
        port = free_port()
        with (directory / "alertmanager.log").open("ab") as log:
            process = subprocess.Popen(
                [
                    "prometheus-alertmanager",
                    f"--config.file={directory / 'alertmanager.yml'}",
                    f"--storage.path={directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--cluster.listen-address=",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=log,
            )
        server = Running(f"http://127.0.0.1:{port}", process)
        if _ready(server):
            break
        server.stop()
    else:
        raise RuntimeError((directory / "alertmanager.log").read_text()[-2000:])
    try:
        yield server
    finally:
        server.stop()


def _ready(server):
    until = time.monotonic() + READY_S
    while time.monotonic() < until and server.process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            server.call("GET", "status")
            return True
        time.sleep(0.05)
    return False
