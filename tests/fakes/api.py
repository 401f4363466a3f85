"""An API server that answers what a test says: for what is asked of it, and for answers no real one gives."""

import json

from aiops.adapters.kubernetes.connect import Reply
from aiops.model import KubernetesSettings


class FakeApi:
    """In place of ``adapters.kubernetes.connect.Api``. ``answers`` maps a part of a path to a status and a
    body, or to an error to raise; the longest part that fits wins. ``asked`` are the requests."""

    def __init__(self, answers=None, **settings):
        self.settings = KubernetesSettings(**settings)
        self.answers, self.asked = dict(answers or {}), []

    def request(self, method, path, query=(), *, body=None, headers=None, read_s=None, total_s=60.0):
        sent = None if body is None else json.loads(body)
        self.asked.append((method, path, dict(query), sent, dict(headers or {}), total_s))
        whole = path + "".join(f"&{key}={value}" for key, value in query)
        fitting = [part for part in self.answers if part in whole]
        answer = self.answers[max(fitting, key=len)] if fitting else (404, {})
        if isinstance(answer, Exception):
            raise answer
        status, said, *rest = answer
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        return Reply(status, dict(rest[0]) if rest else {}, data)
