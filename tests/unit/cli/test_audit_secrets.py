"""S8: values of environment variables, which may be secrets, leave the journal nowhere; it still verifies.

The journal of a rollback holds them, for they are what would be sent: in the plan's patch, in the command
that a person would type, in a reason that quotes it, in an approval, in what was sent. Facts hold them in
templates and in annotations of others.
"""

import io
import json
from contextlib import closing, redirect_stderr

import pytest

from aiops.adapters.clock import SystemClock
from aiops.adapters.signing import make_key
from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.audit import open_key
from aiops.core.chain import veiled
from aiops.core.ledger import Ledger, decided_entry
from aiops.core.policy import decide_twice
from aiops.core.redact import BY_HAND
from aiops.core.rerun import Came, rerun
from aiops.core.witnessed import unpack
from aiops.engine.heads import Heads
from aiops.engine.rehearse import answer_of
from aiops.engine.watch import LogWatcher
from aiops.engine.witness import witness
from aiops.model import Change, Entry, Lean, Reason, Revision
from aiops.model.kubectl import patching
from aiops.telemetry import Metrics, configure
from tests.fakes.clock import FakeClock
from tests.unit.cli import acted
from tests.unit.core.cases import CART, NOW, facts, incident, plan, policy, situation, step, workload

CANARY = "hunter2-canary"
TEMPLATE = {
    "metadata": {
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": f'{{"env":"{CANARY}"}}'}
    },
    "spec": {
        "containers": [{"name": "app", "env": [{"name": "PASSWORD", "value": CANARY}, {"name": "TOKEN"}]}],
        "initContainers": [{"name": "first", "env": [{"name": "PASSWORD", "value": CANARY}]}],
    },
}
PATCH = {"spec": {"template": {"$patch": "replace", **TEMPLATE}}}


def a_rollback():
    change = Change(CART, "41", PATCH, "uid-cart")
    command = patching(CART, PATCH)
    return plan(step(change=change, undo=change, command=command, remediation="rollback"))


def cluster():
    loud = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(TEMPLATE), "helm": CANARY}
    return facts(workload(revisions=(Revision(1, template=TEMPLATE),), manifest=TEMPLATE, annotations=loud))


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A journal with the rollback, decided, witnessed, asked about and sent."""
    made = a_rollback()
    folder = acted.make(tmp_path_factory.mktemp("secrets") / "state", the_plan=made)
    reason = Reason(
        "server", Lean.HOLD, f"the API server would refuse it: no{BY_HAND}{made.steps[0].command}"
    )
    approval = {"id": "a1", "short": "a1b2", "command": made.steps[0].command, "incident_id": "i1"}
    with closing(SqliteStore(folder / "journal.sqlite")) as store:
        args = made, incident(), cluster(), Ledger().fold(store.read()), policy(), situation()
        answer = decide_twice(*args)
        store.append(
            [
                decided_entry(answer_of(answer[0], reason), NOW + 9_000),
                *witness(answer, *args),
                Entry("approval_asked", "approvals", NOW, {"approval": approval}),
            ],
            1,
        )
    make_key(folder / "audit.key")
    return folder


def test_the_journal_itself_holds_what_would_be_sent(state):
    """Or the tests below would find nothing where nothing is."""
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        found = [one.entry.kind for one in store.read() if CANARY in str(one.entry.payload)]
    assert {"decided", "change_sending", "approval_asked"} <= set(found)


def test_a_witness_holds_none_of_it(state):
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        (kept,) = [one.entry for one in store.read(kinds=("witnessed",))]
    assert CANARY not in str(unpack(kept.payload["inputs"]))


COMMANDS = (
    ("audit", "export"),
    ("audit", "export", "--format", "csv"),
    ("audit", "verify"),
    ("audit", "verify", "--json"),
    ("audit", "heads"),
    ("audit", "key"),
    ("journal",),
    ("journal", "--json"),
    ("explain", "i1"),
    ("explain", "i1", "--rerun"),
    ("explain", "i1", "--json", "--rerun"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_that_shows_the_journal_shows_them(state, aiops, command):
    result = aiops(*command, "--state", state)
    assert result.exit_code == 0, result.stdout
    told = result.stdout + result.stderr
    assert told
    assert CANARY not in told


def test_what_is_shown_verifies_like_what_is_kept(state, aiops, tmp_path):
    aiops("audit", "export", "--state", state, "--out", tmp_path / "out")
    result = aiops("audit", "verify", "--export", tmp_path / "out")
    assert result.exit_code == 0, result.stdout


def test_a_decision_comes_out_the_same_where_its_values_are_hidden(state, aiops, tmp_path):
    """The plan's digest is over the values: whether it agrees is believed there, and that is said."""
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        records = list(store.read())
    seq = [one.seq for one in records if one.entry.kind == "decided"][-1]
    hidden = rerun([veiled(one) for one in records], [seq])[seq]
    assert (hidden.came, hidden.hidden) == (Came.SAME, True)
    assert hidden.said().endswith("values are hidden here, so that the plan's own digest is believed)")
    whole = rerun(records, [seq])[seq]
    assert (whole.came, whole.hidden) == (Came.SAME, False)


def test_no_log_line_no_metric_and_no_note_holds_them(state, tmp_path):
    out, notes = io.StringIO(), []
    with closing(SqliteStore(state / "journal.sqlite")) as store, redirect_stderr(out):
        configure("json", "debug", out)
        watcher = LogWatcher(Metrics(), SystemClock())
        for record in store.read():
            watcher._tell(record)
        heads = Heads(
            store=store,
            term=1,
            cluster="prod",
            clock=FakeClock(NOW),
            signer=lambda needed: open_key(state / "audit.key", needed=needed),
            failed=watcher.failed,
            note=notes.append,
        )
        assert heads.sign() is not None
        page = watcher.metrics.page()
    private = (state / "audit.key").read_text().splitlines()[1]
    for text in (out.getvalue(), str(notes), str(page)):
        assert text
        assert CANARY not in text
        assert private not in text
    assert "head_signed" in out.getvalue()
