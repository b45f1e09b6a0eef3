import pickle
import shutil

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.demonstrations.formats.stored_frames import MOST_OPEN, StoredFrames
from policies.errors import DemonstrationError


def frames_of(path):
    return Demonstrations.load(path, cameras=()).trajectories[0].frames["top"]


def test_slices_and_single_frames_are_read_from_the_disk(dots_seen, dots_file):
    frames, whole = frames_of(dots_file), dots_seen.trajectories[0].frames["top"]
    assert isinstance(frames, StoredFrames)
    assert np.array_equal(frames[:], whole)
    assert np.array_equal(frames[3:5], whole[3:5])
    assert np.array_equal(frames[-1], whole[-1])
    assert np.array_equal(pickle.loads(pickle.dumps(frames))[2], whole[2])


def test_many_files_are_not_held_open_at_once(dots_file, tmp_path):
    copies = [tmp_path / f"{i}.hdf5" for i in range(MOST_OPEN + 3)]
    for copy in copies:
        shutil.copy(dots_file, copy)
    read = [frames_of(copy) for copy in copies]
    assert len({frames[0].tobytes() for frames in read + read}) == 1


def test_a_file_that_was_changed_meanwhile_is_refused(dots_file):
    frames = frames_of(dots_file)
    changed = dots_file.with_name("other.hdf5")
    with h5py.File(changed, "w") as file:
        file[frames.where] = np.zeros((2, 36, 36, 3), np.uint8)
    other = StoredFrames(str(changed), frames.where, frames.shape, frames.dtype)
    with pytest.raises(DemonstrationError, match=r"must have the shape \(10, 36, 36, 3\)"):
        other[0]
    gone = StoredFrames(str(changed) + "x", frames.where, frames.shape, frames.dtype)
    with pytest.raises(DemonstrationError, match="Got no file"):
        gone[0]
