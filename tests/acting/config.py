"""Config: the shipped packs and books with shorter waits: a test takes seconds, and decides as shipped.

What is shortened: how long states hold, settling, deadlines, windows of rates, how long ago a change may be,
how much history a detector wants. What is not: guards, modes, ladders, attempts, cooldowns, sizes of steps.
"""

import re
import shutil
from pathlib import Path

from ruamel.yaml import YAML

SHIPPED = Path(__file__).parents[2] / "config"
# Budgets and storm limits are those of one cluster's usual day; a module breaks thirty things at once.
ROOM = {
    "budgets": {
        "cluster_per_10min": 100,
        "cluster_per_hour": 100,
        "cluster_per_day": 200,
        "cluster_in_flight": 50,
        "nodes_in_flight": 4,
    },
    "storm": {"share_of_workloads": 1.0, "workloads": 1000, "namespaces": 1000, "nodes": 100},
}
SETTINGS = """
detection: {step: 1s, history: 20s, open_of: 4, open_after: 2, close_after: 3, lookahead: 1m}
detectors: {parameters: {ewma_level: {min_samples: 12}, diff_spread: {min_samples: 12}}}
correlation:
  {close_after: 4s, first_sight: 0s, alone: 6s, join_window: 30s, reopen_within: 0s, change_within: 20s}
"""
SECONDS = {"s": 1, "m": 60, "h": 3600}
LONGEST_FOR_S, SLOWER = 10, 12  # how long a state must hold: twelve times as fast, ten seconds at most


def write_config(folder, kubeconfig, policy, changes=()):
    """``folder`` with the shipped packs and books, hurried, and settings; ``changes`` are (old, new)."""
    for part in ("signals", "playbooks"):
        shutil.copytree(SHIPPED / part, folder / part)
        for file in (folder / part).glob("*.yaml"):
            text = hurried(file.read_text())
            for old, new in changes:
                text = text.replace(old, new)
            file.write_text(text)
    yaml = YAML(typ="safe")
    settings = yaml.load(SETTINGS)
    settings["kubernetes"] = {
        "access": "kubeconfig",
        "kubeconfig": str(kubeconfig),
        "evidence": {"logs": True},
    }
    settings["policy"] = policy
    with (folder / "aiops.yaml").open("w") as file:
        yaml.dump(settings, file)
    return folder


def hurried(text):
    """A pack or a book with shorter waits."""
    text = re.sub(r"settle: \w+", "settle: 2s", text)
    text = re.sub(r"deadline: \w+", "deadline: 60s", text)
    text = re.sub(r"changed_within: \w+", "changed_within: 20s", text)
    text = re.sub(r"\bfor: (\d+)([smh])", _sooner, text)
    text = re.sub(r"\[[12]m\]", "[10s]", text)
    text = re.sub(r"\[(5|10)m\]", "[15s]", text)
    return re.sub(r"min_held_s: \d+", "min_held_s: 0", text)


def _sooner(found):
    seconds = int(found[1]) * SECONDS[found[2]] // SLOWER
    return f"for: {min(max(seconds, 1), LONGEST_FOR_S)}s"
