"""M4, G6: malformed replies of remote read give an Answer or a PortError; a good one gives what was sent."""

import random
import struct

import cramjam
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.prometheus import remote, replies
from aiops.errors import PortError

AT, STEP = 1_700_000_000_000, 15_000
GRID = AT + STEP * np.arange(40, dtype=np.int64)
SPAN = remote.Span((("__name__", "=", "a"),), GRID)
LIMIT = 1_000_000


def varint(number):
    out = b""
    number &= 2**64 - 1
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def series(labels, samples):
    """A TimeSeries as Prometheus writes it: what is zero is left out."""
    out = b"".join(
        field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels.items()
    )
    for at, value in samples:
        number = b"\x09" + struct.pack("<d", value) if struct.pack("<d", value) != bytes(8) else b""
        out += field(2, number + (b"\x10" + varint(at) if at else b""))
    return out


def reply(*listed):
    return bytes(cramjam.snappy.compress_raw(field(1, b"".join(field(1, one) for one in listed))))


@given(
    st.lists(
        st.tuples(st.integers(-100, 700), st.floats(allow_nan=False)),
        unique_by=lambda pair: pair[0],
        max_size=30,
    )
)
def test_the_grid_shows_the_newest_sample_of_the_last_five_minutes(samples):
    """Samples at any second before, in and after the grid, in any order; compared with the plain way."""
    sent = [(AT + second * 1000, value) for second, value in samples]
    got = remote.answer(reply(series({"__name__": "a", "pod": "p"}, sent)), SPAN, {}, LIMIT)
    expected = []
    for at in GRID.tolist():
        seen = [(when, value) for when, value in sent if at - remote.LOOKBACK_MS <= when <= at]
        expected.append(max(seen)[1] if seen else np.nan)
    if np.isnan(expected).all():
        assert got.values.shape == (0, 40)
    else:
        assert got.values.tolist()[0] == pytest.approx(expected, rel=0, abs=0, nan_ok=True)


def through(body):
    try:
        answer = replies.checked(remote.answer(body, SPAN, {"region": "eu"}, LIMIT))
    except PortError:
        return 0
    assert answer.values.shape == (len(answer.labels), len(GRID))
    assert answer.rejected >= 0
    return 1


@pytest.mark.slow
def test_ten_thousand_malformed_replies_crash_nothing():
    rng = random.Random(20_260_302)
    samples = [(AT + at * STEP, float(at)) for at in range(40)]
    plain = cramjam.snappy.decompress_raw(
        reply(series({"__name__": "a", "pod": "é"}, samples), series({"__name__": "a"}, samples[:3]))
    )
    good = 0
    for _ in range(10_000):
        body = bytearray(bytes(plain))
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(body))
            match rng.randrange(3):
                case 0:
                    body[at] = rng.randrange(256)
                case 1:
                    del body[at : at + rng.randrange(1, 9)]
                case 2:
                    body[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
        packed = bytearray(bytes(cramjam.snappy.compress_raw(bytes(body))))
        if rng.random() < 0.3:
            packed[rng.randrange(len(packed))] = rng.randrange(256)
        good += through(bytes(packed))
    assert good > 500  # enough stays alive to reach the samples
