"""Scheduler: late is run, still running is skipped and counted, failed is told."""

import threading
import time

from aiops.adapters.scheduler import Scheduler


def run_for(seconds, job, every=0.05):
    told = []
    scheduler = Scheduler(lambda name, what: told.append((name, what)))
    scheduler.every(every, "tick", job)
    scheduler.start()
    time.sleep(seconds)
    scheduler.stop()
    return told


def test_a_job_that_takes_too_long_never_runs_twice_at_once_and_is_counted():
    running, most = threading.Semaphore(0), []

    def slow():
        running.release()
        most.append(running._value)
        time.sleep(0.25)
        running.acquire()

    told = run_for(0.8, slow)
    assert max(most) == 1
    assert ("tick", "skipped") in told


def test_a_job_that_fails_is_told_and_runs_again():
    runs = []

    def bad():
        runs.append(1)
        raise ValueError("one bad tick")

    told = run_for(0.4, bad)
    assert len(runs) >= 2
    assert ("tick", "failed") in told


def test_stopping_waits_for_the_run_under_way():
    ended = []

    def job():
        time.sleep(0.3)
        ended.append(1)

    run_for(0.15, job)
    assert ended
