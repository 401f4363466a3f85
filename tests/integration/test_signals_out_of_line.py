"""States that only a comparison shows: a pod unlike its sisters, a budget that blocks emptying a node."""

import time

import pytest

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.bootstrap.config import load_shipped
from aiops.core.mapping import to_panel
from aiops.model import Facts, Target
from aiops.model.prometheus import PrometheusSettings
from tests.integration.servers import prometheus

pytestmark = pytest.mark.integration

STEP_S, STEPS = 15, 20
AT_S = int(time.time()) - 3600  # of the newest sample: blocks of the past are read at once
SECONDS_A_REQUEST = {  # by pod; each answers ten requests a second
    "cart-a": 0.1,
    "cart-b": 0.1,
    "cart-c": 0.4,  # four times the middle one
    "pay-a": 0.01,
    "pay-b": 0.01,
    "pay-c": 0.1,  # ten times, and still fast
    "web-a": 0.1,
    "web-b": 0.9,  # of two nobody can say which is the odd one
    "idle-a": 0.0,
}
FAILED = ("bill", "mail", "bill-rerun-65e1ca48", "mail-rerun-65e1ca49")  # of mail the first second run failed
COMPLETE = ("mail-rerun-65e1ca4a", "unheard-of-rerun-1")
BUDGETS = {
    "full": (0, 2, 2),
    "spare": (1, 2, 2),
    "hurt": (0, 1, 2),
    "empty": (0, 0, 0),
}  # allowed, healthy, pods


def samples(name, labels, value):
    """One series: ``value`` is what it is at each step, counted from 0."""
    inner = ",".join(f'{key}="{text}"' for key, text in {"namespace": "shop", **labels}.items())
    for step in range(STEPS):
        yield f"{name}{{{inner}}} {value(step)} {AT_S - (STEPS - 1 - step) * STEP_S}"


def history(cordoned):
    lines = []
    for pod, seconds in SECONDS_A_REQUEST.items():
        rate = 0 if pod == "idle-a" else 10
        owner = {"pod": pod, "owner_kind": "ReplicaSet", "owner_name": pod[:-2]}
        lines += samples("kube_pod_owner", owner, lambda _: 1)
        for instance in ("one", "two") if pod == "cart-c" else ("one",):  # scraped twice, as one of a pair
            requests = {"pod": pod, "instance": instance}
            name = "http_server_request_duration_seconds"
            lines += samples(f"{name}_count", requests, lambda step, rate=rate: step * STEP_S * rate)
            spent = rate * seconds
            lines += samples(f"{name}_sum", requests, lambda step, spent=spent: step * STEP_S * spent)
    for budget, figures in BUDGETS.items():
        for figure, value in zip(
            ("pod_disruptions_allowed", "current_healthy", "expected_pods"), figures, strict=True
        ):
            labels = {"poddisruptionbudget": budget}
            lines += samples(
                f"kube_poddisruptionbudget_status_{figure}", labels, lambda _, value=value: value
            )
    for jobs, state in ((FAILED, "failed"), (COMPLETE, "complete")):
        for job in jobs:
            for condition in ("true", "false", "unknown"):
                labels = {"job_name": job, "condition": condition}
                holds = int(condition == "true")
                lines += samples(f"kube_job_{state}", labels, lambda _, holds=holds: holds)
    for node in ("n1", "n2"):
        closed = int(cordoned and node == "n2")
        lines += samples("kube_node_spec_unschedulable", {"node": node}, lambda _, closed=closed: closed)
    return "\n".join([*lines, "# EOF\n"])


def bad(url, name):
    """Where the signal is 1, and where it is known."""
    signal = next(one for one in load_shipped().signals if one.name == name)
    source = PrometheusSource(PrometheusSettings(url=url))
    mapped = to_panel(signal, source.query(signal, AT_S * 1000), Facts(AT_S * 1000))
    assert not mapped.unmapped
    values = dict(zip(mapped.panel.targets, mapped.panel.values[:, 0].tolist(), strict=True))
    return {target for target, value in values.items() if value == 1}, set(values)


@pytest.mark.parametrize("cordoned", [True, False])
def test_a_pod_and_a_budget_stand_out_only_among_their_like(tmp_path, cordoned):
    with prometheus(tmp_path, history=history(cordoned)) as server:
        slow, known = bad(server.url, "latency_out_of_line")
        assert slow == {Target("Pod", "shop", "cart-c")}
        assert Target("Pod", "shop", "idle-a") not in known  # without requests nobody knows
        blocking, known = bad(server.url, "budget_blocks")
        full = {Target("PodDisruptionBudget", "shop", "full")}
        assert blocking == (full if cordoned else set())
        assert len(known) == len(BUDGETS)
        failed, known = bad(server.url, "job_failed")
        job = {name: Target("Job", "shop", name) for name in FAILED}
        assert failed == set(job.values()) - {job["mail"]}  # one that was run again with success is over
        assert known == set(job.values())
