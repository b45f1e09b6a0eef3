"""Steered environments for training, evaluation and filming, from one recipe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium as gym
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from zprl_env.cli import settings
from zprl_env.envs import find_task, make_env
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.envs.flat import flatten, observation_keys
from zprl_env.envs.observation.history import n_obs_steps, with_history
from zprl_env.envs.observation.pixels import with_cameras
from zprl_env.envs.observation.time_left import TimeLeftObservation, TimeLeftPolicy
from zprl_env.errors import SimulationError
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.seeing.environment import camera_kwargs
from zprl_env.seeing.fit import cameras_of
from zprl_env.steering.chunking import ActionChunkWrapper
from zprl_env.steering.table import find_steering
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.collecting.crew import Crew
from zprl_env.training.collecting.envs import CollectedEnvs
from zprl_env.training.collecting.ratio import Ratio, check_max_age
from zprl_env.training.settings.recipe import Recipe
from zprl_env.vectorised.alternating import AlternatingVecEnv
from zprl_env.vectorised.cluster.connection import Cluster
from zprl_env.vectorised.cluster.envs import RayVecEnv
from zprl_env.vectorised.resumable import ResumableVecEnv
from zprl_env.vectorised.steering import SteeringVecEnv
from zprl_env.vectorised.workers import WorkerVecEnv


def steering_options(recipe: Recipe) -> dict[str, Any]:
    """Return the steering's own options in a recipe."""
    names = ("scale", "noise", "observation")
    return {name: getattr(recipe, name) for name in names} | settings(recipe.steer_kwargs)


def evaluation_env(env: gym.Env, policy: PolicyLike, where: str, recipe: Recipe) -> SteeringWrapper:
    """Steer an environment for evaluation: the policy acts from the latent's mean.

    Args:
        env: The environment.
        policy: A policy object, a path or a shipped name.
        where: Where the agent enters the policy.
        recipe: Settings of the steering.

    Returns:
        The steered environment.
    """
    if recipe.time_left:
        policy = resolve_policy(policy)
        cameras = cameras_of(policy)
        named = with_cameras(env, cameras)
        flat = flatten(named, observation_keys(policy), sees=bool(cameras))
        env = TimeLeftObservation(with_history(flat, n_obs_steps(policy)))
        policy = TimeLeftPolicy(policy)
    return find_steering(where).wrapper(
        Monitor(env),
        policy,
        n_action_steps=recipe.n_action_steps,
        gamma=recipe.gamma,
        sample_latent=False,
        **steering_options(recipe),
    )


def shape_reward(env: gym.Env, recipe: Recipe) -> gym.Env:
    """Turn the sparse reward into the one the agent learns from."""
    offset = 1.0 if recipe.reward == "penalty" else 0.0
    factor = recipe.reward_scale
    if offset == 0.0 and factor == 1.0:
        return env
    return gym.wrappers.TransformReward(env, lambda reward: factor * (float(reward) - offset))


def training_parts(
    name: str,
    policy: PolicyLike,
    where: str,
    recipe: Recipe,
    env_kwargs: dict[str, Any] | None = None,
) -> tuple[Callable[[], gym.Env], Callable[[VecEnv], SteeringVecEnv]]:
    """Return what makes an environment of chunks to learn in, and what steers several of them.

    Args:
        name: Task, as :func:`~zprl_env.envs.make_env` takes it.
        policy: As in :func:`evaluation_env`.
        where: As in :func:`evaluation_env`.
        recipe: Settings.
        env_kwargs: Passed to the environment.
    """
    policy = resolve_policy(policy)
    n_action_steps = recipe.n_action_steps or policy.n_action_steps
    gamma, kwargs = recipe.gamma, camera_kwargs(policy, name, env_kwargs or {})
    cameras = cameras_of(policy)
    # Processes of their own get the row, which they may not have registered, and no policy.
    task, keys, history = find_task(name), observation_keys(policy), n_obs_steps(policy)

    def make() -> gym.Env:
        made = with_cameras(make_env(task, **kwargs), cameras)
        flat = with_history(flatten(made, keys, sees=bool(cameras)), history)
        timed = TimeLeftObservation(flat) if recipe.time_left else flat
        env: gym.Env = Monitor(SeededEpisodes(timed))
        return ActionChunkWrapper(shape_reward(env, recipe), n_action_steps, gamma)

    options = steering_options(recipe) | {"sample_latent": recipe.sample_latent}
    if recipe.random_crop:  # while collecting; an evaluation's crop is the centre
        options["random_crop"] = True
    if recipe.time_left:
        policy = TimeLeftPolicy(policy)
    return make, partial(_steer, policy, where, options)


