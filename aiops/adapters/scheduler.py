"""Scheduler: runs the loop's jobs at their intervals, and says so when one was late or skipped.

APScheduler 3.11 with settings it does not have by default: a late run is run and not dropped, a run that
is still going is not started twice (the next one is counted as skipped), runs that piled up become one.
"""

from collections.abc import Callable

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

Report = Callable[[str, str], None]  # (job, "missed" | "skipped" | "failed")


class Scheduler:
    """Intervals only. ``report`` is called from the scheduler's threads for each irregularity."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._hear, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)

    def _hear(self, event: JobExecutionEvent) -> None:
        names = {EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "skipped", EVENT_JOB_ERROR: "failed"}
        self._report(str(event.job_id), names[event.code])

    def every(self, seconds: float, name: str, job: Callable[[], None]) -> None:
        """Run ``job`` each ``seconds``, first one interval from now."""
        self._scheduler.add_job(job, IntervalTrigger(seconds=seconds), id=name, name=name)

    def start(self) -> None:
        """Begin; returns at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """No further run starts; waits for those under way."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
