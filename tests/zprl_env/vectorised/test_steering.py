"""N environments batched get what each would get alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    SubprocVecEnv,
    VecMonitor,
    VecNormalize,
    VecVideoRecorder,
)

from tests.helpers.point import PointEnv
from tests.helpers.recording_env import RecordingEnv, recording
from zprl_env import (
    ActionChunkWrapper,
    ConfigurationError,
    InvalidActionError,
    PolicyMismatchError,
    SimulationError,
    SteeringVecEnv,
)
from zprl_env.envs import flat_environment
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.errors import UnknownNameError
from zprl_env.steering.base import policy_generator
from zprl_env.steering.table import STEERINGS
from zprl_env.steering.wrapper import LatentSteeringWrapper
from zprl_env.testing import LinearPolicy
from zprl_env.vectorised.alternating import AlternatingVecEnv
from zprl_env.vectorised.resumable import ResumableVecEnv

SCALES: dict[str, dict[str, Any]] = {
    "latent": {"scale": 0.5},
    "noise": {},
    "joint": {"scale": 0.5},
    "action": {},
}


class CountingPolicy(LinearPolicy):
    """Counts how often it is asked, and for how many environments."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.encoded: list[int] = []
        self.decoded: list[int] = []

    def encode(self, observations):
        self.encoded.append(len(observations))
        return super().encode(observations)

    def decode(self, latents, noise):
        self.decoded.append(len(latents))
        return super().decode(latents, noise)


def chunked(**options: int) -> ActionChunkWrapper:
    return ActionChunkWrapper(RecordingEnv(**options), 2, gamma=0.9)


def batch(n: int, policy=None, vec_env=DummyVecEnv, steer="latent", noise=None, **env_options):
    makers = [partial(chunked, **env_options)] * n
    policy = policy or LinearPolicy(3, 2)
    return SteeringVecEnv(vec_env(makers), policy, steer=steer, noise=noise, **SCALES[steer])


@pytest.mark.parametrize("steer", STEERINGS)
@pytest.mark.parametrize("vec_env", [DummyVecEnv, partial(SubprocVecEnv, start_method="fork")])
def test_each_environment_gets_what_it_would_get_alone(steer, vec_env):
    lengths = [3, 5, 100]  # the first ends within a chunk, the second after several
    makers = [partial(chunked, truncate_at=length) for length in lengths]
    policy = LinearPolicy(3, 2)
    together = SteeringVecEnv(vec_env(makers), policy, steer=steer, **SCALES[steer])
    wrapper = STEERINGS[steer].wrapper
    alone = [
        DummyVecEnv(
            [
                lambda length=length: wrapper(
                    RecordingEnv(truncate_at=length), policy, gamma=0.9, **SCALES[steer]
                )
            ]
        )
        for length in lengths
    ]
    together.seed(7)
    for index, env in enumerate(alone):
        env.seed(7 + index)
    seen = together.reset()
    np.testing.assert_allclose(seen, np.concatenate([env.reset() for env in alone]), atol=1e-6)
    rng = np.random.default_rng(0)
    for _ in range(8):
        actions = rng.uniform(-1, 1, (3, *together.action_space.shape)).astype(np.float32)
        seen, rewards, dones, infos = together.step(actions)
        for index, env in enumerate(alone):
            observation, reward, done, (info,) = env.step(actions[index : index + 1])
            np.testing.assert_allclose(seen[index], observation[0], atol=1e-6)
            assert (rewards[index], dones[index]) == (pytest.approx(reward[0]), done[0])
            expected = info.pop("terminal_observation", None)
            got = infos[index].pop("terminal_observation", None)
            assert (got is None) == (expected is None) == (not done[0])
            if done[0]:
                np.testing.assert_allclose(got, expected, atol=1e-6)
                assert infos[index]["TimeLimit.truncated"]
            assert infos[index] == info
    together.close()


@pytest.mark.parametrize("noise", ["zero", "fresh", "fresh:0.5", "fixed:3"])
def test_from_every_start_of_the_flow_a_batch_is_each_alone(noise):
    envs = batch(3, noise=noise)
    envs.seed(3)
    envs.reset()
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (4, 3, 2)).astype(np.float32)
    for step in actions:
        envs.step(step)
    together = [recording(env).actions for env in envs.venv.envs]
    for index, executed in enumerate(together):
        alone = LatentSteeringWrapper(RecordingEnv(), LinearPolicy(3, 2), scale=0.5, noise=noise)
        alone.reset(seed=3 + index)
        for step in actions:
            alone.step(step[index])
        np.testing.assert_allclose(recording(alone).actions, executed, atol=1e-6)
    # The same observation and latent have one chunk where nothing is left to chance.
    latents = np.zeros((3, 2), np.float32)
    generators = [policy_generator(seed) for seed in range(3)]
    chunks = envs.steering.act(np.zeros((3, 2)), latents, generators).chunks
    assert np.array_equal(chunks[0], chunks[1]) == (not noise.startswith("fresh"))


