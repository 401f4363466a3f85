"""How often: budgets, cooldown with back-off, attempts. All counts come from the journal (B2)."""

from collections.abc import Iterable

from aiops.core.guards.context import Context, escalate, hold, permit, span
from aiops.core.ledger import STREAM, Attempt, Ledger, changed_nothing
from aiops.model import AppendCondition, Budget, Plan, Policy, Reason, StreamAt

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MOST_VAIN = 3  # so often a plan of one incident may be made anew because nothing could be changed
Limit = tuple[str, str, str, int, int]  # words, field, value, limit, window in ms


def limits(policy: Policy, target: str, namespace: str) -> tuple[Limit, ...]:
    """How many plans may start, where and in which window. One table for the guard and the journal."""
    budgets = policy.budgets
    table: tuple[Limit, ...] = (
        ("in the cluster in 10 min", "", "", budgets.cluster_per_10min, 10 * MINUTE_MS),
        ("in the cluster in 1 h", "", "", budgets.cluster_per_hour, HOUR_MS),
        ("in the cluster in 24 h", "", "", budgets.cluster_per_day, DAY_MS),
        (f"for {target}", "target", target, budgets.workload_per_window, budgets.workload_window_s * 1000),
    )
    if namespace:
        where = f"in namespace {namespace} in 1 h"
        table = (*table, (where, "namespace", namespace, budgets.namespace_per_hour, HOUR_MS))
    return table


def budget(context: Context) -> Reason:
    """Plans started lately; the rungs of a ladder share their plan's."""
    if context.ledger.continues(context.plan, context.plan.steps.index(context.step)):
        return permit("budget", "it shares the budget of the plan that it goes on with")
    said: list[str] = []
    target = context.plan.target
    for words, field, value, limit, window_ms in limits(context.policy, str(target), target.namespace):
        used = [
            one
            for one in context.ledger.counted_since(context.now_ms - window_ms)
            if not field or getattr(one, field) == value
        ]
        if len(used) >= limit:
            leaving = sorted(one.at_ms for one in used)[
                len(used) - limit :
            ]  # the first of these, a place is free
            free = leaving[0] + window_ms if leaving else None  # of a limit of 0 none ever is
            return hold("budget", f"{len(used)} of {limit} plans {words} are used", free)
        said.append(f"{len(used)} of {limit} {words}")
    return permit("budget", "used: " + ", ".join(said))


def in_flight(context: Context) -> Reason:
    """What is under way is finished first: a workload, a namespace, the nodes, the cluster."""
    budgets, target = context.policy.budgets, context.plan.target
    flying = context.ledger.in_flight()
    checks: list[tuple[str, Iterable[Attempt], int]] = [
        (f"for {target}", [one for one in flying if one.target == str(target)], 1),
        ("in the cluster", flying, budgets.cluster_in_flight),
    ]
    if target.namespace:
        there = [one for one in flying if one.namespace == target.namespace]
        checks.append((f"in namespace {target.namespace}", there, budgets.namespace_in_flight))
    if context.on_node:
        checks.append(("on nodes", [one for one in flying if one.node], budgets.nodes_in_flight))
    for words, those, limit in checks:
        if (count := len(tuple(those))) >= limit:
            return hold("in_flight", f"{count} of {limit} steps {words} are under way")
    return permit("in_flight", f"{len(flying)} of {budgets.cluster_in_flight} steps are under way")


def cooldown(context: Context) -> Reason:
    """After an outcome the target is left alone for a while, doubling with each failure in a row (M10)."""
    plan, ledger, now_ms = context.plan, context.ledger, context.now_ms
    if ledger.continues(plan, plan.steps.index(context.step)):
        return permit("cooldown", "it goes on after a rung that was verified not to help, or changed nothing")
    name, text = str(plan.target), f"nothing was done to {plan.target} lately"
    ends: list[int] = []
    for one in ledger.attempts:
        if one.target == name and one.playbook == plan.playbook:
            ended = one.at_ms if one.ended_ms is None else one.ended_ms
            ends.append(ended + plan.cooldown_s * 1000)
            text = f"{one.remediation} was done {span(now_ms - one.at_ms)} ago"
    if failures := ledger.failures.get(name, 0):
        base_s = max(plan.cooldown_s, context.policy.budgets.workload_window_s)
        wait_s = min(base_s * 2.0 ** min(failures, 30), context.policy.backoff_max_s)
        ends.append(ledger.failed_ms.get(name, now_ms) + int(wait_s * 1000))
        text += f"; {failures} failures in a row"
    until = max(ends, default=now_ms)
    if now_ms < until:
        return hold("cooldown", f"{text}; cooling down for {span(until - now_ms)} more", until)
    return permit("cooldown", text)


def attempts(context: Context) -> Reason:
    """A fix that was tried so often is not the fix: a person decides (M11)."""
    plan = context.plan
    since_ms = context.ledger.unlocked_ms.get(str(plan.target), 0)  # a person said: try again
    tried = [
        one
        for one in context.ledger.counted_since(max(context.now_ms - DAY_MS, since_ms))
        if one.target == str(plan.target) and one.playbook == plan.playbook
    ]
    vain = sum(changed_nothing(one) for one in context.ledger.of(plan) if one.at_ms > since_ms)
    if vain >= MOST_VAIN:
        return escalate("attempts", f"{vain} times the object had changed, or the API server refused (E6)")
    text = f"{plan.playbook} was tried {len(tried)} of {plan.max_attempts} times in 24 h"
    return escalate("attempts", text) if len(tried) >= plan.max_attempts else permit("attempts", text)


def conditions(
    plan: Plan, step: int, ledger: Ledger, policy: Policy, now_ms: int
) -> tuple[AppendCondition, ...]:
    """What the journal checks in the transaction that writes the intent, so that no interleaving of two
    deciders exceeds a budget: nothing was started or ended since this ledger was folded, and the counts."""
    same: tuple[AppendCondition, ...] = (StreamAt(STREAM, ledger.seq),)
    if ledger.continues(plan, step):
        return same
    target = plan.target
    return same + tuple(
        Budget("plan_started", limit, now_ms - window_ms, field, value)
        for _, field, value, limit, window_ms in limits(policy, str(target), target.namespace)
    )
