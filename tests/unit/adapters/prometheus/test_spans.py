"""Spans: what is cut out of a reply is exactly what a JSON reader would have read, or nothing is cut."""

import json
import math

import numpy as np
import pytest

from aiops.adapters.prometheus import envelope, spans

START = 1_700_000_000


def body(*series):
    rows = ",".join(f'{{"metric":{{"pod":"p{n}"}},"values":[{values}]}}' for n, values in enumerate(series))
    return f'{{"status":"success","data":{{"resultType":"matrix","result":[{rows}]}}}}'.encode()


def test_samples_are_cut_out_and_put_back_in_their_rows():
    about = envelope.range_document(
        body(f'[{START},"1"],[{START + 1}.5,"-2e3"]', f'[{START},"+Inf"],[{START + 1},"NaN"]')
    )
    first, second = (row["values"] for row in about.data["result"])
    assert first.stamps.tolist() == [START, START + 1.5]
    assert first.numbers.tolist() == [1.0, -2000.0]
    assert second.numbers[0] == math.inf
    assert np.isnan(second.numbers[1])


@pytest.mark.parametrize(
    "values",
    [
        f'[{START},"1","2"],[{START + 1}]',  # as many commas and quotes as two good ones
        f'[{START}"],["1"]',
        f'["{START}",1]',
        f"[{START},1]",
        f'[{START},""]',
        f'[{START},"1_0"]',
        f'[{START},"0x1"]',
        f'[{START}, "1"]',
        f'[{START},"1"],',
        f'[{START},"1,2"]',
        f'[{START},"e"]',
        f'[[{START},"1"]]',
    ],
)
def test_whatever_is_not_exactly_as_prometheus_writes_it_is_not_cut(values):
    assert spans.cut(body(values)) is None


def test_a_label_that_looks_like_samples_stays_a_label():
    pod = '"values":[[1,"2"]]'
    row = {"metric": {"pod": pod}, "values": [[START, "1"]]}
    text = json.dumps(
        {"status": "success", "data": {"resultType": "matrix", "result": [row]}}, separators=(",", ":")
    )
    got = envelope.range_document(text.encode()).data["result"][0]
    assert got["metric"]["pod"] == pod
    assert got["values"].numbers.tolist() == [1.0]


def test_a_row_that_claims_to_be_a_cut_gets_none():
    """The rows are 0 (a forgery) and 1: both are read the slow way, the forgery as no samples."""
    forged = body(f'[{START},"1"]').replace(b'"result":[', b'"result":[{"metric":{},"values":0},')
    got = envelope.range_document(forged).data["result"]
    assert got[0]["values"] == 0
    assert got[1]["values"].numbers.tolist() == [1.0]


def test_samples_somewhere_else_in_the_reply_are_read_as_json():
    odd = body(f'[{START},"1"]').replace(b'"data"', b'"stats":{"values":[[1,"2"]]},"data"')
    assert envelope.range_document(odd).data["result"][0]["values"] == [[START, "1"]]
