"""Mutants: what is changed, what is left alone, and that a lie nobody notices is found (G13)."""

import ast
import importlib.util
import subprocess
import sys

import pytest

from tests.mutation.apply import apply
from tests.mutation.mutants import mutants


def changes(source):
    return [one.what for one in mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a < b -> a <= b", "a < b -> a >= b"]),
        ("a >= b", ["a >= b -> a > b", "a >= b -> a < b"]),
        ("a == b", ["a == b -> a != b"]),
        ("a is None", ["a is None -> a is not None"]),
        ("a in b", ["a in b -> a not in b"]),
        ("a and b", ["a and b -> a or b", "a and b -> b", "a and b -> a"]),
        ("not a", ["not a -> a"]),
        ("-a", ["-a -> a"]),
        ("a + b", ["a + b -> a - b"]),
        ("True", ["True -> False"]),
        ("x = 3", ["3 -> 4", "3 -> 2"]),
        ("any(a)", ["any(a) -> all(a)"]),
        ("a.max()", ["a.max() -> a.min()"]),
        ("x = 1.5", ["1.5 -> 2.5", "1.5 -> 0.5"]),
        ("b if a else c", ["b if a else c -> b if True else c", "b if a else c -> b if False else c"]),
        ("a[b] = c", ["a[b] = c -> pass"]),
        ("a += b", ["a += b -> pass"]),
    ],
)
def test_what_a_test_should_notice_is_changed(source, expected):
    if source in {"any(a)", "a.max()"}:  # a call for its effect may be left out as well
        expected = [f"{source} -> pass", *expected]
    if source == "True":
        source = "x = True"
    assert sorted(changes(source)) == sorted(expected)


def test_the_lie_that_matters_most():
    source = "def guard():\n    return hold('g', 'why', until)"
    assert "return hold('g', 'why', until) -> return permit('g', 'why')" in changes(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Text."""',
        "f'{a + 1} pods'",
        "'one' if a else 'many'",
        "def f(a: int = 3) -> 'x': ...",
        "@d(3)\ndef f(): ...",
        "a: tuple[int, 3] = b",
    ],
)
def test_text_and_annotations_are_left_alone(source):
    assert changes(source) == []


def test_a_condition_in_a_comprehension_is_dropped():
    assert "[a for a in b if c] -> " not in changes("x = [a for a in b if c]")
    assert any("if True" in one for one in changes("x = [a for a in b if c]"))


def test_mutants_come_in_the_order_of_lines_and_compile():
    source = "def f(a):\n    if a > 1 and a < 9:\n        return a * 2\n    return not a\n"
    found = list(mutants(source))
    assert [one.line for one in found] == sorted(one.line for one in found)
    for one in found:
        compile(one.tree(), "x", "exec")
        assert ast.unparse(one.tree()) != ast.unparse(ast.parse(source))


LYING = """
LIMIT = 3

class Box:
    @property
    def size(self):
        return 1

def many(n):
    return n >= LIMIT
"""


@pytest.fixture
def module(tmp_path):
    """A module of its own, imported from a file."""
    path = tmp_path / "lying.py"
    path.write_text(LYING)
    spec = importlib.util.spec_from_file_location("lying", path)
    made = importlib.util.module_from_spec(spec)
    sys.modules["lying"] = made
    spec.loader.exec_module(made)
    yield made, path.read_text()
    del sys.modules["lying"]


def test_functions_keep_their_identity_and_lie(module):
    """A table of guards holds the functions themselves."""
    made, source = module
    many = made.many
    lie = next(one for one in mutants(source) if one.what == "n >= LIMIT -> n > LIMIT")
    apply(lie.tree(), made)
    assert many is made.many
    assert (many(3), many(4)) == (False, True)


def test_constants_and_properties_lie_as_well(module):
    made, source = module
    box = made.Box()
    for what in ("3 -> 4", "1 -> 2"):
        apply(next(one for one in mutants(source) if one.what == what).tree(), made)
    assert made.LIMIT == 3  # the second mutant is the source with one change again
    assert box.size == 2


@pytest.mark.slow
def test_a_lie_that_nobody_notices_is_found_and_one_that_is_noticed_is_not():
    """The positive control: of the sample's two functions one is held."""
    code = (
        "import tests.mutation.__main__ as m\n"
        "place = 'tests/mutation/sample'\n"
        "m.GROUPS = {'s': m.Group((place + '.py',), (place + '_checks.py',), 1.0)}\n"
        "raise SystemExit(0 if m.hunt('s')['good'] else 1)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    alive = [line for line in done.stderr.splitlines() if line.startswith("alive:")]
    assert len(alive) == 3, done.stderr  # count <= 2, 2 -> 3, 2 -> 1
    assert all("count < 2" in line for line in alive)
