"""Hand: the daemon's parts in this process, put together as ``aiops run`` does, ticked by the test.

People answer by the forum, as they do by chat and console: two of them where two are needed.

    with Hand(world) as hand:
        hand.calm()
        world.spoil()
        hand.until(lambda: ..., 60, "...")   # ticks each second, and answers what is asked
"""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from aiops.adapters.clock import SystemClock
from aiops.bootstrap.acting import equip, reach_cluster
from aiops.bootstrap.journal import lead
from aiops.bootstrap.prometheus import make_source
from aiops.bootstrap.run import FACTS_S, Options, assemble, settings_for
from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.engine.watch import LogWatcher
from aiops.model import Actor, Approve, Channel, IncidentState, Said
from aiops.telemetry import Metrics

READS_S = 5.0  # a person who is asked reads first; by then a class that was named too early has its name
PEOPLE = Actor(Channel.LOCAL, "jo"), Actor(Channel.LOCAL, "kim")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was put to people, and how things stood then."""

    incident_id: str
    digest: str
    plan: Any
    step: Any
    writes: int  # that we had made in its namespace when it was asked

    @property
    def target(self):
        """What the step would change."""
        return self.step.change.target


def _forum(live, settings):
    """A forum in which whoever sits here may answer everything."""
    loop = live.loop
    hall = Hall(loop.store, loop.term, settings.approvals, live.clock)
    granted = lambda _actor, names, _namespace: frozenset(names)  # noqa: E731
    return OpenForum(loop.store, loop.term, settings.approvals, live.clock, hall, grants=granted)


class Hand:
    """See the module. ``answers`` says whether a person agrees to a question."""

    def __init__(self, world, answers=lambda _asked: True):
        self.world, self.answers = world, answers
        self.asked = []
        self._since, self._stack, self._facts_at = {}, ExitStack(), 0.0

    def __enter__(self):
        world, state = self.world, self.world.folder / "state"
        options = Options(config_dir=world.config, prometheus=world.prometheus.url)
        settings = settings_for(options)
        with ExitStack() as stack:
            store = stack.enter_context(lead(state))
            source = stack.enter_context(closing(make_source(settings.prometheus)))
            watcher = LogWatcher(Metrics(), SystemClock())
            cluster = stack.enter_context(reach_cluster(settings, watcher.failed))
            live = assemble(settings, store, source, state, watcher, None, cluster)
            self.switch = equip(live, settings, state, cluster, watcher.failed)
            stack.enter_context(closing(live.collector))
            self.live, self.loop, self.cluster = live, live.loop, cluster
            self.forum = _forum(live, settings)
            world.learned()
            live.catch_up(live.restore())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def tick(self):
        """One tick, at the next full second; what is asked is answered."""
        time.sleep(1.0 - time.time() % 1.0)
        if time.monotonic() - self._facts_at > FACTS_S:
            self._facts_at = time.monotonic()
            self.live.refresh()
        self.live.tick()
        self.look_up()

    def look_up(self):
        """Answer what has been asked for as long as a person needs to read it."""
        memory, now = self.loop.memory, time.monotonic()
        open_ones = {
            life.intent.digest: incident_id
            for incident_id, life in memory.lives.items()
            if life.state is IncidentState.WAITING and life.intent is not None
        }
        for digest, incident_id in open_ones.items():
            since = self._since.setdefault(digest, now)
            if since is not None and now - since >= READS_S:
                self._since[digest] = None
                self._answer(incident_id, memory.lives[incident_id].intent)

    def _answer(self, incident_id, intent):
        plan = self.loop.memory.plans[incident_id]
        step = plan.steps[intent.step]
        asked = Asked(incident_id, intent.digest, plan, step, self._written(plan, step))
        self.asked.append(asked)
        if self.answers(asked):
            self.agree(asked)

    def agree(self, asked):
        """As many people agree as it takes."""
        approval = next(one for one in self.forum.approvals() if one.digest == asked.digest)
        for actor in PEOPLE[: approval.quorum]:
            echo = self.forum.say(Said(actor, Approve(approval.id), self.live.clock.now_ms(), "test"))
            assert echo.done, echo.text

    def _written(self, plan, step):
        audit, name = self.world.plane.audit, step.change.target.name
        audit.refresh()
        mine = audit.mutating(settle=False, since=self.world.since, user_agent="aiops/", dry_run=False)
        space = plan.target.namespace
        return sum(one.namespace == space if space else one.name == name for one in mine)

    def until(self, condition, timeout_s, what):
        """Tick until ``condition`` is true."""
        return self.world.wait(condition, timeout_s, what, self.tick)

    def calm(self, ticks=6):
        """Tick until it has seen enough to act: a window of good samples, and its first tick."""
        for _ in range(ticks):
            self.tick()

    def questions(self, incident_id):
        """What was asked about an incident, in order."""
        return [one for one in self.asked if one.incident_id == incident_id]
