"""A path finds its format, and what is none of them is told which there are."""

import h5py
import pytest

from policies.demonstrations.formats.table import FORMATS, open_source
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import env_args, write_robomimic


def test_robomimics_file_finds_its_format(tmp_path):
    with open_source(write_robomimic(tmp_path / "d.hdf5", env_args())) as source:
        assert source.format == "robomimic's HDF5"
        assert source.format in FORMATS
        assert source.names == ("demo_0", "demo_1", "demo_2", "demo_3")


def test_a_file_of_something_else_lists_what_is_read(tmp_path):
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["weights"] = [1.0]
    said = r"Got: \['weights'\]. Formats that are read: "
    with (
        pytest.raises(DemonstrationError, match=said) as told,
        open_source(tmp_path / "x.hdf5"),
    ):
        pass
    assert all(name in str(told.value) for name in FORMATS)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ("trian", r"must be a list mask/trian. Got: .*Did you mean 'train'\?"),
        ("holed", r"mask/holed must name episodes.*\['demo_9'\], which is not there.*--skip-bad"),
        ("empty", r"mask/empty must name episodes"),
    ],
)
def test_a_mask_that_does_not_fit_the_file_is_refused(tmp_path, mask, said):
    path = write_robomimic(tmp_path / "d.hdf5", env_args())
    with h5py.File(path, "a") as file:
        file["mask/holed"] = [b"demo_0", b"demo_9"]
        file.create_dataset("mask/empty", (0,), "S8")
    with open_source(path) as source:
        with pytest.raises(DemonstrationError, match=said):
            source.select(mask)
        if mask == "holed":
            assert source.select(mask, skip_missing=True) == (["demo_0"], ["demo_9"])
