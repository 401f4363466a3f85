"""Quality: goals are the peers' own figures, and what cannot be measured is told."""

import json

import pytest

from tests.quality import __main__ as quality
from tests.quality.rows import BEATEN, causes, detection


def result(recall, vus=0.3):
    at = {"recall": recall, "fa_per_1000": 0.4, "delay_minutes": 5.0, "precision": 0.5}
    return {"splits": {"check": {"fa0.5": at, "default": at, "vus_pr": vus}}}


@pytest.fixture
def folders(tmp_path):
    ours, peers = tmp_path / "ours", tmp_path / "peers"
    ours.mkdir()
    peers.mkdir()
    for number, name in enumerate(BEATEN["series"]):
        (peers / f"series-{name}.json").write_text(json.dumps(result(0.4 - 0.1 * number)))
    return ours, peers


@pytest.mark.parametrize(("recall", "ok"), [(0.39, False), (0.4, True)])
def test_the_goal_is_the_best_of_the_peers_that_must_be_beaten(folders, recall, ok):
    ours, peers = folders
    (ours / "series-ours.json").write_text(json.dumps(result(recall)))
    first = detection("series", ours, peers)[0]
    assert (first.goal, first.ok) == (0.4, ok)


def test_no_recall_stands_without_the_false_alarms_paid_for_it(folders):
    ours, peers = folders
    (ours / "series-ours.json").write_text(json.dumps(result(0.5)))
    names = [one.name for one in detection("series", ours, peers)]
    assert "series: false alarms really paid for it" in names
    assert "series: false alarms as it ships" in names


def test_a_case_that_failed_is_a_missed_goal(folders):
    ours, peers = folders
    macro = {"ac1": 0.3, "avg5": 0.5, "chance_avg5": 0.1}
    split = {"macro": macro, "late": {"macro": macro}, "cases": [{"error": None}, {"error": "no such file"}]}
    for name in BEATEN["rca"]:
        (peers / f"rca-{name}.json").write_text(json.dumps({"splits": {"shared": split}}))
    (ours / "rca-ours.json").write_text(json.dumps({"splits": {"shared": split}}))
    assert [one.ok for one in causes(ours, peers)] == [True, True, True, True, False]


def test_an_unknown_part_is_named(capsys):
    assert quality.main(["speed"]) == 2
    assert "speed" in capsys.readouterr().err
