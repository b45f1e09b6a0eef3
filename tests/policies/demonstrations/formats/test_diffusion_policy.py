"""Diffusion Policy's zarr is read, as a folder and as a zip file, without its pictures."""

import shutil
import sys
from contextlib import suppress

import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.summary import summarise
from policies.errors import DemonstrationError, MissingExtraError, ZprlError
from tests.helpers.damage import corrupt

zarr = pytest.importorskip("zarr", reason="needs the zarr extra")


def write(path, ends=(4, 9), steps=9, version=2):
    root = zarr.open_group(str(path), mode="w", zarr_format=version)
    rng = np.random.default_rng(0)
    arrays = {
        "data/state": rng.normal(size=(steps, 5)).astype(np.float32),
        "data/action": rng.normal(size=(steps, 2)).astype(np.float32),
        "data/img": np.full((steps, 24, 24, 3), 9.0, np.float32),
        "data/n_contacts": np.ones((steps, 1), np.float32),
        "data/timestamp": np.arange(1.0, steps + 1),
        "meta/episode_ends": np.array(ends, np.int64),
    }
    for name, values in arrays.items():
        array = root.create_array(name, shape=values.shape, dtype=values.dtype)
        array[...] = values
    return path


@pytest.fixture(params=[2, 3])
def folder(request, tmp_path):
    return write(tmp_path / "pusht.zarr", version=request.param)


def test_episodes_end_where_it_says(folder):
    read = Demonstrations.load(folder)
    assert [len(t) for t in read.trajectories] == [4, 5]
    assert read.observation_dims == {"n_contacts": 1, "state": 5}
    assert (
        read.left_out["img"]
        == "an image, 24 x 24 x 3; images of this format are not learned from yet"
    )
    assert "a clock" in read.left_out["timestamp"]
    state = zarr.open_group(str(folder), mode="r")["data/state"][:]
    np.testing.assert_array_equal(read.trajectories[1].observations["state"], state[4:])


def test_a_zip_holds_the_same(folder, tmp_path):
    shutil.make_archive(str(tmp_path / "pusht.zarr"), "zip", folder)
    packed = tmp_path / "pusht.zarr.zip"
    assert content_hash(packed) == content_hash(folder)
    summary = summarise(str(packed))
    assert (summary.format, summary.episodes) == ("Diffusion Policy's zarr", 2)


@pytest.mark.parametrize("ends", [(4, 3), (4, 20), (-1, 9), ()])
def test_ends_that_cannot_be_are_refused(tmp_path, ends):
    path = write(tmp_path / "x.zarr", ends)
    with pytest.raises(DemonstrationError, match=r"episode_ends must"):
        Demonstrations.load(path)


def test_an_empty_episode_is_bad_and_no_others(tmp_path):
    path = write(tmp_path / "x.zarr", (4, 4, 9))
    assert list(summarise(str(path)).bad) == ["demo_1"]
    assert len(Demonstrations.load(path, skip_bad=True).trajectories) == 2


def test_what_is_missing_is_no_zeros(tmp_path):
    path = write(tmp_path / "x.zarr")
    for block in (path / "data" / "state").iterdir():
        if not block.name.startswith(".z"):
            block.unlink()
    with pytest.raises(DemonstrationError, match=r"data/state must hold data"):
        Demonstrations.load(path)
    (path / "meta" / "episode_ends" / ".zarray").unlink()
    with pytest.raises(DemonstrationError, match="meta/episode_ends"):
        Demonstrations.load(path)


def test_a_zip_of_something_else_or_half_of_one_is_refused(folder, tmp_path):
    shutil.make_archive(str(tmp_path / "pusht.zarr"), "zip", folder)
    packed = tmp_path / "pusht.zarr.zip"
    whole = packed.read_bytes()
    for size in range(0, len(whole), len(whole) // 15):
        packed.write_bytes(whole[:size])
        with pytest.raises(DemonstrationError, match=r"must be a complete zip file"):
            Demonstrations.load(packed)


@pytest.mark.parametrize("seed", range(15))
def test_corrupted_zarr_is_read_or_refused(folder, tmp_path, seed):
    shutil.make_archive(str(tmp_path / "packed.zarr"), "zip", folder)
    packed = tmp_path / "packed.zarr.zip"
    packed.write_bytes(corrupt(packed.read_bytes(), seed))
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    victim = files[seed * len(files) // 15]
    victim.write_bytes(corrupt(victim.read_bytes(), seed))
    for path in (packed, folder):
        with suppress(ZprlError):  # anything else is a raw traceback
            Demonstrations.load(path)


def test_without_zarr_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[zarr\]"'):
        Demonstrations.load(folder)
