"""Witnessed: what a decision was made on, as the journal keeps it beside the decision.

Entries, written in the transaction of the ``decided`` entry that they belong to:

- ``witnessed`` (stream of the incident): the incident, the situation and the facts, cut to what the decision
  was made on; or the digest of facts that are kept whole; and how many guards there were.
- ``rules_seen`` (stream ``rules``): the policy, once for each digest.
- ``facts_seen`` (stream ``facts``): facts that could not be cut, once for each digest.

What is large is compressed (zlib, base64) and named by the SHA-256 of what it was before: who unpacks it
checks that. Plan and reasons are in ``decided``; ledger and lessons are folded from the journal itself.
"""

import base64
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import orjson

from aiops.core.excerpt import STAND_IN, stand_ins
from aiops.core.situation import Situation
from aiops.model import (
    Alert,
    Autoscaler,
    Claim,
    ClusterEvent,
    Condition,
    Edge,
    Entry,
    Facts,
    Freeze,
    Incident,
    Node,
    Pod,
    Policy,
    Service,
    Silence,
    Target,
    Workload,
)
from aiops.model.wire import canonical, digest, from_json, to_json

WITNESSED, RULES_SEEN, FACTS_SEEN = "witnessed", "rules_seen", "facts_seen"
FORMAT = 1  # of ``witnessed``; another one is not read
LARGEST = 256 << 20  # bytes that a packed value may have: one that claims more was not written by us

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """``Facts`` without mappings by target, which JSON lacks. The order of each mapping is kept."""

    at_ms: int
    cluster: str
    workloads: tuple[Workload, ...]
    more_workloads: tuple[tuple[Workload, int], ...]  # alike but for their names, with how many
    pods: tuple[Pod, ...]
    nodes: tuple[Node, ...]
    more_nodes: tuple[tuple[Node, int], ...]
    conditions: tuple[Condition, ...]
    edges: tuple[Edge, ...]
    events: tuple[ClusterEvent, ...]
    namespace_labels: Mapping[str, Mapping[str, str]]
    namespace_annotations: Mapping[str, Mapping[str, str]]
    claims: tuple[Claim, ...]
    autoscalers: tuple[Autoscaler, ...]
    services: tuple[Service, ...]
    freezes: tuple[Freeze, ...]
    silences: tuple[Silence, ...]
    budgets: tuple[tuple[Target, Target], ...]
    unknown: tuple[str, ...]
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What ``decide_twice`` was given, but for plan, ledger, policy and lessons."""

    incident: Incident | None
    facts: Facts
    situation: Situation
    step: int


def witnessed_entry(
    inputs: Inputs, policy: Policy, guards: int, stream: str, learned: int | None, facts: str = ""
) -> Entry:
    """What a decision was made on. ``learned`` is the newest record that lessons were drawn from, None where
    nothing was learned; ``facts`` the digest of ``facts_seen``, where they are kept there."""
    kept: dict[str, Any] = {
        "incident": None if inputs.incident is None else to_json(inputs.incident),
        "situation": _situation_json(inputs.situation),
        "facts": None if facts else to_json(_kept(inputs.facts)),
    }
    payload = {
        "format": FORMAT,
        "step": inputs.step,
        "guards": guards,
        "lessons": learned,
        "rules": rules_digest(policy),
        "facts": facts,
        "inputs": pack(kept),
    }
    return Entry(WITNESSED, stream, inputs.situation.now_ms, payload)


def rules_entry(policy: Policy, now_ms: int) -> Entry:
    """The policy; written once."""
    name = rules_digest(policy)
    payload = {"digest": name, "policy": to_json(policy)}
    return Entry(RULES_SEEN, "rules", now_ms, payload, key=f"rules:{name}")


def rules_digest(policy: Policy) -> str:
    """Names a policy."""
    return digest("rules", to_json(policy))


def facts_entry(facts: Facts, now_ms: int) -> Entry:
    """Facts as a whole; the same ones are written once."""
    packed = pack(to_json(_kept(facts)))
    return Entry(FACTS_SEEN, "facts", now_ms, packed, key=f"facts:{packed['digest']}")


def inputs_of(witness: Entry, facts_seen: Mapping[str, Entry]) -> Inputs:
    """What ``witnessed_entry`` kept. ``facts_seen`` are those entries by their digest.

    Raises ValueError where it is of another format, not whole, or not what its digest says.
    """
    payload = witness.payload
    if payload.get("format") != FORMAT:
        raise ValueError(f"it was kept in format {payload.get('format')!r}, we read {FORMAT}")
    kept = unpack(payload["inputs"])
    name, facts = payload["facts"], kept["facts"]
    if name:
        if name not in facts_seen:
            raise ValueError(f"its facts {name[:12]} are not in the journal")
        facts = unpack(facts_seen[name].payload)
    incident = kept["incident"]
    return Inputs(
        None if incident is None else from_json(Incident, incident),
        _facts(from_json(KeptFacts, facts)),
        _situation(kept["situation"]),
        int(payload["step"]),
    )


def policy_of(entry: Entry) -> Policy:
    """The policy of a ``rules_seen`` entry; ValueError where it is not what its digest says."""
    if digest("rules", entry.payload["policy"]) != entry.payload["digest"]:
        raise ValueError("the policy is not that of its digest")
    policy: Policy = from_json(Policy, entry.payload["policy"])
    return policy


def pack(data: object) -> dict[str, str]:
    """JSON values, compressed, with the digest of what they were."""
    text = canonical(data)
    packed = base64.b64encode(zlib.compress(text, 6)).decode()
    return {"digest": digest("packed", data), "packed": packed}


def unpack(packed: Mapping[str, Any]) -> Any:
    """What ``pack`` was given; ValueError where it is not what its digest says."""
    try:
        opened = zlib.decompressobj()
        text = opened.decompress(base64.b64decode(str(packed["packed"]), validate=True), LARGEST)
        data = orjson.loads(text)
    except (zlib.error, ValueError, KeyError) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    if digest("packed", data) != packed.get("digest"):
        raise ValueError("it is not what its digest says")
    return data


def _situation_json(one: Situation) -> dict[str, Any]:
    plain = dict(to_json(replace(one, known={}, protected=frozenset())))
    known = [[to_json(target), at_ms] for target, at_ms in one.known.items()]
    return plain | {"known": known, "protected": [to_json(target) for target in sorted(one.protected)]}


def _situation(data: Mapping[str, Any]) -> Situation:
    plain: Situation = from_json(Situation, {**data, "known": {}, "protected": []})
    return replace(
        plain,
        known={from_json(Target, target): int(at_ms) for target, at_ms in data["known"]},
        protected=frozenset(from_json(Target, target) for target in data["protected"]),
    )


BY_TARGET = ("workloads", "pods", "nodes", "claims", "autoscalers", "services")


def _kept(facts: Facts) -> KeptFacts:
    values: dict[str, Any] = {one.name: getattr(facts, one.name) for one in fields(facts)}
    values |= {name: tuple(_named(values[name])) for name in BY_TARGET}
    return KeptFacts(
        **values
        | {
            "more_workloads": _counted(facts.workloads),
            "more_nodes": _counted(facts.nodes),
            "budgets": tuple(facts.budgets.items()),
            "unknown": tuple(sorted(facts.unknown)),
        }
    )


def _facts(kept: KeptFacts) -> Facts:
    values: dict[str, Any] = {one.name: getattr(kept, one.name) for one in fields(Facts)}
    values |= {name: {one.target: one for one in values[name]} for name in BY_TARGET}
    values["workloads"] |= stand_ins(kept.more_workloads)
    values["nodes"] |= stand_ins(kept.more_nodes)
    return Facts(**values | {"budgets": dict(kept.budgets), "unknown": frozenset(kept.unknown)})


def _named(those: Mapping[Target, Any]) -> Iterable[Any]:
    return (one for one in those.values() if one.target.name != STAND_IN)


def _counted(those: Mapping[Target, Any]) -> tuple[tuple[Any, int], ...]:
    """Stand-ins, each with how many there are: the same object under many keys."""
    counts: dict[int, tuple[Any, int]] = {}
    for one in those.values():
        if one.target.name == STAND_IN:
            counts[id(one)] = one, counts.get(id(one), (one, 0))[1] + 1
    return tuple(counts.values())
