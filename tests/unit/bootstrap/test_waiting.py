"""How many questions wait, as Prometheus is told."""

import math

from aiops.bootstrap.serving import waiting
from aiops.errors import Unavailable
from tests.fakes.forum import FakeForum, an_approval


class Silent(FakeForum):
    """Its journal cannot be read."""

    def approvals(self, *, pending=True):
        raise Unavailable("journal: disk I/O error")


def test_it_is_the_number_of_questions_that_wait():
    assert waiting(FakeForum([an_approval(), an_approval("b2c3d4e5f6a1", short="b2c3")])) == 2
    assert waiting(FakeForum([])) == 0


def test_what_cannot_be_read_is_not_nobody_waits():
    """M6: no data is not zero; and the page of metrics is served all the same."""
    assert math.isnan(waiting(Silent([])))
