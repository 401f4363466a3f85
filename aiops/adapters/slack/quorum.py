"""Quorum: whether enough people can say yes to a question at all, said to those who read it.

Where they cannot (one person on call, and two are needed), the command to type by hand is what is left.
"""

import contextlib
from collections.abc import Callable, Collection

from aiops.core.approvals.rights import possible
from aiops.errors import PortError
from aiops.model import Approval, ApprovalSettings, Channel

Members = Callable[[str], Collection[str]]  # of a user group, as "T0123/U0456"; raises PortError


def shortfall(approval: Approval, settings: ApprovalSettings, members: Members | None) -> str:
    """What is wrong with who could say yes; "" where enough people can. Looks groups up, once each."""
    asked = [settings.roles.get(name) for name in (*approval.roles, *approval.second_tier)]
    roles = [role for role in asked if role is not None]
    known: dict[str, tuple[str, ...]] = {}
    if members is not None:
        for group in dict.fromkeys(one for role in roles for one in role.slack_groups):
            with contextlib.suppress(PortError):  # then it is not known who is in it
                known[group] = tuple(members(group))
    match possible(approval, settings, known):
        case True:
            return ""
        case None:
            several = approval.quorum > 1
            return "It is not known whether enough people can answer." if several else ""
    people = {one for role in roles for one in role.slack_users}.union(*known.values())
    free = len([one for one in people if f"{Channel.SLACK}:{one}" not in approval.barred])
    yes = "One yes" if approval.quorum <= 1 else f"{approval.quorum} yeses"
    return f"{yes} cannot be had: {free} {'person' if free == 1 else 'people'} may say yes here."
