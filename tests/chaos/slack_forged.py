"""What an adversary forges, alters and repeats: each kind is refused at the door of the Slack endpoint (4xx).

``scene.target`` is a question that waits; ``scene.taken`` are requests that were genuine once.
"""

import secrets

from tests.chaos.slack_requests import FORM, JSON, Kind, Shot, body_of, click, genuine, proof, signed
from tests.fakes.slack import sign


def _with(shot, kind, **headers):
    """``shot`` with other values for some headers; None leaves one out."""
    kept = [(name, value) for name, value in shot.headers if name not in headers]
    added = [(name, value) for name, value in headers.items() if value is not None]
    return Shot(kind, (*kept, *added), shot.body, refused=True)


def unsigned(s):
    name = s.rng.choice(("X-Slack-Signature", "X-Slack-Request-Timestamp"))
    return _with(signed(s.stage, "", genuine(s)), "unsigned", **{name: None})


def garbled_signature(s):
    good = dict(signed(s.stage, "", genuine(s)).headers)["X-Slack-Signature"]
    bad = (
        *(b"", b"v0=", b"v0=" + b"0" * 64, good[:-1], good + b"0", b"v1" + good[2:], good.upper()),
        *(
            good.replace(b"v0=", b""),
            b" ".join((good, good)),
            secrets.token_bytes(32),
            "v0=é".encode("latin-1"),
        ),
    )
    return _with(
        signed(s.stage, "", genuine(s)), "garbled signature", **{"X-Slack-Signature": s.rng.choice(bad)}
    )


def other_secret(s):
    return signed(s.stage, "other secret", genuine(s), secret=secrets.token_hex(16), refused=True)


def altered_body(s):
    """Signed as a stranger's click, sent as an approver's; or any byte turned."""
    kind = "altered body"
    if s.rng.random() < 0.5:
        shot = signed(s.stage, kind, click(s.stage, s.target, s.outsider()))
        ids = [one.id.encode() for one in s.stage.members.values()]
        body = shot.body
        for one in ids:
            body = body.replace(one, s.approver().id.encode())
        if body != shot.body:
            return Shot(kind, shot.headers, body, refused=True)
    shot = signed(s.stage, kind, genuine(s))
    at = s.rng.randrange(len(shot.body))
    turned = shot.body[:at] + bytes([shot.body[at] ^ (1 << s.rng.randrange(7))]) + shot.body[at + 1 :]
    return Shot(kind, shot.headers, turned, refused=True)


def expired_signature(s):
    now = s.stage.clock.now_ms() / 1000
    return signed(
        s.stage, "expired signature", genuine(s), at_s=now - s.rng.choice((301, 302, 400, 9e4)), refused=True
    )


def future_signature(s):
    now = s.stage.clock.now_ms() / 1000
    return signed(
        s.stage, "future signature", genuine(s), at_s=now + s.rng.choice((302, 400, 9e4)), refused=True
    )


def garbled_timestamp(s):
    now = str(int(s.stage.clock.now_ms() / 1000))
    stamp = s.rng.choice(
        ("", "now", f"-{now}", f"{now}.0", f" {now}", f"{now}e0", "9" * 40, f"+{now}", "１７９")
    )
    content, body = body_of(genuine(s))
    proved = proof(stamp, sign(s.slack.signing_secret, stamp, body))
    return Shot("garbled timestamp", (("Content-Type", content.encode()), *proved), body, refused=True)


def doubled_headers(s):
    shot = signed(s.stage, "doubled headers", genuine(s))
    extra = s.rng.choice((("X-Slack-Signature", b"v0=" + b"0" * 64), shot.headers[1], shot.headers[2]))
    return Shot(shot.kind, (*shot.headers, extra), shot.body, refused=True)


def replay(s):
    """A request that was taken 0 to 400 s ago, byte for byte. Which ones were is forgotten at a restart: then
    a fresh one passes the door, and comes to nothing by what the journal knows."""
    now, opened = s.stage.clock.now_ms(), s.stage.opened_ms
    recent = [(at, one) for at, one in s.taken if now - at <= 400_000]
    if not recent:
        return unsigned(s)
    at, again = s.rng.choice(recent)
    if at < opened and now - at <= 301_000:
        return Shot("replay after a restart", again.headers, again.body)
    return Shot("replay of a taken request", again.headers, again.body, refused=True)


def huge_body(s):
    raw = b"payload=" + b"A" * s.rng.choice((1_000_001, 3_000_000))
    return signed(s.stage, "huge body", raw=raw, content=FORM, refused=True)


def other_method(s):
    shot = signed(s.stage, "other method", genuine(s))
    return Shot(shot.kind, shot.headers, shot.body, s.rng.choice(("GET", "PUT", "DELETE", "HEAD")), True)


def no_utf8(s):
    raw = s.rng.randbytes(s.rng.randrange(1, 200)) + b"\xff"
    return signed(s.stage, "no UTF-8", raw=raw, content=s.rng.choice((FORM, JSON)), refused=True)


OUTSIDE: tuple[Kind, ...] = (
    *(unsigned, garbled_signature, other_secret, altered_body, expired_signature, future_signature),
    *(garbled_timestamp, doubled_headers, replay, replay, huge_body, other_method, no_utf8),
)
