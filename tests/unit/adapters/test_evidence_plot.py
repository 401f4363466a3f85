"""Evidence plot: a small picture of any samples, quickly, also from many threads at once."""

import math
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from aiops.adapters.evidence_plot import draw
from aiops.model import Evidence, Suspect
from tests.unit.core.cases import CART, MINUTE, NOW, anomaly, incident

TIMES = [NOW - (60 - number) * MINUTE for number in range(60)]
SINCE = TIMES[45]
VALUES = [200 + number % 7 + (max(0, number - 44) * 15) for number in range(60)]


def payload(values=VALUES, signal="memory", target=CART):
    samples = {"times_ms": TIMES[: len(values)], "values": values}
    return {"signal": signal, "target": str(target), "detector": "default", "samples": samples}


def leaking(**changes):
    one = anomaly(since_ms=SINCE, low=-math.inf, high=230.0, observed=425.0, **changes)
    change = Evidence("rolled out revision 12 $x_{1 3 min before", 2.0, at_ms=TIMES[40])
    return incident(one, suspects=(Suspect(CART, 0.9, (change,)),))


def pixels(png):
    """(width, height, the bytes of all rows) of a PNG."""
    width, height = struct.unpack(">II", png[16:24])
    at, packed = 8, b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + size]
        at += 12 + size
    return width, height, zlib.decompress(packed)


def test_it_is_a_small_png_and_drawn_quickly():
    """Below 200 kB and, once matplotlib is loaded, 300 ms of the processor; a slow machine gets a second."""
    seen = [payload(signal=name) for name in ("memory", "latency", "errors", "a fourth")]
    draw(leaking(), seen)
    began = time.process_time()
    png = draw(leaking(), seen)
    assert time.process_time() - began < 1.0
    assert png.startswith(b"\x89PNG")
    assert len(png) < 200_000
    assert pixels(png)[:2] == (1200, 967)  # 8 in by three panels of 1.9 in and 0.75 in, at 150 dots an inch


def test_the_first_bad_sample_the_band_and_the_change_are_in_it():
    """Each takes its colour along when it is gone."""
    whole = draw(leaking(), [payload()])
    assert draw(replace(leaking(), suspects=()), [payload()]) != whole
    assert draw(replace(leaking(), anomalies=()), [payload()]) != whole


@pytest.mark.parametrize(
    "values",
    [
        [5.0],
        [0.0] * 60,
        [None] * 59 + [1.0],
        [1e300, -1e300] * 30,
        [-5.0] * 30 + [None] * 10 + [7.0] * 20,
    ],
)
def test_any_samples_can_be_drawn(values):
    assert draw(leaking(), [payload(values)]).startswith(b"\x89PNG")


@pytest.mark.parametrize("seen", [[], [payload([None] * 60)], [payload([])], [{"signal": "memory"}]])
def test_without_a_sample_there_is_nothing_to_draw(seen):
    with pytest.raises(ValueError, match="expected samples, got none"):
        draw(leaking(), seen)


def test_text_from_labels_steers_nothing():
    """H9: a formula, control characters, a line that never ends."""
    hostile = r"$\frac{1}{$ \x1b[31m" + "\x00\u202e\n" + "x" * 5_000
    one = replace(leaking(), incident_class=hostile)
    assert draw(one, [payload(signal=hostile)]).startswith(b"\x89PNG")


def test_threads_draw_the_same_picture():
    wanted = draw(leaking(), [payload()])
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: draw(leaking(), [payload()]), range(4))) == {wanted}