def test_the_actions_that_are_executed_are_those_of_an_environment_alone():
    together = batch(2)
    together.seed(3)
    together.reset()
    actions = np.array([[0.5, -1.0], [1.0, 0.25]], np.float32)
    together.step(actions)
    for index, env in enumerate(together.venv.envs):
        alone = LatentSteeringWrapper(RecordingEnv(), LinearPolicy(3, 2), scale=0.5, gamma=0.9)
        alone.reset(seed=3 + index)
        alone.step(actions[index])
        np.testing.assert_allclose(
            recording(env).actions, recording(alone).actions, rtol=1e-6, atol=1e-6
        )


def test_the_policy_is_called_once_per_decision():
    policy = CountingPolicy()
    envs = batch(4, policy, truncate_at=4)
    envs.reset()
    policy.encoded, policy.decoded = [], []
    for _ in range(2):
        envs.step(np.zeros((4, 2), np.float32))
    assert policy.decoded == [4, 4]
    assert policy.encoded == [4, 4, 4]  # once more for those with which the four ended
    envs.reset()
    assert policy.decoded == [4, 4, 1]  # the question by which a policy that has changed is found


def test_a_seed_is_used_once():
    envs = batch(2)
    envs.seed(0)
    first = envs.reset()
    assert not np.allclose(envs.reset(), first)
    envs.seed(0)
    np.testing.assert_array_equal(envs.reset(), first)


def test_the_discount_is_the_workers():
    assert batch(2).discount == pytest.approx(0.9**2)


def test_attributes_and_methods_reach_the_workers():
    envs = batch(2)
    assert envs.get_attr("n_action_steps") == [2, 2]
    assert envs.env_is_wrapped(ActionChunkWrapper) == [True, True]
    assert envs.env_method("get_wrapper_attr", "gamma", indices=[1]) == [0.9]
    envs.set_attr("note", "x")
    assert envs.get_attr("note") == ["x", "x"]


def test_it_must_be_reset_first():
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        batch(1).step(np.zeros((1, 2), np.float32))


def test_bad_actions_and_diverged_simulations_are_told():
    envs = batch(2)
    envs.reset()
    with pytest.raises(InvalidActionError, match=r"shape \(2,\)"):
        envs.step(np.zeros((2, 3), np.float32))
    envs.venv.envs[1].unwrapped.spoil_at = 1
    with pytest.raises(SimulationError, match=r"NaN or infinity at index \[0\]"):
        envs.step(np.zeros((2, 2), np.float32))


def test_what_does_not_fit_is_refused():
    with pytest.raises(PolicyMismatchError, match="ActionChunkWrapper"):
        SteeringVecEnv(DummyVecEnv([RecordingEnv]), LinearPolicy(3, 2), scale=1.0)
    with pytest.raises(PolicyMismatchError, match="observations of size 4"):
        SteeringVecEnv(DummyVecEnv([chunked]), LinearPolicy(4, 2), scale=1.0)
    short = LinearPolicy(3, 2, horizon=1, n_action_steps=1)
    with pytest.raises(PolicyMismatchError, match="at most the policy's horizon 1"):
        SteeringVecEnv(DummyVecEnv([chunked]), short, scale=1.0)
    with pytest.raises(ConfigurationError, match="scale"):
        SteeringVecEnv(DummyVecEnv([chunked]), LinearPolicy(3, 2), scale=-1.0)
    with pytest.raises(UnknownNameError, match="did you mean 'latent'"):
        SteeringVecEnv(DummyVecEnv([chunked]), LinearPolicy(3, 2), steer="latnt")


def test_stable_baselines3_s_wrappers_go_around_it():
    envs = VecMonitor(batch(2, truncate_at=5))
    normal = VecNormalize(envs, norm_obs=False)
    normal.seed(0)
    normal.reset()
    ends = []
    for _ in range(40):
        _, _, dones, infos = normal.step(np.zeros((2, 2), np.float32))
        ends += [info["episode"]["l"] for info, done in zip(infos, dones, strict=True) if done]
    assert set(ends) == {3}  # decisions
    assert normal.ret_rms.count > 40


