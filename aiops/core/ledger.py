"""Ledger: what was started and what came of it, folded from the journal. Writing and reading in one place.

Entries, all on the stream ``actions`` but ``decided``, which is on the incident's:

- ``decided``: a decision as it was made, with all reasons. Shown, never counted.
- ``plan_started``: the first rung of a ladder was started. This is what budgets count.
- ``rung_started``: a later rung, after the one before did not help; it shares its plan's budget.
- ``step_ended``: an outcome. ``applied`` leaves the step in flight, until it is verified.
- ``unlocked``: a person lifted a lock-out (``target``) or reset the breaker (``playbook``, empty: all).
- ``overwritten``: somebody wrote over what a step had changed: whoever does so twice is not fought (B6).

A dry run counts for cooldowns, budgets and attempts, so that the dry run looks like the live run; breaker,
back-off and lock-out, which learn from whether a fix helped, leave it out.

Cost: a record costs O(attempts of the last two days), which the budgets bound.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiops.model import (
    Act,
    Decision,
    Entry,
    Escalate,
    Hold,
    Incident,
    Outcome,
    Plan,
    Record,
    Refuse,
    Result,
    Target,
)
from aiops.model.wire import from_json, short_id, to_json

STREAM = "actions"
KEEP_MS = 2 * 86_400_000  # twice the longest window or back-off: older attempts decide nothing any more
JUDGED = {Result.VERIFIED: True, Result.FAILED: False, Result.UNDONE: False, Result.UNVERIFIED: False}
KINDS: Mapping[str, type[Act] | type[Escalate] | type[Hold] | type[Refuse]] = {
    "act": Act,
    "escalate": Escalate,
    "hold": Hold,
    "refuse": Refuse,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step that was started."""

    plan_id: str
    incident_id: str
    target: str  # the workload or node, as text
    namespace: str
    playbook: str
    remediation: str
    rung: int
    step: int
    at_ms: int
    counted: bool  # for the budgets: the first rung of its ladder
    node: bool = False
    cordons: bool = False
    result: Result | None = None
    ended_ms: int | None = None
    settle_s: int = 0  # so long after it, what is seen near its target may be its own noise
    applied_ms: int | None = None  # when the change was in place

    @property
    def in_flight(self) -> bool:
        """Started, and not known to be over: an applied step is in flight until it is verified."""
        return self.result is None or self.result is Result.APPLIED


