"""Objects of any shape: what cannot be read is refused, and nothing that was read breaks the facts.

The API server checks its own kinds; those of other products have any shape, and a proxy may answer anything.
"""

import copy
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import tests.fakes
from aiops.adapters.kubernetes.fields import target
from aiops.adapters.kubernetes.kinds import BY_NAME
from aiops.adapters.kubernetes.picture import Picture
from aiops.model import Facts
from tests.unit.adapters.kubernetes.cases import NOW, OBJECTS, meta

REAL = json.loads((Path(tests.fakes.__path__[0]) / "kubernetes_1_36.json").read_text())
WINDOW = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"], "timeZone": "UTC"}
MADE = {"kind": "Deployment", "namespace": "shop", "name": "cart"}
GOES = {"project": "shop", "destination": {"namespace": "shop", "server": "x"}}
FAILED = {"conditions": [{"type": "Failed", "status": "True"}]}
ROLLS = {"updateStrategy": {"rollingUpdate": {"partition": 1}}}
MORE = {
    "AppProject": [{"metadata": meta("shop"), "spec": {"syncWindows": [WINDOW]}}],
    "Application": [{"metadata": meta("cart"), "spec": GOES, "status": {"resources": [MADE]}}],
    "Kustomization": [{"metadata": meta("apps"), "spec": {"suspend": True}}],
    "Job": [{"metadata": meta("load"), "spec": {"template": {}}, "status": FAILED}],
    "CronJob": [{"metadata": meta("nightly"), "spec": {"jobTemplate": {"spec": {"template": {}}}}}],
    "StatefulSet": [{"metadata": meta("db"), "spec": ROLLS, "status": {}}],
    "Service": [{"metadata": meta("web"), "spec": {"selector": {"app": "cart"}}}],
    "ControllerRevision": [{"metadata": meta("db-1"), "revision": 1, "data": {"spec": {"template": {}}}}],
}
SAMPLES = [
    (kind, item) for source in (REAL, OBJECTS, MORE) for kind, items in source.items() for item in items
]
KEPT = (("metadata",), ("metadata", "name"), ("metadata", "namespace"))
JUNK = st.sampled_from(
    [None, "", "x", 0, -1, 1.5, True, [], {}, ["x"], [None], {"x": "y"}, {"x": {}}, [{"name": {}}]]
)
REFUSED = (KeyError, TypeError, ValueError, AttributeError)  # what the watch takes for "cannot be read"


def places(value, above=()):
    """Every path inside a JSON value."""
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*above, key))


@st.composite
def spoilt(draw):
    """(kind, an object with something else in one or two places; its name stays)."""
    kind, item = draw(st.sampled_from(SAMPLES))
    item = copy.deepcopy(item)
    for _ in range(draw(st.integers(1, 2))):
        able = [
            one
            for one in places(item)
            if one
            and one[:2] not in (("metadata", "name"), ("metadata", "namespace"))
            and one != ("metadata",)
        ]
        path = draw(st.sampled_from(able))
        here = item
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = copy.deepcopy(draw(JUNK))
    return kind, item


@settings(max_examples=200, deadline=None)
@given(st.lists(spoilt(), min_size=1, max_size=3))
def test_no_object_breaks_the_facts(some):
    """M4, E9: one odd object is left out; the cluster is seen all the same."""
    picture = Picture()
    for kind, items in OBJECTS.items():
        for item in items:
            picture.put(kind, target(kind, item), BY_NAME[kind].read(item, NOW), NOW)
    for kind, item in some:
        try:
            name, seen = target(kind, item), BY_NAME[kind].read(item, NOW)
        except REFUSED:
            continue
        picture.put(kind, name, seen, NOW)
        picture.put(kind, name, BY_NAME[kind].read(item, NOW + 1), NOW + 1)
    facts = picture.facts(NOW + 2, frozenset(BY_NAME))
    assert isinstance(facts, Facts)
    picture.facts(NOW + 600_000, frozenset(BY_NAME))
