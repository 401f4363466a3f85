"""Logs and metrics: one line an event, nothing secret, nothing that steers a terminal."""

import io
import json
import logging

import pytest

from aiops.telemetry import Metrics, configure, logger


@pytest.fixture
def lines():
    stream = io.StringIO()
    configure("json", "info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    configure("json", "error", io.StringIO())


def test_an_event_is_one_line_of_json_with_its_keys(lines):
    logger("loop").info("incident_opened", target="Deployment/shop/cart", score=3.5)
    (line,) = lines()
    assert (line["event"], line["part"], line["level"]) == ("incident_opened", "loop", "info")
    assert (line["target"], line["score"]) == ("Deployment/shop/cart", 3.5)
    assert line["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_written(lines):
    logger("loop").debug("detail")
    assert lines() == []


@pytest.mark.parametrize("nasty", ["a\nb", "\x1b[31mred", "\u202eright to left", "\x00", "\u2028"])
def test_a_value_cannot_begin_a_line_or_steer_a_terminal(lines, nasty):
    """S9."""
    logger("loop").info("blind", because=f"start{nasty}end")
    (line,) = lines()
    assert line["because"].startswith("start")
    assert line["because"].endswith("end")
    assert all(character.isprintable() for character in line["because"])


@pytest.mark.parametrize("key", ["password", "bearer_token", "Authorization", "api_key", "client_secret"])
def test_what_sounds_like_a_secret_is_never_written(lines, key):
    """S8."""
    logger("run").info("started", **{key: "canary-7f3a"}, headers={key: "canary-7f3a", "Accept": "json"})
    (line,) = lines()
    assert "canary" not in json.dumps(line)
    assert line["headers"]["Accept"] == "json"


def test_a_megabyte_in_a_label_does_not_become_a_megabyte_of_log(lines):
    logger("loop").info("blind", because="x" * 1_000_000)
    assert len(lines()[0]["because"]) < 2_100


def test_an_error_that_is_a_bug_comes_with_where_it_happened(lines):
    try:
        raise KeyError("lost")
    except KeyError as error:
        logger("loop").error("failed", exc_info=error)
    (line,) = lines()
    assert "test_telemetry.py" in line["exception"]


def test_what_libraries_log_goes_the_same_way_from_warnings_on(lines):
    logging.getLogger("urllib3").info("noise")
    logging.getLogger("urllib3").warning("pool is full")
    assert [line["text"] for line in lines()] == ["pool is full"]


@pytest.mark.parametrize(("form", "level"), [("xml", "info"), ("json", "loud")])
def test_an_unknown_format_or_level_is_named(form, level):
    with pytest.raises(ValueError, match="expected one of"):
        configure(form, level)


def test_a_pipe_gets_json_and_no_colours_by_default():
    stream = io.StringIO()
    configure("auto", "info", stream)
    logger("run").info("started")
    assert json.loads(stream.getvalue())["event"] == "started"
    assert "\x1b" not in stream.getvalue()


def test_console_lines_carry_event_and_keys_without_colours_where_there_is_no_terminal():
    stream = io.StringIO()
    configure("console", "info", stream)
    logger("run").info("started", mode="observe")
    assert "started" in stream.getvalue()
    assert "mode=observe" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_two_sets_of_metrics_do_not_share_anything():
    one, other = Metrics(), Metrics()
    one.ticks.labels("seeing").inc()
    assert b'aiops_ticks_total{result="seeing"} 1.0' in one.page()[0]
    assert b"seeing" not in other.page()[0]