@dataclass(frozen=True, slots=True)
class Ledger:
    """The state behind budgets, cooldowns, breaker and lock-outs. Immutable; ``fold`` gives the next one."""

    seq: int = 0  # newest record of the stream ``actions``
    attempts: tuple[Attempt, ...] = ()  # oldest first, of the last two days and all in flight
    failures: Mapping[str, int] = field(default_factory=dict)  # of a target, in a row
    failed_ms: Mapping[str, int] = field(default_factory=dict)  # of a target, the newest failure
    overwritten: Mapping[str, int] = field(default_factory=dict)  # of a target: steps somebody wrote over
    unlocked_ms: Mapping[str, int] = field(
        default_factory=dict
    )  # of a target: when a person last unlocked it
    verdicts: Mapping[str, tuple[tuple[int, bool], ...]] = field(default_factory=dict)
    # ^ of a playbook ("" is all): the newest verifications, (time, helped)

    def fold(self, records: Iterable[Record | Entry]) -> "Ledger":
        """The ledger after ``records``, in their order; entries never stored (a replay) fold alike."""
        ledger = self
        for record in records:
            entry = record.entry if isinstance(record, Record) else record
            if entry.kind in {"plan_started", "rung_started"}:
                ledger = ledger._started(entry)
            elif entry.kind == "step_ended":
                ledger = ledger._ended(entry)
            elif entry.kind == "unlocked":
                ledger = ledger._unlocked(entry)
            elif entry.kind == "overwritten":
                target = str(entry.payload["target"])
                count = ledger.overwritten.get(target, 0) + 1
                ledger = replace(ledger, overwritten={**ledger.overwritten, target: count})
            if isinstance(record, Record) and entry.stream == STREAM:
                ledger = replace(ledger, seq=record.seq)
        return ledger

    def _started(self, entry: Entry) -> "Ledger":
        attempt = Attempt(at_ms=entry.at_ms, counted=entry.kind == "plan_started", **_fields(entry.payload))
        if any((one.plan_id, one.step) == (attempt.plan_id, attempt.step) for one in self.attempts):
            return self  # the same intent, read twice
        newer = tuple(one for one in self.attempts if one.in_flight or one.at_ms > entry.at_ms - KEEP_MS)
        return replace(self, attempts=(*newer, attempt))

    def _ended(self, entry: Entry) -> "Ledger":
        plan_id, step = str(entry.payload["plan_id"]), int(entry.payload["step"])
        result = Result(entry.payload["result"])
        before = next((one for one in self.attempts if (one.plan_id, one.step) == (plan_id, step)), None)
        if before is None or before.result is result:
            return self
        applied_ms = entry.at_ms if result is Result.APPLIED else before.applied_ms
        after = replace(before, result=result, ended_ms=entry.at_ms, applied_ms=applied_ms)
        ledger = replace(self, attempts=tuple(after if one is before else one for one in self.attempts))
        already_judged = before.result in JUDGED  # undone after failed is the same failure
        return ledger if result not in JUDGED or already_judged else ledger._judged(after, entry.at_ms)

    def _judged(self, attempt: Attempt, at_ms: int) -> "Ledger":
        assert attempt.result is not None  # noqa: S101 - our caller has just set it
        helped = JUDGED[attempt.result]
        count = 0 if helped else self.failures.get(attempt.target, 0) + 1
        verdicts = dict(self.verdicts)
        for name in (attempt.playbook, ""):
            verdicts[name] = (*verdicts.get(name, ()), (at_ms, helped))[-50:]
        failed_ms = self.failed_ms if helped else {**self.failed_ms, attempt.target: at_ms}
        return replace(
            self, failures={**self.failures, attempt.target: count}, failed_ms=failed_ms, verdicts=verdicts
        )

    def _unlocked(self, entry: Entry) -> "Ledger":
        target, playbook = entry.payload.get("target"), entry.payload.get("playbook")
        failures = {name: count for name, count in self.failures.items() if name != target}
        overwritten = {name: count for name, count in self.overwritten.items() if name != target}
        verdicts = {name: seen for name, seen in self.verdicts.items() if name != playbook}
        unlocked_ms = {**self.unlocked_ms, str(target): entry.at_ms} if target else self.unlocked_ms
        return replace(
            self, failures=failures, overwritten=overwritten, verdicts=verdicts, unlocked_ms=unlocked_ms
        )

    def in_flight(self) -> tuple[Attempt, ...]:
        """What is not over yet."""
        return tuple(one for one in self.attempts if one.in_flight)

    def without(self, plan_id: str, step: int) -> "Ledger":
        """As if this one attempt had not been started: what guards are asked with just before it is sent."""
        others = tuple(one for one in self.attempts if (one.plan_id, one.step) != (plan_id, step))
        return replace(self, attempts=others)

    def counted_since(self, since_ms: int) -> tuple[Attempt, ...]:
        """Plans started later than ``since_ms``, as the budgets count them."""
        return tuple(one for one in self.attempts if one.counted and one.at_ms > since_ms)

    def of(self, plan: Plan) -> tuple[Attempt, ...]:
        """All attempts of the plan's playbook in its incident, oldest first."""
        mine = (plan.incident_id or "", plan.playbook)
        return tuple(one for one in self.attempts if (one.incident_id, one.playbook) == mine)

    def last_rung(self, incident_id: str, playbook: str) -> Attempt | None:
        """The newest attempt of a playbook in an incident."""
        mine = [one for one in self.attempts if (one.incident_id, one.playbook) == (incident_id, playbook)]
        return mine[-1] if mine else None

    def continues(self, plan: Plan, step: int = 0) -> bool:
        """Whether the step is the next rung after one that was verified not to have helped, or that only
        contains, or comes in place of one that changed nothing. Such a step shares its ladder's budget and
        does not wait for the cooldown; how often it may is ``guards.pace.attempts``'s to say."""
        last, rung = self.last_rung(plan.incident_id or "", plan.playbook), plan.steps[step].rung
        if last is None:
            return False
        return (leads_on(last) and rung > last.rung) or (changed_nothing(last) and rung >= last.rung)


def did_not_help(attempt: Attempt) -> bool:
    """Verified as useless. A dry run, and what could not be verified, do not count."""
    return attempt.result in {Result.FAILED, Result.UNDONE}


def leads_on(attempt: Attempt) -> bool:
    """Whether the next rung of its ladder may come: it did not help, or it stands and was never to heal."""
    return did_not_help(attempt) or attempt.result is Result.CONTAINED


def changed_nothing(attempt: Attempt) -> bool:
    """The API server, or a last look before it, said no: the cluster is as it was."""
    return attempt.result in {Result.REFUSED, Result.SUPERSEDED}


