"""A daemon that does nothing but answer requests: it holds the lock, reads the inbox, writes the journal."""

import contextlib
import threading

from aiops.adapters.inbox import Inbox
from aiops.bootstrap.journal import lead
from aiops.core.requests import request_ended_entry, requested_entry

POLL_S = 0.02


@contextlib.contextmanager
def daemon(state, answer=(True, "as asked"), takes_up=True):
    """Run one on ``state``; gives the list of requests that it took up. ``answer`` None: none ever ends."""
    over, ready, heard = threading.Event(), threading.Event(), []

    def live():
        with lead(state) as store:
            ready.set()
            inbox = Inbox(state / "inbox")
            while not over.wait(POLL_S):
                for request in inbox.pending() if takes_up else ():
                    heard.append(request)
                    store.append([requested_entry(request, request.at_ms)], store.term())
                    inbox.done(request)
                    if answer is not None:
                        store.append([request_ended_entry(request, *answer, request.at_ms)], store.term())

    thread = threading.Thread(target=live)
    thread.start()
    assert ready.wait(10)
    try:
        yield heard
    finally:
        over.set()
        thread.join(10)
