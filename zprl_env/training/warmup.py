"""Warm-up: decisions of the base policy in the replay buffer before learning starts."""

from __future__ import annotations

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.training.replay import end_trajectories


def warm_up(model: OffPolicyAlgorithm, decisions: int, callback: BaseCallback) -> None:
    """Fill the replay buffer with zero perturbations.

    Stable-Baselines3's ``learning_starts`` would act uniformly at random, at the base policy's
    expense; the zero action costs nothing, because it is the base policy.

    Args:
        model: An off-policy model whose environments have just been made.
        decisions: How many decisions, over all environments.
        callback: Told of every decision and its step, as in ``learn``; it may stop the warm-up.
    """
    env, buffer = model.get_env(), model.replay_buffer
    if env is None or buffer is None or decisions <= 0:
        return
    callback.init_callback(model)
    zeros = np.zeros((env.num_envs, *env.action_space.shape), np.float32)
    observations = env.reset()
    for _ in range(-(-decisions // env.num_envs)):
        callback.on_rollout_start()
        following, rewards, dones, infos = env.step(zeros)
        stored = np.array(following)
        for index in np.flatnonzero(dones):
            stored[index] = infos[index]["terminal_observation"]
        buffer.add(observations, stored, zeros, rewards, dones, infos)
        model.num_timesteps += env.num_envs
        observations = following
        callback.update_locals({"infos": infos, "dones": dones})
        if not callback.on_step():
            break
    # Learning begins with a reset.
    end_trajectories(buffer)
