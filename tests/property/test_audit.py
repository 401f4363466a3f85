"""Records of any content leave the journal as one line each and come back; other text is refused (S9)."""

from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core.audit import audit
from aiops.core.chain import first_break, seal, settled, veiled
from aiops.core.exported import FORMATS, lines, parsed
from aiops.core.words import UNPRINTABLE
from aiops.errors import Rejected
from aiops.model import Entry

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "=1+1",
        "'=1",
        "''",
        '"',
        "\\",
        "\\u0041",
        "\u2028",
        "\x1b[2J",
        "a,b",
        "a\r\nb",
        "\x85",
        "\ufeff",
        "-",
        "null",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
VARIABLE = st.fixed_dictionaries({"name": TEXT, "value": TEXT | st.integers(-9, 9) | st.none()})
PAYLOAD = st.dictionaries(TEXT, JSON, max_size=4) | st.fixed_dictionaries(
    {"spec": st.fixed_dictionaries({"env": st.lists(VARIABLE | JSON, max_size=3)}), "command": TEXT}
)
ENTRIES = st.lists(st.builds(Entry, TEXT, TEXT, st.integers(0, 2**53), PAYLOAD, TEXT), min_size=1, max_size=4)


def chain(entries):
    records, last = [], (0, "")
    for entry in entries:
        records.append(seal(settled(entry), last, 1))
        last = records[-1].seq, records[-1].hash
    return records


@pytest.mark.parametrize("form", FORMATS)
@given(entries=ENTRIES)
def test_any_record_is_one_line_and_comes_back_as_it_may_leave(form, entries):
    records = chain(entries)
    text = "".join(lines(records, form))
    assert text.count("\n") == len(records) + (form == "csv")
    assert UNPRINTABLE.search(text.replace("\n", "")) is None
    back = list(parsed(text.splitlines(keepends=True), form))
    assert back == [veiled(one) for one in records]
    assert audit(back, part=True).intact


@given(entries=ENTRIES)
def test_veiled_or_not_the_same_chain_holds(entries):
    records = chain(entries)
    assert first_break(records) == first_break(map(veiled, records)) == ""
    assert [veiled(veiled(one)) for one in records] == [veiled(one) for one in records]


@pytest.mark.parametrize("form", FORMATS)
@given(text=st.text() | st.text(printable) | JSON.map(str), data=st.data())
def test_any_other_text_is_refused_and_nothing_else_happens(form, text, data):
    """A line of an export with a letter more, less or changed among them; the same line is fine."""
    whole = list(lines(chain([Entry("decided", "i", 1, {"a": [1, "x"]}, "k")]), form))
    line = whole[-1]
    at = data.draw(st.integers(0, len(line) - 1))
    for forged in (text, line[:at] + text + line[at:], line[:at] + line[at + 1 :]):
        if forged == line:
            continue
        try:
            back = list(parsed([*whole[:-1], forged], form))
        except Rejected:
            continue
        assert not audit(back, part=True).intact
