"""``aiops explain``: every value of an incident with its digest, and why nothing was said."""

import json
import re
import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.cli.records import digest_right, incident_lines
from aiops.core.adjust import choose
from aiops.core.chain import seal
from aiops.core.feedback import made_entry
from aiops.core.life import Life
from aiops.core.lifecycle import intent_of
from aiops.engine import entries
from aiops.errors import InputError, Rejected
from aiops.model import Entry, Target
from aiops.model.wire import canonical, digest
from tests.unit.cli import acted, journals
from tests.unit.cli.recordings import FAILS, HOUR
from tests.unit.core.cases import NOW, POD
from tests.unit.core.excursions import BOUNDS, anomaly, excursion, wish

CART = "Deployment/shop/cart"
CALM, BAD = "2026-03-04T10:02Z", "2026-03-04T12:30Z"


@pytest.fixture(scope="module")
def state(small, tmp_path_factory):
    """The state of a daemon that saw the incident begin and end."""
    return journals.make(tmp_path_factory.mktemp("state") / "state", small)


@pytest.fixture(scope="module")
def incident_id(state):
    with sqlite3.connect(f"file:{state / 'journal.sqlite'}?mode=ro", uri=True) as journal:
        (found,) = journal.execute("select stream from journal where kind = 'incident_opened'").fetchone()
    return found


def kinds(document):
    return [record["kind"] for record in document["records"]]


def test_an_incident_is_explained_from_its_samples_to_its_end(state, incident_id, answer):
    document = answer("explain", incident_id, "--state", state)
    assert (document["incident"], document["chain"]) == (incident_id, "intact")
    told = kinds(document)
    assert told[:2] == ["incident_opened", "evidence_seen"]
    assert "decided" in told
    assert "incident_closed" in told
    seen = next(record for record in document["records"] if record["kind"] == "evidence_seen")
    assert seen["digest_right"] is True
    assert seen["payload"]["samples"]["times_ms"][-1] == FAILS + 600_000  # the sample that raised it


def test_the_beginning_of_an_id_is_enough(state, incident_id, aiops):
    text = aiops("explain", incident_id[:4], "--state", state).stdout
    assert text.startswith(f"incident {incident_id}, ")
    for words in ("chain    intact", "digest ", " right", "suspect", "permit kill switch", "plan   "):
        assert words in text


def test_a_recording_explains_its_incidents_too(small, incident_id, answer):
    assert kinds(answer("explain", incident_id, "--recording", small))[:2] == [
        "incident_opened",
        "evidence_seen",
    ]


def test_a_journal_that_was_changed_explains_nothing_and_says_what_was_changed(
    state, incident_id, aiops, tmp_path
):
    """S10."""
    copy = tmp_path / "state"
    shutil.copytree(state, copy)
    journal = sqlite3.connect(copy / "journal.sqlite")
    for (trigger,) in journal.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        journal.execute(f"drop trigger {trigger}")
    seq, text = journal.execute("select seq, payload from journal where kind = 'evidence_seen'").fetchone()
    payload = json.loads(text)
    payload["samples"]["values"][-1] = 0.001  # as if nothing had been wrong
    journal.execute("update journal set payload = ? where seq = ?", (canonical(payload).decode(), seq))
    journal.commit()
    journal.close()
    result = aiops("explain", incident_id, "--state", copy)
    assert isinstance(result.exception, Rejected)
    assert f"record {seq} was changed: its hash is not that of its content" in str(result.exception)
    assert result.stdout == ""


def test_samples_that_do_not_fit_their_digest_are_told():
    samples = {"times_ms": [1, 2], "values": [0.5, None]}
    payload = {"target": CART, "signal": "error_ratio", "detector": "default", "samples": samples}
    seen = seal(Entry("evidence_seen", "i", 2, payload | {"digest": digest("samples", samples)}), (0, ""), 1)
    other = seal(Entry("evidence_seen", "i", 2, payload | {"digest": "0" * 64}), (0, ""), 1)
    assert [digest_right(record) for record in (seen, other)] == [True, False]
    assert "0.5 -" in "\n".join(text.plain for text in incident_lines([seen], ""))  # a gap is a dash
    (*_, last) = incident_lines([other], "record 1 was changed")
    assert last.plain.endswith(" WRONG")


