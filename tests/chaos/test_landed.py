"""A write whose client died may be there though the API server logs an error: the oracle must know (G5)."""

import json
import random
import socket
import ssl
import time

import pytest
import yaml

from aiops.adapters.kubernetes.writer import user_agent
from aiops.model import Mark, Target
from aiops.model.receipt import INTENT
from tests.chaos.landed import Landed
from tests.chaos.model import effects_of_audit
from tests.chaos.server import OurLog
from tests.controlplane.audit import entry

MOST = 600  # of 3,000 such patches one in 20 was there and logged with 504
PATH = "/api/v1/namespaces/default/configmaps/landed"
THING = Target("ConfigMap", "default", "landed")


def logged(code, verb="patch", uri=PATH, **more):
    """A line of the audit log."""
    raw = {
        "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
        "verb": verb,
        "user": {"username": "admin"},
        "userAgent": user_agent(Mark("i1", 3)),
        "requestURI": uri,
        "objectRef": {"namespace": "default", "resource": "configmaps", "name": "landed"},
        "responseStatus": {"code": code},
        "stage": "ResponseComplete",
    }
    return entry(raw | more)


class Saw:
    """A witness of one version, or of a removal."""

    def __init__(self, version=None, gone=False):
        self._version, self._gone = version, gone

    def version(self, target, intent):
        return self._version if (target, intent) == (THING, "i1") else None

    def gone(self, target):
        return self._gone and target == THING


@pytest.mark.parametrize(
    ("entries", "witness", "versions"),
    [
        ([logged(504)], None, []),
        ([logged(504)], Saw(), []),
        ([logged(504)], Saw("7"), ["7"]),
        ([logged(409)], Saw("7"), []),  # a refusal is a refusal, whatever is there
        ([logged(504, uri=f"{PATH}?dryRun=All")], Saw("7"), []),
        ([logged(403, objectRef={"resource": "events"})], Saw("7"), []),  # refused before it had a name
        ([logged(504, objectRef={"resource": "events"})], Saw("7"), []),
        ([logged(504, "delete")], Saw(), []),
        ([logged(504, "delete")], Saw(gone=True), [""]),
        ([logged(504, "delete"), logged(200, "delete")], Saw(gone=True), [""]),  # one object goes once
    ],
)
def test_what_the_log_cannot_tell_is_an_effect_where_it_was_seen(entries, witness, versions):
    assert [one.version for one in effects_of_audit(entries, witness)] == versions


def cut(plane, context, number, after_s):
    """Send a patch under a mark of its own, and close the connection."""
    raw = socket.create_connection(("127.0.0.1", plane.port), timeout=5)
    body = json.dumps({"metadata": {"annotations": {INTENT: f"cut-{number}"}}})
    head = (
        f"PATCH {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/merge-patch+json\r\n"
        f"User-Agent: {user_agent(Mark(f'cut-{number}', 1))}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with context.wrap_socket(raw, server_hostname="127.0.0.1") as sock:
        sock.sendall((head + body).encode())
        time.sleep(after_s)


@pytest.mark.integration
@pytest.mark.slow
def test_the_server_logs_an_error_for_a_write_that_is_there_and_the_watch_sees_it(control_plane):
    """Why the witness is needed; fails should the API server ever know better."""
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no audit log")
    plane, rng = control_plane, random.Random(504)
    user = yaml.safe_load(plane.kubeconfig.read_text())["users"][0]["user"]
    context = ssl.create_default_context(cafile=str(plane.pki / "ca.crt"))
    context.load_cert_chain(user["client-certificate"], user["client-key"])
    meta = {"name": "landed", "namespace": "default"}
    plane.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    log, there = OurLog(plane), set()
    with Landed(plane.api, ["ConfigMap"]) as landed:
        for number in range(MOST):
            cut(plane, context, number, rng.uniform(0.0005, 0.006))
            time.sleep(0.01)
            now = plane.api.call("GET", PATH)["metadata"].get("annotations", {}).get(INTENT)
            there |= {now} if now == f"cut-{number}" else set()
        time.sleep(0.5)
        entries = [one for one in log.writes() if one.name == "landed"]
        found = {one.intent for one in effects_of_audit(entries, landed)}
    alone = {one.intent for one in effects_of_audit(entries)}
    plane.api.delete("ConfigMap", "default", "landed")
    assert there - alone  # the log alone does not know of these
    assert there <= found
