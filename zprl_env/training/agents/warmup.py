"""Warm-up: decisions of the base policy in the replay buffer before learning starts."""

from __future__ import annotations

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.training.agents.replay import end_trajectories


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
    try:
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
    finally:
        # Learning begins with a reset, whatever ended this.
        end_trajectories(buffer)


class WarmUp(BaseCallback):
    """Callback by which Stable-Baselines3's own warm-up plays the base policy, for RL Zoo's files.

    It takes the first ``learning_starts`` decisions itself, before Stable-Baselines3 takes any, and
    tells the other callbacks of them as of any decision. Nothing in the model is replaced for it:
    an exception, Ctrl-C or a callback that ends training leave the model as it was.

    Example:
        >>> import gymnasium as gym
        >>> from stable_baselines3 import SAC
        >>> model = SAC("MlpPolicy", gym.make("Pendulum-v1"), learning_starts=9, buffer_size=100)
        >>> _ = model.learn(10, callback=WarmUp())
        >>> [bool(action) for action in model.replay_buffer.actions[:10].any(axis=(1, 2))]
        [False, False, False, False, False, False, False, False, False, True]
    """

    model: OffPolicyAlgorithm

    def _init_callback(self) -> None:
        self._told, self._counted = 0, None  # type: int, int | None

    def _on_training_start(self) -> None:
        everybody = self.locals["callback"]
        self._told += 1
        if not isinstance(everybody, CallbackList):
            self._play(everybody)
        elif self._told == 1:
            everybody.callbacks.append(self)  # to be told again, once all the others have been
        elif self._told == 2:
            try:
                self._play(everybody)
            finally:
                everybody.callbacks.pop()

    def _play(self, everybody: BaseCallback) -> None:
        """Take the decisions of the warm-up, as ``collect_rollouts`` takes its own."""
        model, env, total = self.model, self.model.get_env(), self.locals["total_timesteps"]
        if env is None or model.replay_buffer is None:
            return
        zeros = np.zeros((env.num_envs, *env.action_space.shape), np.float32)
        stored = model.policy.scale_action(zeros)
        while model.num_timesteps < min(model.learning_starts, total):
            everybody.on_rollout_start()
            new_obs, rewards, dones, infos = env.step(zeros)
            model.num_timesteps += env.num_envs
            seen = {"new_obs": new_obs, "rewards": rewards, "dones": dones, "infos": infos}
            everybody.update_locals(seen | {"actions": zeros, "buffer_actions": stored})
            if not everybody.on_step():
                # Whereupon Stable-Baselines3 takes no decision of its own.
                self._counted, model.num_timesteps = model.num_timesteps, total
                return
            model._update_info_buffer(infos, dones)
            model._store_transition(
                model.replay_buffer,
                stored,
                new_obs,
                rewards,
                dones,
                infos,
            )
            model._update_current_progress_remaining(model.num_timesteps, model._total_timesteps)
            model._on_step()
            everybody.on_rollout_end()
            for _ in np.flatnonzero(dones):
                model._episode_num += 1
                interval = self.locals.get("log_interval")
                if interval is not None and model._episode_num % interval == 0:
                    model.dump_logs()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        if self._counted is not None:
            self.model.num_timesteps, self._counted = self._counted, None