def test_what_was_done_about_it_is_told_with_the_evidence_that_was_kept(tmp_path, aiops):
    state = acted.make(tmp_path / "state")
    kept = {"last words": {"app": "out of memory\x1b[2J"}}
    life = Life("i1", intent=intent_of(acted.plan(), 0))
    store = SqliteStore(state / "journal.sqlite")
    store.append([entries.captured("intent1", POD, kept, life, NOW)], 1)
    store.close()
    text = aiops("explain", "i1", "--state", state).stdout
    assert "patch Deployment/shop/cart: spec.replicas=5 (intent intent1)" in text
    assert "done, now version 42 (intent intent1)" in text
    assert "kept of Pod/shop/cart-1: last words" in text
    assert "out of memory" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("name", ["zzz", ""])
def test_an_id_that_fits_none_is_named(state, aiops, name):
    result = aiops("explain", name, "--state", state)
    assert result.exit_code != 0
    assert "expected the beginning of one of 1 ids, got none" in str(result.exception)


def looks(document):
    return {(one["signal"], one["target"]): one for one in document["looks"]}


def test_a_calm_time_is_explained_by_how_far_from_the_edge_everything_was(small, answer):
    document = answer("explain", "--target", CART, "--at", CALM, "--recording", small)
    errors = looks(document)["error_ratio", CART]
    assert (document["incidents"], errors["status"]) == ([], "normal")
    assert errors["at"] == "2026-03-04T10:00:00.000Z"  # the newest sample at two minutes past
    assert errors["room"] == pytest.approx(errors["high"] - errors["value"])
    assert errors["room"] > 0
    assert errors["score"] < 1
    assert errors["wanted"].startswith("0 of the last 5 samples outside; 3 more raise an anomaly")


def test_what_the_hysteresis_still_wanted_is_told_at_the_first_bad_sample(small, answer):
    document = answer("explain", "--target", CART, "--at", "2026-03-04T12:00Z", "--recording", small)
    errors = looks(document)["error_ratio", CART]
    assert errors["status"] == "anomaly"
    assert errors["wanted"].startswith("1 of the last 5 samples outside; 2 more raise an anomaly")
    assert errors["room"] < 0
    assert document["incidents"] == []


def test_what_was_said_is_told_too(small, answer, aiops):
    document = answer("explain", "--target", CART, "--at", BAD, "--recording", small)
    assert [one["class"] for one in document["incidents"]] == ["error_burst_after_deploy"]
    assert looks(document)["error_ratio", CART]["raised_since"] == "2026-03-04T12:00:00.000Z"
    text = aiops("explain", "--target", CART, "--at", BAD, "--recording", small).stdout
    assert "said     incident" in text
    assert "nothing was said" not in text


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-03-01T17:00Z", "1 of 3 series gone at once"),  # for one window of five steps: we are blind
        ("2026-03-01T18:00Z", "no sample: a gap is neither healthy nor bad"),  # then it has left
    ],
)
def test_a_gap_is_called_a_gap_and_never_healthy(small, answer, at, why):
    """M2: the latency of the catalog has no samples from 16:40 to 18:10 of the first day."""
    name = "Deployment/shop/catalog"
    look = looks(answer("explain", "--target", name, "--at", at, "--recording", small))["latency_p95", name]
    assert (look["status"], look["value"], look["score"]) == ("inconclusive", None, None)
    assert look["why_not"] == why


def test_signals_without_a_series_of_the_target_are_named(small, answer):
    document = answer("explain", "--target", CART, "--at", CALM, "--recording", small)
    assert document["not_seen_of_this_target"] == []


def test_a_daemons_state_tells_who_looks_and_that_it_keeps_no_samples(state, answer, aiops):
    document = answer("explain", "--target", CART, "--at", BAD, "--state", state)
    assert {one["signal"] for one in document["looks"]} == {"error_ratio", "latency_p95"}
    assert all(one["value"] is None and one["why_not"] for one in document["looks"])
    assert len(document["incidents"]) == 1
    assert "keeps no samples of the past" in document["notes"][-1]
    assert "crash_looping" in document["not_seen_of_this_target"]


