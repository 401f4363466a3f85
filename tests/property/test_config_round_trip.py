"""What was accepted is written down and read back equal, to the digest."""

import dataclasses
import types
import typing
from enum import StrEnum

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from aiops.errors import ConfigError
from aiops.model import Correlation, Detection, FreezeWindow, Policy, Scope
from aiops.model.prometheus import PrometheusSettings
from aiops.settings import load
from aiops.settings.limits import LIMITS
from aiops.settings.schema import LogSettings, Main, ServerSettings
from aiops.settings.write import write
from tests.unit.settings.folders import folder

TEXTS = st.one_of(
    st.sampled_from(
        ["no", "1e3", "~", "", "# a", "a: b", "- a", "'", '"', "\\", "é", "{", "|", "0o17", "a\nb", "null"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=12),
)
NAMES = st.sampled_from(["shop", "cart", "a-b"])
SPECIAL = {
    (Detection, "history_days"): st.integers(0, 400).map(float),
    (Detection, "timezone"): st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
    (Detection, "holidays"): st.just(""),
    (FreezeWindow, "timezone"): st.sampled_from(["UTC", "Asia/Kathmandu"]),
    (FreezeWindow, "weekdays"): st.lists(st.sampled_from(["mon", "sun"]), max_size=2).map(tuple),
    (FreezeWindow, "start"): st.sampled_from(["00:00", "23:59"]),
    (FreezeWindow, "end"): st.sampled_from(["24:00", "00:00", "12:30"]),
    (FreezeWindow, "from_date"): st.sampled_from(["", "2026-01-01"]),
    (FreezeWindow, "to_date"): st.sampled_from(["", "2026-01-02"]),
    (FreezeWindow, "namespaces"): st.lists(NAMES, max_size=2).map(tuple),
    (Policy, "protected_namespaces"): st.lists(NAMES, max_size=2).map(
        lambda more: (*Policy().protected_namespaces, *more)
    ),
    (Policy, "own_namespace"): NAMES,
    (Policy, "opt_in_label"): st.sampled_from(["a/b", "a.b/c_d", "x"]),
    (Policy, "protected_label"): st.sampled_from(["a/b", "x"]),
    (PrometheusSettings, "url"): st.sampled_from(["http://p:9090", "https://p/prefix", "http://[::1]:9090"]),
    (PrometheusSettings, "headers"): st.dictionaries(
        st.sampled_from(["X-A", "X-B"]), st.sampled_from(["a", "b c"])
    ),
    (Scope, "namespace"): NAMES,
    (Scope, "workload"): st.sampled_from(["", "Deployment/a/b", "Node/a"]),
    (Scope, "playbook"): st.just(""),
    (ServerSettings, "host"): st.sampled_from(["127.0.0.1", "::", "localhost"]),
}


def values(kind, field, hint):
    """A strategy for one field, within the table of limits."""
    if (kind, field) in SPECIAL:
        return SPECIAL[kind, field]
    if isinstance(hint, types.UnionType):
        return st.none()
    low, high = LIMITS.get(kind, {}).get(field, (1, 1000))
    if hint is int:
        return st.integers(int(low), int(high))
    if hint is float:
        unit = 1000 if field.endswith("_s") else 86_400_000 if field.endswith("_days") else None
        exact = st.integers(int(low * 1000) + 1, int(min(high, 1e6) * 1000)).map(lambda ms: ms / 1000)
        return exact if unit else st.floats(low, high)
    if hint is bool:
        return st.booleans()
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    if dataclasses.is_dataclass(hint):
        return built(hint)
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        return st.lists(built(inner) if dataclasses.is_dataclass(inner) else TEXTS, max_size=2).map(tuple)
    return TEXTS if hint is str else st.just({})


def built(kind):
    """A strategy for a dataclass: each field at its default or anything within its limits."""
    hints = typing.get_type_hints(kind)
    required = {
        field.name: values(kind, field.name, hints[field.name])
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    optional = {
        field.name: values(kind, field.name, hints[field.name])
        for field in dataclasses.fields(kind)
        if field.name not in required
    }

    def make(given_):
        try:
            return kind(**given_)
        except ValueError:
            return None

    return st.fixed_dictionaries(required, optional=optional).map(make).filter(lambda one: one is not None)


SECTIONS = st.one_of(
    st.builds(dict, prometheus=built(PrometheusSettings)),
    st.builds(dict, detection=built(Detection), correlation=built(Correlation)),
    st.builds(dict, policy=built(Policy)),
    st.builds(dict, log=built(LogSettings), server=built(ServerSettings)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SECTIONS)
def test_what_is_accepted_is_written_down_and_read_back_equal(tmp_path, sections):
    main = Main(**sections)
    try:
        read = load(folder(tmp_path, write(main)))
    except ConfigError:
        event("refused")  # a text with control characters, mostly
        return
    event("accepted")
    kept = {field.name: getattr(read, field.name) for field in dataclasses.fields(Main)}
    assert Main(**kept) == main
    signals, playbooks = write({"signals": read.signals}), write({"playbooks": read.playbooks})
    again = load(folder(tmp_path, write(main), signals__own=signals, playbooks__own=playbooks))
    assert again == read
