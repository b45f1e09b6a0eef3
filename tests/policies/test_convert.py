"""Demonstrations are copied from one form to another, and no file is replaced unasked."""

import pytest

from policies.checkpoints.output import OverwriteError
from policies.convert import Conversion, convert
from policies.demonstrations import Demonstrations
from tests.helpers.demonstrations import env_args, toy_demonstrations, write_robomimic
from tests.helpers.warm import run_warm


@pytest.fixture(autouse=True)
def _datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))


def test_what_was_asked_for_is_kept_and_the_rest_left_behind(tmp_path):
    source = write_robomimic(tmp_path / "image.hdf5", env_args())
    wanted = Conversion(
        str(source),
        str(tmp_path / "small.hdf5"),
        observation_keys=("object",),
        mask="train",
        actions="actions_abs",
    )
    written = convert(wanted)
    read = Demonstrations.load(tmp_path / "small.hdf5")
    assert len(read.trajectories) == len(written.trajectories) == 3
    assert read.observation_keys == ("object",)
    assert read.trajectories[0].actions[:, :3].min() > 8.0  # those that are 10 more


def test_an_existing_file_is_kept_unless_told_otherwise(tmp_path):
    path = tmp_path / "toy.hdf5"
    toy_demonstrations().save(path)
    before = path.read_bytes()
    with pytest.raises(OverwriteError, match=r"Choose another DESTINATION, or give --overwrite\.$"):
        convert(Conversion(str(path), str(path)))
    assert path.read_bytes() == before
    convert(Conversion(str(path), str(path), mask="success", overwrite=True))
    assert len(Demonstrations.load(path).trajectories) == 1


def test_the_command_converts_and_says_an_error_in_one_line(tmp_path):
    pytest.importorskip("minari", reason="needs the minari extra")
    toy_demonstrations().save(tmp_path / "toy.hdf5")
    for expected, code in (("minari:toy/a-v0: 3 episodes, 12 steps\n", 0), ("", 2)):
        done = run_warm("-m", "policies.convert", tmp_path / "toy.hdf5", "minari:toy/a-v0")
        assert (done.stdout, done.returncode) == (expected, code)
    assert done.stderr.startswith("error: Minari cannot write toy/a-v0: ")
    assert done.stderr.count("\n") == 1
