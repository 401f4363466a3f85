"""A scripted API server over plain HTTP: it lists in pages and watches as the real one does, until told to
misbehave. What it serves are the objects that a test puts into it.

    with ApiServer() as server:
        server.put("Pod", pod)
        server.lists["Pod"].append(Answer(500))      # the next list of pods fails
        server.watches["Pod"].append("silence")      # the next watch connects, and then nothing comes
"""

import contextlib
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aiops.adapters.kubernetes.kinds import KINDS

PATHS = {kind.path: kind.name for kind in KINDS}
EXTRA = {kind.name for kind in KINDS if kind.extra}


@dataclass(frozen=True)
class Answer:
    """What is answered instead of a list or a watch."""

    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)


def status(code, message="told to"):
    """A refusal in the API server's own form."""
    body = {"kind": "Status", "code": code, "message": message, "metadata": {}}
    return Answer(code, json.dumps(body).encode())


class ApiServer:
    """A context manager. ``asked``: (verb, path, query, token) of each request."""

    def __init__(self, page=500, installed=()):
        self.objects = {kind.name: {} for kind in KINDS}
        self.version, self.oldest, self.page = 100, 0, page
        self.installed = set(installed)  # of the kinds that need not be there
        self.log = []  # (version, kind, type, object)
        self.lists, self.watches = defaultdict(list), defaultdict(list)  # what the next ones are to do
        self.forbidden, self.asked, self.down = set(), [], False
        self.trickle = 0.0  # seconds between the bytes of an answer
        self.accepted = defaultdict(list)  # by kind
        self.token = None  # where one is asked for
        self.lock, self.changed, self.stopping = threading.RLock(), threading.Condition(), False
        api = self

        class Handler(_Handler):
            server_is = api

        self._server = _Server(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        with self.changed:
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(self, kind, item):
        """Make or change an object; watchers hear of it."""
        with self.lock:
            self.version += 1
            key = item["metadata"].get("namespace", ""), item["metadata"]["name"]
            item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
            sort = "MODIFIED" if key in self.objects[kind] else "ADDED"
            self.objects[kind][key] = item
            self.log.append((self.version, kind, sort, item))
        with self.changed:
            self.changed.notify_all()

    def remove(self, kind, namespace, name, *, told=True):
        """Delete an object; where it is not ``told``, as during a gap, no watch ever hears of it."""
        with self.lock:
            self.version += 1
            item = self.objects[kind].pop((namespace, name))
            item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
            if told:
                self.log.append((self.version, kind, "DELETED", item))
        with self.changed:
            self.changed.notify_all()

    def compact(self):
        """Forget the past: older versions are gone (410)."""
        self.oldest = self.version

    def count(self, kind, watch=False):
        """How many lists, or watches, of ``kind`` were asked for."""
        path = next(path for path, name in PATHS.items() if name == kind)
        return sum(one[1] == path and ("watch" in one[2]) == watch for one in list(self.asked))

    def kubeconfig(self, folder):
        """A kubeconfig for it, with a token file beside it."""
        (Path(folder) / "token").write_text("first")
        user = {"tokenFile": str(Path(folder) / "token")}
        data = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "k", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        }
        (Path(folder) / "kubeconfig").write_text(json.dumps(data))
        return Path(folder) / "kubeconfig"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # all kinds connect at once


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = (
        True  # head and body are two writes: else each answer waits for an acknowledgement
    )
    server_is: ApiServer

    def do_GET(self):
        api, parts = self.server_is, urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        api.asked.append((self.command, parts.path, query, self.headers.get("Authorization", "")))
        kind, watch = PATHS.get(parts.path), "watch" in query
        api.accepted[kind].append(self.headers.get("Accept", ""))
        if api.down:
            self.close_connection = True
        elif api.token is not None and self.headers.get("Authorization") != f"Bearer {api.token}":
            self._whole(status(401, "Unauthorized"))
        elif parts.path in self._groups():
            self._whole(Answer(200, b"{}"))
        elif kind is None or (kind in EXTRA and kind not in api.installed):
            self._whole(status(404, "the server could not find the requested resource"))
        elif kind in api.forbidden:
            self._whole(status(403, f"cannot list resource {parts.path.rpartition('/')[2]!r}"))
        elif watch:
            told = api.watches[kind].pop(0) if api.watches[kind] else None
            self._watch(kind, query, told)
        elif api.lists[kind]:
            told = api.lists[kind].pop(0)
            self._whole(told() if callable(told) else told)
        else:
            self._whole(self._page(kind, query))

    def _groups(self):
        """Of the products that are installed, as everybody may ask."""
        return {
            "/".join(path.split("/")[:3]) for path, kind in PATHS.items() if kind in self.server_is.installed
        }

    do_DELETE = do_GET  # noqa: N815 - the name is the base class's

    def _page(self, kind, query):
        api = self.server_is
        with api.lock:
            first, _, version = query.get("continue", "0@").partition("@")
            version = int(version or api.version)
            if version < api.oldest:
                return status(410, "the provided continue parameter is too old")
            items = list(api.objects[kind].values())
            last = int(first) + min(api.page, int(query.get("limit", api.page)))
            more = f"{last}@{version}" if last < len(items) else ""
            meta = {"resourceVersion": str(version), **({"continue": more} if more else {})}
            page = {"kind": f"{kind}List", "metadata": meta, "items": items[int(first) : last]}
        return Answer(200, json.dumps(page).encode())

    def _whole(self, answer):
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked has hung up
            if self.server_is.trickle:
                for at in range(len(answer.body)):
                    self.wfile.write(answer.body[at : at + 1])
                    time.sleep(self.server_is.trickle)
            else:
                self.wfile.write(answer.body)
        self.close_connection = "Content-Length" in answer.headers  # it lies, so nothing can follow

    def _watch(self, kind, query, told):
        api, at = self.server_is, int(query["resourceVersion"])
        if isinstance(told, Answer):
            return self._whole(told)
        if at < api.oldest:
            return self._whole(status(410, "too old resource version"))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        until = time.monotonic() + float(query["timeoutSeconds"])
        match told:
            case "silence":
                return self._hold(60)
            case "end":
                return self._chunk(b"")
            case "half":
                return self._break(b'{"type":"ADDED","object":{"kind":"' + kind.encode())
            case bytes():
                return self._break(told)
            case dict():
                self._chunk(json.dumps(told).encode() + b"\n")
        return self._follow(kind, at, until)

    def _follow(self, kind, at, until):
        api = self.server_is
        while not api.stopping and not api.down and time.monotonic() < until:
            with api.lock:
                news = [one for one in api.log if one[0] > at and one[1] == kind]
            for version, _, sort, item in news:
                self._chunk(json.dumps({"type": sort, "object": item}).encode() + b"\n")
                at = version
            with api.changed:
                api.changed.wait(0.02)
        if not api.stopping and not api.down:
            meta = {"resourceVersion": str(api.version)}
            self._chunk(
                json.dumps({"type": "BOOKMARK", "object": {"kind": kind, "metadata": meta}}).encode() + b"\n"
            )
            self._chunk(b"")
        self.close_connection = True

    def _hold(self, seconds):
        until = time.monotonic() + seconds
        while not self.server_is.stopping and time.monotonic() < until:
            time.sleep(0.02)
        self.close_connection = True

    def _break(self, piece):
        """Send something and hang up in the middle of the answer."""
        self._chunk(piece)
        self.close_connection = True

    def _chunk(self, piece):
        try:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
        pass
