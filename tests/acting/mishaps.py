"""Mishaps: one trouble each, for what may happen between the plan and its end."""

from typing import ClassVar

from tests.acting.alone import OomKills
from tests.acting.asked import NEW, OLD, CrashAfterRollout
from tests.acting.case import Write, container
from tests.acting.nodes import NodeNotReady
from tests.controlplane.faults import SlowStart
from tests.controlplane.objects import budget, deployment


class Crash(CrashAfterRollout):
    """A new image crashes; a person is asked whether to roll it back. ``slug`` names its namespace."""

    size: ClassVar = {"replicas": 3}

    def __init__(self, slug):
        self._slug = slug

    @property
    def slug(self):
        return self._slug

    def __repr__(self):
        return self._slug

    def make_again(self, at, image=NEW):
        """A person deletes the Deployment, and makes another one of the same name."""
        at.api.delete("Deployment", at.space, "cart", {"propagationPolicy": "Background"})
        at.api.wait_gone("Deployment", at.space, "cart")
        return at.create(deployment(at.space, "cart", image=image, **self.size))


class Outgrown(OomKills):
    """A limit too low, raised alone, and taken back by a person."""

    slug = "taken-back"

    def undone(self, at):
        """The write that takes it back."""
        return Write("patch", "deployments", "cart", container({"limits": {"memory": "200Mi"}}))


class SlowDrain(NodeNotReady):
    """A node whose pods go one after the other, for their budget allows one, and a new one starts slowly."""

    slug = "drain"

    def create(self, at):
        super().create(at)
        at.create(budget(at.space, "cart", min_available=3))

    def spoil(self, at):
        at.kubelet.inject(SlowStart(3.0), namespace=at.space)
        super().spoil(at)


BY_HAND, AGAIN, AWAY = Crash("by-hand"), Crash("again"), Crash("away")
FORBIDDEN, RESTART = Crash("forbidden"), Crash("restart")
TAKEN_BACK, DRAIN = Outgrown(), SlowDrain("b")
MISHAPS = (BY_HAND, AGAIN, AWAY, FORBIDDEN, RESTART, TAKEN_BACK, DRAIN)
__all__ = ["AGAIN", "AWAY", "BY_HAND", "DRAIN", "FORBIDDEN", "MISHAPS", "NEW", "OLD", "RESTART", "TAKEN_BACK"]
