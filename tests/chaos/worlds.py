"""Seven fixes that may be carried out without a person, each in a world where every guard permits it."""

from dataclasses import dataclass, replace
from typing import Any

from aiops.model import (
    Condition,
    Matcher,
    Mode,
    Playbook,
    PlaybookStep,
    Revision,
    SymptomMatcher,
    Target,
    Workload,
)
from tests.unit.core.cases import CART, CRASHING, NODE, NOW, POD, pod, policy, workload
from tests.unit.engine.loop_cases import Timeline, rules

JOB, CRON = Target("Job", "shop", "bill"), Target("CronJob", "shop", "nightly")
SOLD = workload(annotations={"aiops.dev/max-replicas": "6"})
TEMPLATE = Revision(1, template={"spec": {"containers": [{"name": "bill", "image": "shop/bill:1"}]}})


@dataclass(frozen=True)
class World:
    """A remediation, whom it helps, and what is known there."""

    remediation: str
    target: Target
    workloads: tuple[Workload, ...]
    facts: dict[str, Any]

    def timeline(self):
        """A loop in mode auto whose only playbook is this fix; the world was healthy for an hour."""
        playbook = Playbook(
            "restart-leaking",  # the name that the policy's scope binds
            "1",
            Matcher(symptoms=(SymptomMatcher(signal="memory"),)),
            (PlaybookStep(self.remediation),),
            mode=Mode.AUTO,
        )
        made = InWorld(rules(playbook, policy=policy()), workloads=self.workloads)
        made.extra = self.facts
        return made


class InWorld(Timeline):
    """A timeline whose facts are those of a world."""

    extra: dict[str, Any]

    def facts(self, minute, **changes):
        return super().facts(minute, **self.extra | changes)


BAD = {POD: pod(ready=False)}
BROKEN = (Condition(JOB, "JobFailed", NOW),)
WORLDS = (
    World("restart_rollout", CART, (workload(),), {}),
    World("evict_pod", CART, (workload(replicas=5, ready=4),), {"pods": BAD, "conditions": CRASHING}),
    World("scale_out", CART, (SOLD,), {}),
    World("raise_memory_limit", CART, (workload(),), {}),
    World("cordon", NODE, (workload(),), {}),
    World("rerun_job", JOB, (replace(workload(JOB), revisions=(TEMPLATE,)),), {"conditions": BROKEN}),
    World("suspend_cronjob", CRON, (workload(CRON, suspended=False),), {}),
)
