"""The steered environment: honest, seeded, and the base policy when nobody steers."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.recording_env import RecordingEnv, recording
from zprl_env import (
    ActionChunkWrapper,
    ActionSteeringWrapper,
    CheckpointError,
    ConfigurationError,
    InvalidActionError,
    JointSteeringWrapper,
    LatentSteeringWrapper,
    NoiseSteeringWrapper,
    PolicyMismatchError,
    SimulationError,
    SteerablePolicy,
)
from zprl_env.envs import FlatObservation
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.options.noise import fixed_draw
from zprl_env.steering import LatentSteering
from zprl_env.steering.table import find_steering
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.testing import LinearPolicy

WRAPPERS: dict[str, Callable[..., SteeringWrapper]] = {
    "latent": lambda env, policy, **kw: LatentSteeringWrapper(env, policy, scale=0.5, **kw),
    "noise": NoiseSteeringWrapper,
    "joint": lambda env, policy, **kw: JointSteeringWrapper(env, policy, scale=0.5, **kw),
    "action": ActionSteeringWrapper,
}


@pytest.fixture
def policy() -> LinearPolicy:
    return LinearPolicy(observation_dim=3, action_dim=2)


def test_the_fake_policy_is_a_steerable_policy(policy):
    assert isinstance(policy, SteerablePolicy)


@pytest.mark.parametrize("name", WRAPPERS)
def test_both_checkers_accept_the_steered_environment(name, policy):
    env = WRAPPERS[name](RecordingEnv(truncate_at=5), policy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Said of every wrapper there is; the steered environment is meant to be checked.
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version")
        check_env(env, skip_render_check=True)
        sb3_check_env(env)


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("start", ["zero", "fresh", "fresh:0.5", "fixed:3"])
def test_a_zero_action_is_the_base_policy_to_the_bit(name, start, policy):
    env = WRAPPERS[name](RecordingEnv(), policy, noise=start, sample_latent=True)
    env.reset(seed=3)
    for _ in range(4):
        env.step(np.zeros(env.action_space.shape or (), np.float32))

    generator = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1,)))
    bare = RecordingEnv()
    observation, _ = bare.reset(seed=3)
    for _ in range(4):
        _, mean, std = policy.encode(observation[None])
        latent = mean + std * generator.standard_normal(2).astype(np.float32)
        noise = np.zeros((1, 4, 2), np.float32)
        if start.startswith("fresh"):
            noise = generator.standard_normal((4, 2)).astype(np.float32)[None]
            noise *= np.float32(0.5 if start == "fresh:0.5" else 1.0)
        if start == "fixed:3":
            noise = fixed_draw(3, (4, 2))[None]
        for action in policy.decode(latent, noise)[0, :2]:
            observation, *_ = bare.step(np.clip(action, -1, 1))
    np.testing.assert_array_equal(recording(env).actions, bare.actions)


def test_the_latent_s_perturbation_is_scale_times_action(policy):
    quiet: dict[str, Any] = {"sample_latent": False, "noise": "zero"}
    scale = np.array([0.5, 2.0], np.float32)
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=scale, **quiet)
    observation, _ = env.reset(seed=0)
    action = np.array([0.3, -0.2], np.float32)
    env.step(action)
    z = observation[3:] + scale * action
    expected = policy.decode(z[None], np.zeros((1, 4, 2), np.float32))[0, 0]
    np.testing.assert_array_equal(recording(env).actions[0], expected)


def test_the_published_scale_follows_the_published_rule(policy):
    policy.latent_rms = np.array([1.0, 4.0], np.float32)
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale="published")
    scale = vars(env.steering)["scale"]
    perturbation = scale * np.random.default_rng(0).uniform(-1, 1, (100_000, 2))
    rms = np.sqrt(np.mean(perturbation**2, axis=0))
    np.testing.assert_allclose(rms, 0.1 * policy.latent_rms, rtol=0.01)


@pytest.mark.parametrize(
    ("kind", "size"), [("features", 3 + 2), ("state", 3 + 2), ("both", 3 + 3 + 2)]
)
def test_the_agent_sees_what_it_asked_for_and_the_latent_last(kind, size, policy):
    env = LatentSteeringWrapper(
        RecordingEnv(), policy, scale=0.5, observation=kind, sample_latent=False
    )
    observation, _ = env.reset(seed=0)
    assert observation.shape == (size,)
    np.testing.assert_array_equal(observation[-2:], observation[:2])  # the mean is the state's head


def test_the_same_seed_gives_the_same_episode(policy):
    def play(seed):
        env = LatentSteeringWrapper(RecordingEnv(truncate_at=8), policy, scale=0.5)
        observations = [env.reset(seed=seed)[0]]
        for _ in range(4):
            observations.append(env.step(np.full(2, 0.1, np.float32))[0])
        return np.stack(observations)

    np.testing.assert_array_equal(play(1), play(1))
    assert not np.array_equal(play(1), play(2))


def test_a_policy_that_does_not_fit_is_refused_with_both_sides_named():
    with pytest.raises(
        PolicyMismatchError, match=r"observations of size 5.*observations of size 3"
    ):
        LatentSteeringWrapper(RecordingEnv(), LinearPolicy(5, 2), scale=0.5)
    with pytest.raises(PolicyMismatchError, match=r"actions have size 7.*\(2,\)"):
        LatentSteeringWrapper(RecordingEnv(), LinearPolicy(3, 7), scale=0.5)
    with pytest.raises(PolicyMismatchError, match=r"flat Box.*FlattenObservation"):
        LatentSteeringWrapper(gym.make("FrozenLake-v1"), LinearPolicy(3, 2), scale=0.5)
    with pytest.raises(PolicyMismatchError, match=r"horizon 4\. Got: 5"):
        LatentSteeringWrapper(RecordingEnv(), LinearPolicy(3, 2), scale=0.5, n_action_steps=5)
    with pytest.raises(PolicyMismatchError, match=r"Got: dict, which lacks .*decode"):
        WRAPPERS["noise"](RecordingEnv(), {}, scale=0.5)
    with pytest.raises(CheckpointError, match="Got: 'no-such-policy'"):
        LatentSteeringWrapper(RecordingEnv(), "no-such-policy", scale=0.5)


def test_bad_settings_are_refused(policy):
    latent: Callable[..., SteeringWrapper] = LatentSteeringWrapper
    for scale in (-1.0, np.nan):
        with pytest.raises(ValueError, match="scale must be finite and at least 0"):
            latent(RecordingEnv(), policy, scale=scale)
    with pytest.raises(ValueError, match="one number or 2 of them"):
        latent(RecordingEnv(), policy, scale=np.ones(3))
    with pytest.raises(ValueError, match=r"'published'\. Got: 'big'"):
        latent(RecordingEnv(), policy, scale="big")
    with pytest.raises(ValueError, match="noise must be"):
        latent(RecordingEnv(), policy, scale=1.0, noise="-1.0")
    for wrapper in (NoiseSteeringWrapper, ActionSteeringWrapper):
        for size in (-1.0, np.inf, "auto"):
            with pytest.raises(ConfigurationError, match="scale must be a finite number"):
                wrapper(RecordingEnv(), policy, scale=size)
    with pytest.raises(ConfigurationError, match="noise_bound must be a finite number"):
        JointSteeringWrapper(RecordingEnv(), policy, scale=1.0, noise_bound=-1.0)
    with pytest.raises(ConfigurationError, match="observation must be one of"):
        latent(RecordingEnv(), policy, scale=1.0, observation="pixels")


@pytest.mark.parametrize("name", WRAPPERS)
def test_no_actions_per_decision_are_not_taken_for_the_policy_s_own(name, policy):
    with pytest.raises(ConfigurationError, match=r"n_action_steps must be at least 1\. Got: 0"):
        WRAPPERS[name](RecordingEnv(), policy, n_action_steps=0)


def test_bad_actions_are_refused_before_anything_moves(policy):
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(2, np.float32))
    env.reset(seed=0)
    with pytest.raises(InvalidActionError, match=r"shape \(2,\). Got: \(3,\)"):
        env.step(np.zeros(3, np.float32))
    with pytest.raises(InvalidActionError, match="NaN"):
        env.step(np.full(2, np.nan, np.float32))
    assert recording(env).actions == []


def test_an_observation_that_is_not_finite_is_reported(policy):
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5)
    env.reset(seed=0)
    recording(env).spoil_at = 1
    with pytest.raises(SimulationError, match=r"NaN or infinity at index \[0\] after step 2"):
        env.step(np.zeros(2, np.float32))


def steered_pendulum(name: str, **options: Any) -> SteeringWrapper:
    return WRAPPERS[name](gym.make("Pendulum-v1"), LinearPolicy(3, 1), **options)


def played(env: gym.Env) -> np.ndarray:
    rows = [env.reset(seed=5)[0]]
    action = np.full(env.action_space.shape or (), 0.3, np.float32)
    return np.array(rows + [env.step(action)[0] for _ in range(3)])


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("outer", [None, Monitor, gym.wrappers.RecordEpisodeStatistics])
def test_a_steered_environment_is_made_again_by_its_spec(name, outer):
    env = steered_pendulum(name, n_action_steps=3, gamma=0.9)
    assert env.spec is not None
    again = gym.make(env.spec)
    assert again.get_wrapper_attr("discount") == env.discount
    np.testing.assert_array_equal(played(again), played(env))
    if outer is gym.wrappers.RecordEpisodeStatistics:
        spec = outer(env).spec
        assert spec is not None
        np.testing.assert_array_equal(played(gym.make(spec)), played(env))


def test_gymnasium_s_whole_check_passes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(steered_pendulum("latent"), skip_render_check=True)
        check_env(ActionChunkWrapper(gym.make("Pendulum-v1"), 2), skip_render_check=True)


def test_the_spec_of_a_policy_with_a_name_goes_through_json(point_task, point_policy):
    env = LatentSteeringWrapper(
        SeededEpisodes(gym.make("ZPRL-Point-v0")), point_policy, scale=np.ones(2)
    )
    assert env.spec is not None
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert again.get_wrapper_attr("scale").tolist() == [1.0, 1.0]
    np.testing.assert_array_equal(played(again), played(env))


@pytest.mark.filterwarnings("ignore:.*TemporaryDirectory:ResourceWarning")  # Minari's own
def test_minari_recovers_a_steered_environment(point_task, point_policy, tmp_path, monkeypatch):
    minari = pytest.importorskip("minari", reason="needs the minari extra")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = minari.DataCollector(LatentSteeringWrapper(gym.make("ZPRL-Point-v0"), point_policy))
    env.reset(seed=0)
    env.step(env.action_space.sample())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = env.create_dataset("steered/point-v0")
    np.testing.assert_array_equal(played(dataset.recover_environment()), played(env.env))
    env.close()


def test_keys_of_a_flattened_observation_are_in_the_spec():
    env = FlatObservation(gym.make("Pendulum-v1"), keys=(key for key in ("observation",)))
    assert env.spec is not None
    assert env.spec.additional_wrappers[-1].kwargs == {"keys": ["observation"]}


def test_chunks_that_are_there_already_are_not_made_again(policy):
    chunks = ActionChunkWrapper(RecordingEnv(), n_action_steps=3, gamma=0.9)
    env = LatentSteeringWrapper(gym.wrappers.RecordEpisodeStatistics(chunks), policy, scale=0.5)
    assert (env.steering.n_action_steps, env.discount) == (3, pytest.approx(0.9**3))
    env.reset(seed=0)
    assert env.step(np.zeros(2, np.float32))[4]["env_steps"] == 3
    with pytest.raises(ConfigurationError, match=r"n_action_steps must be that .* 3\. Got: 2"):
        LatentSteeringWrapper(chunks, policy, n_action_steps=2)
    with pytest.raises(ConfigurationError, match=r"gamma must be that .* 0\.9\. Got: 0\.99"):
        LatentSteeringWrapper(chunks, policy, gamma=0.99)
    with pytest.raises(PolicyMismatchError, match=r"steered by one wrapper\. Got: .*LatentSteer"):
        LatentSteeringWrapper(env, policy)


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_copy_lives_by_itself(name):
    env = steered_pendulum(name)
    env.reset(seed=0)
    action = np.full(env.action_space.shape or (), 0.3, np.float32)
    env.step(action)
    copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    expected = [env.step(action)[0] for _ in range(3)]
    for other in copies:
        np.testing.assert_array_equal([other.step(action)[0] for _ in range(3)], expected)


@pytest.mark.parametrize("given", ["before", "after", "between"])
def test_a_seed_that_the_environment_inside_was_given_is_the_policy_s_too(given, policy):
    def first():
        bare = RecordingEnv()
        if given == "before":
            bare.reset(seed=7)
        env = LatentSteeringWrapper(bare, policy, scale=0.5)
        if given == "between":
            env.reset(seed=1)
        if given != "before":
            bare.reset(seed=7)
        return np.array([env.reset()[0], env.reset()[0]])

    one, other = first()
    np.testing.assert_array_equal(first(), [one, other])
    assert not np.array_equal(one[-2:], other[-2:])


@pytest.mark.parametrize("name", WRAPPERS)
def test_options_are_read_and_set_on_the_environment(name, policy):
    env = WRAPPERS[name](RecordingEnv(), policy)
    for option in env.steering.changeable():
        value: Any = {"sample_latent": False, "noise": "fixed:4"}.get(option, 0.25)
        setattr(env, option, value)
        assert np.all(np.equal(env.get_wrapper_attr(option), value))
        assert np.all(np.equal(getattr(env.steering, option), value))
    envs = DummyVecEnv([lambda: env])
    envs.set_attr("scale", 2.0)
    assert np.all(np.equal(env.steering.scale, 2.0))  # type: ignore[attr-defined]
    Monitor(env).set_wrapper_attr("scale", 1.0)
    assert np.all(np.equal(env.steering.scale, 1.0))  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="scale must be"):
        envs.set_attr("scale", -2.0)
    assert Monitor(env).get_wrapper_attr("discount") == env.discount


def test_a_way_of_steering_of_one_s_own_has_its_options_too(policy):
    env = find_steering(f"{__name__}:Louder").wrapper(RecordingEnv(), policy, scale=1.0)
    env.loudness = 3.0  # type: ignore[attr-defined]
    assert env.steering.loudness == 3.0  # type: ignore[attr-defined]


class Louder(LatentSteering):
    constants = ("scale", "loudness")
    loudness = 2.0

    def _checked(self, name, value):
        return super()._checked(name, value) if name == "scale" else value


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: gym.make_vec("Pendulum-v1", 2), r"SyncVectorEnv, which is 2 .*SteeringVecEnv"),
        (lambda: make_vec_env("Pendulum-v1", 3), r"DummyVecEnv, which is 3 .*SteeringVecEnv"),
        (lambda: RecordingEnv, "RecordingEnv, which makes one. Call it"),
        (lambda: lambda: RecordingEnv(), "which makes one. Call it"),
        (lambda: "Lift", r"the name 'Lift'\. Make it first: zprl_env\.make_env\('Lift'\)"),
        (lambda: None, "NoneType. Derive its class from gymnasium.Env"),
    ],
)
def test_what_is_no_single_environment_is_refused_with_what_to_give(wrong, message, policy):
    wrappers: list[Callable[..., Any]] = [*WRAPPERS.values(), FlatObservation, SeededEpisodes]
    for wrapper in [*wrappers, ActionChunkWrapper]:
        rest = {ActionChunkWrapper: (2,), FlatObservation: (), SeededEpisodes: ()}
        with pytest.raises(PolicyMismatchError, match=f"takes one gymnasium.Env. Got: .*{message}"):
            wrapper(wrong(), *rest.get(wrapper, (policy,)))  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "space",
    [
        gym.spaces.Box(0, 255, (96, 96, 3), np.uint8),
        gym.spaces.Box(0, 255, (84, 84), np.uint8),
        gym.spaces.Box(0.0, 1.0, (4, 84, 84), np.float32),
        gym.spaces.Dict(eye=gym.spaces.Box(0, 255, (3, 64, 64), np.uint8)),
    ],
)
def test_images_are_not_told_to_be_flattened(space, policy):
    env = RecordingEnv()
    env.observation_space = space
    with pytest.raises(
        PolicyMismatchError, match="The policy sees states: it takes numbers"
    ) as caught:
        LatentSteeringWrapper(env, policy, scale=0.5)
    assert "FlattenObservation" not in str(caught.value)


def test_a_recorder_takes_the_frame_rate_of_decisions(tmp_path, point_task, point_policy):
    env = LatentSteeringWrapper(gym.make("ZPRL-Point-v0", render_mode="rgb_array"), point_policy)
    recorder = gym.wrappers.RecordVideo(env, str(tmp_path / "new"))
    assert recorder.frames_per_sec == 10 / 2


def test_monitor_counts_an_episode_that_succeeded_once(policy):
    class Once(RecordingEnv):
        def step(self, action):
            *row, _ = super().step(action)
            return *row, {"is_success": len(self.actions) == 1}

    env = LatentSteeringWrapper(Once(truncate_at=6), policy, scale=0.5)
    monitor = Monitor(env, info_keywords=("is_success",))
    monitor.reset(seed=0)
    infos = [monitor.step(np.zeros(2, np.float32))[4] for _ in range(3)]
    assert infos[-1]["episode"]["is_success"] is True
