import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.errors import DemonstrationError
from policies.imitation.config import PretrainConfig
from policies.pretrain import pretrain
from tests.helpers.demonstrations import env_args, write_robomimic


@pytest.fixture
def file(tmp_path):
    return write_robomimic(tmp_path / "image.hdf5", env_args())


def test_images_are_read_when_they_are_asked_for(file):
    read = Demonstrations.load(file, ("robot0_eef_pos", "agentview_image", "agentview_depth"))
    image = read.trajectories[0].observations["agentview_image"]
    assert image.shape == (5, 8, 8, 3)
    assert image.dtype == np.uint8
    with h5py.File(file) as opened:
        np.testing.assert_array_equal(image, opened["data/demo_0/obs/agentview_image"][()])
    assert read.observation_dims == {
        "robot0_eef_pos": 3,
        "agentview_image": 192,
        "agentview_depth": 64,
    }


def test_images_are_not_taken_unasked(file):
    assert Demonstrations.load(file).observation_keys == ("robot0_eef_pos", "object")


def test_images_cannot_be_imitated(file):
    read = Demonstrations.load(file, ("agentview_image",))
    with pytest.raises(
        DemonstrationError,
        match=r"must be state vectors .* Got: agentview_image of shape \(5, 8, 8, 3\)\. Choose",
    ):
        pretrain(read, PretrainConfig(steps=1), progress=False)


@pytest.mark.parametrize(("mask", "episodes"), [("train", 3), ("valid", 1), ("50_percent", 2)])
def test_filter_keys_choose_episodes(file, mask, episodes):
    assert len(Demonstrations.load(file, mask=mask).trajectories) == episodes


def test_a_filter_key_that_names_nothing_of_the_file_is_refused(file):
    with h5py.File(file, "a") as opened:
        opened["mask/empty"] = np.array([b"demo_9"])
    with pytest.raises(DemonstrationError, match=r"mask/empty must name episodes.*\['demo_9'\]"):
        Demonstrations.load(file, mask="empty")


def test_absolute_actions_are_read_on_request(file):
    relative = Demonstrations.load(file).trajectories[0].actions
    absolute = Demonstrations.load(file, actions="actions_abs").trajectories[0].actions
    np.testing.assert_allclose(absolute, relative + 10, rtol=1e-6)
    with pytest.raises(DemonstrationError, match="demo_0 must have 'actions_xyz'"):
        Demonstrations.load(file, actions="actions_xyz")


def test_sparse_rewards_tell_success(file):
    read = Demonstrations.load(file)
    assert [t.success for t in read.trajectories] == [False, True, False, True]


def test_dense_rewards_do_not(tmp_path):
    args = env_args()
    args["env_kwargs"]["reward_shaping"] = True
    read = Demonstrations.load(write_robomimic(tmp_path / "d.hdf5", args))
    assert [t.success for t in read.trajectories] == [None] * 4


def test_what_is_saved_keeps_success_and_lists_it(file, tmp_path):
    Demonstrations.load(file).save(tmp_path / "copy.hdf5")
    read = Demonstrations.load(tmp_path / "copy.hdf5", mask="success")
    assert [t.success for t in read.trajectories] == [True, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.hdf5", "image.hdf5"]
