"""Stage: a namespace of the test control plane, a Prometheus that sees it, and ``aiops run`` with its own rights.

    with Stage(control_plane, service_account, namespace, tmp_path) as stage:
        stage.api.create(deployment(namespace, "cart"))
        with stage.daemon() as daemon:
            ...
            daemon.wait_for("step_ended", result="verified")

The shipped signals and playbooks count, with their waits shortened so that a test takes seconds. The daemon's
ServiceAccount may read, and do what the remediations declare: no more.
"""

import re
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

from ruamel.yaml import YAML

from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.plugins import found, remediation
from tests.acting.rights import read_rules, write_rules
from tests.integration.daemon import Daemon
from tests.integration.servers import Exporter, prometheus

SHIPPED = Path(__file__).parents[2] / "config"
SETTINGS = """
detection: {step: 1s, history: 1h, open_of: 4, open_after: 2, close_after: 3}
correlation: {close_after: 4s, first_sight: 0s, alone: 2s, join_window: 30s, reopen_within: 0s, change_within: 5s}
"""


class Stage:
    """See the module. ``mode`` is what the policy and the scope of the namespace allow."""

    def __init__(self, plane, service_account, namespace, folder, mode="auto", **policy):
        self.plane, self.api, self.namespace, self.folder = plane, plane.api, namespace, folder
        self.kubeconfig = service_account("aiops", [], [*read_rules(), *write_rules(_remediations())])
        self.mode, self.policy = mode, policy
        self.exporter = Exporter()
        self._stack = ExitStack()

    def __enter__(self):
        self._stack.enter_context(self.exporter)
        jobs = {"kube-state-metrics": [_host(self.plane.metrics_url)], "shop": [self.exporter]}
        self.prometheus = self._stack.enter_context(
            prometheus(self.folder / "prometheus", jobs, scrape_interval_s=1.0, honor_labels=True)
        )
        self.config = self.folder / "config"
        self._configure()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _configure(self):
        for part in ("signals", "playbooks"):
            shutil.copytree(SHIPPED / part, self.config / part)
            for file in (self.config / part).glob("*.yaml"):
                file.write_text(hurried(file.read_text()))
        yaml = YAML(typ="safe")
        settings = yaml.load(SETTINGS)
        settings["kubernetes"] = {"access": "kubeconfig", "kubeconfig": str(self.kubeconfig)}
        settings["policy"] = {
            "mode": self.mode,
            "scopes": [{"mode": self.mode, "namespace": self.namespace}],
            **self.policy,
        }
        with (self.config / "aiops.yaml").open("w") as file:
            yaml.dump(settings, file)

    def daemon(self, *arguments):
        """The daemon as a process; on the same state each time."""
        return Daemon(self.folder, self.prometheus.url, self.config, *arguments)

    def calm(self, daemon, ticks=7):
        """Wait for the first tick, and until it has warmed up on ``ticks`` good ones."""
        until = time.monotonic() + 60
        while daemon.get("/readyz")[0] != 200:
            assert time.monotonic() < until, "the daemon was not ready within 60 s"
            time.sleep(0.2)
        time.sleep(ticks)

    def journal(self, *kinds):
        """Payloads of the journal's records of these kinds, as another process reads it."""
        store = SqliteStore(self.folder / "state" / "journal.sqlite")
        try:
            return [record.entry.payload for record in store.read(kinds=kinds)]
        finally:
            store.close()


def _remediations():
    return [remediation(name, {}) for name in found("aiops.remediations")]


def _host(url):
    return url.split("://")[1].split("/")[0]


def hurried(text):
    """A pack or a book with shorter waits: settle 2 s, deadline 60 s, states that hold for 1 s."""
    text = re.sub(r"settle: \w+", "settle: 2s", text)
    text = re.sub(r"deadline: \w+", "deadline: 60s", text)
    text = re.sub(r"\bfor: \w+", "for: 1s", text)
    text = re.sub(r"\[5m\]|\[10m\]", "[15s]", text)
    return re.sub(r"min_held_s: \d+", "min_held_s: 0", text)
