"""A server that a test scripts: it keeps what it was sent, and answers as it is told."""

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook:
    """Answers every request with ``status``, ``headers`` and ``body``; ``trickle`` sends a byte now
    and then; ``tls`` is a certificate and its key."""

    def __init__(self, status=200, body=b"", headers=None, trickle=False, tls=None):
        self.status, self.body, self.headers, self.trickle = status, body, headers or {}, trickle
        self.got = []  # (method, path, headers, body)
        hook = self

        class Page(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                hook.got.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                if hook.trickle:
                    self._trickle()
                    return
                self.send_response(hook.status)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(hook.body)))
                self.end_headers()
                self.wfile.write(hook.body)

            do_GET = do_POST  # noqa: N815 - the base class's name

            def _trickle(self):
                try:
                    for one in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
                        self.wfile.write(bytes([one]))
                        time.sleep(0.05)
                except OSError:
                    pass  # they hung up, as they should

            def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = True
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda *_: None  # whoever does not trust us hangs up
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
