"""Baselines for tests: bundles in a dictionary, and a switch that makes the medium refuse."""

import copy

from aiops.errors import Unavailable


class FakeBaselines:
    """``ports.Baselines`` that forgets at exit; ``full`` refuses writes."""

    def __init__(self):
        self.bundles, self.full = {}, False

    def save(self, name, arrays, meta):
        if self.full:
            raise Unavailable("baselines: no space left")
        self.bundles[name] = copy.deepcopy((dict(arrays), dict(meta)))

    def load(self, name):
        return copy.deepcopy(self.bundles.get(name))

    def names(self):
        return tuple(sorted(self.bundles))
