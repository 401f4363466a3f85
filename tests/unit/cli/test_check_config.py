"""``aiops check-config``: the whole check, in words and as JSON."""

import json

import pytest
from click.testing import CliRunner

from aiops.bootstrap.config import find_state, load_settings, shipped_folder
from aiops.cli import app
from tests.unit.settings.folders import folder, signals


def run(*arguments):
    answer = CliRunner().invoke(app, ["check-config", *[str(one) for one in arguments]])
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer.exit_code, answer.stdout


def test_what_is_in_force_is_said(tmp_path):
    main = "cluster: {name: eu}\npolicy: {mode: ask, scopes: [{mode: ask, namespace: shop}]}"
    code, out = run(folder(tmp_path, main, signals__own=signals("a", "b"), signals__more=signals("c")))
    assert code == 0
    digest = load_settings(tmp_path).digest[:12]
    assert f"{tmp_path}, digest {digest}" in out
    assert "3 in 2 packs: more 1, own 2" in out
    assert "ask is the ceiling; scopes: ask 1" in out
    assert "3 settings are not at their default" in out


def test_explain_shows_what_differs_from_the_defaults_and_where_it_was_said(tmp_path):
    main = "detection:\n  step: 30s\n  timezone: UTC\nprometheus:\n  headers: {X-Key: hunter2}\n"
    code, out = run(folder(tmp_path, main), "--explain")
    assert code == 0
    assert f"{tmp_path}/aiops.yaml:2  detection.step: 30s  (default 15s)" in out
    assert f"{tmp_path}/aiops.yaml:5  prometheus.headers: (not shown)" in out
    assert "timezone" not in out  # at its default, though it was written
    assert f"read {tmp_path}/signals/own.yaml" in out
    assert "hunter2" not in out


def test_every_problem_is_named_and_the_exit_code_is_two(tmp_path):
    code, out = run(folder(tmp_path, "policy: {mode: on}", signals__own="signals: [{}]"))
    assert code == 2
    assert f"{tmp_path}/aiops.yaml:1 policy.mode: expected one of ask, auto, observe, suggest, got on" in out
    assert "signals[0]: expected the key query" in out


def test_json_names_the_problems(tmp_path):
    code, out = run(folder(tmp_path, "policy: {mode: on}"), "--json")
    where, wanted = f"{tmp_path}/aiops.yaml:1 policy.mode", "one of ask, auto, observe, suggest"
    problem = {"where": where, "got": "on", "expected": wanted}
    assert (code, json.loads(out)) == (2, {"valid": False, "problems": [problem]})


def test_json_says_what_is_in_force(tmp_path):
    code, out = run(folder(tmp_path, "state: /srv/aiops"), "--json")
    said = json.loads(out)
    assert (code, said["valid"], said["signals"], said["playbooks"]) == (
        0,
        True,
        ["errors"],
        {"back": "observe"},
    )
    assert said["digest"] == load_settings(tmp_path).digest
    assert said["differences"] == [
        {
            "path": "state",
            "value": "/srv/aiops",
            "default": "/var/lib/aiops",
            "where": f"{tmp_path}/aiops.yaml:1",
        }
    ]


def test_without_a_folder_the_environment_names_one_else_the_shipped_one_is_checked(tmp_path, monkeypatch):
    monkeypatch.delenv("AIOPS_CONFIG", raising=False)
    assert f"{shipped_folder()}, digest" in run()[1]
    monkeypatch.setenv("AIOPS_CONFIG", str(folder(tmp_path)))
    assert f"{tmp_path}, digest" in run()[1]


def test_the_state_is_where_the_configuration_says_unless_it_is_given(tmp_path):
    folder(tmp_path, "state: /srv/aiops")
    assert str(find_state(tmp_path, None)) == "/srv/aiops"
    assert find_state(tmp_path, tmp_path / "mine") == tmp_path / "mine"


@pytest.mark.parametrize("text", ["[red]x[/]", "\\e[2J"])
def test_markup_and_control_characters_of_a_file_are_not_obeyed(tmp_path, text):
    """S9."""
    out = run(folder(tmp_path, f'log: {{level: "{text}"}}'))[1]
    assert "\x1b" not in out
    assert "[red]" in out or "e[2J" in out or "x1b" in out
