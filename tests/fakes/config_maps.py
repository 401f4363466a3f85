"""An API server over HTTP that holds ConfigMaps and nothing else, and fails as a test wants."""

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ConfigMaps:
    """GET, POST and merge patches of ConfigMaps by path; ``say`` replaces (status, body bytes) of any answer,
    ``silent`` gives none."""

    def __init__(self):
        self.objects, self.say, self.silent, self.asked = {}, None, threading.Event(), []
        outer = self

        class Page(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                outer.asked.append((self.command, self.path))
                if outer.silent.is_set():
                    outer.over.wait(30)
                    return
                status, data = outer.say or outer.reply(self.command, self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815 - names of http.server

            def log_message(self, *_):
                pass

        class Quick(ThreadingHTTPServer):
            def server_bind(self):
                socketserver.TCPServer.server_bind(self)  # without looking its own name up
                self.server_name, self.server_port = "localhost", self.server_address[1]

        self.over = threading.Event()
        self.http = Quick(("127.0.0.1", 0), Page)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def reply(self, method, path, body):
        """What an API server would."""
        if method == "POST":
            sent = json.loads(body)
            path = f"{path}/{sent['metadata']['name']}"
            self.objects[path] = sent["data"]
            return 201, self.shown(path)
        if path not in self.objects:
            return 404, status("NotFound", f"configmaps {path.rpartition('/')[2]!r} not found")
        if method == "PATCH":
            self.objects[path] |= json.loads(body)["data"]
        return 200, self.shown(path)

    def shown(self, path):
        data = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": path.rpartition("/")[2]}}
        return json.dumps(data | {"data": self.objects[path]}).encode()

    def kubeconfig(self, folder):
        """A kubeconfig that leads here."""
        path = folder / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                    "users": [{"name": "u", "user": {"token": "t"}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "c",
                }
            )
        )
        return path

    def close(self):
        self.over.set()
        self.http.shutdown()
        self.http.server_close()


def status(reason, message):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "reason": reason, "message": message}).encode()
