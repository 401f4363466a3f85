"""Cluster: memory and time of the cache for 10,000 pods and 500 nodes, as an API server would send them.

The cache runs in a process of its own, against an HTTP server here that has its pages ready; objects are
those of a real 1.36 server, managedFields and all, with ten revisions of each of 1,000 Deployments.
"""

import contextlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.bench.objects import many
from tests.bench.processes import spend
from tests.measure import Row, row

PAGE = 500
MODIFIED = 20  # pods a watch says have changed, every tenth of a second
WATCH_S = 10.0


def rows(folder: Path) -> list[Row]:
    """One process: start, list all, be told that all is gone, list all again, follow what changes."""
    with _Server() as server:
        config = folder / "kubeconfig"
        config.write_text(json.dumps(server.kubeconfig()))
        log = folder / "cluster.log"
        command = [sys.executable, "-m", "tests.bench.cluster_cache", str(config), server.url]
        spend(command, log, 300)
        found = json.loads(log.read_text().splitlines()[-1])
    return [
        row("first list of 10,000 pods, 500 nodes", found["list_s"], "s", goal=20),
        row("full relist of them", found["relist_s"], "s", goal=20),
        row("memory of the process that holds them", found["rss_mib"], "MiB", goal=400),
        row("its peak while it lists", found["peak_mib"], "MiB"),
        row("bytes of all lists", server.size / 1e6, "MB"),
        row("facts of them, a few changed", found["facts_ms"], "ms", goal=100),
        row("facts of them, slowest of all", found["slowest_ms"], "ms"),
    ]


class _Server:
    """Pages that stand ready; watches that say 410 once ``/go`` was asked for, and tell of changes then."""

    def __init__(self) -> None:
        self.pages = {path: _pages(items) for path, items in many().items()}
        self.size = sum(len(page) for pages in self.pages.values() for page in pages)
        self.pods = [item.encode() for item in many(pods=200)["/api/v1/pods"]]
        self.go, self.gone, self.lock = threading.Event(), set(), threading.Lock()
        serves = self

        class Handler(_Handler):
            serving = serves

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "_Server":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def kubeconfig(self) -> dict[str, object]:
        """How the cache gets here."""
        return {
            "current-context": "c",
            "clusters": [{"name": "k", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        }


def _pages(items: list[str]) -> list[bytes]:
    found = []
    for first in range(0, max(len(items), 1), PAGE):
        last = first + PAGE
        meta = {"resourceVersion": "1", **({"continue": str(last)} if last < len(items) else {})}
        head = f'{{"kind": "AnyList", "metadata": {json.dumps(meta)}, "items": ['
        found.append((head + ",".join(items[first:last]) + "]}").encode())
    return found


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # all kinds connect at once


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    serving: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/go":
            self.serving.go.set()
            self._send(200, b"")
        elif "watch" in query:
            self._watch(parts.path)
        elif parts.path in self.serving.pages:
            self._send(200, self.serving.pages[parts.path][int(query.get("continue", 0)) // PAGE])
        else:
            self._send(404, b"")

    def _watch(self, path: str) -> None:
        going = self.serving.go.wait(WATCH_S)
        with self.serving.lock:
            first = path not in self.serving.gone
            if going:
                self.serving.gone.add(path)
        if going and first:
            self._send(410, b"")
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        until, at = time.monotonic() + (WATCH_S if going else 0.0), 0
        while time.monotonic() < until:
            time.sleep(0.1)
            for _ in range(MODIFIED if path.endswith("/pods") else 0):
                at += 1
                item = self.serving.pods[at % len(self.serving.pods)]
                self._chunk(b'{"type":"MODIFIED","object":' + item + b"}\n")
        self._chunk(b"")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # it hung up
            self.wfile.write(body)

    def _chunk(self, piece: bytes) -> None:
        try:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass
