"""Webhook: JSON that is signed, to the one address that is configured, and nowhere else (S5, S8)."""

import hashlib
import hmac
import json
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from aiops.adapters.webhook import Webhook
from aiops.errors import ConfigError, Forbidden, NotFound, Rejected, Unavailable
from aiops.model import ApprovalSettings, ApproverRole, Card, Note, Person, Question, WebhookSettings
from tests.fakes.clock import FakeClock
from tests.fakes.forum import an_approval
from tests.unit.adapters.hooks import Hook
from tests.unit.core.cases import NOW, incident, plan

SECRET = b"s3cret-of-the-hook"


@pytest.fixture
def hook():
    with Hook() as server:
        yield server


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(SECRET + b"\n")
    return path


def webhook(url, **changes):
    return Webhook("ops", WebhookSettings(url, **changes), FakeClock(NOW), "https://aiops.example.org/")


def card(**changes):
    return replace(Card("blue", incident(), "diagnosing", NOW, decision="held: restart"), **changes)


def sent(hook):
    method, path, headers, body = hook.got[-1]
    return method, path, headers, json.loads(body)


def test_a_card_arrives_as_documented(hook):
    webhook(hook.url + "/in?key=1").show(card(pending=("a1b2",), owner="payments"))
    method, path, headers, body = sent(hook)
    assert (method, path, headers["Content-Type"]) == ("POST", "/in?key=1", "application/json")
    assert (body["version"], body["kind"], body["cluster"]) == (1, "card", "blue")
    assert body["sent"] == "2023-11-14T22:13:20.000Z"
    inner = body["card"]
    assert inner["incident"]["id"] == "i1"
    assert inner["incident"]["prime"] == "Deployment/shop/cart"
    assert (inner["stage"], inner["pending"], inner["owner"]) == ("diagnosing", ["a1b2"], "payments")


def test_a_question_tells_how_to_answer_elsewhere_and_keeps_the_command_back(hook):
    """S8: a command may hold values of variables."""
    approval = an_approval(command="kubectl set env deploy/web PASSWORD=hunter2")
    webhook(hook.url).ask(Question(approval, incident(), plan(), ("4 of 4 pods ready",)))
    *_, body = sent(hook)
    assert body["question"]["answer"] == [
        "aiops approve a1b2",
        "aiops deny a1b2 --reason TEXT",
        "https://aiops.example.org/console/approvals/a1b2c3d4e5f6",
    ]
    assert body["question"]["facts"] == ["4 of 4 pods ready"]
    assert b"hunter2" not in hook.got[-1][3]


TWO = {"a": Person(slack=("T1/U1",)), "b": Person(slack=("T1/U2",))}


@pytest.mark.parametrize(
    ("people", "kubernetes", "enough", "command"),
    [
        (("a", "b"), False, True, ""),
        (("a",), False, False, "kubectl scale"),  # one person on call, two are needed
        (("a",), True, None, "kubectl scale"),  # the API server may know more
    ],
)
def test_where_enough_people_may_be_missing_the_command_to_type_goes_along(
    hook, people, kubernetes, enough, command
):
    settings = ApprovalSettings(
        roles={"on-call": ApproverRole(people=people)}, people=TWO, kubernetes_access=kubernetes, local=False
    )
    one = Webhook("ops", WebhookSettings(hook.url), FakeClock(NOW), approvals=settings)
    one.ask(Question(an_approval(quorum=2, command="kubectl scale"), incident(), plan()))
    *_, body = sent(hook)
    assert (body["question"]["enough"], body["question"]["command"]) == (enough, command)


def test_a_note_arrives(hook):
    webhook(hook.url).note(Note("it helped", about="record:7", incident_id="i1", at_ms=NOW))
    *_, body = sent(hook)
    assert (body["note"]["text"], body["note"]["incident"]) == ("it helped", "i1")


