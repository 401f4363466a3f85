"""Chronicle: what one entry of the journal says, in one line for people: what, about what, and who did it.

Input:   an entry, of whatever version: a payload is read as it stands, never made into values of today.
Output:  words without control characters; a kind that nobody knows here is shown raw, and so is one whose
         payload is not what it should be.
Cost:    a few microseconds an entry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiops.core.redact import without_values
from aiops.core.words import clock, count, plain
from aiops.model import Entry

Payload = Mapping[str, Any]
OURSELVES = "aiops"
RAW = 400  # characters of a payload that is shown raw
EVENTS = {
    "judged": "it was looked at",
    "decided": "it was decided upon",
    "approved": "a person agreed",
    "rejected": "a person refused",
    "applied": "the change is in place",
    "failed": "the step failed",
    "verified": "the step helped",
    "contained": "the step stands, and keeps the trouble from spreading",
    "timedout": "a time that was waited for has come",
    "leaderlost": "another replica leads",
    "leaderwon": "we lead again",
    "closed": "the incident is over",
}
ORDERS = {
    "ask": "ask people",
    "apply": "carry the step out",
    "undo": "take the step back",
    "verify": "verify",
}
VERBS = {
    "patch": "patch",
    "evict": "evict",
    "delete": "delete",
    "create": "create",
    "capture": "keep evidence of",
}
DECISIONS = {"act": "act", "escalate": "ask or tell people", "hold": "hold", "refuse": "refuse"}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words."""

    what: str
    actor: str  # a person's or another program's name, else ``OURSELVES``
    about: str = ""  # the incident's id; empty: none


def tell(entry: Entry) -> Line:
    """What ``entry`` says."""
    payload = entry.payload
    teller = TELLERS.get(entry.kind)
    try:
        what = teller(payload) if teller is not None else raw(payload)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        what = raw(payload)
    by = payload.get("by")
    actor = by if isinstance(by, str) and by else OURSELVES
    return Line(plain(what), plain(actor), incident_of(entry))


def incident_of(entry: Entry) -> str:
    """The id of the incident that an entry is about; "" where it is about none."""
    if entry.kind in OF_INCIDENTS:
        return entry.stream
    named = entry.payload.get("incident_id")
    request = entry.payload.get("request")
    if not named and isinstance(request, Mapping):
        named = request.get("incident_id")
    return named if isinstance(named, str) else ""


def raw(payload: Payload) -> str:
    """A payload as it stands, cut off where it is long."""
    text = ", ".join(f"{name}: {value}" for name, value in payload.items())
    return text if len(text) <= RAW else f"{text[:RAW]}..."


def _opened(payload: Payload) -> str:
    one = payload["incident"]
    return f"{one['severity']} {_words(one['incident_class'])} of {_prime(one)}: {one['opened_because']}"


def _changed(payload: Payload) -> str:
    one = payload["incident"]
    news = {
        "state": f"now {one['state']}",
        "class": f"class {_words(one['incident_class'])}",
        "severity": f"severity {one['severity']}",
        "suspect": f"first suspect {_prime(one)}",
        "anomaly": f"{count(len(one['anomalies']), 'anomaly')}".replace("anomalys", "anomalies"),
    }
    return ", ".join(news.get(what, what) for what in payload.get("what", ()))


def _closed(payload: Payload) -> str:
    one = payload["incident"]
    thanks = f"; {one['credit']}" if one.get("credit") else ""
    return f"{_words(one['incident_class'])} of {_prime(one)} is over: {one['closed_because']}{thanks}"


def _seen(payload: Payload) -> str:
    samples = len(payload["samples"]["times_ms"])
    who = f", judged by {payload['detector']}"
    return f"{count(samples, 'sample')} of {payload['signal']} of {payload['target']}{who}"


def _decided(payload: Payload) -> str:
    value = payload["value"]
    plan, lean = value["plan"], payload["decision"]
    if not plan["steps"]:
        return f"do nothing: {plan['reason']}"
    step = plan["steps"][value.get("step", 0)]
    leans = {"act": "permit", "escalate": "escalate", "hold": "hold", "refuse": "refuse"}
    against = [one for one in value["reasons"] if one["lean"] == leans[lean] != "permit"]
    because = f" ({_words(against[0]['guard'])}: {against[0]['text']})" if against else ""
    return f"{DECISIONS[lean]}: {step['summary']}{because}"


def _started(payload: Payload) -> str:
    what = f"{payload['remediation']} on {payload['target']}"
    return f"{what}, playbook {payload['playbook']} {payload['playbook_version']}, plan {payload['plan_id']}"


