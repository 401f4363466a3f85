"""``python -m tests.mutation [GROUP ...]``: how many mutants do the tests kill? Writes ``build/mutants.json``

The tests are collected once; each mutant lives in a forked process, which runs them until the first fails.
A mutant that runs into the time limit is killed as well. Those that survive are printed, but for those that
``equivalents`` explains. Exit code 1 where a group stays below its goal, or an explanation is out of date.
"""

import contextlib
import importlib
import io
import json
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import settings

from tests.mutation.apply import apply
from tests.mutation.equivalents import EQUIVALENT
from tests.mutation.mutants import Mutant, mutants

LIMIT_S = 120
GUARD_TESTS = "tests/unit/core/test_guards*.py"
POLICY_TESTS = tuple(
    f"tests/unit/core/test_{name}.py" for name in ("policy", "plan", "impact", "ledger*", "learn", "autonomy")
)


@dataclass(frozen=True, slots=True)
class Group:
    """Modules, the tests that should notice, and the share that they must."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    goal: float


GROUPS = {
    "guards": Group(("aiops/core/guards/*.py",), (GUARD_TESTS,), 1.0),
    "policy": Group(
        tuple(
            f"aiops/core/{name}.py" for name in ("policy", "impact", "memory", "learn", "autonomy", "ledger")
        ),
        (*POLICY_TESTS, GUARD_TESTS),
        0.85,
    ),
    "rights": Group(("aiops/core/approvals/rights.py",), ("tests/unit/core/test_rights.py",), 0.95),
    "grammar": Group(
        tuple(f"aiops/core/grammar/{name}.py" for name in ("forms", "parse", "resolve", "thread")),
        ("tests/unit/core/grammar/test_parse.py", "tests/unit/core/grammar/test_resolve.py"),
        0.95,
    ),
    "feedback": Group(
        tuple(f"aiops/core/{name}.py" for name in ("adjust", "ease", "feedback", "hindsight")),
        tuple(f"tests/unit/core/test_{name}.py" for name in ("adjust", "ease", "feedback")),
        0.9,
    ),
    "silences": Group(
        tuple(f"aiops/core/{name}.py" for name in ("silences", "anchored", "routing")),
        tuple(
            f"tests/unit/core/test_{name}.py" for name in ("silences", "anchored", "guards_muted", "routing")
        ),
        0.8,
    ),
    "audit": Group(
        ("aiops/core/chain.py", "aiops/core/audit.py"),
        ("tests/unit/core/test_audit.py",),
        0.95,
    ),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One mutant of one file."""

    path: Path
    source: str
    mutant: Mutant

    @property
    def name(self) -> tuple[str, str, str]:
        """What ``equivalents`` calls it."""
        return self.path.name, self.source.splitlines()[self.mutant.line - 1].strip(), self.mutant.what

    def __str__(self) -> str:
        return f"{self.path}:{self.mutant.line}: {self.name[1]!r}: {self.mutant.what!r}"


class Hunt:
    """A pytest plugin: instead of the tests it runs them once for each mutant, those first that killed others
    of the same file."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases, self.survived = cases, list[Case]()
        self._running: dict[int, tuple[Case, int]] = {}  # by process: what it tries, and where it tells
        self._killers: dict[Path, Counter[int]] = defaultdict(Counter)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Fork, mutate, run."""
        if session.testsfailed or not session.items:
            raise session.Failed("the tests cannot be collected")
        if (failed := _first_failure(session.items, range(len(session.items)))) is not None:
            raise session.Failed(f"without a mutant {session.items[failed].nodeid} fails already")
        for case in self.cases:
            if len(self._running) >= (os.cpu_count() or 1):
                self._reap()
            self._start(case, session.items)
        while self._running:
            self._reap()
        return True

    def _start(self, case: Case, items: Sequence[pytest.Item]) -> None:
        kills = self._killers[case.path]
        order = sorted(range(len(items)), key=lambda at: -kills[at])
        told, tells = os.pipe()
        process = os.fork()
        if process:
            os.close(tells)
            self._running[process] = case, told
            return
        _silence()
        try:
            _mutate(case)
            killer = _first_failure(items, order)
            if killer is not None:
                os.write(tells, str(killer).encode())
            os._exit(0 if killer is None else 1)
        except BaseException:  # noqa: BLE001 - a mutant that cannot even be made is dead
            os._exit(1)

    def _reap(self) -> None:
        process, status = os.wait()
        case, told = self._running.pop(process)
        with os.fdopen(told) as pipe:
            if killer := pipe.read():
                self._killers[case.path][int(killer)] += 1
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            self.survived.append(case)
            if case.name not in EQUIVALENT:
                print(f"alive: {case}", file=sys.stderr, flush=True)


