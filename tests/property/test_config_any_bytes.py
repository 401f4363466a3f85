"""Any configuration is answered by Settings or ConfigError, soon (S2); it is whole or not at all (B7)."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.bootstrap.check import CHECKS
from aiops.bootstrap.config import shipped_folder
from aiops.errors import ConfigError
from aiops.settings import Settings, load
from aiops.settings.document import MAX_BYTES
from tests.unit.settings.folders import folder, playbooks, signals

SHIPPED = sorted(path.relative_to(shipped_folder()).as_posix() for path in shipped_folder().rglob("*.yaml"))
PLACES = ["aiops.yaml", "graph.yaml", "signals/own.yaml", "playbooks/own.yaml"]
PIECES = (
    *(
        "aiops",
        "policy: ",
        "mode: ",
        "signals:\n",
        "playbooks:\n",
        "- ",
        "  ",
        "\n",
        "\t",
        ": ",
        ":",
        "[",
        "]",
        "{",
        "}",
    ),
    *(
        ", ",
        "&a ",
        "*a",
        "!!int ",
        "! ",
        "|",
        ">",
        "%",
        "---\n",
        "...\n",
        "? ",
        "<<: ",
        "# ",
        "'",
        '"',
        "\\",
        "\x00",
    ),
    *(
        "no",
        "1e3",
        "0o17",
        ".nan",
        "~",
        "null",
        "9" * 40,
        "15s",
        "a" * 70,
        "é",
        "\u2028",
        "\ufeff",
        "name: a\n",
    ),
    *("when: {classes: [crash_loop]}\n", "steps: []\n", "query: up\n", "*", "Deployment/a/b", "edges: []"),
)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def answer(root, name, data):
    """What the loader says of ``data`` in the place of one file: Settings, or the problems of ConfigError."""
    if not (root / "aiops.yaml").exists():
        folder(root, graph="edges: []")
    before = (root / name).read_bytes()
    (root / name).write_bytes(data)
    try:
        return load(root, None, CHECKS)
    except ConfigError as error:
        return error.problems
    finally:
        (root / name).write_bytes(before)


def is_answer(said):
    """Settings, or problems that have a place and an expectation and cannot steer a terminal."""
    if isinstance(said, Settings):
        return bool(said.digest)
    return bool(said) and all(one.where and one.expected and str(one).isprintable() for one in said)


@FEW
@given(name=st.sampled_from(PLACES), data=st.binary(max_size=200))
def test_any_bytes_are_settings_or_problems(tmp_path, name, data):
    assert is_answer(answer(tmp_path, name, data))


@FEW
@given(name=st.sampled_from(PLACES), pieces=st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_text_that_looks_like_yaml_is_settings_or_problems(tmp_path, name, pieces):
    assert is_answer(answer(tmp_path, name, "".join(pieces).encode()))


SMALL = {
    "aiops.yaml": "policy: {mode: ask, budgets: {cluster_per_hour: 3}}\n"
    "detection: {step: 30s, timezone: Asia/Kathmandu}\n"
    "prometheus: {url: 'https://p', headers: {X-Key: k}, cluster_matchers: {cluster: eu}}\n",
    "graph.yaml": "edges: [{caller: Deployment/shop/web, callee: StatefulSet/shop/db}]\n",
    "signals/own.yaml": signals("errors", "more"),
    "playbooks/own.yaml": playbooks("back", "forth"),
}


@st.composite
def damages(draw):
    """A file's place, and a good one of whose stretches some were replaced by pieces of YAML."""
    name = draw(st.sampled_from(PLACES))
    text = SMALL[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 20, len(text))))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return name, text.encode()


@FEW
@given(damages())
def test_a_small_damage_is_settings_or_problems(tmp_path, damage):
    assert is_answer(answer(tmp_path, *damage))


@pytest.mark.slow
@settings(FEW, max_examples=5000)
@given(damages())
def test_many_small_damages_are_settings_or_problems(tmp_path, damage):
    """G6."""
    assert is_answer(answer(tmp_path, *damage))


@pytest.mark.parametrize("cuts", [4, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_that_is_cut_off_is_no_configuration_by_halves(tmp_path, name, cuts):
    """B7: cut anywhere, it is refused, or its first items are read as they are; only the last may lack keys
    that have defaults."""
    data = (shipped_folder() / name).read_bytes()
    key = name.partition("/")[0]
    place = name if name == "aiops.yaml" else f"{key}/own.yaml"
    whole = answer(tmp_path, place, data)
    assert isinstance(whole, Settings)
    for cut in range(0, len(data), max(len(data) // cuts, 1)):
        read = answer(tmp_path, place, data[:cut])
        assert is_answer(read), cut
        if isinstance(read, Settings) and place != "aiops.yaml":
            items, good = getattr(read, key), getattr(whole, key)
            assert items[:-1] == good[: len(items) - 1], cut


def repeated(unit):
    return (unit * (MAX_BYTES // len(unit) + 1))[:MAX_BYTES].encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "[",
            "{",
            "- ",
            "? ",
            "a: ",
            "!",
            "&a ",
            "*a ",
            "#",
            "\n",
            " ",
            "a: |\n",
            "'",
            '"',
            "%",
            "1,",
            "\\",
        ),
        *("a: [1, 2, 3]\n", "signals: [", "- - - -\n", "a\n", "a,", "---\n", "k: 'a\n\n", "policy: {}\n"),
    ],
)
def test_the_largest_file_is_answered_within_ten_seconds_of_work(tmp_path, unit):
    """S2. Measured on two cores: 3 s for the worst of these."""
    started = time.process_time()
    assert is_answer(answer(tmp_path, "aiops.yaml", repeated(unit)))
    assert time.process_time() - started < 10
