"""A LeRobotDataset that is written is read as what it was made of, whole or not there at all."""

# mypy: disable-error-code="func-returns-value, arg-type"

import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.demonstrations.lerobot.layout import LerobotSettings
from policies.demonstrations.lerobot.writer import write_lerobot
from tests.helpers.lerobot_data import reread, small_demonstrations, write_small

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")


@pytest.mark.parametrize("version", ["v3.0", "v2.1"])
def test_it_is_read_as_it_was_written(tmp_path, version):
    made, read = small_demonstrations(), reread(write_small(tmp_path / "data", version=version))
    assert read.env_args["env_name"] == "Lift"
    for due, got in zip(made.trajectories, read.trajectories, strict=True):
        np.testing.assert_array_equal(due.actions, got.actions)
        assert due.success == got.success
        for key, values in got.observations.items():
            np.testing.assert_array_equal(values, due.observations[key])
        for camera in made.cameras:
            np.testing.assert_array_equal(due.frames[camera], got.frames[camera][:])


def test_what_is_interrupted_leaves_nothing_that_looks_finished(tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("policies.demonstrations.lerobot.writer._describe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_lerobot(small_demonstrations(), tmp_path / "data", LerobotSettings())
    assert not (tmp_path / "data" / "meta" / "info.json").exists()
    monkeypatch.undo()
    write_lerobot(small_demonstrations(), tmp_path / "data", LerobotSettings())
    assert len(Demonstrations.load(tmp_path / "data").trajectories) == 3