def test_it_shows_pictures_of_all():
    makers = [lambda: ActionChunkWrapper(PointEnv(render_mode="rgb_array"), 2)] * 2
    envs = SteeringVecEnv(DummyVecEnv(makers), LinearPolicy(3, 2), scale=0.5)
    envs.reset()
    assert envs.render_mode == "rgb_array"
    assert [image.shape for image in envs.get_images()] == [(64, 64, 3)] * 2


@pytest.mark.parametrize("algorithm", [SAC, PPO])
def test_agents_learn_in_it_and_are_evaluated(algorithm):
    envs = batch(3, truncate_at=5)
    few = (
        {"learning_starts": 4, "batch_size": 4}
        if algorithm is SAC
        else {"n_steps": 8, "batch_size": 24}
    )
    model = algorithm("MlpPolicy", envs, gamma=envs.discount, seed=0, device="cpu", **few)
    model.learn(48)
    mean, _ = evaluate_policy(model, VecMonitor(envs), n_eval_episodes=3)
    assert np.isfinite(mean)


def pendulum() -> gym.Env:
    return ActionChunkWrapper(gym.make("Pendulum-v1"), 2)


def replayable() -> gym.Env:
    return ActionChunkWrapper(SeededEpisodes(gym.make("Pendulum-v1")), 2)


def seeded(seed: int) -> ActionChunkWrapper:
    env = gym.make("Pendulum-v1")
    env.reset(seed=seed)
    return ActionChunkWrapper(env, 2)


def of_sb3(vec_env: Any, **options: Any) -> Any:
    return make_vec_env(
        "Pendulum-v1",
        2,
        seed=7,
        wrapper_class=ActionChunkWrapper,
        wrapper_kwargs={"n_action_steps": 2},
        vec_env_cls=vec_env,
        **options,
    )


def seeded_later(envs: Any) -> Any:
    envs.seed(7)
    return envs


def steer(envs: Any) -> SteeringVecEnv:
    return SteeringVecEnv(envs, LinearPolicy(3, 1), scale=2.0)


def seeded_inside() -> SteeringVecEnv:
    envs = DummyVecEnv([pendulum] * 2)
    outer = steer(envs)
    envs.seed(7)
    return outer


FORK = partial(SubprocVecEnv, start_method="fork")
SEEDED: dict[str, Any] = {
    "make_vec_env": lambda: steer(of_sb3(DummyVecEnv)),
    "make_vec_env, processes": lambda: steer(
        of_sb3(SubprocVecEnv, vec_env_kwargs={"start_method": "fork"})
    ),
    "monitored": lambda: steer(VecMonitor(seeded_later(DummyVecEnv([pendulum] * 2)))),
    "before": lambda: steer(seeded_later(FORK([pendulum] * 2))),
    "after": lambda: seeded_later(steer(DummyVecEnv([pendulum] * 2))),
    "after, inside": seeded_inside,
    "by their makers": lambda: steer(DummyVecEnv([partial(seeded, 7), partial(seeded, 8)])),
    "by their makers, processes": lambda: steer(FORK([partial(seeded, 7), partial(seeded, 8)])),
    "resumable": lambda: ResumableVecEnv(steer(seeded_later(DummyVecEnv([replayable] * 2)))),
    "alternating": lambda: AlternatingVecEnv(
        steer(of_sb3(DummyVecEnv)), steer(seeded_later(DummyVecEnv([pendulum] * 2)))
    ),
}


@pytest.mark.parametrize("name", SEEDED)
def test_seeds_reach_the_policy_wherever_and_whenever_they_were_given(name):
    def played():
        envs = SEEDED[name]()
        rows = [envs.reset()]
        rows += [envs.step(np.full((2, 2), 0.3, np.float32))[0] for _ in range(3)]
        rows.append(envs.reset())
        envs.close()
        return np.array(rows)

    first = played()
    np.testing.assert_array_equal(played(), first)
    if "makers" not in name and name != "resumable":  # whose first episodes are others
        alone = LatentSteeringWrapper(
            gym.make("Pendulum-v1"), LinearPolicy(3, 1), scale=2.0, n_action_steps=2
        )
        np.testing.assert_allclose(first[0][0], alone.reset(seed=7)[0], atol=1e-6)
    assert not np.array_equal(first[0], first[-1])