def _silence() -> None:
    """Say nothing, and end by a signal after the time limit."""
    signal.alarm(LIMIT_S)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def _mutate(case: Case) -> None:
    name = ".".join(case.path.with_suffix("").parts).removesuffix(".__init__")
    apply(case.mutant.tree(), importlib.import_module(name))


def _first_failure(items: Sequence[pytest.Item], order: Sequence[int]) -> int | None:
    """The first of ``items``, run in ``order``, that fails."""
    for at, after in zip(order, [*order[1:], None], strict=True):
        following = None if after is None else items[after]
        if any(report.failed for report in runtestprotocol(items[at], nextitem=following, log=False)):
            return at
    return None


def _cases(group: Group, stem: str) -> Iterator[Case]:
    for pattern in group.modules:
        for path in sorted(Path().glob(pattern)):
            source = path.read_text()
            if stem in {"", path.stem}:
                yield from (Case(path, source, mutant) for mutant in mutants(source))


def hunt(name: str, stem: str = "") -> dict[str, object]:
    """Kill the mutants of one group, or of one file of it; what is left of them."""
    group = GROUPS[name]
    cases = list(_cases(group, stem))
    if not cases:
        raise SystemExit(f"mutants: {name} has no file {stem!r}")
    found = Hunt(cases)
    tests = sorted(str(path) for pattern in group.tests for path in Path().glob(pattern))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main([*tests, "-p", "no:cacheprovider", "-o", "timeout=0"], [found])
    if code:
        raise SystemExit(f"mutants of {name}: pytest ended with {code}: {said.getvalue()}")
    return _judged(name, group.goal, cases, found.survived)


def _judged(name: str, goal: float, cases: Sequence[Case], survived: Sequence[Case]) -> dict[str, object]:
    explained = {case.name for case in survived if case.name in EQUIVALENT}
    alive = [case for case in survived if case.name not in EQUIVALENT]
    files = {case.path.name for case in cases}
    stale = [one for one in EQUIVALENT if one[0] in files and one not in explained]
    for one in stale:
        print(f"explained, and not alive: {one}")
    counted = len(cases) - (len(survived) - len(alive))
    score = (counted - len(alive)) / counted
    told = f"{score:.1%} of {counted} mutants killed, goal {goal:.0%}"
    print(f"{name}: {told}; {len(survived) - len(alive)} more are equivalent")
    good = score >= goal and not stale
    return {"mutants": counted, "alive": len(alive), "score": score, "goal": goal, "good": good}


def main(names: Sequence[str]) -> int:
    """All groups, or those named; ``guards/blast`` is one file of a group."""
    wanted = [name.partition("/") for name in names or GROUPS]
    unknown = [name for name, _, _ in wanted if name not in GROUPS]
    if unknown:
        print(f"mutants: expected some of {', '.join(GROUPS)}, got {', '.join(unknown)}", file=sys.stderr)
        return 2
    settings.register_profile("mutants", derandomize=True, database=None)
    settings.load_profile("mutants")
    found = {f"{name}/{stem}" if stem else name: hunt(name, stem) for name, _, stem in wanted}
    Path("build").mkdir(exist_ok=True)
    Path("build/mutants.json").write_text(json.dumps(found, indent=2) + "\n")
    return 0 if all(one["good"] for one in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
