"""The wheel: what a user installs carries its configuration and works outside a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow]


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    made = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    assert made.returncode == 0, made.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_carries_every_file_of_the_configuration_and_no_test(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = {path.relative_to(ROOT / "config") for path in (ROOT / "config").rglob("*.yaml")}
    assert {f"aiops/_config/{path}" for path in ours} <= names
    assert "aiops/_config/aiops.yaml" in names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_wheel_carries_every_page_of_the_console_and_what_it_is_made_of(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    folder = ROOT / "aiops" / "web" / "console"
    ours = [path for part in ("templates", "static") for path in (folder / part).rglob("*") if path.is_file()]
    assert len(ours) > 15
    assert {str(path.relative_to(ROOT)) for path in ours} <= names


def test_what_was_installed_checks_its_own_configuration_and_finds_its_plug_ins(wheel, tmp_path):
    where = tmp_path / "installed"
    installed = run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(where),
        str(wheel),
    )
    assert installed.returncode == 0, installed.stderr
    env = {**os.environ, "PYTHONPATH": str(where), "HOME": str(tmp_path)}
    where_from = run(sys.executable, "-c", "import aiops; print(aiops.__file__)", cwd=tmp_path, env=env)
    assert where_from.stdout.startswith(str(where))
    checked = run(sys.executable, "-m", "aiops", "check-config", cwd=tmp_path, env=env)
    assert checked.returncode == 0, checked.stderr
    assert "Traceback" not in checked.stderr
    for module in ("detectors.seasonal_profile", "remediations.rollback"):
        found = run(sys.executable, "-c", f"import {module} as m; print(m.__file__)", cwd=tmp_path, env=env)
        assert found.stdout.startswith(str(where))