def _fields(payload: Mapping[str, Any]) -> dict[str, Any]:
    wanted = ("plan_id", "incident_id", "target", "namespace", "playbook", "remediation", "rung", "step")
    fields = {name: payload[name] for name in wanted}
    return fields | {
        "node": bool(payload.get("node")),
        "cordons": bool(payload.get("cordons")),
        "settle_s": int(payload.get("settle_s", 0)),  # older journals have none
    }


def _start(plan: Plan, step: int, subject: Target, counted: bool, now_ms: int) -> Entry:
    rung = plan.steps[step]
    payload = {
        "plan_id": plan.id,
        "digest": plan.digest,
        "incident_id": plan.incident_id or "",
        "target": str(subject),
        "namespace": subject.namespace,
        "playbook": plan.playbook,
        "playbook_version": plan.playbook_version,
        "remediation": rung.remediation,
        "rung": rung.rung,
        "step": step,
        "node": rung.blast_radius.nodes > 0 or subject.kind == "Node",
        "cordons": rung.change.patch.get("spec", {}).get("unschedulable") is True,
        "settle_s": plan.verification.settle_s,
    }
    kind = "plan_started" if counted else "rung_started"
    return Entry(kind, STREAM, now_ms, payload, key=f"start:{plan.id}:{step}")


def start_entry(plan: Plan, step: int, ledger: Ledger, now_ms: int) -> Entry:
    """The intent, to be written in one transaction before the step is carried out."""
    return _start(plan, step, plan.target, not ledger.continues(plan, step), now_ms)


def decided_entry(decision: Decision, now_ms: int, if_known: Decision | None = None) -> Entry:
    """A decision with everything it was made of."""
    payload = {"decision": kind_of(decision), "value": to_json(decision)}
    if if_known is not None:
        payload |= {"if_known": kind_of(if_known), "if_known_value": to_json(if_known)}
    plan = decision.plan
    return Entry("decided", plan.incident_id or plan.id, now_ms, payload)


def entries_for(
    decision: Decision, ledger: Ledger, now_ms: int, if_known: Decision | None = None
) -> tuple[Entry, ...]:
    """What to write for a decision: itself, and the intent where it acts."""
    decided = decided_entry(decision, now_ms, if_known)
    if isinstance(decision, Act):
        return decided, start_entry(decision.plan, decision.step, ledger, now_ms)
    return (decided,)


def outcome_entry(outcome: Outcome) -> Entry:
    """What came of a step."""
    key = f"end:{short_id('outcome', to_json(outcome))}"  # an undo that fails too is another outcome
    return Entry("step_ended", STREAM, outcome.at_ms, to_json(outcome), key=key)


def unlock_entry(by: str, now_ms: int, target: Target | None = None, playbook: str | None = None) -> Entry:
    """A person lifts the lock-out of ``target``, or resets the breaker of ``playbook`` ("" is the global)."""
    payload: dict[str, Any] = {"by": by}
    if target is not None:
        payload["target"] = str(target)
    if playbook is not None:
        payload["playbook"] = playbook
    return Entry("unlocked", STREAM, now_ms, payload)


def overwritten_entry(attempt: Attempt, by: str, detail: str, now_ms: int) -> Entry:
    """``by`` wrote over what ``attempt`` had changed and left in place. Once a step: written twice, it counts
    once."""
    payload = {
        "target": attempt.target,
        "plan_id": attempt.plan_id,
        "step": attempt.step,
        "remediation": attempt.remediation,
        "by": by,  # of managedFields, or "" where nobody can tell
        "detail": detail,
    }
    key = f"overwritten:{attempt.plan_id}:{attempt.step}"
    return Entry("overwritten", STREAM, now_ms, payload, key=key)


def decision_of(entry: Entry) -> Decision:
    """The decision that ``decided_entry`` wrote down."""
    kind: Any = KINDS[str(entry.payload["decision"])]
    decision: Decision = from_json(kind, entry.payload["value"])
    return decision


def kind_of(decision: Decision) -> str:
    """ "act", "escalate", "hold" or "refuse"."""
    return type(decision).__name__.lower()


def plans_used(ledger: Ledger, now_ms: int) -> Mapping[str, int]:
    """Plans started in the last 10 min, hour and day, and in flight: for the report."""
    spans = {"10 min": 600_000, "hour": 3_600_000, "day": 86_400_000}
    used = {name: len(ledger.counted_since(now_ms - length)) for name, length in spans.items()}
    return used | {"in flight": len(ledger.in_flight())}


def attempts_for(ledger: Ledger, incident: Incident) -> tuple[Attempt, ...]:
    """Everything that was tried in an incident, oldest first."""
    return tuple(one for one in ledger.attempts if one.incident_id == incident.id)
