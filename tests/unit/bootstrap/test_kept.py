"""Kept: a dry run's folder gives back what was told, refuses a daemon's, and is shown as it is."""

import re

import numpy as np
import pytest

from aiops.adapters.remote import Address
from aiops.bootstrap.console import recording_console, served, state_console
from aiops.bootstrap.kept import MARK, PLOTS, keep, kept, kept_changes, kept_plots, reserve
from aiops.bootstrap.replay import replay_all
from aiops.errors import InputError
from aiops.web.server import Server
from tests.asgi import Client
from tests.unit.cli import recordings
from tests.unit.web.api_cases import Api, an_incident


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return recordings.make(tmp_path_factory.mktemp("small") / "small")


@pytest.fixture(scope="module")
def replayed(path):
    return replay_all(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, replayed):
    where = tmp_path_factory.mktemp("state") / "kept"
    keep(where, replayed.story, replayed.loop.rules.signals, replayed.loop.store)
    return where


def client_of(parts):
    server = served(parts, "127.0.0.1", 0)
    return Client(server._server.config.app)


def test_what_was_kept_is_what_was_told(folder, replayed):
    of = kept(folder)
    story = replayed.story
    assert (of.recording, of.end_ms, of.digest) == (story.recording, story.end_ms, story.config_digest)
    assert of.signals == replayed.loop.rules.signals


def test_plots_come_back_with_their_gaps_and_open_sides(folder, replayed):
    (told,) = replayed.story.incidents
    back = kept_plots(folder, told.incident.id)
    assert [one.target for one in back] == [one.target for one in told.plots]
    for one, other in zip(back, told.plots, strict=True):
        assert one.times.tolist() == other.times.tolist()
        np.testing.assert_allclose(one.values, other.values, rtol=1e-5)
        np.testing.assert_allclose(one.low, other.low, rtol=1e-5)
        assert one.anomalous.tolist() == other.anomalous.tolist()
        assert one.direction == other.direction


def test_changes_come_back_as_they_were(folder, replayed):
    (told,) = replayed.story.incidents
    assert kept_changes(folder, told.incident.id) == told.changes != ()


def test_a_folder_is_kept_anew(folder, replayed):
    keep(folder, replayed.story, replayed.loop.rules.signals, replayed.loop.store)
    assert kept(folder).recording == replayed.story.recording


def test_the_state_of_a_daemon_is_refused_and_left_alone(tmp_path):
    journal = tmp_path / "journal.sqlite"
    journal.write_bytes(b"a daemon's")
    with pytest.raises(InputError, match="perhaps the state of a daemon"):
        reserve(tmp_path)
    assert journal.read_bytes() == b"a daemon's"
    assert not (tmp_path / MARK).exists()


def test_a_dry_run_that_did_not_end_leaves_a_folder_that_is_nothing_yet(tmp_path):
    reserve(tmp_path / "new")
    assert kept(tmp_path / "new") is None
    reserve(tmp_path / "new")  # and may be tried again


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "."])
def test_an_id_that_is_none_reads_no_file(folder, name):
    (folder / "secret.json").write_text("{}", encoding="utf-8")
    assert kept_plots(folder, name) == kept_changes(folder, name) == ()


def test_a_damaged_plot_is_named(folder):
    (folder / PLOTS / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.json"):
        kept_plots(folder, "bad")


def test_a_kept_dry_run_is_shown_at_its_own_time_and_takes_nothing(folder, replayed):
    (told,) = replayed.story.incidents
    with state_console(None, folder) as parts:
        client = client_of(parts)
        page = client.get("/console/").text
        assert told.incident.id in page
        assert "a dry run of small" in page
        one = client.get(f"/console/incidents/{told.incident.id}").text
        assert "cannot answer" in client.get("/console/sign-in").text
        assert len(re.findall("data-plot=", one)) == len(told.plots)
        assert client.post(f"/console/incidents/{told.incident.id}/mine").status_code == 409
        assert client.get("/console/", headers={"host": "evil.example"}).status_code == 421


def test_a_daemon_is_shown_by_what_it_says_over_http():
    api = Api([an_incident(number) for number in range(3)])
    with (
        Server(api.app, "127.0.0.1", 0) as server,
        state_console(None, Address(server.url, "token-of-ada")) as parts,
    ):
        client = client_of(parts)
        assert client.get("/console/").text.count("memory leak") >= 3
        one = client.get("/console/incidents/0001incident").text
        assert "Everything that was written down" in one
        assert "asked over HTTP" in one


def test_a_recording_is_shown_as_its_dry_run_tells_it(path, replayed):
    (told,) = replayed.story.incidents
    with recording_console(None, path) as parts:
        page = client_of(parts).get(f"/console/incidents/{told.incident.id}/plots.json").json()
    assert [one["signal"] for one in page["plots"]] == [one.signal for one in told.plots]
    first = page["plots"][0]
    assert len(first["t"]) == len(first["v"]) == len(first["low"]) == len(first["high"]) == len(first["bad"])
    assert page["opened"] == told.incident.opened_ms / 1000
