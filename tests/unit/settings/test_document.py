"""Documents: YAML that surprises is refused with the line in which it does (S2)."""

import pytest

from aiops.errors import Problem
from aiops.settings.document import MAX_BYTES, MAX_DEPTH, MAX_NODES, Items, Scalar, Table, parse


def refusal(text):
    answer = parse("a.yaml", text if isinstance(text, bytes) else text.encode())
    assert isinstance(answer, Problem), answer
    return str(answer)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: !!python/object/apply:os.system [ls]", "a.yaml:2: expected plain values without tags"),
        ("a: !secret x", "expected plain values without tags"),
        ("a: &x 1\nb: *x", "a.yaml:1: expected the value written out, got an anchor or alias 'x'"),
        ("a: *x", "expected the value written out"),
        ("<<: {a: 1}\n<<: {b: 2}", "a.yaml:2: expected each key once"),
        ("%YAML 1.1\n---\na: 1", "without directives"),
        ("a: 1\n---\nb: 2", "one document a file"),
        ("a: 1\nb: 2\na: 3", "a.yaml:3: expected each key once, got key a again (first in line 1)"),
        ("[a, b]: 1", "expected a key of text"),
        ("{a: 1}: 1", "expected a key of text"),
        ("a:\n\t- 1", "tabs do not indent in YAML"),
        ("a: 'x", "expected valid YAML"),
        ("a: b: c", "expected valid YAML"),
        ("", "got an empty file"),
        ("# only a comment\n", "got an empty file"),
        (b"a: 1\nb: \xff", "a.yaml:2: expected text in UTF-8, got byte 0xff"),
        (b"\xff\xfea\x00:\x00", "expected text in UTF-8"),
        (b"a: \x00", "without control characters"),
        (b"a: \x1b[2J", "without control characters"),
    ],
)
def test_what_surprises_is_refused_with_its_line(text, says):
    assert says in refusal(text)


def test_a_bomb_of_aliases_is_refused_before_it_opens():
    """Ten levels of ten aliases would be ten thousand million values."""
    lines = ['a0: &a0 ["x"]'] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 11)]
    assert "the value written out" in refusal("\n".join(lines))


def nested(depth):
    """``depth`` lists in each other; the innermost is ``depth`` - 1 levels below the top."""
    return "[" * depth + "]" * depth


def test_sixteen_levels_are_the_most():
    assert isinstance(parse("a.yaml", nested(MAX_DEPTH + 1).encode()), Items)
    assert "at most 16 levels" in refusal(nested(MAX_DEPTH + 2))


def test_a_file_of_exactly_the_largest_size_is_read():
    comment = b"a: 1\n#" + b"x" * (MAX_BYTES - 6)
    assert isinstance(parse("a.yaml", comment), Table)
    assert f"at most {MAX_BYTES} bytes" in refusal(comment + b"x")


@pytest.mark.slow
def test_too_many_values_are_refused():
    """The list itself is a value too."""
    assert isinstance(parse("a.yaml", b"[" + b"1," * (MAX_NODES - 1) + b"]"), Items)
    assert f"at most {MAX_NODES} values" in refusal(b"[" + b"1," * MAX_NODES + b"]")


def test_a_mark_of_the_byte_order_is_no_part_of_the_text():
    tree = parse("a.yaml", b"\xef\xbb\xbfa: 1")
    assert tree == Table({"a": (Scalar("a", True, 1), Scalar("1", True, 1))}, 1)
