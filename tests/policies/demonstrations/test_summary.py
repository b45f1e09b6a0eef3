"""A summary counts what a file holds, whether or not one could train on it."""

import re

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.summary import saturation, summarise
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import env_args, toy_demonstrations, write_robomimic


def test_a_summary_counts_what_there_is(toy_file):
    summary = summarise(str(toy_file))
    assert summary.lengths.tolist() == [3, 4, 5]
    assert summary.successes == (True, False, True)
    assert summary.observations == {"arm": "2 float64", "eye": "8 x 6 x 3 uint8"}
    assert summary.masks == {"success": 2, "failure": 1}
    assert summary.sha256 == content_hash(toy_file)
    assert summary.cameras == {"eye": "8 x 6 x 3 uint8"}
    assert all("camera eye is black" in note for note in summary.notes)


def test_saturation_counts_both_ends():
    actions = np.array([[-1.0], [0.0], [0.5], [1.0], [1.0]])
    assert saturation(actions).tolist() == [0.6]


@pytest.mark.parametrize(
    ("contents", "message"),
    [(None, "Got no file at"), (b"no", "must be a complete HDF5 file")],
)
def test_what_is_no_file_of_demonstrations_is_refused(tmp_path, contents, message):
    path = tmp_path / "bad.hdf5"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(DemonstrationError, match=message):
        summarise(str(path))


def test_an_action_that_never_changes_is_not_saturated():
    assert saturation(np.full((4, 1), 0.3)).tolist() == [0.0]


def test_an_episode_without_actions_is_bad_and_named(toy_file):
    with h5py.File(toy_file, "a") as opened:
        del opened["data/demo_1/actions"]
    summary = summarise(str(toy_file))
    assert summary.bad == {
        "demo_1": "demo_1 must have 'actions'. Got: ['dones', 'obs', 'rewards']."
    }
    assert summary.lengths.tolist() == [3, 5]


def test_a_minari_dataset_is_summed_up_as_well(tmp_path, monkeypatch):
    pytest.importorskip("minari", reason="needs the minari extra")
    from policies.demonstrations.minari import write_minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    write_minari(toy_demonstrations(), "toy/scripted-v0")
    summary = summarise("minari:toy/scripted-v0")
    assert summary.lengths.tolist() == [3, 4, 5]
    assert summary.successes == (True, False, None)
    assert summary.observations == {"b": "2 float32", "a": "3 float32"}


def nan(group):
    group["actions"][0, 0] = np.nan


def empty(group):
    del group["actions"]
    group["actions"] = np.zeros((0, 2))


def without_a_key(group):
    del group["obs/arm"]


def without_observations(group):
    del group["obs"]


def one_observation_more(group):
    del group["obs/arm"]
    group["obs/arm"] = np.zeros((len(group["actions"]) + 1, 2))


def wider_actions(group):
    steps = len(group["actions"])
    del group["actions"]
    group["actions"] = np.zeros((steps, 5))


def actions_as_text(group):
    del group["actions"]
    group["actions"] = [b"left"] * 4


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (nan, "actions must be finite"),
        (empty, "actions must have shape"),
        (without_a_key, r"must have the observation keys \['arm'"),
        (without_observations, "must have a group 'obs'"),
        (one_observation_more, r"arm must have shape \(4, k\).*\(5, 2\)"),
        (wider_actions, "as many numbers per step as most"),
        (actions_as_text, "actions must be vectors of real numbers"),
    ],
)
def test_a_bad_episode_is_named_before_training_refuses_it_and_can_be_skipped(
    toy_file, spoil, reason
):
    with h5py.File(toy_file, "a") as opened:
        spoil(opened["data/demo_1"])
    summary = summarise(str(toy_file))
    assert list(summary.bad) == ["demo_1"]
    assert re.search(reason, summary.bad["demo_1"])
    with pytest.raises(DemonstrationError, match=r"demo_1.*--skip-bad leaves bad episodes out"):
        Demonstrations.load(toy_file)
    read = Demonstrations.load(toy_file, skip_bad=True)
    assert [len(t) for t in read.trajectories] == [3, 5]
    assert read.skipped == summary.bad


def test_a_first_episode_that_is_bad_does_not_choose_the_keys(tmp_path):
    file = write_robomimic(tmp_path / "d.hdf5", env_args())
    with h5py.File(file, "a") as opened:
        del opened["data/demo_0/obs/object"]
    read = Demonstrations.load(file, skip_bad=True)
    assert read.observation_keys == ("robot0_eef_pos", "object")
    assert list(read.skipped) == ["demo_0"]


def test_a_file_of_bad_episodes_alone_is_summed_up_and_not_loaded(toy_file):
    with h5py.File(toy_file, "a") as opened:
        for name in opened["data"]:
            nan(opened[f"data/{name}"])
    assert len(summarise(str(toy_file)).bad) == 3
    with pytest.raises(DemonstrationError, match=r"must be an episode that can be imitated.*3 bad"):
        Demonstrations.load(toy_file, skip_bad=True)


def test_masks_count_what_is_there_and_name_what_is_not(tmp_path):
    file = write_robomimic(tmp_path / "d.hdf5", env_args())
    with h5py.File(file, "a") as opened:
        opened["mask/more"] = np.array([b"demo_0", b"demo_9"])
    summary = summarise(str(file))
    assert summary.masks == {"train": 3, "valid": 1, "50_percent": 2, "more": 1}
    assert "mask/more names 1 episodes that are not there: demo_9" in summary.notes


def test_actions_are_compared_with_the_environment(tmp_path):
    file = write_robomimic(tmp_path / "d.hdf5", env_args())
    assert summarise(str(file)).notes == ["it has absolute actions as well, under actions_abs"]
    with h5py.File(file, "a") as opened:
        opened["data/demo_0/actions"][...] *= 50
    (note,) = [note for note in summarise(str(file)).notes if "Lift takes [-1, 1]" in note]
    assert re.match(r"actions 0 to 6 go from -[\d.]+ to [\d.]+, and Lift takes", note)
