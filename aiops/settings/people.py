"""People: what must hold of who may answer. A name that names nobody, or one identity of two people, would
let the wrong one in or nobody at all, and nothing would say so (H4, H5)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aiops.model import ApprovalSettings, ApproverRole, Person, civil
from aiops.settings.report import Check, Wrong, did_you_mean

SLACK_USER = re.compile(r"[TE][A-Z0-9]{1,20}/[UW][A-Z0-9]{1,20}")
SLACK_GROUP = re.compile(r"S[A-Z0-9]{1,20}")
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
A_USER = "ids of team and user, such as T0123ABCD/U0456EFGH: never a name"


def _role(role: ApproverRole) -> Iterator[Wrong]:
    yield from _slack_users("slack_users", role.slack_users)
    for index, group in enumerate(role.slack_groups):
        if not SLACK_GROUP.fullmatch(group):
            yield f"slack_groups[{index}]", repr(group), "the id of a user group, such as S0123ABCD"
    for index, name in enumerate(role.namespaces):
        if not NAMESPACE.fullmatch(name):
            yield f"namespaces[{index}]", repr(name), "the exact name of a namespace, no pattern"
    for field in ("kubernetes_users", "kubernetes_groups"):
        yield from _named(field, getattr(role, field), "as the API server names them")


def _person(person: Person) -> Iterator[Wrong]:
    yield from _slack_users("slack", person.slack)
    yield from _named("kubernetes", person.kubernetes, "user names as the API server has them")
    yield from _named("local", person.local, "names of users of the operating system")


def _slack_users(field: str, ids: tuple[str, ...]) -> Iterator[Wrong]:
    for index, id_ in enumerate(ids):
        if not SLACK_USER.fullmatch(id_):
            yield f"{field}[{index}]", repr(id_), A_USER


def _named(field: str, names: tuple[str, ...], expected: str) -> Iterator[Wrong]:
    for index, name in enumerate(names):
        if not name or name != name.strip() or not name.isprintable():
            yield f"{field}[{index}]", repr(name), expected


def _timezone(approvals: ApprovalSettings) -> Iterator[Wrong]:
    try:
        civil.zone(approvals.timezone)
    except ValueError:
        yield "timezone", repr(approvals.timezone), "a name such as Europe/Berlin"


@dataclass(frozen=True, slots=True)
class WhoIsWho:
    """A check of roles and people against each other; it says nothing where one of them could not be read."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields it compares."""
        return "roles", "people"

    def __call__(self, approvals: ApprovalSettings) -> Iterator[Wrong]:
        """Everything that can be wrong."""
        yield from _names(approvals)
        for field in ("slack", "kubernetes", "local"):
            yield from _one_person_each(approvals, field)


def _names(approvals: ApprovalSettings) -> Iterator[Wrong]:
    for name, role in approvals.roles.items():
        for index, person in enumerate(role.people):
            if person not in approvals.people:
                where = f"roles.{name}.people[{index}]"
                yield (
                    where,
                    repr(person),
                    _close(person, approvals.people, "people"),
                )
    for index, name in enumerate(approvals.second_tier):
        # others may be granted by the API server alone
        if name not in approvals.roles and not approvals.kubernetes_access:
            yield f"second_tier[{index}]", repr(name), _close(name, approvals.roles, "roles")


def _close(name: str, known: Mapping[str, object], what: str) -> str:
    return did_you_mean(name, known) if known else f"a name of approvals.{what}, where there is none yet"


def _one_person_each(approvals: ApprovalSettings, field: str) -> Iterator[Wrong]:
    """Who has two people's identity would be taken for both, or for neither."""
    held = Counter(id_ for person in approvals.people.values() for id_ in set(getattr(person, field)))
    for name, person in approvals.people.items():
        for index, id_ in enumerate(getattr(person, field)):
            if held[id_] > 1:
                yield f"people.{name}.{field}[{index}]", repr(id_), "an identity of no other person"


PEOPLE_CHECKS: Mapping[type, tuple[Check, ...]] = {
    ApprovalSettings: (_timezone, WhoIsWho()),
    ApproverRole: (_role,),
    Person: (_person,),
}
