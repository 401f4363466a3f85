"""Budgets, whatever two deciders do in whatever order, each with a ledger that may be old (B2)."""

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aiops.adapters.memory import MemoryStore
from aiops.core.guards.pace import conditions
from aiops.core.ledger import STREAM, Ledger, outcome_entry, start_entry
from aiops.core.policy import decide
from aiops.errors import Conflict
from aiops.model import Act, Budgets, Change, Outcome, Result, Target
from tests.unit.core.cases import HOUR, MINUTE, NOW, facts, incident, plan, policy, situation, step, workload

LIMITS = Budgets(cluster_per_10min=3, cluster_per_hour=5, cluster_per_day=8, namespace_per_hour=4)
RULES = policy(budgets=LIMITS)
TARGETS = tuple(Target("Deployment", "shop", f"w{i}") for i in range(6))
DECIDERS = st.sampled_from(["ann", "bob"])


class TwoDeciders(RuleBasedStateMachine):
    """Both lead as far as the store can tell: fencing is another promise, counting is this one."""

    @initialize()
    def begin(self):
        self.store, self.now_ms = MemoryStore(), NOW
        self.store.begin_term(1)
        self.ledgers = {"ann": Ledger(), "bob": Ledger()}
        self.started = []

    @rule(who=DECIDERS)
    def read(self, who):
        """Take in what is in the journal."""
        ledger = self.ledgers[who]
        self.ledgers[who] = ledger.fold(self.store.read(since=ledger.seq, stream=STREAM))

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes):
        self.now_ms += minutes * MINUTE

    @rule(who=DECIDERS, whom=st.sampled_from(TARGETS), dry=st.booleans())
    def act(self, who, whom, dry):
        """Decide on what one knows, and write the intent under its conditions."""
        change = Change(whom, "41", step().change.patch, f"uid-{whom.name}")
        made = plan(step(change=change), target=whom, made_at_ms=self.now_ms, max_attempts=99)
        there = facts(workload(whom), at_ms=self.now_ms)
        problem, standing = incident(prime=whom), situation(now_ms=self.now_ms)
        ledger = self.ledgers[who]
        decision = decide(made, problem, there, ledger, RULES, standing)
        if not isinstance(decision, Act):
            return
        entry = start_entry(made, 0, ledger, self.now_ms)
        end = outcome_entry(Outcome(made.id, 0, Result.DRY_RUN, self.now_ms))
        try:
            written = self.store.append(
                [entry, *([end] if dry else [])], 1, conditions(made, 0, ledger, RULES, self.now_ms)
            )
        except Conflict:
            return  # somebody else wrote meanwhile: nothing was started
        self.ledgers[who] = ledger.fold(written)
        if written:  # else it is the very plan that the other one started
            self.started.append((self.now_ms, whom, made.id))

    @rule(who=DECIDERS)
    def finish(self, who):
        """What is under way ends well."""
        flying = self.ledgers[who].in_flight()
        if flying:
            entry = outcome_entry(Outcome(flying[0].plan_id, flying[0].step, Result.VERIFIED, self.now_ms))
            self.store.append([entry], 1)

    @invariant()
    def no_window_holds_more_than_its_limit(self):
        for window_ms, limit in ((10 * MINUTE, 3), (HOUR, 4), (24 * HOUR, 8)):  # 4: all are of one namespace
            for at_ms, _, _ in self.started:
                inside = [one for one in self.started if at_ms - window_ms < one[0] <= at_ms]
                assert len(inside) <= limit
        for target in TARGETS:
            times = [at_ms for at_ms, one, _ in self.started if one == target]
            assert all(later - earlier >= 30 * MINUTE for earlier, later in itertools.pairwise(times))

    @invariant()
    def the_journal_knows_every_start(self):
        """What was started is what was written: the counts survive any restart."""
        fresh = Ledger().fold(self.store.read())
        assert len(fresh.counted_since(self.now_ms - 24 * HOUR)) == len(
            [one for one in self.started if one[0] > self.now_ms - 24 * HOUR]
        )
        assert len(fresh.in_flight()) <= 1  # one step under way in the namespace


TestTwoDeciders = TwoDeciders.TestCase
TestTwoDeciders.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
