"""record: chunk by chunk, resumable at any point, with the same bytes in the end."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.bootstrap.record import MOST_POINTS, Job, Now, chunked, record
from aiops.bootstrap.recordings import open_recording
from aiops.core.rebuild_queries import EVERY
from aiops.errors import InputError, Rejected, Unavailable
from aiops.model import Role, Rollup, Signal, Target, TargetMapping
from aiops.model.recording import NOTHING_KNOWN, FactLine, NamespaceLabels
from tests.fakes.source import FakeSource

MINUTE, DAY = 60_000, 86_400_000
STEP = 10 * MINUTE
START = 1_772_323_200_000  # 2026-03-01T00:00Z
POD = TargetMapping("Pod", "pod", "namespace")
LOAD = Signal("load", "load", "1/s", Role.TRAFFIC, POD, rollup=Rollup.SUM)
HEAT = Signal("heat", "heat", "C", Role.OTHER, POD)
SPACE = {"namespace": "shop"}
CART = Target("Deployment", "shop", "cart")
JOB = Job("r", (LOAD, HEAT), START, START + 3 * DAY - STEP, STEP, origin="http://prom")


def always(_row, _at_ms):
    return 1.0


def cluster():
    pods = [{**SPACE, "pod": f"cart-a-{n}"} for n in (1, 2)]
    owned = [{**pod, "owner_kind": "ReplicaSet", "owner_name": "cart-a"} for pod in pods]
    above = {**SPACE, "replicaset": "cart-a", "owner_kind": "Deployment", "owner_name": "cart"}
    return FakeSource(
        {
            "seeing": ([{}], always),
            "pod_owner": (owned, always),
            "replicaset_owner": ([above], always),
            "pod_info": ([{**pod, "node": "n"} for pod in pods], always),
            "restarts": ([{**pods[0], "container": "app"}], lambda _, at: float(at >= START + DAY)),
            "load": (pods, lambda row, at: row + at % DAY / DAY),
            "heat": ([pods[0]], lambda _, at: None if at < START + DAY else 20.0),
        }
    )


class Dying:
    """Passes on to another source until so many questions were asked; then the process is killed."""

    def __init__(self, source, after):
        self.source, self.left = source, after

    def query(self, signal, at_ms):
        return self.source.query(signal, at_ms)

    def query_range(self, *question):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.source.query_range(*question)

    def identity(self):
        return self.source.identity()


def files(path):
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "r"
    record(JOB, cluster(), path)
    return path


def test_pods_are_rolled_up_to_the_workload_that_the_history_names(whole):
    panel = open_recording(whole).panel("load")
    assert panel.targets == (CART,)
    assert panel.shape == (1, 3 * 144)
    # two pods: 0 and 1, each plus the share of the day that has passed
    np.testing.assert_allclose(panel.values[0, [0, 72, 144]], [1.0, 2.0, 1.0])


def test_a_signal_that_begins_late_has_gaps_before(whole):
    """M2."""
    values = open_recording(whole).panel("heat").values[0]
    assert np.isnan(values[:144]).all()
    assert (values[144:] == 20).all()


def test_what_happened_across_chunks_is_seen(whole):
    facts = open_recording(whole).facts(START + 2 * DAY)
    assert [(event.at_ms, event.kind) for event in facts.events] == [(START + DAY, "restart")]


@pytest.mark.parametrize("after", [0, 1, 2, 60, len(EVERY) + 5, 3 * (len(EVERY) + 1) + 1, 3 * len(EVERY) + 8])
def test_stopped_anywhere_it_goes_on_and_makes_the_same_bytes(tmp_path, whole, after):
    with pytest.raises(KeyboardInterrupt):
        record(JOB, Dying(cluster(), after), tmp_path / "r")
    with pytest.raises(InputError, match="a recording under way"):
        open_recording(tmp_path / "r")
    later = replace(JOB, start_ms=JOB.start_ms + DAY, end_ms=JOB.end_ms + DAY)  # "now" has moved on
    record(later, cluster(), tmp_path / "r")
    assert files(tmp_path / "r") == files(whole)


def test_what_is_there_is_not_asked_for_again(tmp_path):
    source = cluster()
    with pytest.raises(KeyboardInterrupt):
        record(JOB, Dying(source, 3 * (len(EVERY) + 1) + 2), tmp_path / "r")
    asked = len(source.asked)
    record(JOB, source, tmp_path / "r")
    ranges = [question for question in source.asked[asked:] if question[0] != "sample"]
    assert [(name, (start - START) // DAY) for name, start, _, _ in ranges] == [
        ("load", 2),
        ("heat", 0),
        ("heat", 1),
        ("heat", 2),
    ]


@pytest.mark.parametrize("step_ms", [1000, 15_000, MINUTE])
def test_no_query_asks_for_more_points_than_prometheus_gives(tmp_path, step_ms):
    source = FakeSource({name: cluster().tables[name] for name in ("seeing", "load")})
    end_ms = START + (12_000_000 if step_ms == 1000 else 2 * DAY)  # 12,000 s are two chunks of 1 s steps
    record(replace(JOB, signals=(LOAD,), end_ms=end_ms, step_ms=step_ms), source, tmp_path / "r")
    points = [(end - start) // step + 1 for _, start, end, step in source.asked]
    assert max(points) <= MOST_POINTS
    assert open_recording(tmp_path / "r").panel("load").shape[1] == (end_ms - START) // step_ms + 1


def test_stopped_while_writing_the_end_it_writes_the_same_end(tmp_path, whole):
    def stop(_done, _total, what):
        if what == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(JOB, cluster(), tmp_path / "r", progress=stop)
    record(JOB, FakeSource({}), tmp_path / "r")  # nothing more is asked for
    assert files(tmp_path / "r") == files(whole)


@pytest.mark.parametrize(
    ("length", "sizes"), [(1, [1]), (1440, [1440]), (1441, [721, 720]), (20161, [1345] + 14 * [1344])]
)
def test_chunks_are_of_one_size_so_that_none_is_a_single_sample(length, sizes):
    assert [len(part) for part in chunked(np.arange(length), 1440)] == sizes


def test_another_recording_under_way_is_not_mixed_in(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        record(JOB, Dying(cluster(), 5), tmp_path / "r")
    with pytest.raises(InputError, match=r"another recording under way \(other step_ms\)"):
        record(replace(JOB, step_ms=2 * STEP), cluster(), tmp_path / "r")
    record(replace(JOB, step_ms=2 * STEP, restart=True), cluster(), tmp_path / "r")
    assert open_recording(tmp_path / "r").step_ms == 2 * STEP


def test_a_whole_recording_is_replaced_only_when_told_to(tmp_path):
    short = replace(JOB, end_ms=START + 5 * STEP, signals=(LOAD,))
    record(short, cluster(), tmp_path / "r")
    with pytest.raises(InputError, match="--restart"):
        record(short, cluster(), tmp_path / "r")
    record(replace(short, restart=True), cluster(), tmp_path / "r")


def test_when_the_server_goes_away_what_was_fetched_stays(tmp_path, whole):
    """M1."""
    source = cluster()
    source.down = True
    with pytest.raises(Unavailable):
        record(JOB, source, tmp_path / "r")
    source.down = False
    record(JOB, source, tmp_path / "r")
    assert files(tmp_path / "r") == files(whole)


def test_without_kube_state_metrics_everything_of_the_cluster_is_unknown(tmp_path):
    bare = FakeSource({"load": ([{**SPACE, "pod": "p"}], always)})
    record(replace(JOB, signals=(LOAD,)), bare, tmp_path / "r")
    recording = open_recording(tmp_path / "r")
    assert recording.facts(recording.end_ms).unknown == frozenset(NOTHING_KNOWN)
    assert recording.panel("load").targets == (Target("Pod", "shop", "p"),)


def test_signals_without_data_are_told_and_left_out(tmp_path):
    gone, state = replace(HEAT, name="gone"), replace(HEAT, name="looping", role=Role.CONDITION)
    summary = record(replace(JOB, signals=(LOAD, gone, state)), cluster(), tmp_path / "r")
    assert summary.warnings == ("no data: gone", "never so, or not exported: looping")
    assert [one.name for one in open_recording(tmp_path / "r").signals] == ["load"]


def test_no_data_at_all_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no data for any of 2 signals"):
        record(JOB, FakeSource({}), tmp_path / "r")


class Refusing(FakeSource):
    """Refuses some queries, as a server does that cannot read them."""

    refused = ("heat", "restarts")

    def query_range(self, signal, *question):
        if signal.name in self.refused:
            raise Rejected("bad_data: parse error")
        return super().query_range(signal, *question)


def test_a_query_that_the_server_refuses_costs_that_signal_or_fact_alone(tmp_path):
    summary = record(JOB, Refusing(cluster().tables), tmp_path / "r")
    assert any("heat: refused by the server: bad_data" in one for one in summary.warnings)
    recording = open_recording(tmp_path / "r")
    assert [one.name for one in recording.signals] == ["load"]
    assert "events" in recording.meta.unknown


def test_what_the_server_warned_of_is_carried(tmp_path):
    """M3."""
    source = cluster()
    source.warnings, source.partial = ("one store is away",), True
    summary = record(replace(JOB, end_ms=START + DAY), source, tmp_path / "r")
    assert "load: the server warned: one store is away" in summary.warnings
    assert "load: the answer was partial on 2026-03-01" in summary.warnings


def test_what_only_the_api_server_knows_is_unknown_until_it_was_asked(tmp_path):
    end_ms = START + 5 * STEP
    lines = (FactLine(end_ms, NamespaceLabels("shop", {"team": "a"})),)
    job = replace(JOB, end_ms=end_ms, signals=(LOAD,))
    record(job, cluster(), tmp_path / "r", now=Now(lines, frozenset({"labels", "pods"})))
    recording = open_recording(tmp_path / "r")
    unknown = [recording.facts(at).unknown for at in (START, end_ms - 1, end_ms)]
    assert ["labels" in one for one in unknown] == [True, True, False]
    assert recording.facts(end_ms).namespace_labels == {"shop": {"team": "a"}}


def test_progress_counts_every_chunk(tmp_path):
    told = []
    record(
        JOB, cluster(), tmp_path / "r", progress=lambda done, total, what: told.append((done, total, what))
    )
    assert [done for done, _, _ in told] == list(range(10))  # 3 days of facts and of 2 signals, then writing
    assert told[0][2] == "cluster facts, 2026-03-01"
    assert told[-1] == (9, 9, "writing")
