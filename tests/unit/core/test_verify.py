"""Verify: by which anomalies a step is judged."""

from aiops.core.verify import concerns
from aiops.model import Direction, Role, Target
from tests.unit.core.cases import CART, anomaly, facts, incident, plan, workload

FRONT = Target("Deployment", "shop", "front")
LEAK = anomaly()
SURGE = anomaly(signal="requests", role=Role.TRAFFIC)
DROP = anomaly(signal="requests", role=Role.TRAFFIC, direction=Direction.DOWN)


def judged_by(*anomalies):
    return concerns(plan(), incident(*anomalies), facts(workload()))


def test_how_many_requests_come_is_not_what_a_step_is_judged_by():
    """A surge goes on; what was done about it helped if its CPU and memory are back."""
    assert judged_by(SURGE, LEAK) == (LEAK,)


def test_where_nothing_else_is_known_more_requests_are():
    assert judged_by(SURGE) == (SURGE,)


def test_fewer_requests_than_usual_may_be_the_trouble_itself():
    assert judged_by(DROP, LEAK) == (DROP, LEAK)


def test_it_is_judged_where_it_was_done():
    assert judged_by(LEAK, anomaly(FRONT)) == (LEAK,)
    assert judged_by(anomaly(FRONT)) == (anomaly(FRONT),)
    assert LEAK.target == CART
