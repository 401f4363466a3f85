"""Aftermath: does somebody write over what we changed? For an hour after each change, twice a minute.

A change that another owner reverts (GitOps, an autoscaler, a person) is not done again and again: it is
journalled as ``overwritten``, and after two on one target a guard locks it for a person (B6).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from aiops.core.guards.fields import owned
from aiops.core.guards.ownership import known
from aiops.core.ledger import Attempt, Ledger, changed_nothing, overwritten_entry
from aiops.engine import entries
from aiops.model import Change, ChangeVerb, Entry, Facts, Mark, Result, Sight, Step
from aiops.ports import Cluster, Store

FOR_MS, EVERY_MS = 3_600_000, 30_000
MOST = 3  # reads a tick: one that must wait for a slow API server keeps all else waiting
STANDS = frozenset({Result.APPLIED, Result.VERIFIED, Result.CONTAINED})


@dataclass(slots=True)
class Aftermath:
    """Looks after the changes that stand."""

    cluster: Cluster
    store: Store
    field_manager: str  # ours
    _known: dict[tuple[str, int], tuple[Step, str] | None] = field(default_factory=dict)
    _next_ms: dict[tuple[str, int], int] = field(default_factory=dict)
    _unread: bool = False  # the newest look could not read its object

    def look(self, ledger: Ledger, facts: Facts, term: int, now_ms: int) -> Iterator[Entry]:
        """What was written over since the last look. At most one read a change and half minute, ``MOST`` a
        call, and none after one that the API server did not answer."""
        standing = {
            (one.plan_id, one.step): one
            for one in ledger.attempts
            if one.result in STANDS and now_ms - one.at_ms < FOR_MS and not _followed(one, ledger)
        }
        for gone in self._next_ms.keys() - standing.keys():
            del self._next_ms[gone]
        due = sorted((which for which in standing if now_ms >= self._next_ms.get(which, 0)), key=self._since)
        for which in due[:MOST]:
            self._next_ms[which], self._unread = now_ms + EVERY_MS, False
            if (entry := self._one(standing[which], facts, term, now_ms)) is not None:
                yield entry
                self._next_ms[which] = now_ms + FOR_MS  # only once the journal has it
            if self._unread:
                return

    def _since(self, which: tuple[str, int]) -> int:
        """Since when a change is due: who waited longest comes first."""
        return self._next_ms.get(which, 0)

    def _one(self, attempt: Attempt, facts: Facts, term: int, now_ms: int) -> Entry | None:
        which = attempt.plan_id, attempt.step
        if which not in self._known:
            sent = entries.sent(self.store, *which)
            self._known[which] = None if sent is None else (sent[0].steps[attempt.step], sent[1])
        found = self._known[which]
        if found is None or found[0].change.verb is not ChangeVerb.PATCH:
            return None
        change = found[0].change
        if "taints" in (change.patch.get("spec") or {}):  # one list, into which Kubernetes writes its own too
            return None
        look = self.cluster.look(change, Mark(found[1], term))
        self._unread = look.sight is Sight.UNKNOWN
        if self._unread or look.holds or not look.uid or look.uid != change.uid:
            return None
        by = _writers(change, facts, attempt.at_ms, self.field_manager)
        return overwritten_entry(attempt, by, look.detail or "a field has another value again", now_ms)


def _followed(attempt: Attempt, ledger: Ledger) -> bool:
    """Whether we changed the same target again since: what the first change wrote may be gone by our own
    hand, as the time of a restart is with the next one."""
    return any(
        one.target == attempt.target
        and (one.at_ms, one.step) > (attempt.at_ms, attempt.step)
        and one.result is not Result.DRY_RUN
        and not changed_nothing(one)
        for one in ledger.attempts
    )


def _writers(change: Change, facts: Facts, since_ms: int, ours: str) -> str:
    """Who wrote one of the fields of ``change`` since, by managedFields; "" where nobody can tell."""
    one, fields = known(change.target, facts), owned(change)
    managers = () if one is None else one.managers or ()
    wrote = [
        manager.name
        for manager in managers
        if manager.name != ours
        and (manager.at_ms or 0) >= since_ms - 1000
        and set(manager.fields) & set(fields)
    ]
    return ", ".join(sorted(set(wrote)))
