"""What a steered policy did is recorded as it was executed, and can be learned from."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import h5py
import numpy as np
import pytest

import train_sb3
from policies.convert import Conversion, convert
from policies.demonstrations import Demonstrations, verify_content
from tests.helpers import seen
from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, SteeredPolicy
from zprl_env.deploy.steered_recording import StepRecorder
from zprl_env.envs.registration import make_env
from zprl_env.errors import ConfigurationError
from zprl_env.experts.record import Recording, record
from zprl_env.files import RunFolderError
from zprl_env.tasks import TASKS
from zprl_env.testing import LinearPolicy
from zprl_env.training.command_line import parse

TINY = [
    *("--eval-episodes", "1", "--validation-episodes", "1", "--total-env-steps", "40"),
    *("--warmup-decisions", "10", "--hidden", "8", "8", "--batch-size", "4", "--no-video"),
]
LIMIT = 20


class Walk(LinearPolicy):
    """A policy that is code: it goes to the origin, and arrives from near by in time."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self._weights = -0.7 * np.eye(2, dtype=np.float32)


def replayed(trajectory, seed: int) -> list[np.ndarray]:
    """States of the environment when the recorded actions are executed again."""
    env = PointEnv()
    states = [env.reset(seed=seed)[0]]
    for action in trajectory.actions:
        states.append(env.step(action)[0])
    return states


@pytest.mark.parametrize("source", ["run", "out"])
def test_a_run_and_its_export_are_recorded_as_they_play(
    source, point_task, steered_folder, tmp_path
):
    out = tmp_path / "demos.hdf5"
    episodes = record(Recording(out, run=str(steered_folder.parent / source), episodes=3))
    loaded = Demonstrations.load(out)
    verify_content(out)
    assert len(loaded.trajectories) == len(episodes) == 3
    assert loaded.env_args == {"env_name": "Point"}
    steered = SteeredPolicy.load(steered_folder)
    for seed, trajectory in enumerate(loaded.trajectories):
        np.testing.assert_array_equal(
            trajectory.observations["position"], replayed(trajectory, seed)[:-1]
        )
        env = ActionChunkWrapper(gym.wrappers.TimeLimit(PointEnv(), LIMIT), 2)
        observation, _ = env.reset(seed=seed)
        steered.reset(seed)
        for at in range(0, len(trajectory), 2):
            chunk = steered.predict(observation)
            there = trajectory.actions[at : at + 2]
            np.testing.assert_allclose(chunk[: len(there)], there, rtol=1e-5, atol=1e-6)
            observation, _, over, cut, _ = env.step(chunk)
        assert over or cut


@pytest.fixture
def own_run(point_task, tmp_path) -> Path:
    """A run that steers code."""
    usual = ["--env", point_task, "--policy", f"{__name__}:Walk", *TINY]
    return train_sb3.finetune(parse([*usual, "--out", str(tmp_path / "run")]))


def test_successes_are_distilled_into_a_policy_of_one_s_own_and_read_by_lerobot(own_run, tmp_path):
    pytest.importorskip("pyarrow", reason="needs the lerobot extra")
    from policies.imitation.config import PretrainConfig
    from policies.pretrain import pretrain

    folder, n = tmp_path / "lerobot", 6
    asked: dict[str, Any] = {"run": str(own_run), "episodes": n, "successes_only": True}
    with pytest.raises(ConfigurationError, match="--trust"):
        record(Recording(folder, format="lerobot", **asked))
    trusted = Recording(folder, format="lerobot", trust=True, **asked)
    successes = [episode.trajectory for episode in record(trusted) if episode.success]
    assert 0 < len(successes) < n
    loaded = Demonstrations.load(folder)
    assert [t.success for t in loaded.trajectories] == [True] * len(successes)
    for there, here in zip(loaded.trajectories, successes, strict=True):
        np.testing.assert_array_equal(there.actions, here.actions)
        np.testing.assert_array_equal(
            there.flat_observations(loaded.observation_keys), here.observations["position"]
        )
    assert '"fps": 10' in (folder / "meta/info.json").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lerobot", "run"]

    file = tmp_path / "again.hdf5"
    convert(Conversion(str(folder), str(file)))
    policy = pretrain(Demonstrations.load(file), PretrainConfig(steps=10, hidden_dim=16))
    assert policy.action_dim == 2


def test_a_maker_that_travelled_performs_the_same_and_says_what_steered(own_run, tmp_path):
    recording = Recording(tmp_path / "a.hdf5", run=str(own_run), episodes=1, trust=True)
    stage = pickle.loads(pickle.dumps(recording.make))()  # as to a worker's process
    (episode,) = record(recording)
    np.testing.assert_array_equal(stage.perform(0).trajectory.actions, episode.trajectory.actions)
    with h5py.File(recording.out) as file:
        said = json.loads(file["data"].attrs["recording"])
        assert "quality" not in file["data/demo_0"].attrs
    assert said == {"episodes": 1, "seed": 0, "successes_only": False} | stage.provenance
    assert (said["env"], said["steered_by"]["n_action_steps"]) == ("Point", 2)
    assert len(said["steered_by"]["agent_sha256"]) == 64
    assert str(tmp_path) not in json.dumps(said)


def test_what_leads_nowhere_is_told(tmp_path):
    with pytest.raises(RunFolderError, match="which does not exist"):
        record(Recording(tmp_path / "a.hdf5", run=str(tmp_path / "none")))
    assert not [*tmp_path.iterdir()]


@pytest.fixture(scope="module")
def seen_run(tmp_path_factory):
    """A run of a policy that sees."""
    folder = tmp_path_factory.mktemp("seen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "Seen", seen.SEEN)
        patch.setitem(gym.registry, seen.SEEN.id, seen.spec())
        usual = ["--env", "Seen", "--policy", str(seen.save_policy(folder / "policy")), *TINY]
        yield train_sb3.finetune(parse([*usual, "--out", str(folder / "run")]))


def test_a_policy_that_sees_is_recorded_with_its_own_pictures(seen_run, tmp_path):
    out = tmp_path / "seen.hdf5"
    (episode, *_) = record(Recording(out, run=str(seen_run), episodes=2))
    loaded = Demonstrations.load(out, cameras=())
    assert (loaded.cameras, loaded.observation_keys) == (seen.CAMERAS, ("height", "speed"))
    assert loaded.picture_settings == seen.settings()
    env, trajectory = seen.SeenEnv(), loaded.trajectories[0]
    observation, _ = env.reset(seed=episode.seed)
    for step, action in enumerate(trajectory.actions):
        for camera in seen.CAMERAS:
            np.testing.assert_array_equal(trajectory.frames[camera][step], observation[camera])
        state = trajectory.flat_observations(("height", "speed"))
        np.testing.assert_array_equal(state[step], observation["state"])
        observation, *_ = env.step(action)
    with pytest.raises(ConfigurationError, match="must be left out for a policy that sees"):
        record(Recording(tmp_path / "b.hdf5", run=str(seen_run), cameras=("front",)))


def test_a_policy_of_states_is_recorded_with_pictures_beside_them():
    recorder = StepRecorder(make_env("door", cameras=("fixed",), observation="state"), ("fixed",))
    recorder.reset(seed=3)
    before = recorder.env.get_wrapper_attr("pictures")()["fixed"]
    recorder.step(np.zeros(28))
    np.testing.assert_array_equal(recorder.frames["fixed"][0], before)
    assert recorder.states[0].shape == (39,)
    recorder.reset(seed=3)
    assert not recorder.states
    assert not recorder.frames["fixed"]
    recorder.close()
