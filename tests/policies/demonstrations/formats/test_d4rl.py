"""D4RL's flat files are read as episodes."""

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.summary import summarise
from policies.errors import DemonstrationError


def flat_file(path, steps=20, terminals=(9,), timeouts=(14,), **more):
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["observations"] = np.arange(steps * 4.0).reshape(steps, 4)
        file["actions"] = rng.uniform(-1, 1, (steps, 2))
        file["rewards"] = np.arange(steps, dtype=np.float32)
        for name, where in (("terminals", terminals), ("timeouts", timeouts)):
            if where is not None:
                file[name] = np.isin(np.arange(steps), where)
        file["infos/qpos"] = np.zeros((steps, 3))
        file["metadata/algorithm"] = "human"
        for name, values in more.items():
            file[name] = values
    return path


def test_episodes_end_at_terminals_and_timeouts(tmp_path):
    path = flat_file(tmp_path / "door.hdf5")
    read = Demonstrations.load(path)
    assert [len(t) for t in read.trajectories] == [10, 5, 5]
    assert read.observation_dims == {"observation": 4}
    assert read.trajectories[1].rewards.tolist() == [10, 11, 12, 13, 14]
    assert read.trajectories[1].dones.tolist() == [False] * 4 + [True]
    np.testing.assert_array_equal(
        read.trajectories[2].observations["observation"][0], [60, 61, 62, 63]
    )
    summary = summarise(str(path))
    assert summary.format == "D4RL's flat HDF5"
    assert summary.remarks["metadata/algorithm"] == "human"
    assert len(content_hash(path)) == 64


def test_without_timeouts_the_next_observation_tells(tmp_path):
    after = np.arange(4.0, 84.0).reshape(20, 4)
    after[6] += 100
    path = flat_file(tmp_path / "d.hdf5", timeouts=None, next_observations=after)
    assert [len(t) for t in Demonstrations.load(path).trajectories] == [7, 3, 10]


@pytest.mark.parametrize(
    ("terminals", "timeouts", "lengths"),
    [(None, None, [20]), ((19,), (), [20]), ((0, 1), (19,), [1, 1, 18]), ((9, 19), None, [10, 10])],
)
def test_all_steps_belong_to_an_episode(tmp_path, terminals, timeouts, lengths):
    path = flat_file(tmp_path / "d.hdf5", 20, terminals, timeouts)
    assert [len(t) for t in Demonstrations.load(path).trajectories] == lengths


@pytest.mark.parametrize("name", ["success", "is_success", "succeed", "goal_achieved"])
def test_success_is_read_where_it_stands(tmp_path, name):
    path = flat_file(tmp_path / "d.hdf5", **{f"infos/{name}": np.arange(20) == 12})
    assert [t.success for t in Demonstrations.load(path).trajectories] == [False, True, False]


def test_a_bad_episode_is_skipped_and_an_image_left_out(tmp_path):
    path = flat_file(tmp_path / "d.hdf5")
    with h5py.File(path, "a") as file:
        file["actions"][3, 0] = np.nan
    with pytest.raises(DemonstrationError, match="demo_0: actions must be finite"):
        Demonstrations.load(path)
    assert list(Demonstrations.load(path, skip_bad=True).skipped) == ["demo_0"]


def test_ends_that_are_no_steps_are_refused(tmp_path):
    path = flat_file(tmp_path / "d.hdf5", terminals=None)
    with h5py.File(path, "a") as file:
        file["terminals"] = np.zeros(7)
    with pytest.raises(DemonstrationError, match=r"terminals must have one value per action, 20"):
        Demonstrations.load(path)
    with pytest.raises(DemonstrationError, match="has no masks"):
        Demonstrations.load(flat_file(tmp_path / "e.hdf5"), mask="train")
