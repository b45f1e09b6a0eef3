"""A file's hash is that of its numbers, and tells whether somebody changed them."""

import hashlib

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash, verify_content
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import env_args, write_robomimic


@pytest.fixture
def file(tmp_path):
    return write_robomimic(tmp_path / "image.hdf5", env_args())


def test_the_hash_is_over_names_types_shapes_and_little_endian_bytes_in_order(tmp_path):
    actions, seen = np.array([[1.0, -2.0]]), np.array([[3]], dtype=">i4")
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        file["data/demo_0/obs/x"] = seen
        file["data/demo_0/actions"] = actions
    digest = hashlib.sha256()
    digest.update(b"demo_0/actions <f8 (1, 2)\n" + actions.astype("<f8").tobytes())
    digest.update(b"demo_0/obs/x <i4 (1, 1)\n" + seen.astype("<i4").tobytes())
    assert content_hash(tmp_path / "d.hdf5") == digest.hexdigest()


def test_a_file_that_is_no_hdf5_has_no_hash(tmp_path):
    (tmp_path / "d.hdf5").write_bytes(b"something else")
    with pytest.raises(DemonstrationError, match=r"d\.hdf5 must be a complete HDF5 file"):
        content_hash(tmp_path / "d.hdf5")


def test_the_contents_hash_does_not_depend_on_the_layout(file, tmp_path):
    with h5py.File(file) as old, h5py.File(tmp_path / "other.hdf5", "w", libver="latest") as new:
        for name in sorted(old["data"], reverse=True):
            for key in ("actions_abs", "dones", "rewards", "actions", *old[f"data/{name}/obs"]):
                key = key if key in old[f"data/{name}"] else f"obs/{key}"
                values = old[f"data/{name}/{key}"][()]
                new.create_dataset(f"data/{name}/{key}", data=values, chunks=True, shuffle=True)
        new["data"].attrs["remark"] = "a copy"
    assert content_hash(tmp_path / "other.hdf5") == content_hash(file)


def test_the_contents_hash_sees_one_number(file):
    before = content_hash(file)
    with h5py.File(file, "a") as opened:
        opened["data/demo_3/obs/object"][4, 9] += 1e-9
    assert content_hash(file) != before


def test_a_changed_file_is_told_from_the_one_that_was_sealed(file, tmp_path):
    copy = tmp_path / "copy.hdf5"
    Demonstrations.load(file).save(copy)
    assert verify_content(copy) == content_hash(copy)
    with h5py.File(copy, "a") as opened:
        opened["data/demo_0/actions"][0, 0] += 1
    with pytest.raises(DemonstrationError, match=r"must hold the arrays it was sealed with"):
        verify_content(copy)
    with pytest.raises(DemonstrationError, match=r"must state its content's sha256\. Got: none"):
        verify_content(file)
