"""The observations of several steps, for policies that take them, alone and among others."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv

from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from tests.helpers.seen import SeenEnv
from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, SteeringVecEnv
from zprl_env.envs.flat import flat_environment
from zprl_env.envs.history import ObservationHistory, history_in, with_history
from zprl_env.errors import PolicyMismatchError
from zprl_env.testing import Reach, check_policy


def reach():
    return gym.wrappers.TimeLimit(Reach(), 20)


class Remembering(LineGenerator):
    """Takes the observations of two steps, whose difference is its speed."""

    n_obs_steps, condition_dim = 2, 4

    def __init__(self):
        super().__init__(2, 2)
        self.layer = torch.nn.Linear(4, 8)

    def embed(self, batch):
        assert batch.shape[1:] == (2, 2)
        return torch.cat([batch[:, 1], batch[:, 1] - batch[:, 0]], 1)


def test_it_is_gymnasium_s_stack_of_frames_laid_flat():
    ours, theirs = ObservationHistory(reach(), 3), reach()
    theirs = gym.wrappers.FrameStackObservation(theirs, 3, padding_type="reset")
    (seen, _), (stacked, _) = ours.reset(seed=0), theirs.reset(seed=0)
    np.testing.assert_array_equal(seen, stacked.ravel())
    for action in np.random.default_rng(0).uniform(-1, 1, (5, 2)).astype(np.float32):
        np.testing.assert_array_equal(ours.step(action)[0], theirs.step(action)[0].ravel())
    assert ours.observation_space.contains(ours.reset(seed=1)[0])


def test_within_a_chunk_steps_count_and_not_decisions():
    env = ActionChunkWrapper(with_history(reach(), 2), 4)
    single = reach()
    env.reset(seed=0)
    single.reset(seed=0)
    chunk = np.random.default_rng(0).uniform(-0.2, 0.2, (4, 2)).astype(np.float32)
    last = [single.step(action)[0] for action in chunk][-2:]
    np.testing.assert_array_equal(env.step(chunk)[0], np.concatenate(last))


def test_two_environments_together_are_each_as_it_is_alone():
    torch.manual_seed(0)
    policy = ForeignPolicy(Remembering())
    alone = [
        LatentSteeringWrapper(reach(), policy, scale=0.5, noise="zero", sample_latent=False)
        for _ in range(2)
    ]
    make = lambda: ActionChunkWrapper(with_history(reach(), 2), 2)  # noqa: E731
    together = SteeringVecEnv(
        DummyVecEnv([make, make]), policy, scale=0.5, noise="zero", sample_latent=False
    )
    together.seed(5)
    seen = together.reset()
    apart = [env.reset(seed=5 + index)[0] for index, env in enumerate(alone)]
    rng, ended = np.random.default_rng(0), set()
    for _ in range(25):
        np.testing.assert_allclose(seen, apart, atol=1e-6)
        actions = rng.uniform(-1, 1, (2, *together.action_space.shape)).astype(np.float32)
        seen, _, dones, _ = together.step(actions)
        for index, env in enumerate(alone):
            apart[index], _, terminated, truncated, _ = env.step(actions[index])
            assert dones[index] == (terminated or truncated)
            if dones[index]:
                ended.add(index)
                apart[index], _ = env.reset()
                half = len(apart[index]) // 2
                assert not apart[index][2:half].any()  # no speed: the first one is repeated
    assert ended == {0, 1}


def test_a_policy_that_remembers_passes_the_whole_check():
    assert check_policy(ForeignPolicy(Remembering()), reach()) == []


def test_a_history_of_another_length_is_refused():
    with pytest.raises(PolicyMismatchError, match=r"observations of 2 steps\. Got .* shows 3"):
        flat_environment(with_history(reach(), 3), ForeignPolicy(Remembering()))


def test_what_is_no_row_of_numbers_has_no_history():
    env = gym.wrappers.TransformObservation(
        reach(), lambda seen: seen[None], gym.spaces.Box(-1, 1, (1, 2), np.float32)
    )
    with pytest.raises(PolicyMismatchError, match="of flat observations and pictures"):
        with_history(env, 2)


def test_pictures_of_the_last_steps_of_a_chunk_are_taken_and_no_others():
    inner = SeenEnv()
    env = ActionChunkWrapper(with_history(inner, 2), 5)
    first, _ = env.reset(seed=0)
    assert [*first] == ["state", "front-1", "front", "wrist-1", "wrist"]
    np.testing.assert_array_equal(first["front-1"], first["front"])
    inner.taken = 0
    seen, *_ = env.step(np.full_like(env.action_space.sample(), 0.3))
    assert (type(seen), inner.taken) == (dict, 2)

    bare, frames = SeenEnv(), []
    bare.reset(seed=0)
    for _ in range(5):
        frames.append(bare.step(np.full(2, 0.3, np.float32))[0])
    for name in ("front", "wrist"):
        np.testing.assert_array_equal(seen[name], frames[-1][name])
        np.testing.assert_array_equal(seen[f"{name}-1"], frames[-2][name])
    assert env.observation_space.contains(seen)


def test_where_an_episode_ends_early_the_last_picture_stands_for_those_before():
    env = ActionChunkWrapper(with_history(gym.wrappers.TimeLimit(SeenEnv(), 2), 3), 8)
    env.reset(seed=0)
    seen, _, _, truncated, _ = env.step(np.full_like(env.action_space.sample(), 0.3))
    assert truncated
    np.testing.assert_array_equal(seen["front-1"], seen["front"])


def test_stepped_alone_every_picture_is_its_step_s():
    env = with_history(SeenEnv(), 2)
    before, _ = env.reset(seed=0)
    for _ in range(3):
        seen, *_ = env.step(np.full(2, 0.3, np.float32))
        np.testing.assert_array_equal(seen["front-1"], before["front"])
        assert type(seen) is dict
        before = seen


def test_it_is_found_under_other_wrappers():
    env = gym.wrappers.TimeLimit(with_history(Reach(), 2), 20)
    found = history_in(env)
    assert found is not None
    assert found.steps == 2
    assert history_in(reach()) is None