def _steer(policy: PolicyLike, where: str, options: dict[str, Any], envs: VecEnv) -> SteeringVecEnv:
    return SteeringVecEnv(envs, policy, steer=where, **options)


def make_collected_envs(
    name: str,
    policy: PolicyLike,
    recipe: Recipe,
    *,
    steered: SteeringWrapper,
    where: str,
    num_envs: int,
    seed: int,
    cluster: Cluster,
    max_age: int | None = None,
    env_kwargs: dict[str, Any] | None = None,
) -> CollectedEnvs:
    """Make environments that decide by themselves on Ray, each worker with a copy of the policy.

    Args:
        name: As in :func:`training_parts`.
        policy: As in :func:`training_parts`.
        recipe: Settings.
        steered: A steered environment of this process's, such as the evaluation's.
        where: As in :func:`training_parts`.
        num_envs: How many.
        seed: Seed of the first; the others follow.
        cluster: Where they run.
        max_age: Updates by which the agent that chose a decision may be behind; None is the usual.
        env_kwargs: Passed to the environment.

    Returns:
        A vectorised environment that stands for them.

    Raises:
        ConfigurationError: The policy cannot travel, or nearly all decisions would be too old.
        SimulationError: A worker could not make its environments.
    """
    check_max_age(max_age, Ratio(recipe, num_envs))
    make, steer = training_parts(name, policy, where, recipe, env_kwargs)
    crew = Crew(partial(group, make, steer), num_envs, cluster)
    whole = bool(getattr(steered.unwrapped, "in_real_time", False))
    envs = CollectedEnvs(crew, recipe, steered.steering, whole=whole, max_age=max_age)
    envs.seed(seed)
    return envs


def group(
    make: Callable[[], gym.Env], steer: Callable[[VecEnv], SteeringVecEnv], size: int
) -> SteeringVecEnv:
    """Make so many steered environments in this process, of :func:`training_parts`."""
    return steer(DummyVecEnv([make] * size))


def make_training_envs(
    name: str,
    policy: PolicyLike,
    where: str,
    recipe: Recipe,
    *,
    num_envs: int,
    seed: int,
    overlap: bool = False,
    env_kwargs: dict[str, Any] | None = None,
    cluster: Cluster | None = None,
) -> ResumableVecEnv:
    """Make the environments an agent learns in; several run in processes of their own.

    Args:
        name: Task, as :func:`~zprl_env.envs.make_env` takes it.
        policy: As in :func:`evaluation_env`.
        where: As in :func:`evaluation_env`.
        recipe: Settings.
        num_envs: How many.
        seed: Seed of the first; the others follow.
        overlap: Let half of them simulate while the agent learns; ``num_envs`` is even.
        env_kwargs: Passed to the environment.
        cluster: Run them on Ray, rather than in processes of this one.

    Returns:
        A vectorised environment, seeded, with the policy in this process.

    Raises:
        SimulationError: A process could not make its environment.
    """
    make, steer = training_parts(name, policy, where, recipe, env_kwargs)

    def steered(size: int) -> SteeringVecEnv:
        makers: list[Callable[[], gym.Env]] = [make] * size
        envs: VecEnv
        if cluster is not None:
            workers = cluster.shared(size, num_envs)
            envs = RayVecEnv(makers, workers=workers, address=cluster.address)
        else:
            envs = DummyVecEnv(makers) if num_envs == 1 else WorkerVecEnv(makers)
        return steer(envs)

    try:
        envs = ResumableVecEnv(
            AlternatingVecEnv(steered(num_envs // 2), steered(num_envs // 2))
            if overlap
            else steered(num_envs)
        )
    except (EOFError, ConnectionError) as error:
        raise SimulationError(
            "Every process must make its environment. One has ended; what it said is above. "
            "Try --num-envs 1."
        ) from error
    envs.seed(seed)
    return envs
