"""What the tests of the writer on a real API server share."""

from aiops.model import Mark
from tests.contract.cluster_worlds import Hands

OURS = Mark("life-1:step-0", 3)
PAUSE = {"spec": {"paused": True}}


def paused(world):
    return world.read(world.target("Deployment", "cart"))["spec"].get("paused", False)


def through(world, between):
    """The administrator's kubeconfig with the address of a proxy."""
    place = world.plane.kubeconfig.with_suffix(f".{between.address.rpartition(':')[2]}")
    place.write_text(
        world.plane.kubeconfig.read_text().replace(world.plane.url, f"https://{between.address}")
    )
    return place


def hasty(world):
    """Hands that do not wait for long."""
    return Hands(world.proxy.kubeconfig(world.plane.kubeconfig), read_timeout_s=0.7)
