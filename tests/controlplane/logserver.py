"""What the API server asks a kubelet for: the logs of a container, over TLS."""

import contextlib
import ssl
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Lines = Callable[[str, str, str, bool], list[str] | None]  # namespace, pod, container, previous


class LogServer:
    """Serves ``/containerLogs/NAMESPACE/POD/CONTAINER`` with ``tailLines``, ``limitBytes``, ``previous``."""

    def __init__(self, pki: Path, lines: Lines) -> None:
        class Page(_Page):
            source = staticmethod(lines)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "api.crt", pki / "api.key")
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_address[1]

    def start(self) -> None:
        """Begin to serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.5,), daemon=True).start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class _Page(BaseHTTPRequestHandler):
    source: Lines

    def do_GET(self):
        where = urllib.parse.urlsplit(self.path)
        options = dict(urllib.parse.parse_qsl(where.query))
        parts = where.path.strip("/").split("/")
        if len(parts) != 4 or parts[0] != "containerLogs":
            self.send_error(404)
            return
        lines = self.source(*parts[1:], options.get("previous") == "true")
        if lines is None:
            self._send(400, f'container "{parts[3]}" in pod "{parts[2]}" has no such log'.encode())
            return
        if (tail := options.get("tailLines")) is not None:
            lines = lines[-int(tail) :] if int(tail) else []
        text = "".join(f"{line}\n" for line in lines).encode()
        self._send(200, text[: int(options.get("limitBytes", len(text)))])

    def _send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
        pass
