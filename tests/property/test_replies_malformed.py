"""G6, M3, M4: 20,000 malformed replies. Each gives Series or a PortError; memory stays where it was."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from aiops.adapters.prometheus import envelope, replies
from aiops.errors import PortError
from aiops.ports import Series

AT, STEP, COLUMNS = 1_700_000_000_000, 15_000, 40
EXAMPLES = 20_000
GROWTH = 20 * 2**20  # bytes
ODD = [
    None, True, -1, 0, 1, 2**63, 10**40, 1e308, -1e-320, "", "NaN", "+Inf", "-Inf", "1e999", "1_0", "0x1",
    "é", "\x00", "\u202e", "9" * 400, "x" * 5000, [], {}, [[]], [None, "1"], [AT / 1000], ["1", "1"],
    [AT / 1000, 1], [AT / 1000, "1", "2"], [1e300, "1"], {"metric": {}}, {"metric": {"a": 1}},
    {"a": {"b": [1, [2]]}},
]  # fmt: skip
CUTS = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\xff",
    b"\xc3",
    b"\x00",
    b"1e999",
    b"NaN",
    b"Infinity",
]


def seeds():
    rows = [{"metric": {"pod": f"p{n}", "namespace": "a"}, "value": [AT / 1000, str(n)]} for n in range(5)]
    over_time = [
        {
            "metric": {"pod": f"p{n}"},
            "values": [[(AT + at * STEP) / 1000, str(at)] for at in range(8)],
            "histograms": [[AT / 1000, {"count": "1", "sum": "1", "buckets": [[0, "1", "2", "1"]]}]],
        }
        for n in range(3)
    ]
    stats = {"timings": {}, "samples": {"totalQueryableSamples": 12}}
    yield {"status": "success", "data": {"resultType": "vector", "result": rows, "stats": stats}}
    yield {"status": "success", "data": {"resultType": "matrix", "result": over_time}, "warnings": ["w"]}
    yield {
        "status": "success",
        "data": {"resultType": "scalar", "result": [AT / 1000, "1"]},
        "isPartial": True,
    }
    yield {"status": "success", "data": {"resultType": "string", "result": [AT / 1000, "x"]}, "infos": ["i"]}
    yield {"status": "error", "errorType": "timeout", "error": "too slow", "data": {"result": rows}}


def spots(node):
    """Every place in a tree where something could be put instead."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from spots(node[key])


def mutated(text, rng):
    """A reply with one to four things wrong: in its tree, then in its bytes."""
    tree = json.loads(text)
    for _ in range(rng.randrange(4)):
        places = list(spots(tree))
        if not places:
            break
        holder, key = rng.choice(places)
        holder[key] = rng.choice(ODD) if rng.random() < 0.8 else rng.choice(places)[0]
        try:
            tree = json.loads(json.dumps(tree))  # a copy, so that a tree never holds itself
        except (ValueError, RecursionError):
            return text.encode()
    body = bytearray(json.dumps(tree, separators=(",", ":")).encode())
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(body) + 1)
        match rng.randrange(4):
            case 0:
                body[at : at + rng.randrange(9)] = b""
            case 1:
                body[at:at] = rng.choice(CUTS)
            case 2:
                body[at : at + 1] = bytes([rng.randrange(256)])
            case 3:
                del body[at:]
    return bytes(body)


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def instant(body):
    about = envelope.document(body)
    return about, replies.vector(about.data, AT)


def as_lists(body):
    about = envelope.document(body)
    return about, replies.matrix(about.data, AT, STEP, COLUMNS)


def as_arrays(body):
    about = envelope.range_document(body)
    return about, replies.matrix(about.data, AT, STEP, COLUMNS)


def through(body):
    """The way of a reply in the source, for instant and range queries; how many gave Series."""
    good, answers = 0, {}
    for way in (instant, as_lists, as_arrays):
        try:
            about, answer = way(body)
            series = answers[way] = replies.series(replies.checked(answer), about, 0.0)
        except PortError:
            continue
        good += 1
        assert isinstance(series, Series)
        assert series.values.shape == (len(series.labels), len(series.times))
        assert series.values.dtype == np.float64
        assert series.rejected >= 0
        assert all(type(value) is str for labels in series.labels for value in labels.values())
    assert (as_lists in answers) is (as_arrays in answers)
    if as_lists in answers:
        slow, fast = answers[as_lists], answers[as_arrays]
        assert (fast.labels, fast.rejected) == (slow.labels, slow.rejected)
        assert np.array_equal(fast.values, slow.values, equal_nan=True)
    return good


@pytest.mark.slow
def test_twenty_thousand_malformed_replies_crash_nothing_and_leave_nothing_behind():
    rng = random.Random(20_260_301)
    texts = [json.dumps(seed, separators=(",", ":")) for seed in seeds()]
    for _ in range(2000):  # warm-up: caches of interned names fill
        through(mutated(rng.choice(texts), rng))
    before = resident()
    good = sum(through(mutated(rng.choice(texts), rng)) for _ in range(EXAMPLES))
    assert resident() - before <= GROWTH
    assert good > EXAMPLES // 20  # the mutator leaves enough alive that the inner branches are reached
