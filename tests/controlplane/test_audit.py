"""Reading the audit log: half a line is not read, and nothing is read twice."""

import json

from tests.controlplane.audit import Audit

LINE = {
    "stage": "ResponseComplete",
    "requestReceivedTimestamp": "2026-01-01T00:00:00.123456Z",
    "verb": "patch",
    "user": {"username": "admin"},
    "userAgent": "aiops/1 intent/x term/1",
    "requestURI": "/api/v1/namespaces/shop/pods/cart",
    "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart"},
    "responseStatus": {"code": 200},
}


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(tmp_path):
    log, text = tmp_path / "audit.log", json.dumps(LINE)
    audit = Audit(log, lambda where: None)
    assert audit.entries(settle=False) == []  # there is no log yet
    log.write_text(text[:50])
    assert read(audit) == []
    log.write_text(f"{text}\n{text[:20]}")
    assert read(audit) == [("patch", "cart", 1_767_225_600_123)]
    log.write_text(f"{text}\n{text}\n")
    assert len(read(audit)) == 2


def read(audit):
    audit.refresh()
    return [(one.verb, one.name, one.at_ms) for one in audit.entries(settle=False)]


def test_users_and_agents_match_by_their_beginning(tmp_path):
    log = tmp_path / "audit.log"
    log.write_text(
        "".join(json.dumps(LINE | {"userAgent": agent}) + "\n" for agent in ("aiops/1", "kubectl"))
    )
    audit = Audit(log, lambda where: None)
    audit.refresh()
    assert len(audit.mutating(user_agent="aiops/", settle=False)) == 1
    assert len(audit.mutating(user="adm", namespace="shop", settle=False)) == 2
    assert audit.mutating(namespace="bank", settle=False) == []


def test_a_stage_before_the_answer_does_not_count(tmp_path):
    log = tmp_path / "audit.log"
    log.write_text(json.dumps(LINE | {"stage": "ResponseStarted"}) + "\n")
    assert read(Audit(log, lambda where: None)) == []
