"""Every place for fitted state keeps the same promises: one suite over files and the fake."""

import io
import zipfile

import numpy as np
import pytest

from aiops.adapters.baselines import FileBaselines
from aiops.errors import InvariantError, Unavailable
from tests.fakes.baselines import FakeBaselines

MAKERS = {"files": lambda folder: FileBaselines(folder / "baselines"), "fake": lambda folder: FakeBaselines()}
ARRAYS = {
    "fitted/level": np.array([[1.5, np.nan], [np.inf, -0.0]]),
    "runs/raised": np.array([True, False]),
    "small": np.zeros((2, 0), np.float32),
    "times": np.array([1 << 60], np.int64),
}
META = {"learned_ms": 1 << 50, "targets": [["Pod", "shop", "cart-\u00e4", ""]], "nested": {"x": None}}


@pytest.fixture(params=MAKERS)
def baselines(request, tmp_path):
    return MAKERS[request.param](tmp_path)


def same(stored, arrays):
    assert stored is not None
    assert set(stored[0]) == set(arrays)
    for name, array in arrays.items():
        assert stored[0][name].dtype == array.dtype
        np.testing.assert_array_equal(stored[0][name], array)


def test_what_was_saved_comes_back_to_the_bit(baselines):
    baselines.save("screen.cpu.default", ARRAYS, META)
    stored = baselines.load("screen.cpu.default")
    same(stored, ARRAYS)
    assert stored[1] == META


def test_nothing_is_none_and_names_lists_what_there_is(baselines):
    assert baselines.load("screen.cpu") is None
    assert baselines.names() == ()
    baselines.save("b", ARRAYS, {})
    baselines.save("a", {}, {})
    assert baselines.names() == ("a", "b")


def test_a_bundle_is_replaced_as_a_whole(baselines):
    baselines.save("a", ARRAYS, {"n": 1})
    baselines.save("a", {"other": np.arange(3)}, {"n": 2})
    same(baselines.load("a"), {"other": np.arange(3)})
    assert baselines.load("a")[1] == {"n": 2}


@pytest.fixture
def told():
    return []


@pytest.fixture
def files(tmp_path, told):
    return FileBaselines(tmp_path, lambda name, problem: told.append((name, problem)))


@pytest.mark.parametrize("kept", [0, 1, 40, 200, -1])
def test_a_file_that_was_cut_short_is_told_set_aside_and_learned_again(files, tmp_path, told, kept):
    files.save("a", ARRAYS, META)
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[:kept])
    assert files.load("a") is None
    assert told[0][0] == "a"
    assert (tmp_path / "a.damaged").read_bytes() == whole[:kept]
    files.save("a", ARRAYS, META)
    same(files.load("a"), ARRAYS)


def test_no_single_turned_byte_is_taken_for_the_truth(files, tmp_path):
    """Each byte in turn: the bundle is refused, or it is what was saved; never something else."""
    files.save("a", {"level": np.arange(4.0)}, {"n": 1})
    whole = (tmp_path / "a.npz").read_bytes()
    refused = 0
    for place in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0xFF
        (tmp_path / "a.npz").write_bytes(bytes(spoilt))
        stored = files.load("a")
        if stored is None:
            refused += 1
        else:
            np.testing.assert_array_equal(stored[0]["level"], np.arange(4.0))
            assert stored[1] == {"n": 1}
    assert refused > len(whole) / 2


def test_objects_are_never_loaded(files, tmp_path):
    """S2: a bundle is numbers; what would run code on loading is refused."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("meta.json", '{"meta": {}, "arrays": ["x"]}')
        archive.writestr("0.npy", buffer.getvalue())
    assert files.load("a") is None


@pytest.mark.parametrize("name", ["../a", "", "a/b", ".hidden", "a\n"])
def test_a_name_that_would_leave_the_folder_is_a_bug(files, name):
    with pytest.raises(InvariantError):
        files.load(name)


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path):
    """E12."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file"):
        FileBaselines(tmp_path / "file").save("a", ARRAYS, META)
