"""Chunks decided ahead: what is executed, counted, rewarded and told, in simulated time."""

from __future__ import annotations

import contextlib
import copy

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.recording_env import RecordingEnv, recording
from zprl_env import ActionChunkWrapper, ConfigurationError, LatentSteeringWrapper, SteeringVecEnv
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.steering.table import STEERINGS
from zprl_env.testing import LinearPolicy

N, DELAY, GAMMA = 4, 2, 0.9


class Declaring(RecordingEnv):
    """Has an epoch, and may declare a delay."""

    epoch = 0
    delay = 3


def chunked(delay=DELAY, **options):
    env = ActionChunkWrapper(Declaring(**options), N, gamma=GAMMA, delay=delay)
    env.reset(seed=0)
    return env


def declaring(env) -> Declaring:
    assert isinstance(env.unwrapped, Declaring)
    return env.unwrapped


def chunk(number, rows=N + DELAY):
    """Actions that say which chunk and row they are of."""
    return np.array([[number / 10, row / 10] for row in range(rows)], np.float32)


def executed(env):
    return [(round(10 * a), round(10 * b)) for a, b in recording(env).actions]


def test_executed_steps_are_counted_and_none_is_skipped_from_standstill():
    env = chunked()
    assert env.action_space.shape == (N + DELAY, 2)
    for number in range(3):
        env.step(chunk(number))
    assert executed(env) == [
        *[(0, row) for row in range(6)],  # from the first on: nothing was under way
        *[(1, row) for row in range(2, 6)],  # chunk 1 was decided two actions before it began
        *[(2, row) for row in range(2, 4)],  # and its last two are committed
    ]


def test_what_is_committed_is_executed_before_the_next_decision_begins():
    env = chunked()
    observation, *_, info = env.step(chunk(0))
    assert observation[0] == pytest.approx(0.4)  # the decision is made from here
    assert (info["env_steps"], info["ahead"]["steered"], info["ahead"]["committed"]) == (4, 4, 2)
    observation, *_, info = env.step(chunk(1))
    assert observation[0] == pytest.approx(0.8)
    assert (info["env_steps"], info["ahead"]["steered"], info["ahead"]["committed"]) == (4, 2, 2)


def test_the_reward_is_of_all_that_was_executed_since_the_observation():
    env = chunked(truncate_at=10, reward=2.0)
    whole, part = (2.0 * np.sum(GAMMA ** np.arange(steps)) for steps in (4, 2))
    rewards = [env.step(chunk(number))[1] for number in range(3)]
    assert rewards == pytest.approx([whole, whole, part])


@pytest.mark.parametrize("end", ["terminated", "truncated"])
@pytest.mark.parametrize("at", [5, 6])
def test_an_end_among_the_committed_actions_is_that_of_the_next_step(end, at):
    flag = {"terminated": "terminate_at", "truncated": "truncate_at"}[end]
    env = chunked(**{flag: at})
    assert env.step(chunk(0))[2:4] == (False, False)
    _, reward, terminated, truncated, info = env.step(chunk(1))
    assert (terminated, truncated) == (end == "terminated", end == "truncated")
    assert reward == pytest.approx(np.sum(GAMMA ** np.arange(at - 4)))
    assert (info["env_steps"], info["ahead"]["steered"]) == (at - 4, 0)  # nobody's to credit
    assert info["ahead"]["committed"] == (0 if terminated else DELAY)
    assert executed(env)[-1] == (0, at - 1)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(chunk(2))
    env.reset(seed=1)
    env.step(chunk(3))
    assert executed(env)[:4] == [(3, row) for row in range(4)]


def test_what_is_committed_does_not_survive_a_reset():
    env = chunked()
    env.step(chunk(0))
    env.reset(seed=1)
    env.step(chunk(1))
    assert executed(env) == [(1, row) for row in range(4)]


def test_a_delay_as_long_as_the_chunk_executes_nothing_but_what_is_committed():
    env = chunked(delay=N)
    for number in range(3):
        *_, info = env.step(chunk(number, rows=2 * N))
    assert info["ahead"]["steered"] == 0
    assert executed(env) == [(0, row) for row in range(8)] + [(1, row) for row in range(4, 8)]


def test_the_jump_where_two_chunks_meet_is_told():
    env = chunked()
    assert env.step(chunk(0))[-1]["ahead"]["seam"] is None
    # From (0, 0.5) to (0.3, 0.2), in steps of 0.1.
    assert env.step(chunk(3))[-1]["ahead"]["seam"] == pytest.approx(np.hypot(3, 3))


def test_a_late_chunk_is_dropped_and_counted():
    env = chunked()
    env.step(chunk(0))
    declaring(env).epoch = 1  # a takeover: what was committed is not executed, what comes is late
    *_, info = env.step(chunk(1))
    assert executed(env)[4:] == [(1, 0)]  # asked once what has become of it
    assert (info["env_steps"], info["ahead"]["committed"]) == (1, 0)
    assert info["ahead"]["dropped"] == 1
    *_, info = env.step(chunk(2))
    assert executed(env)[5:] == [(2, row) for row in range(4)]
    assert (info["ahead"]["dropped"], info["ahead"]["committed"]) == (1, 2)


