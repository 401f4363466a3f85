"""A server that speaks as a Prometheus does, and lies, warns, fails or falls silent as a test wants."""

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERIES = 10


class Scripted:
    """Answers instant queries with ``SERIES`` deployments, each at 1, and shows its configuration.

    ``say`` may replace (status, document) of a query's answer; ``cluster`` is what it says it is.
    """

    def __init__(self):
        self.say, self.cluster, self.asked = None, "blue", 0
        server = self

        class Page(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet an answer: in two, the second waits 40 ms for an acknowledgement

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                self.answer(self.rfile.read(length).decode(errors="replace"))

            def do_GET(self):
                self.answer(self.path.partition("?")[2])

            def answer(self, form):
                server.asked += 1
                status, document = server.reply(self.path, urllib.parse.parse_qs(form))
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def reply(self, path, form):
        if path.startswith("/api/v1/status/config"):
            config = f"global:\n  external_labels:\n    cluster: {self.cluster}\n"
            return 200, {"status": "success", "data": {"yaml": config}}
        if path.startswith("/api/v1/read"):
            return 404, {"status": "error", "errorType": "not_found", "error": "no remote read here"}
        if "time" not in form:  # a range: it has no past
            return 200, {"status": "success", "data": {"resultType": "matrix", "result": []}}
        at = float(form["time"][0])
        return self.say(at) if self.say else (200, vector(at))


def vector(at, count=SERIES, value="1", **extra):
    """A reply of ``count`` series at ``at`` seconds, each with ``value``."""
    rows = [
        {"metric": {"namespace": "shop", "deployment": f"w{i}"}, "value": [at, value]} for i in range(count)
    ]
    return {"status": "success", "data": {"resultType": "vector", "result": rows}, **extra}
