"""Objects on a real API server that a remediation must leave alone, which one, and why."""

from aiops.model import Target
from tests.controlplane.objects import budget, pod_template
from tests.integration.server_cases import a_node, alone, rolling, settled

THEIRS = {"spec": {"unschedulable": True}}
EMPTY_DIR = {"volumes": [{"name": "scratch", "emptyDir": {}}]}


def budgeted(*minima):
    """A node with pods of one Deployment, over which there are so many disruption budgets."""

    def begin(scene):
        for number, minimum in enumerate(minima):
            scene.api.create(budget(scene.namespace, f"b{number}", minimum, app="cart"))
        return alone(a_node())(scene)

    return begin


def owned_by(*owners):
    """A pod that no controller made."""

    def begin(scene):
        settled(scene)
        uid = scene.api.get("Deployment", scene.namespace, "cart")["metadata"]["uid"]
        made = pod_template("stray")
        references = [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": one, "uid": uid} for one in owners
        ]
        metadata = {"name": "stray", "namespace": scene.namespace, "ownerReferences": references}
        scene.api.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": made["spec"]})
        scene.api.wait("Pod", scene.namespace, "stray", lambda one: one["status"].get("phase") == "Running")
        return scene.target("Pod", "stray")

    return begin


def held_by_a_finalizer(scene):
    """Deleted by a person, and still there."""
    target = settled(scene)
    scene.change("Deployment", "cart", {"metadata": {"finalizers": ["tests.aiops.dev/held"]}})
    scene.api.delete("Deployment", scene.namespace, "cart")
    return target


def first_node(scene):
    """Where the first pod of the Deployment runs."""
    node = scene.api.get("Pod", scene.namespace, scene.pods("cart")[0])["spec"]["nodeName"]
    return Target("Node", "", node)


def halted(scene):
    """Paused by a person."""
    target = settled(scene)
    scene.change("Deployment", "cart", {"spec": {"paused": True}})
    return target


LEFT = [  # what is declined, where, and why
    ("drain", budgeted(1, 1), "refuses every eviction"),
    ("drain", budgeted(3), "allows none though all its pods are ready"),
    ("drain", alone(a_node(THEIRS)), "cordoned by somebody else"),
    (
        "drain",
        alone(lambda scene: settled(scene, **EMPTY_DIR) and first_node(scene)),
        "would lose what it keeps",
    ),
    ("uncordon", a_node(THEIRS), "not cordoned by us"),
    ("evict_pod", owned_by(), "nobody is known who would replace"),
    ("restart_pod", owned_by("cart", "cart-too"), "nobody is known who would replace"),
    ("quarantine_pod", owned_by("cart"), "nobody is known who would replace"),
    ("restart_rollout", held_by_a_finalizer, "is being deleted"),
    ("scale_out", held_by_a_finalizer, "is being deleted"),
    ("scale_out", lambda scene: settled(scene, replicas=0), "on purpose"),
    ("rollback", settled, "no earlier revision"),
    ("restart_rollout", rolling, "already rolling out"),
    ("resume_rollout", halted, "somebody else"),
]