def test_a_late_chunk_after_a_whole_one_is_asked_once_all_the_same():
    env = chunked(delay=N)
    env.step(chunk(0, 2 * N))
    env._beat.begin(None)  # what was committed has been executed: all of a chunk
    env._execute(env._stretch, chunk(0, 2 * N)[N:], lambda: contextlib.nullcontext(True))
    declaring(env).epoch = 1
    _, reward, *_, info = env.step(chunk(1, 2 * N))
    assert (info["env_steps"], info["ahead"]["committed"]) == (N + 1, 0)
    assert reward == pytest.approx(np.sum(GAMMA ** np.arange(N + 1)))


def test_a_chunk_is_split_at_a_takeover():
    class Taken(RecordingEnv):
        epoch = 0

        def step(self, action):
            self.epoch += len(self.actions) == 1
            return super().step(action)

    for delay, rows in ((0, N), (DELAY, N + DELAY)):
        env = ActionChunkWrapper(Taken(), N, delay=delay)
        env.reset(seed=0)
        assert env.step(chunk(0, rows))[-1]["env_steps"] == 2


def test_without_a_delay_nothing_is_told_of_one():
    env = chunked(delay=0)
    assert env.action_space.shape == (N, 2)
    assert "ahead" not in env.step(chunk(0, N))[-1]


def test_an_environment_declares_its_delay():
    assert ActionChunkWrapper(Declaring(), N).delay == 3
    with pytest.raises(ConfigurationError, match=r"from 0 to n_action_steps, here 4.*Got: 5"):
        ActionChunkWrapper(RecordingEnv(), N, delay=5)


def test_a_simulation_with_something_committed_can_be_copied():
    env = chunked()
    env.step(chunk(0))
    other = copy.deepcopy(env)
    for one in (env, other):
        one.step(chunk(1))
    assert executed(env) == executed(other)
    assert recording(env) is not recording(other)


def policy():
    return LinearPolicy(3, 2, horizon=N + DELAY, n_action_steps=N)


def steered(where="latent", **options):
    env = ActionChunkWrapper(SeededEpisodes(RecordingEnv(truncate_at=11)), N, delay=DELAY)
    return STEERINGS[where].wrapper(env, policy(), scale=0.5, **options)


@pytest.mark.parametrize("where", STEERINGS)
def test_the_agent_sees_what_is_committed_and_nothing_before_the_first_decision(where):
    env = steered(where)
    seen, _ = env.reset(seed=0)
    size = DELAY * 2 + 1
    alone = STEERINGS[where].wrapper(RecordingEnv(), policy(), scale=0.5, n_action_steps=N)
    assert seen.size == alone.reset(seed=0)[0].size + size
    assert not seen[:size].any()
    seen, *_ = env.step(env.action_space.sample())
    env.step(env.action_space.sample())
    following = recording(env).actions[N : N + DELAY]
    np.testing.assert_array_equal(seen[: size - 1], np.ravel(following))
    assert seen[size - 1] == DELAY / N


def test_it_is_told_of_an_episode_cut_short_as_of_one_that_goes_on():
    env = steered()
    env.reset(seed=0)
    over = False
    while not over:
        seen, *_, over, info = env.step(np.zeros(2))
    assert info["env_steps"] == 3  # 11 of 12
    assert seen[DELAY * 2] == DELAY / N


@pytest.mark.parametrize("where", STEERINGS)
def test_several_environments_get_what_one_gets_alone(where):
    make = lambda: ActionChunkWrapper(  # noqa: E731
        SeededEpisodes(RecordingEnv(truncate_at=11)), N, delay=DELAY
    )
    envs = SteeringVecEnv(DummyVecEnv([make] * 2), policy(), steer=where, scale=0.5)
    envs.seed(5)
    together = [envs.reset()]
    ones = [steered(where) for _ in range(2)]
    alone = [np.stack([env.reset(seed=5 + i)[0] for i, env in enumerate(ones)])]
    rng = np.random.default_rng(0)
    for _ in range(7):  # over two resets
        action = rng.uniform(-1, 1, (2, *envs.action_space.shape)).astype(np.float32)
        together.append(envs.step(action)[0])
        rows = []
        for env, one in zip(ones, action, strict=True):
            seen, _, terminated, truncated, _ = env.step(one)
            rows.append(env.reset()[0] if terminated or truncated else seen)
        alone.append(np.stack(rows))
    np.testing.assert_allclose(np.stack(together), np.stack(alone), atol=1e-5)


def test_a_policy_whose_chunk_has_no_room_is_refused():
    env = ActionChunkWrapper(RecordingEnv(), N, delay=DELAY)
    with pytest.raises(ConfigurationError, match="delay 2, n_action_steps 4, horizon 5"):
        LatentSteeringWrapper(env, LinearPolicy(3, 2, horizon=5, n_action_steps=N))


def test_a_zero_action_is_the_base_policy_with_the_same_delay():
    chunks = []

    class Noted(LinearPolicy):
        def decode(self, latents, noise):
            chunks.append(super().decode(latents, noise))
            return chunks[-1]

    env = LatentSteeringWrapper(
        ActionChunkWrapper(RecordingEnv(), N, delay=DELAY),
        Noted(3, 2, horizon=N + DELAY, n_action_steps=N),
        scale=0.5,
        noise="zero",
    )
    env.reset(seed=0)
    chunks.clear()
    for _ in range(3):
        env.step(np.zeros(2))
    rows = [chunks[0][0][:6], chunks[1][0][2:6], chunks[2][0][2:4]]
    expected = np.clip(np.concatenate(rows), -1, 1)
    np.testing.assert_array_equal(np.stack(recording(env).actions), expected)
