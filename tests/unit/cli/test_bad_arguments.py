"""Arguments that are wrong: one clear answer, never a traceback, nothing lost."""

import os
import socket
import stat
import subprocess
import sys
import threading
import time

import click
import pytest

from aiops.bootstrap.prometheus import PATIENCE_S, must_answer
from aiops.bootstrap.record_live import Options, record_live
from aiops.bootstrap.report import _put
from aiops.bootstrap.run import Options as RunOptions
from aiops.bootstrap.run import run
from aiops.cli import exit_code
from aiops.cli.times import MOMENT
from aiops.errors import InputError, Unavailable
from aiops.model.prometheus import PrometheusSettings

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "--target", "Deployment/shop/cart", "--at", "99999999999999999d"),
        ("incidents", "--since", "36501d"),
        ("trends", "x", "--since", "999999999w"),
        ("record", "-o", "x", "--prometheus", "http://127.0.0.1:1", "--step", "99999999d"),
    ],
)
def test_more_than_a_hundred_years_is_a_mistake(aiops, arguments):
    result = aiops(*arguments)
    assert result.exit_code == 2
    assert "at most a hundred years" in result.stderr


def test_a_time_that_is_proposed_instead_of_one_without_zone_can_be_used(aiops):
    """The text says `such as TIME`: that very TIME must be understood."""
    result = aiops("dry-run", "x", "--until", "2026-03-01")
    words = result.stderr.replace("\n", " ").split()
    proposed = words[words.index("as") + 1]
    assert MOMENT.convert(proposed, None, None) == 1_772_323_200_000  # 2026-03-01T00:00Z


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_state_folder_that_is_a_file_is_named(tmp_path, below):
    place = tmp_path / "state"
    place.write_text("precious")
    with pytest.raises(InputError, match=r"state .*: expected a folder that can be written"):
        run(RunOptions(state=place / below, port=0), threading.Event())
    assert place.read_text() == "precious"


def test_a_start_before_1970_is_refused_before_anything_is_written(tmp_path):
    options = Options("http://127.0.0.1:1", tmp_path / "r", since_ms=60 * 365 * DAY_MS, step_ms=60_000)
    with pytest.raises(InputError, match="--since: expected a start after 1970"):
        record_live(options)
    assert not (tmp_path / "r").exists()


def test_a_password_in_an_address_is_not_repeated(aiops, tmp_path):
    """S8: no secret in an error, which ends up in logs."""
    for command in ("record", "onboard"):
        result = aiops(command, "--prometheus", "http://me:hunter2@127.0.0.1:1", "-o", tmp_path / "o")
        text = f"{result.exception} {result.stdout} {result.stderr}"
        assert "no user or password in it" in text
        assert "hunter2" not in text


def test_an_option_is_named_as_it_is_typed(aiops, tmp_path):
    result = aiops("onboard", "--prometheus", "http://127.0.0.1:1", "--basic-user", "x", "-o", tmp_path / "o")
    assert str(result.exception).startswith("--basic-user: expected together with --basic-password-file")


def test_a_report_goes_through_a_pipe_and_never_replaces_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    _put(pipe, "the page")
    reader.join(10)
    assert got == ["the page"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_report_follows_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "page.html")
    _put(tmp_path / "link", "the page")
    assert (tmp_path / "page.html").read_text() == "the page"
    assert (tmp_path / "link").is_symlink()


def test_ctrl_c_is_one_line_and_exit_code_130(aiops, monkeypatch, tmp_path):
    def pressed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(click.Path, "convert", lambda *_: pressed(None))
    result = aiops("trends", tmp_path)
    assert (result.exit_code, result.stderr) == (130, "aiops: stopped\n")


@pytest.mark.parametrize("command", [("check-config", "--explain"), ("check-config", "--json")])
def test_a_reader_that_has_seen_enough_is_no_error(command):
    reading, writing = os.pipe()
    os.close(reading)  # as `| head -0` does
    done = subprocess.run(
        [sys.executable, "-m", "aiops", *command],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "command",
    [
        ("onboard", "--prometheus", "http://127.0.0.1:1", "-o", "o", "--bearer-token-file", "no-such-token"),
        ("trends", "--config", "config"),
        ("signals", "check", "--config", "config"),
        ("record", "--prometheus", "http://127.0.0.1:1", "-o", "r", "--config", "config"),
    ],
)
def test_a_secret_that_cannot_be_read_is_a_wrong_input_and_no_silent_server(
    aiops, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "aiops.yaml").write_text(
        "prometheus: {url: 'http://127.0.0.1:1', bearer_token_file: no-such-token}\n"
    )
    result = aiops(*command)
    assert isinstance(result.exception, InputError), result.stderr
    assert exit_code(result.exception) == 2
    assert "no-such-token: expected a secret to read, got: No such file" in str(result.exception)


def test_trends_of_a_prometheus_that_is_gone_end_within_seconds(aiops, tmp_path):
    """One small question goes first: the shipped signals one after the other took 28 s."""
    (tmp_path / "aiops.yaml").write_text("prometheus: {url: 'http://127.0.0.1:1'}\n")
    began = time.monotonic()
    result = aiops("trends", "--config", tmp_path)
    assert isinstance(result.exception, Unavailable)
    assert time.monotonic() - began < 10


def test_trends_of_a_prometheus_that_is_silent_end_within_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(Unavailable, match="no complete answer in time"):
            must_answer(PrometheusSettings(url=url), patience_s=0.5)
        assert time.monotonic() - began < 5  # the configured deadline is 30 s
    assert PATIENCE_S < 10