def test_a_daemons_state_tells_what_it_expects_after_what_it_learned(state, answer):
    later = answer("explain", "--target", CART, "--at", "2026-03-05T10:00Z", "--state", state)
    latency = looks(later)["latency_p95", CART]
    assert latency["high"] is None or 0.05 < latency["high"] < 1.0  # about 0.1 s with its noise


def test_states_learned_under_other_settings_are_named_and_not_spelled_out(state, answer, tmp_path):
    (tmp_path / "aiops.yaml").write_text("detection: {step: 7s}\n")
    notes = answer("explain", "--target", CART, "--at", BAD, "--state", state, "--config", tmp_path)["notes"]
    (note,) = [one for one in notes if "other settings" in one]
    assert "error_ratio" in note
    assert "(threshold=" not in " ".join(notes)


def test_looking_moves_no_file_of_the_daemon(state, aiops, tmp_path):
    copy = tmp_path / "state"
    shutil.copytree(state, copy)
    damaged = sorted((copy / "baselines").iterdir())[0]
    damaged.write_bytes(b"not a bundle")
    before = sorted(one.name for one in (copy / "baselines").iterdir())
    text = aiops("explain", "--target", CART, "--at", BAD, "--state", copy).stdout
    assert f"{damaged.name} cannot be read" in text
    assert sorted(one.name for one in (copy / "baselines").iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected either an INCIDENT or --target"),
        (("x", "--target", CART, "--at", CALM), "expected either an INCIDENT or --target"),
        (("--target", CART), "expected --target and --at together"),
        (("x", "--at", CALM), "expected --target and --at together"),
        (("--target", "cart", "--at", CALM), "expected Kind/namespace/name"),
        (("--target", CART, "--at", "10:00"), "expected a time"),
        (("x", "--state", "/s", "--recording", "/r"), "not both"),
    ],
)
def test_a_wrong_command_line_says_what_was_expected(aiops, arguments, words):
    result = aiops("explain", *arguments)
    assert result.exit_code == 2
    assert words in re.sub(r"\s+", " ", result.stderr)


def test_a_target_that_is_not_there_is_answered_with_close_names(small, aiops):
    result = aiops("explain", "--target", "Deployment/shop/crat", "--at", CALM, "--recording", small)
    assert isinstance(result.exception, InputError)
    assert "expected one of the 3 targets there are" in str(result.exception)
    assert f"did you mean {CART}" in str(result.exception)


def test_a_time_outside_of_the_recording_is_refused_with_its_times(small, aiops):
    result = aiops("explain", "--target", CART, "--at", "2026-04-01T00:00Z", "--recording", small)
    assert "expected a time from 2026-03-01 00:00:00 to 2026-03-04 23:50:00 UTC" in str(result.exception)


def test_the_hour_after_the_incident_is_calm_again(small, answer):
    at = "2026-03-04T15:00Z"
    assert FAILS + 3 * HOUR == 1_772_636_400_000  # that time
    assert answer("explain", "--target", CART, "--at", at, "--recording", small)["incidents"] == []


def test_what_people_called_false_is_named_where_nothing_was_said(state, tmp_path, aiops):
    copy = shutil.copytree(state, tmp_path / "state")
    store = SqliteStore(copy / "journal.sqlite")
    at_ms = int(datetime.fromisoformat("2026-03-05T10:00Z").timestamp() * 1000)
    target = Target("Deployment", "shop", CART.rpartition("/")[2])
    seen = replace(excursion(), newest=replace(anomaly(), target=target))
    one = choose(seen, (), (), wish(now_ms=at_ms), BOUNDS)
    store.append([made_entry(one, at_ms), made_entry(replace(one, id="b" * 12, proposed=True), at_ms)], 1)
    store.close()
    asked = ["explain", "--target", CART, "--state", copy, "--json", "--at"]
    during, before = (
        json.loads(aiops(*asked, at).stdout)["notes"] for at in ("2026-03-05T10:00Z", "2026-03-05T09:59Z")
    )
    (note,) = [text for text in during if "called false" in text]
    assert f"called false by slack:T1/U1 (nightly batch), {one.id}: cpu of {CART}" in note
    assert not [text for text in before if "called false" in text]
