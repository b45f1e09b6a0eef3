"""Observations as a LeRobot policy's batch: by name, in its order, units and layout."""

import numpy as np
import pytest
import torch

from policies.errors import PolicyMismatchError
from policies.foreign.lerobot.observations import Observer
from policies.foreign.lerobot.processors import read_processors
from policies.foreign.lerobot.settings import read_settings
from tests.helpers.lerobot_checkpoints import change_step, config, features, write

TOP, WRIST = "observation.images.top", "observation.images.wrist_cam"


@pytest.fixture
def observer(tmp_path):
    """Make an observer of a policy: of states, or one that sees."""

    def make(pictures=False, renames=None, n_obs_steps=1):
        values = config(input_features=features(pictures), n_obs_steps=n_obs_steps)
        folder = write(tmp_path / "policy", values)
        if renames:
            change_step(folder / "policy_preprocessor.json", 0, rename_map=renames)
        settings = read_settings(folder / "config.json", ("diffusion",))
        return Observer(settings, read_processors(folder, settings, {}))

    return make


def frames(value=0, rows=2):
    return np.full((rows, 32, 48, 3), value, np.uint8)


def seen(**changes):
    return {"state": np.zeros((2, 2)), "top": frames(1), "wrist_cam": frames(2)} | changes


def test_a_flat_vector_is_cut_in_the_files_order(observer):
    batch = observer()(np.arange(10.0).reshape(2, 5))
    assert batch["observation.state"].tolist() == [[0, 1], [5, 6]]
    assert batch["observation.environment_state"].tolist() == [[2, 3, 4], [7, 8, 9]]


@pytest.mark.parametrize("own", [True, False])
def test_states_are_found_by_lerobots_names_and_gyms(observer, own):
    names = ("observation.state", "observation.environment_state")
    names = names if own else ("agent_pos", "environment_state")
    batch = observer()({names[1]: np.ones((1, 3)), names[0]: np.zeros((1, 2))})
    assert batch["observation.environment_state"].sum() == 3


@pytest.mark.parametrize("order", [1, -1])
def test_cameras_are_found_by_name_whatever_their_order(observer, order):
    batch = observer(pictures=True)(dict([*seen().items()][::order]))
    assert batch[TOP].unique().item() == pytest.approx(1 / 255)
    assert batch[WRIST].unique().item() == pytest.approx(2 / 255)


def test_a_picture_becomes_channels_first_from_0_to_1(observer):
    picture = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), np.uint8)
    shown = observer(pictures=True)(seen(top=picture))[TOP]
    assert shown.shape == (2, 3, 32, 48)
    assert torch.equal(shown, torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 255)


@pytest.mark.parametrize("name", ["wrist.cam", "wrist-cam", "Wrist_cam", "wristcam"])
def test_a_camera_of_another_name_is_missing_and_told(observer, name):
    parts = seen()
    parts[name] = parts.pop("wrist_cam")
    with pytest.raises(PolicyMismatchError, match=f"Got none for {WRIST} .*unused are .*{name}"):
        observer(pictures=True)(parts)


def test_everything_that_is_missing_is_in_one_error(observer):
    with pytest.raises(PolicyMismatchError, match=f"{TOP}.*{WRIST}.*unused are .*side"):
        observer(pictures=True)({"state": np.zeros((2, 2)), "side": frames()})


def test_a_rename_is_obeyed(observer):
    parts = seen()
    parts["left"] = parts.pop("top")
    batch = observer(pictures=True, renames={"observation.images.left": TOP})(parts)
    assert batch[TOP].unique().item() == pytest.approx(1 / 255)


@pytest.mark.parametrize(
    ("picture", "got"),
    [
        (frames().astype(np.float32) / 255, "float32"),
        (frames().astype(np.int64), "int64"),
        (np.moveaxis(frames(), -1, 1), r"\(2, 3, 32, 48\)"),
        (frames()[:, :16], r"\(2, 16, 48, 3\)"),
        (np.swapaxes(frames(), 1, 2), r"\(2, 48, 32, 3\)"),
        (frames()[..., :1], r"\(2, 32, 48, 1\)"),
        (frames()[:, None], r"\(2, 1, 32, 48, 3\)"),
    ],
)
def test_a_picture_of_another_kind_or_size_is_refused(observer, picture, got):
    with pytest.raises(PolicyMismatchError, match=f"bytes .*uint8.* Got: .*{got}"):
        observer(pictures=True)(seen(top=picture))


@pytest.mark.parametrize("shape", [(2, 4), (2, 6), (2, 2, 5), (2,)])
def test_a_vector_of_another_size_is_refused_with_both_sides(observer, shape):
    with pytest.raises(PolicyMismatchError, match="must"):
        observer()(np.zeros(shape))


def test_a_history_has_an_axis_of_its_own(observer):
    batch = observer(n_obs_steps=2)(np.zeros((3, 2, 5)))
    assert batch["observation.state"].shape == (3, 2, 2)
    with pytest.raises(PolicyMismatchError, match=r"numbers of shape \(B, 2, 2\)"):
        observer(n_obs_steps=2)(np.zeros((3, 5)))
