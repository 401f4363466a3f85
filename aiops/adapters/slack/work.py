"""Work: what is done after Slack has its acknowledgement, by a bounded number of threads with bounded queues.

What one person says is done in the order in which it came. A full queue takes nothing: then Slack gets no
acknowledgement, and brings it again or shows the person that it did not arrive.
"""

import queue
import threading
import zlib
from collections.abc import Callable

Job = Callable[[], object]


class Work:
    """Threads, each with a queue of its own; ``offer`` never waits."""

    def __init__(
        self, name: str, failed: Callable[[str, Exception], None], *, threads: int = 8, room: int = 200
    ) -> None:
        self._name, self._failed = name, failed
        self._closed = threading.Event()
        self._queues: list[queue.Queue[Job | None]] = [queue.Queue(room) for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._run, args=(one,), name=f"{name}-{index}", daemon=True)
            for index, one in enumerate(self._queues)
        ]
        for thread in self._threads:
            thread.start()

    def room(self, lane: str) -> bool:
        """Whether something of ``lane`` would be taken."""
        return not self._closed.is_set() and not self._queue(lane).full()

    def offer(self, lane: str, job: Job) -> bool:
        """Take ``job``, to be done after all of the same ``lane``; False: there is no room."""
        if self._closed.is_set():
            return False
        try:
            self._queue(lane).put_nowait(job)
        except queue.Full:
            return False
        return True

    def close(self, wait_s: float = 2.0) -> None:
        """Take nothing more; give what is being done ``wait_s`` seconds to end."""
        self._closed.set()
        for one in self._queues:
            while True:
                try:
                    one.put_nowait(None)
                    break
                except queue.Full:
                    one.get_nowait()
        for thread in self._threads:
            thread.join(wait_s / len(self._threads))

    def _queue(self, lane: str) -> queue.Queue[Job | None]:
        return self._queues[zlib.crc32(lane.encode()) % len(self._queues)]

    def _run(self, jobs: queue.Queue[Job | None]) -> None:
        while (job := jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - the edge: one that fails must not end the thread
                self._failed(self._name, error)
