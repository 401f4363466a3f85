"""Are we allowed to act at all: kill switch, leadership."""

from aiops.core.guards.context import Context, hold, permit
from aiops.model import Reason


def kill_switch(context: Context) -> Reason:
    """A person pulled the switch, or it cannot be read, which stops us as surely (B5)."""
    match context.situation.kill_switch:
        case True:
            return hold("kill_switch", "the kill switch is on")
        case None:
            return hold("kill_switch", "the kill switch cannot be read: stopped")
        case False:
            return permit("kill_switch", "the kill switch is off")


def leadership(context: Context) -> Reason:
    """Only the leader acts (E4)."""
    if context.situation.term is None:
        return hold("leadership", "we do not lead: another replica acts")
    return permit("leadership", f"we lead, term {context.situation.term}")
