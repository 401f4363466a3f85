"""Scheduler: late is run; still running is skipped and piled up is one, both counted; failed is told."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

from aiops.adapters.scheduler import Scheduler

PATIENCE_S = 20.0  # of a loaded machine; what is waited for comes in a fraction of a second


@contextlib.contextmanager
def going(job, every=0.05):
    """(wait for a condition, what was told) while ``job`` runs each ``every`` seconds."""
    told, changed = [], threading.Condition()

    def tell(name, what, runs):
        with changed:
            told.append((name, what, runs))
            changed.notify_all()

    def until(condition):
        with changed:
            assert changed.wait_for(condition, PATIENCE_S), told

    scheduler = Scheduler(tell)
    scheduler.every(every, "tick", job)
    scheduler.start()
    try:
        yield until, told
    finally:
        scheduler.stop()


def test_a_job_that_takes_too_long_never_runs_twice_at_once_and_is_counted():
    running, most, release = threading.Semaphore(0), [], threading.Event()

    def slow():
        running.release()
        most.append(running._value)
        release.wait(PATIENCE_S)
        running.acquire()

    with going(slow) as (until, told):
        until(lambda: sum(what == "skipped" for _, what, _ in told) >= 3)  # three came while one ran
        assert len(most) == 1
        release.set()
    assert max(most) == 1


def test_a_job_that_fails_is_told_and_runs_again():
    runs = []

    def bad():
        runs.append(1)
        raise ValueError("one bad tick")

    with going(bad) as (until, told):
        until(lambda: told.count(("tick", "failed", 1)) >= 2)
    assert len(runs) >= 2


def test_stopping_waits_for_the_run_under_way():
    began, ended = threading.Event(), []

    def job():
        began.set()
        time.sleep(0.3)
        ended.append(1)

    with going(job):
        assert began.wait(PATIENCE_S)
        assert not ended
    assert ended


SLEEPER = """
import json, os, time
from aiops.adapters.scheduler import Scheduler
def say(*what):
    os.write(1, json.dumps(what).encode() + b"\\n")  # whole lines, though two threads write
scheduler = Scheduler(say)
scheduler.every(0.2, "tick", lambda: say("run"))
scheduler.start()
time.sleep(60)
"""


def test_runs_that_were_due_while_the_process_stood_still_become_one_and_are_counted():
    """A machine that slept, a process that was stopped: 1 s holds five runs; one is run, the rest is told."""
    missed = 0
    with subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = (json.loads(line) for line in process.stdout)
            assert next(line for line in lines if line == ["run"])
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(1.0)
            os.kill(process.pid, signal.SIGCONT)
            for job, what, runs in (line for line in lines if line != ["run"]):
                assert (job, what) == ("tick", "missed")
                missed += runs
                if missed >= 3:
                    break
        finally:
            process.kill()
    assert missed >= 3
