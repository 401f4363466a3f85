"""Replies: what is taken, what is thrown away and counted, what is an error (M3, M4)."""

import json
import math

import numpy as np
import pytest

from aiops.adapters.prometheus import envelope, replies
from aiops.errors import Rejected, Unavailable

AT = 1_700_000_000_000


def reply(data, **beside):
    return json.dumps({"status": "success", "data": data, **beside}).encode()


def vector(*rows):
    about = envelope.document(reply({"resultType": "vector", "result": list(rows)}))
    return replies.checked(replies.vector(about.data, AT))


def row(text="1", at=AT / 1000, **labels):
    return {"metric": labels, "value": [at, text]}


def matrix(*pairs, columns=4, **more):
    data = {"resultType": "matrix", "result": [{"metric": {"pod": "a"}, "values": list(pairs), **more}]}
    return replies.matrix(envelope.document(reply(data)).data, AT, 1000, columns)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("+Inf", math.inf),
        ("-Inf", -math.inf),
        ("1e308", 1e308),
        ("-0", 0.0),
        ("4e-324", 4e-324),
    ],
)
def test_numbers_are_kept_as_the_server_wrote_them(text, value):
    """M4."""
    got = vector(row(text, pod="a"))
    assert got.values.tolist() == [[value]]
    assert got.rejected == 0


def test_nan_is_a_gap_and_its_series_stays():
    assert np.isnan(vector(row("NaN", pod="a")).values).tolist() == [[True]]


@pytest.mark.parametrize("text", ["", "x", "1_000", "１２", " 1", "0x10", None, 3, ["1"]])
def test_what_is_no_number_is_thrown_away_and_counted(text):
    """M4: the good series beside it stays."""
    got = vector(row(text, pod="a"), row("2", pod="b"))
    assert [labels["pod"] for labels in got.labels] == ["b"]
    assert got.values.tolist() == [[2.0]]
    assert got.rejected == 1


@pytest.mark.parametrize(
    ("late_ms", "taken"), [(0, True), (-300_000, True), (-300_001, False), (1, False), (86_400_000, False)]
)
def test_a_sample_is_of_now_or_of_the_last_five_minutes_never_of_the_future(late_ms, taken):
    """M4."""
    got = vector(row("1", at=(AT + late_ms) / 1000, pod="a"))
    assert (len(got.labels), got.rejected) == ((1, 0) if taken else (0, 1))


def test_native_histograms_are_thrown_away_and_counted():
    """M4."""
    histogram = {"count": "1", "sum": "2", "buckets": [[0, "1", "2", "1"]]}
    got = vector({"metric": {"pod": "a"}, "histogram": [AT / 1000, histogram]}, row("2", pod="b"))
    assert (len(got.labels), got.rejected) == (1, 1)
    over_time = matrix([AT / 1000, "1"], histograms=[[AT / 1000, histogram]] * 3)
    assert (len(over_time.labels), over_time.rejected) == (1, 3)


def test_the_same_labels_twice_are_no_series_at_all():
    """M4: nobody could say which of them is meant."""
    got = vector(row("1", pod="a"), row("2", pod="b"), row("3", pod="a"))
    assert got.values.tolist() == [[2.0]]
    assert got.rejected == 2


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        ({"pod": "x" * replies.MAX_LABEL}, True),
        ({"pod": "x" * (replies.MAX_LABEL + 1)}, False),
        ({f"l{number}": "" for number in range(replies.MAX_LABELS)}, True),
        ({f"l{number}": "" for number in range(replies.MAX_LABELS + 1)}, False),
        ({"pod": 'a"}\n\x00\u202e'}, True),  # odd, but text
        ({"pod": 1}, False),
        ([], False),
        (None, False),
    ],
)
def test_labels_are_text_of_bounded_size(labels, taken):
    """M4."""
    got = vector({"metric": labels, "value": [AT / 1000, "1"]})
    assert (len(got.labels), got.rejected) == ((1, 0) if taken else (0, 1))


def test_samples_off_the_grid_twice_or_backwards_are_thrown_away_and_counted():
    """M4: of seven, the two at 0 s and 2 s are taken; one is of before the start, one of after the end."""
    start = AT / 1000
    got = matrix(
        [start - 1, "9"],
        [start, "1"],
        [start, "9"],
        [start + 2, "2"],
        [start + 1, "9"],
        [start + 0.5, "9"],
        [start + 4, "9"],
    )
    assert got.times.tolist() == [AT, AT + 1000, AT + 2000, AT + 3000]
    assert np.nan_to_num(got.values[0], nan=-1).tolist() == [1, -1, 2, -1]
    assert got.rejected == 5


def test_an_unreadable_sample_costs_itself_and_not_its_series():
    start = AT / 1000
    got = matrix([start, "1"], [start + 1, None], "x", [start + 2], [start + 3, "4"])
    assert np.nan_to_num(got.values[0], nan=-1).tolist() == [1, -1, -1, 4]
    assert got.rejected == 3


@pytest.mark.parametrize("kind", ["string", "matrix", "streams", "\x1b[31m"])
def test_an_instant_query_gives_one_number_a_series_or_is_rejected(kind):
    with pytest.raises(Rejected, match="one number a series"):
        replies.vector({"resultType": kind, "result": []}, AT)


def test_more_cells_than_memory_should_hold_are_rejected():
    data = {"resultType": "matrix", "result": [{}] * 1000}
    with pytest.raises(Rejected, match="far more than was asked for"):
        replies.matrix(data, AT, 1000, replies.MOST_CELLS // 1000 + 1)


def test_an_error_with_data_is_an_error():
    """M3."""
    body = json.dumps({"status": "error", "errorType": "internal", "error": "half", "data": {}}).encode()
    with pytest.raises(Unavailable, match="half"):
        envelope.document(body)


def test_warnings_infos_and_partial_answers_are_carried():
    """M3."""
    data = {"resultType": "vector", "result": [], "stats": {"samples": {"totalQueryableSamples": 42}}}
    got = envelope.document(reply(data, warnings=["a\nb"], infos=["c"], isPartial=True))
    assert (got.warnings, got.infos, got.partial, got.samples) == (("a b",), ("c",), True, 42)
    series = replies.series(replies.vector(got.data, AT), got, 0.5)
    assert (series.warnings, series.infos, series.partial, series.samples) == (("a b",), ("c",), True, 42)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"", "JSON"),
        (b'{"status":"success","data":{"resultType":"vec', "JSON"),
        (b'{"status":"success","data":"\xff"}', "JSON"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'{"status":"success"}', "no data|got none"),
        (b'{"status":"error","errorType":"bad_data","error":"parse error"}', "parse error"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_reply_is_rejected_in_words(body, word):
    """M4."""
    with pytest.raises(Rejected, match=word):
        envelope.document(body)


@pytest.mark.parametrize("result", [None, {}, "x", 3])
def test_a_result_that_is_no_list_is_rejected(result):
    with pytest.raises(Rejected, match="list of series"):
        replies.vector({"resultType": "vector", "result": result}, AT)
