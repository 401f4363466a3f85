"""Scheduler: runs the loop's jobs at their intervals, and says so when one was late or skipped.

APScheduler 3.11 with settings it does not have by default: a late run is run and not dropped, a run that
is still going is not started twice (the next one is counted as skipped), runs that piled up, as while the
machine slept, become one. APScheduler does not tell of the others, so they are counted here, from the times
at which runs were due.
"""

from collections.abc import Callable
from datetime import datetime

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    EVENT_JOB_SUBMITTED,
    JobEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

Report = Callable[[str, str, int], None]  # (job, "missed" | "skipped" | "failed", how many runs)
DUE = EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES


class Scheduler:
    """Intervals only. ``report`` is called from the scheduler's threads for each irregularity."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._seconds: dict[str, float] = {}  # between two runs of a job
        self._due: dict[str, datetime] = {}  # when its newest run was due
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._hear, DUE | EVENT_JOB_MISSED | EVENT_JOB_ERROR)

    def _hear(self, event: JobEvent) -> None:
        names = {EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "skipped", EVENT_JOB_ERROR: "failed"}
        job = str(event.job_id)
        if event.code & DUE and (lost := self._lost(job, event.scheduled_run_times[-1])):
            self._report(job, "missed", lost)
        if event.code in names:
            self._report(job, names[event.code], 1)

    def _lost(self, job: str, due: datetime) -> int:
        """How many runs were due since the last one that we heard of and became one with that of ``due``."""
        before, self._due[job] = self._due.get(job), due
        return 0 if before is None else round((due - before).total_seconds() / self._seconds[job]) - 1

    def every(self, seconds: float, name: str, job: Callable[[], object]) -> None:
        """Run ``job`` each ``seconds``, first one interval from now."""
        self._seconds[name] = seconds
        self._scheduler.add_job(job, IntervalTrigger(seconds=seconds), id=name, name=name)

    def start(self) -> None:
        """Begin; returns at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """No further run starts; waits for those under way."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
