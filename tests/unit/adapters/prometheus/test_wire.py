"""Wire: no piece is taken once the deadline of the running question has passed."""

import io
import socket
import threading
import time

import pytest

from aiops.adapters.prometheus.wire import Line, _Pieces, running


@pytest.mark.parametrize(("left_s", "taken"), [(5.0, b"x"), (0.0, None), (-1.0, None)])
def test_a_piece_is_taken_before_the_deadline_and_none_after_it(left_s, taken):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x")  # there already: only the deadline is in the way
        pieces = io.BufferedReader(_Pieces(ours.makefile("rb", buffering=0), ours))
        running.until_s, running.read_s, running.line = time.monotonic() + left_s, 5.0, None
        if taken is None:
            with pytest.raises(TimeoutError, match="deadline"):
                pieces.read1(1)
        else:
            assert pieces.read1(1) == taken


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_piece_is_not_waited_for_once_we_hung_up(when):
    """E16: before the wait, or while another thread waits; the deadline is a minute away."""
    ours, theirs = socket.socketpair()
    line = Line()
    with ours, theirs:
        line.hold(ours)
        pieces = io.BufferedReader(_Pieces(ours.makefile("rb", buffering=0), ours))
        running.until_s, running.read_s, running.line = time.monotonic() + 60, 60.0, line
        if when == "before":
            line.hang_up()
            with pytest.raises(ConnectionAbortedError):
                pieces.read1(1)
        else:
            threading.Timer(0.2, line.hang_up).start()
            assert pieces.read1(1) == b""
