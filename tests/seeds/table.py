"""Table: from outcomes to rows with goals, and to the lines that are shown on the way."""

from collections import Counter
from collections.abc import Sequence

from aiops.core.score import percentile, share
from tests.measure import Row, row
from tests.seeds.one import Fault, Outcome


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """The goals of ``make seeds`` first, then what explains them. A fault that was missed has no right
    cause."""
    faults = [fault for one in outcomes for fault in one.faults]
    alarms = sum(len(one.alarms) for one in outcomes)
    days = sum(one.days for one in outcomes)
    weeks = sum(one.days * one.workloads / 7 for one in outcomes)
    delays = [fault.delay_s / 60 for fault in faults if fault.delay_s is not None]
    proposed = [fault.proposed_right for fault in faults if fault.proposed_right is not None]
    return [
        row("found", share(one.found for one in faults), "share", goal=0.95, better="higher"),
        row(
            "false incidents in 100 workload-weeks",
            100 * alarms / weeks if weeks else None,
            "incidents",
            goal=1.0,
        ),
        row("right cause first", share(one.rank == 1 for one in faults), "share", goal=0.80, better="higher"),
        row(
            "right cause in the first three",
            share(_within(one, 3) for one in faults),
            "share",
            better="higher",
        ),
        row("faults", len(faults), "faults"),
        row("missed", sum(not one.found for one in faults), "faults"),
        row("false incidents", alarms, "incidents"),
        row("false incidents a day", alarms / days if days else None, "incidents"),
        row("further incidents for the same fault", sum(one.extra for one in faults), "incidents"),
        row("watched", weeks, "workload-weeks"),
        row("delay, median", percentile(delays, 0.5), "min"),
        row("delay, 95th percentile", percentile(delays, 0.95), "min"),
        row("a right step among those proposed", share(proposed), "share", better="higher"),
        *_by_fault(faults),
    ]


def _within(one: Fault, rank: int) -> bool:
    return one.rank is not None and one.rank <= rank


def _by_fault(faults: Sequence[Fault]) -> list[Row]:
    result = []
    for name in sorted({one.fault for one in faults}):
        mine = [one for one in faults if one.fault == name]
        delays = [one.delay_s / 60 for one in mine if one.delay_s is not None]
        result += [
            row(f"{name}: found of {len(mine)}", sum(one.found for one in mine), "faults", better="higher"),
            row(f"{name}: right cause first", share(one.rank == 1 for one in mine), "share", better="higher"),
            row(f"{name}: delay, median", percentile(delays, 0.5), "min"),
        ]
    return result


def line(one: Outcome) -> str:
    """One seed in one line."""
    found = sum(fault.found for fault in one.faults)
    right = sum(fault.rank == 1 for fault in one.faults)
    return (
        f"seed {one.seed}: found {found} of {len(one.faults)}, right cause first {right}, "
        f"false {len(one.alarms)}, {one.took_s:.0f} s"
    )


def details(one: Outcome) -> list[str]:
    """What went wrong with a seed, one line each."""
    told = []
    for fault in one.faults:
        if not fault.found:
            told.append(f"  missed {fault.fault} at {fault.target}")
        elif fault.rank != 1:
            told.append(f"  {fault.fault} at {fault.target}: first suspect {fault.first}, cause {fault.rank}")
        if fault.extra:
            told.append(f"  {fault.fault} at {fault.target}: {fault.extra} more incidents")
    for alarm in one.alarms:
        worst = Counter(alarm.anomalies).most_common(3)
        told.append(
            f"  false after {alarm.opened_h:.1f} h, {alarm.classed}: " + ", ".join(name for name, _ in worst)
        )
    return told