def _advanced(payload: Payload) -> str:
    orders = [ORDERS[one["kind"]] for one in payload["commands"] if one["kind"] in ORDERS]
    then = f"; next: {', '.join(orders)}" if orders else ""
    event = payload["event"]
    return f"{EVENTS.get(event, event)}: now {payload['life']['state']}{then}"


def _sending(payload: Payload) -> str:
    change = payload["change"]
    fields = ", ".join(f"{name}={value}" for name, value in leaves(without_values(change["patch"])))
    what = f"{VERBS.get(change['verb'], change['verb'])} {target_text(change['target'])}"
    return f"{what}{f': {fields}' if fields else ''} (intent {payload['intent']})"


def _answered(payload: Payload) -> str:
    detail = f": {payload['detail']}" if payload.get("detail") else ""
    version = payload.get("resource_version")
    now = f", now version {version}" if version else ""
    return f"{_words(payload['answer'])}{now}{detail} (intent {payload['intent']})"


def _captured(payload: Payload) -> str:
    names = ", ".join(payload["evidence"]) or "nothing"
    return f"kept of {payload['target']}: {names}"


def _waits(payload: Payload) -> str:
    return f"the step waits: {payload['detail']} (intent {payload['intent']})"


def _ended(payload: Payload) -> str:
    detail = f": {payload['detail']}" if payload.get("detail") else ""
    return f"step {payload['step']} of plan {payload['plan_id']}: {_words(payload['result'])}{detail}"


def _unlocked(payload: Payload) -> str:
    parts = [f"lock-out of {payload['target']} lifted"] if payload.get("target") else []
    if payload.get("playbook") is not None:
        whose = f"of playbook {payload['playbook']}" if payload["playbook"] else "of everything"
        parts.append(f"breaker {whose} reset")
    return ", ".join(parts) or raw(payload)


def _overwritten(payload: Payload) -> str:
    detail = f": {payload['detail']}" if payload.get("detail") else ""
    return f"wrote over what {payload['remediation']} had changed of {payload['target']}{detail}"


def _reverted(payload: Payload) -> str:
    what = f"step {payload['step']} of plan {payload['plan_id']}, on request: {_words(payload['result'])}"
    return what + (f": {payload['detail']}" if payload.get("detail") else "")


def _requested(payload: Payload) -> str:
    one = payload["request"]
    what = {
        "undo": f"take back step {one['step']} of plan {one['plan_id']}",
        "unlock": f"unlock {one['target'] or 'the breaker of ' + (one['playbook'] or 'everything')}",
        "accept_autonomy": f"let playbook {one['playbook']} do more alone in {one['scope']}",
    }[one["kind"]]
    return what + (f": {one['reason']}" if one["reason"] else "")


def _request_ended(payload: Payload) -> str:
    return f"{'done' if payload['done'] else 'not done'}: {payload['detail']}"


def _switched(payload: Payload) -> str:
    said = {True: "stopped", False: "not stopped", None: "stopped, the switch cannot be read"}
    because = f": {payload['because']}" if payload.get("because") else ""
    return said[payload["stopped"]] + because


def _accepted(payload: Payload) -> str:
    level = f" to {payload['level']}" if payload.get("level") else ""
    return f"playbook {payload['playbook']} may do more alone in {payload['scope']}{level}"


def _sight(payload: Payload) -> str:
    return f"blind: {payload['because']}" if payload["blind"] else "seeing again"


def _scopes(payload: Payload) -> str:
    seen = payload["first_seen"]
    names = ", ".join(one[0] for one in seen[:3])
    more = f" and {len(seen) - 3} more" if len(seen) > 3 else ""
    return f"first seen: {names}{more}" if seen else f"watching since {clock(payload['began_ms'])} UTC"


def _asked(payload: Payload) -> str:
    one = payload["approval"]
    whom = ", ".join(one["roles"]) or "nobody"
    return f"{one['short']}: {whom} asked to approve: {one['summary']}, until {clock(one['until_ms'])} UTC"


def _voted(payload: Payload) -> str:
    vote = payload["vote"]
    reason = f": {vote['reason']}" if vote.get("reason") else ""
    return (
        f"{vote['ballot']} to approval {payload['approval_id']}, by {vote['via'] or 'an unknown way'}{reason}"
    )


def _moved(payload: Payload) -> str:
    said = f": {payload['said']}" if payload.get("said") else ""
    return f"approval {payload['approval_id']} is {payload['state']}{said}"


def _claimed(payload: Payload) -> str:
    return f"on it: automation keeps off {', '.join(payload['targets'])}"


