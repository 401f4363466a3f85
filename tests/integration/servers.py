"""A real Prometheus on a free loopback port, with scripted exporters and, if wanted, a past.

    with Exporter("up_time 1\n") as exporter, prometheus(tmp_path, {"shop": [exporter]}) as server:
        server.wait_for("up_time")  # until the query answers with something
        exporter.text = "up_time 2\n"

``history`` takes OpenMetrics text (see ``openmetrics``); promtool makes blocks of it before the start, so
that two weeks are there at once. Where the binaries are absent the test skips with the reason; with CI=true
it fails. The first scrape comes five seconds after the start (Prometheus' own rhythm), so share a server
among the tests of a module where live samples are needed; a past is there at once.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

READY_S = 30.0


def need_prometheus():
    """Skip where Debian's prometheus is not installed; fail there under CI=true."""
    need("prometheus", "prometheus", "promtool")


def need(package, *commands):
    """Skip where the commands of a Debian package are not installed; fail there under CI=true."""
    missing = [name for name in commands if shutil.which(name) is None]
    if not missing:
        return
    reason = f"{' and '.join(missing)} not on PATH: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port():
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Exporter:
    """An exporter whose page the test writes: ``text``, answered with ``status``."""

    def __init__(self, text=""):
        self.text, self.status, self.scrapes = text, 200, 0
        exporter = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                exporter.scrapes += 1
                body = exporter.text.encode()
                self.send_response(exporter.status)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Server:
    """A running Prometheus."""

    url: str
    directory: Path
    process: subprocess.Popen = field(repr=False)

    def get(self, path, **params):
        """``data`` of an API call, such as ``get("query", query="up")``."""
        query = urllib.parse.urlencode(params)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as reply:  # noqa: S310 - loopback
            return json.load(reply)["data"]

    def wait_for(self, query, at_least=1, timeout_s=READY_S):
        """Wait until ``query`` gives ``at_least`` so many series; their list."""
        until = time.monotonic() + timeout_s
        while True:
            result = self.get("query", query=query)["result"]
            if len(result) >= at_least:
                return result
            if time.monotonic() > until:
                raise TimeoutError(f"{query}: expected {at_least} series in {timeout_s} s, got {len(result)}")
            time.sleep(0.1)

    def stop(self):
        """SIGTERM, then SIGKILL."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def configuration(
    jobs, scrape_interval_s=1.0, external_labels=None, rule_files=(), honor_labels=False, job_extra=None
):
    """prometheus.yml as a dict (YAML is a superset of JSON, so it is written as JSON)."""
    interval = f"{int(scrape_interval_s * 1000)}ms"
    return {
        "global": {
            "scrape_interval": interval,
            "evaluation_interval": interval,
            "scrape_timeout": interval,
            "external_labels": dict(external_labels or {}),
        },
        "rule_files": list(rule_files),
        "scrape_configs": [
            {
                "job_name": job,
                "honor_labels": honor_labels,
                "static_configs": [
                    {"targets": [target if isinstance(target, str) else target.address for target in targets]}
                ],
                **(job_extra or {}),
            }
            for job, targets in jobs.items()
        ],
    }


@contextlib.contextmanager
def prometheus(
    directory: Path,
    jobs: Mapping[str, Sequence[Exporter | str]] | None = None,
    *,
    scrape_interval_s: float = 1.0,
    external_labels: Mapping[str, str] | None = None,
    rules: str = "",
    honor_labels: bool = False,
    job_extra: Mapping[str, object] | None = None,
    history: str | Path = "",
    remote_write: bool = False,
    arguments: Sequence[str] = (),
) -> Iterator[Server]:
    """Start Prometheus with its files in ``directory`` and stop it at the end.

    ``jobs`` maps a job to its targets; ``rules`` is the text of a rule file; ``history`` is OpenMetrics text
    or a file of it; ``job_extra`` is merged into every scrape config (``relabel_configs`` ...).
    """
    need_prometheus()
    directory.mkdir(parents=True, exist_ok=True)
    rule_files = []
    if rules:
        (directory / "rules.yml").write_text(rules)
        rule_files = ["rules.yml"]
    config = configuration(
        jobs or {}, scrape_interval_s, external_labels, rule_files, honor_labels, job_extra
    )
    (directory / "prometheus.yml").write_text(json.dumps(config))
    if history:
        backfill(directory / "data", history)
    options = ["--web.enable-remote-write-receiver"] if remote_write else []
    server = _start(directory, [*options, *arguments])
    try:
        yield server
    finally:
        server.stop()


def _start(directory, options):
    for _ in range(3):  # another process may take the port between our look and its bind
        port = free_port()
        log = (directory / "prometheus.log").open("ab")
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                "--storage.tsdb.retention.time=20y",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
                *options,
            ],
            stdout=log,
            stderr=log,
        )
        log.close()
        server = Server(f"http://127.0.0.1:{port}", directory, process)
        if _ready(server):
            return server
        server.stop()
    raise RuntimeError((directory / "prometheus.log").read_text()[-2000:])


def _ready(server):
    until = time.monotonic() + READY_S
    while time.monotonic() < until and server.process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{server.url}/-/ready", timeout=5).close()  # noqa: S310 - loopback
            return True
        time.sleep(0.05)
    return False


def backfill(data: Path, history: str | Path) -> None:
    """Make blocks of OpenMetrics text in the storage directory ``data``; call it before the start."""
    need_prometheus()
    source = history
    if isinstance(history, str):
        source = data.parent / "history.om"
        source.write_text(history)
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(source), str(data)],
        check=True,
        capture_output=True,
        timeout=300,
    )


def openmetrics(series: Iterable[tuple[str, Mapping[str, str], Sequence[int], Sequence[float]]]) -> str:
    """OpenMetrics text of (name, labels, times in ms, values); series of one name follow each other."""
    lines, last = [], None
    for name, labels, times, values in series:
        if name != last:
            lines.append(f"# TYPE {name} gauge")
            last = name
        inner = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
        lines.extend(
            f"{name}{{{inner}}} {float(value)!r} {at / 1000:.3f}"
            for at, value in zip(times, values, strict=True)
        )
    return "\n".join([*lines, "# EOF", ""])


def _escaped(value):
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
