"""Selectors: nothing that is empty is ever read as everything, whatever else is given (B1)."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.core.classify import TABLE
from aiops.errors import ConfigError
from aiops.settings import load
from aiops.settings.write import one_line
from tests.unit.settings.folders import folder

CLASSES = [row.name for row in TABLE]
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def some(values):
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


SYMPTOMS = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["errors", "cpu", "condition"]),
        "signal": st.sampled_from(["errors", ""]),
        "condition": st.sampled_from(["OOMKilled", ""]),
        "direction": st.sampled_from(["up", "down"]),
    },
)
MATCHERS = st.fixed_dictionaries(
    {},
    optional={
        "classes": some([*CLASSES[:3], "", "*", ".*"]),
        "symptoms": st.lists(SYMPTOMS, max_size=2),
        "kinds": some(["Deployment", "Node", "", "*"]),
        "namespaces": some(["shop", "", "*"]),
        "labels": st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["a", ""]), max_size=2),
        "min_confidence": st.sampled_from([0.0, 0.5, 1.0]),
    },
)
NAMES = st.sampled_from(["", "*", "shop", "Deployment/shop/cart", "Deployment/*/*", "back"])
SCOPES = st.fixed_dictionaries({}, optional={"namespace": NAMES, "workload": NAMES, "playbook": NAMES})


def loaded(root, main="{}", when="{classes: [crash_loop]}"):
    book = f'playbooks: [{{name: back, version: "1", when: {when}, steps: [{{remediation: rollback}}]}}]'
    try:
        return load(folder(root, main, playbooks__own=book))
    except ConfigError:
        return None


@MANY
@given(MATCHERS)
def test_a_matcher_is_refused_or_demands_something_of_every_incident(tmp_path, when):
    read = loaded(tmp_path, when=one_line(when))
    if read is None:
        return  # refused
    (book,) = read.playbooks
    assert book.when.classes or book.when.symptoms
    assert all(name in CLASSES for name in book.when.classes)
    assert all(one.role or one.signal or one.condition for one in book.when.symptoms)
    assert "" not in book.when.namespaces
    assert not {"", "*"} & {*book.when.namespaces, *book.when.kinds}


@MANY
@given(MATCHERS.filter(lambda when: not when.get("classes") and not when.get("symptoms")))
def test_a_matcher_without_classes_and_symptoms_is_always_refused(tmp_path, when):
    assert loaded(tmp_path, when=one_line(when)) is None


@MANY
@given(SCOPES)
def test_a_scope_is_refused_or_names_something(tmp_path, scope):
    accepted = loaded(tmp_path, f"policy: {{scopes: [{one_line({'mode': 'auto', **scope})}]}}")
    named = [value for value in scope.values() if value]
    if not named:
        assert accepted is None
    if accepted is None:
        return  # refused
    (read,) = accepted.policy.scopes
    assert read.namespace or read.workload or read.playbook
    assert "*" not in f"{read.namespace}{read.workload}{read.playbook}"
