"""Work: bounded, in order for each person, and never stopped by a job that fails."""

import threading
import time

from aiops.adapters.slack.work import Work


def test_what_one_person_says_is_done_in_order():
    done, work = [], Work("test", lambda *_: None, threads=4)
    for n in range(20):
        assert work.offer("U01", lambda n=n: (time.sleep(0.004 * (n % 2)), done.append(n)))
    work.close()
    assert done == list(range(20))


def test_a_job_that_fails_is_told_and_the_next_one_is_done():
    failures, done = [], threading.Event()
    work = Work("test", lambda what, error: failures.append((what, error)), threads=1)
    work.offer("a", lambda: 1 / 0)
    work.offer("a", done.set)
    assert done.wait(2)
    work.close()
    assert isinstance(failures[0][1], ZeroDivisionError)


def test_there_is_room_for_so_many_and_then_none():
    held, taken = threading.Event(), threading.Event()
    work = Work("test", lambda *_: None, threads=1, room=2)
    work.offer("a", lambda: (taken.set(), held.wait(5)))
    assert taken.wait(2)
    assert [work.offer("a", lambda: None) for _ in range(3)] == [True, True, False]
    assert not work.room("a")
    held.set()
    work.close()


def test_once_closed_nothing_is_taken():
    work = Work("test", lambda *_: None, threads=1)
    work.close()
    assert not work.offer("a", lambda: None)
    assert not work.room("a")