def _posted(payload: Payload) -> str:
    return f"{payload['about'].replace(':', ' ', 1)} posted to {payload['channel']}"


def _witnessed(payload: Payload) -> str:
    size = len(payload["inputs"]["packed"])
    return f"kept what it was decided on, {size} characters, policy {payload['rules'][:12]}"


def _head(payload: Payload) -> str:
    return f"head of record {payload['seq']} signed by key {payload['key']}"


def _said(payload: Payload) -> str:
    text = "; ".join(line.strip() for line in payload["text"].splitlines())
    return text if payload["done"] else f"not done: {text}"


def _adjusted(payload: Payload) -> str:
    one = payload["adjustment"]
    wider = f"up to {one['factor']:g} times as far out as its edge"
    how = (
        wider if one["window"] is None else f"at a time of the {'day' if one['kind'] == 'season' else 'week'}"
    )
    whether = "would be expected, once a person says so" if one["proposed"] else "is expected"
    what = f"{one['signal']} of {target_text(one['target'])} {whether}, {how}"
    return f"{what}, until {clock(one['until_ms'])} UTC: {one['reason']} ({payload['adjustment_id']})"


def _of_adjustment(payload: Payload) -> str:
    until = f"goes on until {clock(payload['until_ms'])} UTC" if "until_ms" in payload else "is undone"
    reason = f": {payload['reason']}" if payload["reason"] else ""
    return f"adjustment {payload['adjustment_id']} {until}{reason}"


TELLERS: Mapping[str, Callable[[Payload], str]] = {
    "incident_opened": _opened,
    "incident_changed": _changed,
    "incident_closed": _closed,
    "evidence_seen": _seen,
    "decided": _decided,
    "plan_started": _started,
    "rung_started": _started,
    "life_advanced": _advanced,
    "change_sending": _sending,
    "change_answered": _answered,
    "evidence_captured": _captured,
    "step_waits": _waits,
    "step_ended": _ended,
    "unlocked": _unlocked,
    "overwritten": _overwritten,
    "reverted": _reverted,
    "requested": _requested,
    "request_ended": _request_ended,
    "switch_changed": _switched,
    "autonomy_accepted": _accepted,
    "detectors_changed": lambda payload: f"other detectors are in force: version {payload['version']}",
    "storm_began": lambda payload: str(payload["because"]),
    "storm_ended": lambda payload: str(payload["because"]),
    "sight_changed": _sight,
    "scopes_seen": _scopes,
    "approval_asked": _asked,
    "approval_voted": _voted,
    "approval_reminded": lambda payload: f"people are reminded of approval {payload['approval_id']}",
    "approval_moved": _moved,
    "claimed": _claimed,
    "released": lambda payload: f"released: automation may go on with incident {payload['incident_id']}",
    "said": _said,
    "called_false": lambda payload: (
        f"incident {payload['incident_id']} was a false alarm: {payload['reason']}"
    ),
    "adjustment_made": _adjusted,
    "adjustment_proposed": _adjusted,
    "adjustment_renewed": _of_adjustment,
    "adjustment_undone": _of_adjustment,
    "posted": _posted,
    "witnessed": _witnessed,
    "rules_seen": lambda payload: f"the policy in force is {payload['digest'][:12]}",
    "facts_seen": lambda payload: f"kept the facts {payload['digest'][:12]}",
    "head_signed": _head,
    "key_changed": lambda payload: f"heads are signed by key {payload['key']}, before by {payload['before']}",
}
OF_INCIDENTS = frozenset(
    {
        "incident_opened",
        "incident_changed",
        "incident_closed",
        "evidence_seen",
        "decided",
        "life_advanced",
        "change_sending",
        "change_answered",
        "evidence_captured",
        "step_waits",
        "witnessed",
    }
)


def leaves(values: Mapping[str, Any], path: str = "") -> list[tuple[str, object]]:
    """(path, value) of everything that a patch sets; a list is one value."""
    found: list[tuple[str, object]] = []
    for name, value in values.items():
        place = f"{path}.{name}" if path else str(name)
        if isinstance(value, Mapping) and value:
            found += leaves(value, place)
        else:
            found.append((place, value))
    return found


def target_text(target: Mapping[str, Any]) -> str:
    """A target as JSON holds it, as text."""
    space = f"{target['namespace']}/" if target.get("namespace") else ""
    return f"{target['kind']}/{space}{target['name']}"


def _prime(incident: Mapping[str, Any]) -> str:
    suspects = incident["suspects"]
    return target_text(suspects[0]["target"] if suspects else incident["targets"][0])


def _words(text: str) -> str:
    return str(text).replace("_", " ")
