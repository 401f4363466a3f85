"""The crash matrix: one kill at each named point of each act, in each scenario (G1, G3).

A cell is one run: the act is played once without a crash, which tells every point that it reaches; then once
for each of those points, with the process dying there. What must come out is always the same: the act's own
writes, once each, an end for everything that was begun, and a journal that agrees with the audit log.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.chaos.acts import Act
from tests.chaos.model import Finding, Kind, Where, violations
from tests.chaos.stage import Fuse, Run
from tests.fakes.cluster import Fault

Event = tuple[str, int]  # a point with its phase, and which time it was reached
SENT = "cluster: after"
JOURNALLED = "carry.sending-journalled"
LEAST_BUSY = 0.3  # of the kills, else the matrix is invalid (G3)
LEAST_POINTS = 45
MOST_ALIKE = 3  # of the ticks in which nothing is under way: one is as good as another
MOST_RUNS = 3  # to reach one point


@dataclass(frozen=True)
class Scenario:
    """What goes on beside the crash. ``first``: a crash before the one that is tried, so that the second one
    strikes a process that resumes."""

    name: str
    helps: bool = True
    faults: tuple[Fault, ...] = ()
    first: str = ""


SCENARIOS = (
    Scenario("it helps"),
    Scenario("it is useless", helps=False),
    Scenario("the answer is lost", faults=(Fault.LOSE_ANSWER,)),
    Scenario("it never arrives", faults=(Fault.NEVER_ARRIVE,)),
    Scenario("again, after it was sent", first=SENT),
    Scenario("again, before it was sent", helps=False, first=JOURNALLED),
)


@dataclass(frozen=True)
class Cell:
    """One run and what came of it. ``point`` is "" where nothing was to crash."""

    act: Act
    scenario: Scenario
    point: str
    reached: bool  # else the run is invalid
    busy: bool  # something was in flight when the process died
    findings: tuple[Finding, ...]
    problem: str = ""  # the effects, or what is left, are not what they must be

    @property
    def good(self) -> bool:
        return self.reached and not self.findings and not self.problem

    def __str__(self) -> str:
        said = [str(one) for one in self.findings] + [self.problem] * bool(self.problem)
        said += [] if self.reached else ["the point was not reached"]
        return f"{self.act.name}, {self.scenario.name}, killed at {self.point}: {'; '.join(said) or 'good'}"


def expected(act: Act, scenario: Scenario) -> tuple[str, ...]:
    """The verbs that the audit log must have, whatever dies."""
    taken_back = act.undo and not scenario.helps and not act.contains
    return act.writes + ((act.undo,) if taken_back else ())


def play(act: Act, scenario: Scenario, stage, path=None, at: Sequence[Event] = ()) -> Run:
    """One run, with a crash at each of ``at``."""
    run = Run(act, stage, path, Fuse(tuple(at)), helps=scenario.helps)
    run.play()
    run.close()
    return run


def events(
    act: Act, scenario: Scenario, stages, path_of=lambda: None
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """(crashes that come before the one tried, every point that is reached after them).

    A first run finds a real server cold, and may see its objects a tick later: it is the second that counts.
    """
    play(act, scenario, stages(act, scenario), path_of())
    trace = play(act, scenario, stages(act, scenario), path_of()).fuse.trace
    if not scenario.first:
        return (), _worth_it(trace)
    first = next(one for one in trace if scenario.first in one[0])
    again = play(act, scenario, stages(act, scenario), path_of(), (first,)).fuse.trace
    return (first,), _worth_it(again[again.index(first) + 1 :])


def _worth_it(trace: Sequence[Event]) -> tuple[Event, ...]:
    idle = [one for one in trace if one[0].startswith("decide") and one[0].endswith("loop.decided")]
    return tuple(one for one in trace if one not in idle[MOST_ALIKE:])


def judge(run: Run, scenario: Scenario, point: str, wanted: int, effects) -> Cell:
    """What came of a run that is over; ``wanted`` crashes should have happened."""
    records = run.kept
    findings = violations(effects, records, Where(opted_in=frozenset({run.stage.place.namespace})))
    verbs, must = tuple(one.verb for one in effects), expected(run.act, scenario)
    problem = "" if verbs == must else f"the audit log has {verbs or 'nothing'}, expected {must}"
    if not problem and run.left:
        problem = f"left under way: {run.left}"
    if not problem and run.broken:
        problem = f"the journal: {run.broken}"
    busy = bool(run.busy) and run.busy[-1]
    return Cell(run.act, scenario, point, len(run.fuse.blown) == wanted, busy, findings, problem)


def runs(act: Act, scenario: Scenario, stages, path_of=lambda: None, every: int = 1, start: int = 0):
    """A run for each point that the act reaches in the scenario, and how many kills it should have had; only
    each ``every``-th from ``start``. A run in which the point was not reached (a real server was slow) shows
    nothing, and is run again."""
    before, points = events(act, scenario, stages, path_of)
    wanted = len(before) + 1
    for event in points[start % every :: every]:
        for _ in range(MOST_RUNS):
            run = play(act, scenario, stages(act, scenario), path_of(), (*before, event))
            if len(run.fuse.blown) == wanted:
                break
        yield run, event[0], wanted


def cells(act: Act, scenario: Scenario, stages, path_of=lambda: None, every: int = 1, start: int = 0):
    """The same, judged at once by what the stage itself knows was done."""
    for run, point, kills in runs(act, scenario, stages, path_of, every, start):
        yield judge(run, scenario, point, kills, run.stage.effects())


def table(found: Iterable[Cell]) -> list[str]:
    """Points by acts: how often the process was killed there, and whether anything was lost or doubled."""
    rows: dict[str, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    acts: dict[str, None] = {}
    for cell in found:
        rows[cell.point][cell.act.name].append(cell)
        acts.setdefault(cell.act.name)
    width = max((len(one) for one in rows), default=5)
    head = " ".join(f"{_short(name):>9}" for name in acts)
    lines = [f"{'point':<{width}} {head}"]
    for point in sorted(rows):
        cells_of = (rows[point].get(name, []) for name in acts)
        lines.append(f"{point:<{width}} {' '.join(f'{_shown(each):>9}' for each in cells_of)}")
    return lines


def _short(name: str) -> str:
    return name.replace("delete_finished_pods", "clear_up").replace("suspend_cronjob", "suspend")[:9]


def _shown(each: Sequence[Cell]) -> str:
    if not each:
        return "."
    bad = sum(not one.good for one in each)
    return f"{len(each)} BAD {bad}" if bad else str(len(each))


def figures(found: Sequence[Cell]) -> dict[str, object]:
    """The numbers of the whole matrix, as they are printed and kept."""
    kinds = Counter(one.kind for cell in found for one in cell.findings)
    return {
        "points": len({cell.point for cell in found}),
        "acts": len({cell.act.name for cell in found}),
        "combinations": len({(cell.point, cell.act.name) for cell in found}),
        "kills": sum(cell.reached for cell in found),
        "kills in flight": sum(cell.busy for cell in found),
        "lost": kinds[Kind.LOST],
        "doubled": kinds[Kind.DOUBLED],
        "other findings": sum(kinds.values()) - kinds[Kind.LOST] - kinds[Kind.DOUBLED],
        "bad cells": sum(not cell.good for cell in found),
    }
