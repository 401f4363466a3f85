"""The least rights of a configuration: what its enabled remediations declare, no more and no less (B3)."""

import pytest

from aiops.core.grants import Grant, Needs, enabled, grants
from aiops.model import Matcher, Mode, Playbook, PlaybookStep, Scope, SymptomMatcher
from aiops.plugin import Right

RIGHTS = {
    "roll": (Right("apps", "deployments", "patch", ("spec",)), Right("apps", "statefulsets", "patch")),
    "evict": (Right("", "pods/eviction", "create"),),
    "restart": (Right("", "pods", "delete"),),
    "cordon": (Right("", "nodes", "patch"),),
    "look": (Right("", "pods", "get"), Right("", "events", "list")),
}
SHOP = Scope(Mode.ASK, namespace="shop")
WATCHED = (("", "pods"), ("", "nodes"), ("apps", "deployments"))


def book(mode, *remediations):
    steps = tuple(PlaybookStep(one) for one in remediations)
    return Playbook(
        f"{mode}-{'-'.join(remediations)}",
        "1",
        Matcher(symptoms=(SymptomMatcher(signal="memory"),)),
        steps,
        mode=mode,
    )


def needs(*books, mode=Mode.AUTO, scopes=(SHOP,), **more):
    return Needs(mode, scopes, books, **more)


def granted(*books, **more):
    return grants(needs(*books, **more), WATCHED, RIGHTS.__getitem__)


def test_what_is_enabled_is_what_a_playbook_in_ask_or_auto_would_carry_out():
    books = book(Mode.ASK, "roll"), book(Mode.AUTO, "evict", "roll"), book(Mode.SUGGEST, "cordon")
    assert enabled(needs(*books, book(Mode.OBSERVE, "restart"))) == ("evict", "roll")


@pytest.mark.parametrize(
    ("scope", "counts"),
    [
        (Scope(Mode.ASK, namespace="shop"), True),
        (Scope(Mode.AUTO, namespace="shop", playbook="ask-roll"), True),
        (Scope(Mode.AUTO, namespace="shop", playbook="another"), False),
        (Scope(Mode.SUGGEST, namespace="shop"), False),
    ],
)
def test_a_playbook_counts_where_a_scope_lets_it_act(scope, counts):
    assert bool(enabled(needs(book(Mode.ASK, "roll"), scopes=(scope,)))) is counts
    assert enabled(needs(book(Mode.ASK, "roll"), scopes=())) == ()


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.SUGGEST])
def test_below_ask_there_is_nothing_to_write(mode):
    found = granted(book(Mode.AUTO, "roll", "cordon"), mode=mode, head_events=True)
    assert (found.write, found.nodes, found.own, found.remediations) == ((), (), (), ())
    assert Grant("", ("nodes", "pods"), ("get", "list", "watch")) in found.read


def test_what_has_a_namespace_is_written_there_and_nodes_in_the_cluster():
    found = granted(book(Mode.AUTO, "roll", "evict", "restart", "cordon", "look"))
    assert found.write == (
        Grant("", ("pods",), ("delete",)),
        Grant("", ("pods/eviction",), ("create",)),
        Grant("apps", ("deployments", "statefulsets"), ("patch",)),
    )
    assert found.nodes == (Grant("", ("nodes",), ("patch",)),)


def test_reading_is_the_same_whatever_may_be_written():
    assert granted().read == granted(book(Mode.AUTO, "roll", "cordon")).read


def test_log_lines_are_granted_only_where_they_are_switched_on_and_something_acts():
    log = Grant("", ("pods/log",), ("get",))
    assert log in granted(book(Mode.ASK, "roll"), logs=True).read
    assert log not in granted(book(Mode.ASK, "roll")).read
    assert log not in granted(logs=True).read


def test_in_our_own_namespace_the_switch_is_read_by_name_alone():
    found = granted(book(Mode.ASK, "roll"), stop_map="aiops-stop", head_events=True)
    assert found.own == (
        Grant("", ("configmaps",), ("get",), ("aiops-stop",)),
        Grant("", ("events",), ("create",)),
    )


def test_whose_a_token_is_is_asked_only_where_people_are_let_in():
    groups = {one.group for one in granted().read}
    assert {"authentication.k8s.io", "authorization.k8s.io"} <= groups
    assert not {"authentication.k8s.io", "authorization.k8s.io"} & {
        one.group for one in granted(people=False).read
    }