def test_the_signature_covers_the_timestamp_and_the_body(hook, secret):
    webhook(hook.url, secret_file=str(secret)).show(card())
    _, _, headers, body = hook.got[-1]
    stamp = headers["X-Aiops-Timestamp"]
    wanted = hmac.new(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Aiops-Signature-256"] == f"sha256={wanted}"
    assert stamp == str(NOW // 1000)


def test_without_a_secret_there_is_no_signature(hook):
    webhook(hook.url).show(card())
    assert "X-Aiops-Signature-256" not in hook.got[-1][2]


def test_a_renewed_secret_counts_from_the_next_notice_on(hook, secret):
    one = webhook(hook.url, secret_file=str(secret))
    one.show(card())
    secret.write_bytes(b"another")
    one.show(card())
    first, second = (headers["X-Aiops-Signature-256"] for _, _, headers, _ in hook.got)
    assert first != second


def test_the_same_content_has_the_same_delivery_and_other_content_another(hook):
    one = webhook(hook.url)
    one.show(card())
    one.show(card())
    one.show(card(stage="acting"))
    first, again, other = (headers["X-Aiops-Delivery"] for _, _, headers, _ in hook.got)
    assert first == again != other


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, Rejected),
        (307, Rejected),
        (400, Rejected),
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (410, NotFound),
        (408, Unavailable),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_every_refusal_is_one_of_our_errors(hook, status, error):
    hook.status = status
    with pytest.raises(error):
        webhook(hook.url).show(card())


def test_a_redirect_is_not_followed(hook):
    """S5: whoever answers for the hook sends us nowhere else."""
    with Hook() as elsewhere:
        hook.status, hook.headers = 302, {"Location": elsewhere.url}
        with pytest.raises(Rejected, match="redirect"):
            webhook(hook.url).show(card())
        assert elsewhere.got == []


@pytest.mark.parametrize(("said", "wait_s"), [("7", 7.0), ("999999", 3600.0), ("-1", None), ("soon", None)])
def test_how_long_to_wait_is_taken_from_the_server_within_bounds(hook, said, wait_s):
    hook.status, hook.headers = 429, {"Retry-After": said}
    with pytest.raises(Unavailable) as caught:
        webhook(hook.url).show(card())
    assert caught.value.retry_after_s == wait_s


def test_a_server_that_trickles_is_hung_up_on(hook):
    """A byte every 50 ms would take 6 s; each of them would start an ordinary time-out anew."""
    hook.trickle = True
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no answer"):
        webhook(hook.url, timeout_s=0.3).show(card())
    assert time.monotonic() - began < 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key) of "localhost", signed by nobody else."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "crt").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "crt", folder / "key"


@pytest.mark.parametrize(
    ("trusted", "host"), [(True, "localhost"), (False, "localhost"), (True, "127.0.0.1")]
)
def test_tls_is_verified_by_authority_and_name(certificate, monkeypatch, trusted, host):
    """S5: ``verify=False`` is impossible; an authority of one's own is named as OpenSSL does."""
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with Hook(tls=certificate) as server:
        one = webhook(server.url.replace("127.0.0.1", host))
        if trusted and host == "localhost":
            one.show(card())
            assert len(server.got) == 1
            return
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            one.show(card())
        assert server.got == []


@pytest.mark.parametrize("speaks", [True, False])
def test_the_deadline_holds_for_tls_and_for_its_beginning(certificate, monkeypatch, speaks):
    """A server that trickles, and one that accepts and never says a word."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    began = time.monotonic()
    with Hook(tls=certificate, trickle=True) as server, socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = server.url.replace("127.0.0.1", "localhost") if speaks else f"https://localhost:{port}"
        with pytest.raises(Unavailable, match="no answer within the deadline"):
            webhook(url, timeout_s=0.3).show(card())
    assert time.monotonic() - began < 3


def test_nobody_there_is_unavailable_and_the_path_stays_secret():
    with Hook() as gone:
        url = gone.url
    with pytest.raises(Unavailable) as caught:
        webhook(url + "/services/T0/B0/secret").show(card())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["169.254.169.254", "[fe80::1]", "100.100.100.200", "[fd00:ec2::254]"])
def test_addresses_that_hand_out_credentials_are_never_spoken_to(address):
    """S5."""
    with pytest.raises(Rejected, match="not connected to"):
        webhook(f"https://{address}/").show(card())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.org",
        "example.org",
        "https://",
        "https://user:password@example.org/",
        "https://user@example.org/",
        "https://example.org/#part",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: other",
        "http://example.org/",  # read on its way
    ],
)
def test_a_url_that_cannot_be_used_is_a_configuration_error(url):
    with pytest.raises(ConfigError, match=r"notify\.webhooks.ops\.url: expected") as caught:
        webhook(url)
    assert "password" not in str(caught.value).replace("a password", "")


def test_plain_http_to_another_machine_is_for_the_administrator_to_allow():
    assert webhook("http://example.org/", plain_http=True).name == "webhook ops"


@pytest.mark.parametrize("content", [None, b"", b" \n"])
def test_a_secret_that_is_not_there_stops_the_start(tmp_path, content):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"notify\.webhooks.ops\.secret_file: expected a secret"):
        webhook("https://example.org/", secret_file=str(path))
