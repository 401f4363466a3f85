"""Herald: whatever happens, in whatever order, with a channel that comes and goes and a daemon that restarts:
in the end people see how things stand, and nothing stands there twice (H8)."""

from collections import Counter
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aiops.model import ApprovalState, IncidentState, Note, Severity
from tests.unit.engine.herald_cases import CART, NOW, Town, incident

NAMES = ("i0", "i1", "i2", "i3")
ANSWERS = ("approved", "denied", "expired")


class Told(RuleBasedStateMachine):
    """A journal that people and the daemon write, and one channel."""

    def __init__(self):
        super().__init__()
        self.town = Town()
        self.town.herald.follow(self.town.herald.facts)
        self.incidents, self.approvals, self.asked = {}, {}, 0

    @rule(name=st.sampled_from(NAMES), severity=st.sampled_from(list(Severity)))
    def opens_or_changes(self, name, severity):
        before = self.incidents.get(name)
        if before is None:
            one = incident(id=name, severity=severity, targets=(replace(CART, name=name),), suspects=())
            one = replace(one, opened_ms=self.town.clock.now_ms())
            self.town.opens(one)
        else:
            again = before.state is IncidentState.CLOSED
            one = replace(
                before,
                severity=severity,
                state=IncidentState.OPEN,
                closed_ms=None,
                closed_because="",
                flaps=before.flaps + again,
            )
            self.town.changes(one, "severity")
        self.incidents[name] = one

    @rule(name=st.sampled_from(NAMES))
    def closes(self, name):
        one = self.incidents.get(name)
        if one is not None and one.state is not IncidentState.CLOSED:
            self.town.closes(one)
            self.incidents[name] = replace(one, state=IncidentState.CLOSED)

    @rule()
    def asks(self):
        if "i1" in self.incidents and self.incidents["i1"].state is not IncidentState.CLOSED:
            self.asked += 1
            approval = self.town.asks(f"{self.asked:04x}00000000")
            self.approvals[approval.id] = approval

    @rule(state=st.sampled_from(ANSWERS))
    def is_answered(self, state):
        for approval in self.approvals.values():
            if approval.state is ApprovalState.PENDING:
                self.town.moves(approval, state)
                self.approvals[approval.id] = replace(approval, state=ApprovalState(state))
                return

    @rule()
    def channel_goes(self):
        self.town.box.down()

    @rule()
    def channel_comes(self):
        self.town.box.up()

    @rule()
    def daemon_restarts(self):
        self.town.herald.close()
        clock = self.town.clock
        self.town = self.town.again()
        self.town.clock.jump((clock.now_ms() - NOW) / 1000)

    @rule(seconds=st.integers(1, 30))
    def time_passes(self, seconds):
        self.town.delivers(seconds)

    @invariant()
    def nothing_stands_there_twice(self):
        posted = Counter(
            f"note {one.about}" if isinstance(one, Note) else f"{type(one).__name__} {self.name_of(one)}"
            for one in self.town.box.new
        )
        assert not [what for what, times in posted.items() if times > 1]

    @staticmethod
    def name_of(notice):
        return getattr(notice, "incident", None) and (
            notice.approval.id if hasattr(notice, "approval") else notice.incident.id
        )

    def teardown(self):
        """The channel is up, and a few minutes pass: everybody sees how things stand."""
        self.town.box.up()
        self.town.delivers(130)
        shown = {one.incident.id: one for one in self.town.box.cards()}
        assert shown.keys() == self.incidents.keys()
        for name, one in self.incidents.items():
            assert (shown[name].incident.state, shown[name].incident.severity) == (one.state, one.severity)
            assert (shown[name].stage == "resolved") is (one.state is IncidentState.CLOSED)
        told = {one.approval.id: one.approval.state for one in self.town.box.questions()}
        for approval in self.approvals.values():
            if approval.state is ApprovalState.PENDING or approval.id in told:
                assert told[approval.id] == approval.state
        self.nothing_stands_there_twice()


TestTold = Told.TestCase
TestTold.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