@pytest.mark.parametrize("steer", STEERINGS)
def test_options_can_be_set_on_the_vector(steer):
    envs = batch(2, steer=steer)
    envs.seed(0)
    before = envs.reset()
    for name, value in (
        ("scale", 0.25),
        ("noise", "zero"),
        ("noise", "fixed:2"),
        ("sample_latent", False),
    ):
        envs.set_attr(name, value)
        assert np.all(np.equal(envs.get_attr(name)[1], value))
        assert np.all(np.equal(getattr(envs.steering, name), value))
    envs.seed(0)
    assert np.array_equal(envs.reset(), before) == (steer in ("noise", "joint"))
    with pytest.raises(ConfigurationError, match="scale must be"):
        envs.set_attr("scale", -1.0)
    with pytest.raises(ConfigurationError, match=r"for all 2 environments.*Got: indices \[1\]"):
        envs.set_attr("scale", 1.0, indices=[1])
    for fixed in ("gamma", "n_action_steps", "policy", "observation"):
        with pytest.raises(ConfigurationError, match=f"Got: {fixed}, which is fixed"):
            envs.set_attr(fixed, 1)
    with pytest.raises(ConfigurationError, match="for all 2 environments"):
        ResumableVecEnv(envs).set_attr("scale", 1.0, indices=0)


def test_a_success_is_kept_to_the_episode_s_end_and_no_longer():
    class Once(RecordingEnv):
        succeeds = True

        def step(self, action):
            *row, _ = super().step(action)
            return *row, {"is_success": self.succeeds and len(self.actions) == 1}

    envs = SteeringVecEnv(
        DummyVecEnv([lambda: ActionChunkWrapper(Once(truncate_at=4), 2)]),
        LinearPolicy(3, 2),
        scale=0.5,
    )
    monitored = VecMonitor(envs, info_keywords=("is_success",))
    monitored.reset()
    told = [monitored.step(np.zeros((1, 2), np.float32))[3][0] for _ in range(4)]
    assert [info["is_success"] for info in told] == [True] * 4
    assert told[1]["episode"]["is_success"] is True
    Once.succeeds = False
    told = [monitored.step(np.zeros((1, 2), np.float32))[3][0] for _ in range(2)]
    assert [info["is_success"] for info in told] == [False, False]


def test_what_is_no_vector_of_stable_baselines3_is_refused():
    for wrong in (gym.make_vec("Pendulum-v1", 2), gym.make("Pendulum-v1"), pendulum):
        with pytest.raises(PolicyMismatchError, match=r"Stable-Baselines3\. Got: .*DummyVecEnv"):
            SteeringVecEnv(wrong, LinearPolicy(3, 1), scale=0.5)


def test_the_order_of_the_workers_keys_is_compared():
    class Named(RecordingEnv):
        observation_keys = {"goal": slice(0, 1), "state": slice(1, 3)}  # noqa: RUF012

    policy = LinearPolicy(3, 2)
    policy.observation_keys = ("state", "goal")  # type: ignore[attr-defined]
    flat = flat_environment(Named(), policy)
    for inside in ([Named()], [flat, Named()]):
        envs = DummyVecEnv([lambda env=env: ActionChunkWrapper(env, 2) for env in inside])
        with pytest.raises(PolicyMismatchError, match=r"as state, goal\. Got .* gives goal, state"):
            SteeringVecEnv(envs, policy, scale=0.5)
    envs = DummyVecEnv([lambda: ActionChunkWrapper(flat_environment(Named(), policy), 2)])
    SteeringVecEnv(envs, policy, scale=0.5).reset()


def test_a_recorder_takes_the_frame_rate_of_decisions(tmp_path):
    makers = [lambda: ActionChunkWrapper(PointEnv(render_mode="rgb_array"), 2)]
    envs = SteeringVecEnv(DummyVecEnv(makers), LinearPolicy(3, 2), scale=0.5)
    recorder = VecVideoRecorder(envs, str(tmp_path), lambda step: False)
    assert recorder.frames_per_sec == PointEnv.metadata["render_fps"] / 2


@pytest.mark.parametrize(
    ("first", "other", "name"),
    [
        ({"gamma": 0.9}, {"gamma": 0.99}, "discount"),
        ({"n_action_steps": 3}, {"n_action_steps": 2, "delay": 1}, "delay"),
    ],
)
def test_environments_that_are_not_alike_are_refused(first, other, name):
    made: list[dict[str, Any]] = [{"n_action_steps": 3} | one for one in (first, other)]
    envs = DummyVecEnv([lambda one=one: ActionChunkWrapper(PointEnv(), **one) for one in made])
    with pytest.raises(PolicyMismatchError, match=f"must have the same {name}"):
        SteeringVecEnv(envs, LinearPolicy(3, 2, horizon=4), scale=0.5)
