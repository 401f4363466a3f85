"""The recipe of the image: what it copies makes the same wheel, which runs as nobody in particular."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "Dockerfile").read_text()


def copied():
    """Paths of the checkout that the recipe copies."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", RECIPE, re.MULTILINE)
    return [one for line in lines for one in line.split()[:-1]]


def wheel(root, folder):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


@pytest.mark.slow
def test_what_it_copies_makes_the_same_wheel_as_the_checkout(tmp_path):
    source = tmp_path / "src"
    for name in copied():
        from_, to = ROOT / name, source / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(from_, to) if from_.is_dir() else shutil.copy(from_, to)
    assert wheel(source, tmp_path / "image") == wheel(ROOT, tmp_path / "checkout")


def test_what_it_copies_is_let_into_the_build_and_nothing_else_is():
    let_in = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"
    }
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")
    assert let_in == set(copied())


def test_it_takes_only_what_the_lock_file_pins_and_ends_as_another_user_than_root():
    assert "--require-hashes -r /src/requirements/runtime.txt" in RECIPE
    last = RECIPE.rpartition("FROM ")[2]
    assert "USER 65532:65532" in last
    assert "pip" not in last
