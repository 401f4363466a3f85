"""A forum for tests of channels: it remembers what was said, and answers as it is told to."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aiops.errors import Unavailable
from aiops.model import (
    Approval,
    ApprovalState,
    Approve,
    Deny,
    Echo,
    Impact,
    Said,
    Severity,
    Snooze,
)


def an_approval(approval_id: str = "a1b2c3d4e5f6", **changes: object) -> Approval:
    """A question about scaling a Deployment, pending."""
    approval = Approval(
        id=approval_id,
        short=approval_id[:4],
        cluster="prod",
        incident_id="incident00001",
        plan_id="plan00000001",
        digest="d" * 64,
        step=0,
        summary="scale Deployment/shop/web from 2 to 4 replicas",
        target="Deployment/shop/web",
        namespace="shop",
        playbook="traffic-surge",
        remediation="scale_out",
        severity=Severity.HIGH,
        impact=Impact.HIGH,
        because=("impact: high impact goes to a person",),
        command="kubectl -n shop scale deployment web --replicas=4",
        roles=("on-call",),
        quorum=1,
        asked_ms=1_000_000,
        remind_ms=1_300_000,
        until_ms=1_900_000,
    )
    return replace(approval, **changes)  # type: ignore[arg-type]  # names of its fields


@dataclass
class FakeForum:
    """``ports.Forum`` in memory. Every approve, deny and snooze of something pending is done, once."""

    those: list[Approval] = field(default_factory=list)
    heard: list[Said] = field(default_factory=list)
    down: bool = False
    refuses: Callable[[Said], str] = lambda _said: ""  # why not; "" is done
    _echoes: dict[str, Echo] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, said: Said) -> Echo:
        with self._lock:
            if self.down:
                raise Unavailable("journal: disk is full")
            if said.ref and said.ref in self._echoes:
                return self._echoes[said.ref]
            self.heard.append(said)
            echo = self._answer(said)
            if said.ref:
                self._echoes[said.ref] = echo
            return echo

    def _answer(self, said: Said) -> Echo:
        why_not = self.refuses(said)
        if why_not:
            return Echo(False, why_not)
        match said.saying:
            case Approve(approval_id) | Deny(approval_id) | Snooze(approval_id):
                before = self._by_id(approval_id)
                if before is None or before.state is not ApprovalState.PENDING:
                    return Echo(False, "it was decided already", before)
                state = {
                    Approve: ApprovalState.APPROVED,
                    Deny: ApprovalState.DENIED,
                    Snooze: ApprovalState.CANCELLED,
                }[type(said.saying)]
                after = replace(before, state=state, said=f"{state} by {said.actor.name or said.actor.id}")
                self.those[self.those.index(before)] = after
                return Echo(True, after.said, after)
            case _:
                return Echo(True, f"{type(said.saying).__name__.lower()}: noted")

    def _by_id(self, approval_id: str) -> Approval | None:
        return next((one for one in self.those if one.id == approval_id), None)

    def approvals(self, *, pending: bool = True) -> tuple[Approval, ...]:
        with self._lock:
            return tuple(one for one in self.those if not pending or one.state is ApprovalState.PENDING)

    def approval(self, name: str) -> Approval | None:
        with self._lock:
            found: Sequence[Approval] = [one for one in self.those if name in (one.id, one.short)]
            return found[0] if len(found) == 1 else None
