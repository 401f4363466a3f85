"""A metric source for tests: a function of (series number, time) for each signal, and faults to switch on."""

import numpy as np

from aiops.errors import Unavailable
from aiops.ports import Series


class FakeSource:
    """``ports.MetricSource``. ``tables`` maps a signal to (labels of each series, value(row, at_ms)).

    A value of NaN is a gap, None leaves the series out. ``down`` raises; ``warnings`` and ``partial`` are
    carried; ``asked`` remembers every question.
    """

    def __init__(self, tables):
        self.tables = dict(tables)
        self.down, self.warnings, self.partial, self.name = False, (), False, ""
        self.asked = []

    def _labels(self, signal):
        labels, value = self.tables.get(signal.name, ((), None))
        return tuple(labels), value

    def query(self, signal, at_ms):
        return self.query_range(signal, at_ms, at_ms, 1000)

    def query_range(self, signal, start_ms, end_ms, step_ms):
        self.asked.append((signal.name, start_ms, end_ms, step_ms))
        if self.down:
            raise Unavailable("connection refused")
        labels, value = self._labels(signal)
        times = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
        rows = [[value(row, int(at)) for at in times] for row in range(len(labels))]
        there = [row for row, values in enumerate(rows) if any(one is not None for one in values)]
        values = np.array([rows[row] for row in there], dtype=np.float64).reshape(len(there), len(times))
        return Series(
            tuple(labels[row] for row in there), times, values, self.warnings, self.partial, 0.01, values.size
        )

    def identity(self):
        if self.down:
            raise Unavailable("connection refused")
        return self.name
