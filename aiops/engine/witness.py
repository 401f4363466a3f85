"""Witness: keep beside a decision what it was made on, so that anybody can decide it again.

What is kept is cut to what the decision needs, and decided upon again before it is written, from the very
bytes that are written: where it comes out otherwise the facts are kept whole, and where even that does not
do (a guard reads what is not kept), nothing is: ``aiops explain`` then says that it cannot be decided again.

Cost: 1 to 6 ms a decision, 2 to 4 kB in the journal; more where the facts are kept whole.
"""

from dataclasses import replace

from aiops.core.excerpt import Excerpt, bare
from aiops.core.guards import GUARDS
from aiops.core.guards.context import Context
from aiops.core.ledger import Ledger
from aiops.core.memory import Lessons
from aiops.core.policy import decide_twice
from aiops.core.situation import Situation
from aiops.core.witnessed import Inputs, facts_entry, inputs_of, rules_entry, witnessed_entry
from aiops.model import Decision, Entry, Facts, Incident, Plan, Policy

Answer = tuple[Decision, Decision]


def witness(
    answer: Answer,
    plan: Plan,
    incident: Incident | None,
    facts: Facts,
    ledger: Ledger,
    policy: Policy,
    situation: Situation,
    step: int = 0,
    *,
    lessons: Lessons | None = None,
) -> tuple[Entry, ...]:
    """What to write in the transaction of a ``decided`` entry, right behind it. ``answer`` is what
    ``decide_twice`` answered to the arguments that follow it. Empty where it could not be decided again."""
    cut = _nothing(situation, step)
    if plan.steps:
        cut = _cut(Context(plan, plan.steps[step], incident, facts, ledger, policy, situation, lessons), step)
    found = _proved(answer, cut, plan, ledger, policy, lessons)
    if found is None:
        whole = Inputs(incident, bare(facts), situation, step)
        found = _proved(answer, whole, plan, ledger, policy, lessons, apart=True)
    return found or ()


def _nothing(situation: Situation, step: int) -> Inputs:
    """Of a plan that does nothing, only the plan itself counts."""
    alone = replace(situation, known={}, protected=frozenset(), claims={})
    return Inputs(None, Facts(situation.now_ms), alone, step)


def _cut(given: Context, step: int) -> Inputs:
    excerpt = Excerpt(given)
    return Inputs(excerpt.incident(), excerpt.facts(), excerpt.situation(), step)


def _proved(
    answer: Answer,
    inputs: Inputs,
    plan: Plan,
    ledger: Ledger,
    policy: Policy,
    lessons: Lessons | None,
    *,
    apart: bool = False,
) -> tuple[Entry, ...] | None:
    """The entries, if what they hold leads to the same answer; ``apart``: facts in an entry of their own."""
    now_ms, stream = inputs.situation.now_ms, plan.incident_id or plan.id
    facts = facts_entry(inputs.facts, now_ms) if apart else None
    name = str(facts.payload["digest"]) if facts is not None else ""
    learned = None if lessons is None else lessons.seq
    kept = witnessed_entry(inputs, policy, len(GUARDS), stream, learned, name)
    try:
        read = inputs_of(kept, {} if facts is None else {name: facts})
    except ValueError:  # a value that cannot be read back: nothing that is kept of it would help
        return None
    same = decide_twice(
        plan, read.incident, read.facts, ledger, policy, read.situation, read.step, lessons=lessons
    )
    if same != answer:
        return None
    rules = rules_entry(policy, now_ms)
    return (rules, kept) if facts is None else (rules, facts, kept)
