"""Rights: whose answer to an approval counts, and when enough different people have said yes (H4, H5).

Judged by stable ids alone, never by a display name; what is not known counts against letting somebody in:

- A role limited to namespaces or severities counts only there. What a channel itself grants (``Actor.roles``)
  counts for the API server and for the daemon's own token, where the settings let them; never for Slack.
- A yes of whoever asked for the plan or changed it last does not count; their no does, for a no only
  keeps things as they are.
- A quorum counts people, not votes: two identities are two people only where that is known.

Cost:  ``roles_of`` O(roles + people); a quorum of q among n votes is looked for in O(n ** q) at worst, and n
       is a handful.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from aiops.model import (
    Actor,
    Approval,
    ApprovalSettings,
    ApprovalState,
    ApproverRole,
    Ballot,
    Channel,
    Person,
    Severity,
    Vote,
)


def roles_of(actor: Actor, settings: ApprovalSettings, namespace: str, severity: Severity) -> frozenset[str]:
    """The names of the roles that ``actor`` has for an incident so bad in ``namespace`` ("": a node)."""
    granted = _granted(actor, settings)
    found = {name for name in granted if name not in settings.roles}
    for name, role in settings.roles.items():
        if _counts(role, namespace, severity) and (name in granted or _named(actor, role, settings)):
            found.add(name)
    return frozenset(found)


def answering_role(actor: Actor, approval: Approval, settings: ApprovalSettings, now_ms: int) -> str:
    """As which role ``actor`` may answer ``approval`` at ``now_ms``: the first that is asked; "" for none."""
    has = roles_of(actor, settings, approval.namespace, approval.severity)
    return next((role for role in approval.roles_at(now_ms) if role in has), "")


def may_answer(
    actor: Actor,
    approval: Approval,
    settings: ApprovalSettings,
    now_ms: int,
    ballot: Ballot = Ballot.YES,
) -> str:
    """Why ``actor`` may not answer ``approval`` so at ``now_ms``, in words to them; "" where they may."""
    if approval.state is not ApprovalState.PENDING:
        return f"{approval.short} is already {approval.state}"
    if now_ms >= approval.until_ms:
        return f"the deadline of {approval.short} has passed, and no answer is a no"
    if not answering_role(actor, approval, settings, now_ms):
        return _no_role(actor, approval, settings)
    if ballot is not Ballot.YES:
        return ""
    barred = _barred(actor, approval, settings)
    if barred:
        return _why_barred(actor, approval, settings, barred)
    if any(_known_same(vote.actor, actor, settings) for vote in approval.votes if vote.ballot is Ballot.YES):
        return f"you have approved {approval.short} already; it takes {approval.quorum} different people"
    return ""


def may_take(actor: Actor, namespace: str, severity: Severity, settings: ApprovalSettings) -> str:
    """Why ``actor`` may not decide beside a question (a false alarm, another person's claim) about something
    so bad in ``namespace``; "" where they may: they hold any role there."""
    return "" if roles_of(actor, settings, namespace, severity) else "you hold no role for this here"


def may_ask(
    actor: Actor, namespace: str | None, severity: Severity | None, settings: ApprovalSettings
) -> str:
    """Why ``actor`` may not have the daemon undo, unlock, ... what stands in ``namespace`` (None: it is about
    the whole cluster); "" where they may. Where it is not known how bad it is (``severity`` None), their role
    has to count however bad it were."""
    if namespace is None:
        there = _everywhere(actor, settings)
        return "" if there else "it is about the whole cluster, and you hold no role there"
    bad = tuple(Severity) if severity is None else (severity,)
    there = all(roles_of(actor, settings, namespace, one) for one in bad)
    return "" if there else f"you hold no role for this in {namespace or 'the whole cluster'}"


def may_resume(actor: Actor, settings: ApprovalSettings) -> str:
    """Why ``actor`` may not let the kill switch go; "" where they may. It is the whole cluster's, so a role
    that is limited to namespaces is not enough."""
    if _everywhere(actor, settings, lambda role: role.may_resume):
        return ""
    return "anybody may stop, but only an approver of the whole cluster may resume"


def _everywhere(
    actor: Actor, settings: ApprovalSettings, counts: Callable[[ApproverRole], bool] = lambda _: True
) -> bool:
    """Whether ``actor`` holds a role that is limited to no namespace."""
    granted = _granted(actor, settings)
    if any(name not in settings.roles for name in granted):
        return True
    return any(
        counts(role) and not role.namespaces and (name in granted or _named(actor, role, settings))
        for name, role in settings.roles.items()
    )


def same_person(a: Actor, b: Actor, settings: ApprovalSettings) -> bool:
    """Whether ``a`` and ``b`` are, or may be, one person.

    They are known to be two where both are mapped to different people, or where one channel knows them by
    different ids that are not mapped to one person.
    """
    if _known_same(a, b, settings):
        return True
    known_two = bool(people_of(a, settings)) and bool(people_of(b, settings))
    return a.channel is not b.channel and not known_two


def people_of(actor: Actor, settings: ApprovalSettings) -> frozenset[str]:
    """The names in ``settings.people`` that ``actor`` is mapped to; more than one is a mistake, and then
    all of them count as one person."""
    return frozenset(
        name for name, person in settings.people.items() if actor.id in _ids(person, actor.channel)
    )


def quorum_reached(yes_votes: Iterable[Vote], approval: Approval, settings: ApprovalSettings) -> bool:
    """Whether enough different people, none of them barred, have said yes."""
    counted = [
        vote.actor
        for vote in yes_votes
        if vote.ballot is Ballot.YES and not _barred(vote.actor, approval, settings)
    ]
    return _different(counted, max(1, approval.quorum), settings)


def possible(
    approval: Approval, settings: ApprovalSettings, members: Mapping[str, Sequence[str]] | None
) -> bool | None:
    """Whether a quorum can be had at all, deadline aside; None where that is not known.

    ``members``: ids ("T0123/U0456") of each Slack user group as resolved now; None, or a group that is not
    in it: not known. Unless it is True, the question should carry the command to type by hand.
    """
    asked = {name: settings.roles.get(name) for name in (*approval.roles, *approval.second_tier)}
    roles = [role for role in asked.values() if role and _counts(role, approval.namespace, approval.severity)]
    free = [one for one in _candidates(roles, settings, members) if not _barred(one, approval, settings)]
    wanted = max(1, approval.quorum)
    if _different(free, wanted, settings):
        return True
    unknown = any(
        role.kubernetes_groups or any(group not in (members or {}) for group in role.slack_groups)
        for role in roles
    )
    if unknown or settings.kubernetes_access:
        return None
    one_more = any(_different([*free, local], wanted, settings) for local in _locals(settings))
    return None if one_more else False


def _counts(role: ApproverRole, namespace: str, severity: Severity) -> bool:
    here = not role.namespaces or namespace in role.namespaces
    return here and (not role.severities or severity in role.severities)


def _granted(actor: Actor, settings: ApprovalSettings) -> frozenset[str]:
    """What the channel itself granted, where the settings believe that channel."""
    believed = {Channel.KUBERNETES: settings.kubernetes_access, Channel.LOCAL: settings.local}
    return frozenset(actor.roles) if believed.get(actor.channel, False) else frozenset()


def _named(actor: Actor, role: ApproverRole, settings: ApprovalSettings) -> bool:
    """Whether ``role`` names ``actor``: as a person, by id, or by a group of theirs."""
    if actor.channel is Channel.LOCAL and not settings.local:
        return False
    if people_of(actor, settings) & set(role.people):
        return True
    match actor.channel:
        case Channel.SLACK:
            ids, groups = role.slack_users, role.slack_groups
        case Channel.KUBERNETES:
            ids, groups = role.kubernetes_users, role.kubernetes_groups
        case _:
            return False
    return actor.id in ids or bool(set(actor.groups) & set(groups))


def _ids(person: Person, channel: Channel) -> tuple[str, ...]:
    match channel:
        case Channel.SLACK:
            return person.slack
        case Channel.KUBERNETES:
            return person.kubernetes
        case Channel.LOCAL:
            return person.local


def _no_role(actor: Actor, approval: Approval, settings: ApprovalSettings) -> str:
    asked = ", ".join(approval.roles) or "nobody"
    if answering_role(actor, approval, settings, approval.remind_ms):
        return f"{approval.short} asks {asked} first; you may answer once the reminder is out"
    return f"{approval.short} asks {asked}, and you have no such role here"


def _known_same(a: Actor, b: Actor, settings: ApprovalSettings) -> bool:
    return a.key == b.key or bool(people_of(a, settings) & people_of(b, settings))


def _barred(actor: Actor, approval: Approval, settings: ApprovalSettings) -> tuple[Actor, ...]:
    """Because of whom a yes of ``actor`` does not count; empty where it does. The author of an amendment may
    confirm it alone where one person is enough, and never counts towards a quorum."""
    keys = (*approval.barred, approval.author) if approval.quorum > 1 else approval.barred
    return tuple(one for one in _actors(keys) if same_person(actor, one, settings))


def _why_barred(actor: Actor, approval: Approval, settings: ApprovalSettings, barred: Sequence[Actor]) -> str:
    if any(_known_same(actor, one, settings) for one in barred):
        return f"whoever asked for {approval.short} or changed it last cannot approve it as well"
    return (
        f"nothing says that you and {barred[0].key}, who asked for {approval.short} or changed it last,"
        " are two people: name both in approvals.people"
    )


def _actors(keys: Iterable[str]) -> Iterator[Actor]:
    """The actors behind ``keys``; a key of no channel (a playbook's, say) is nobody who could answer."""
    for key in keys:
        channel, _, id_ = key.partition(":")
        if channel in set(Channel) and id_:
            yield Actor(Channel(channel), id_)


def _different(actors: Sequence[Actor], wanted: int, settings: ApprovalSettings) -> bool:
    """Whether ``wanted`` of ``actors`` are known to be different people, each from each."""
    if wanted <= 0:
        return True
    for i, one in enumerate(actors[: len(actors) - wanted + 1]):
        others = [other for other in actors[i + 1 :] if not same_person(one, other, settings)]
        if len(others) >= wanted - 1 and _different(others, wanted - 1, settings):
            return True
    return False


def _locals(settings: ApprovalSettings) -> list[Actor]:
    """Who might be able to read the daemon's token: one of the settings' people, or somebody else."""
    if not settings.local:
        return []
    ids = ["", *(id_ for person in settings.people.values() for id_ in person.local)]
    return [Actor(Channel.LOCAL, id_) for id_ in ids]


def _candidates(
    roles: Iterable[ApproverRole], settings: ApprovalSettings, members: Mapping[str, Sequence[str]] | None
) -> list[Actor]:
    """Everybody who is known to have one of ``roles``, once an identity. A local identity is not among them:
    whether somebody can read the daemon's token is not known here."""
    found: dict[str, Actor] = {}
    for role in roles:
        people = [settings.people[name] for name in role.people if name in settings.people]
        slack = [*role.slack_users, *(id_ for person in people for id_ in person.slack)]
        slack += [id_ for group in role.slack_groups for id_ in (members or {}).get(group, ())]
        kubernetes = [*role.kubernetes_users, *(id_ for person in people for id_ in person.kubernetes)]
        for channel, ids in ((Channel.SLACK, slack), (Channel.KUBERNETES, kubernetes)):
            found.update({one.key: one for one in (Actor(channel, id_) for id_ in ids)})
    return list(found.values())
