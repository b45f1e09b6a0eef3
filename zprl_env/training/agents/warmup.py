"""Warm-up: decisions of the base policy in the replay buffer before learning starts."""

from __future__ import annotations

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.training.agents.critics.inputs import bind
from zprl_env.training.agents.replay import end_trajectories


def warm_up(
    model: OffPolicyAlgorithm, decisions: int, callback: BaseCallback, noise: float = 0.0
) -> bool:
    """Fill the replay buffer with zero perturbations, or with small ones.

    Stable-Baselines3's ``learning_starts`` would act uniformly at random, at the base policy's
    expense; the zero action costs nothing, because it is the base policy.

    Args:
        model: An off-policy model whose environments have just been made.
        decisions: How many decisions, over all environments.
        callback: Told of every decision and its step, as in ``learn``; it may stop the warm-up.
        noise: As in :func:`first_actions`.

    Returns:
        Whether to learn now: the callback did not stop it.
    """
    env, buffer = model.get_env(), model.replay_buffer
    if env is None or buffer is None or decisions <= 0:
        return True
    callback.init_callback(model)
    observations = env.reset()
    try:
        for _ in range(-(-decisions // env.num_envs)):
            callback.on_rollout_start()
            actions = first_actions(model, noise)
            following, rewards, dones, infos = env.step(actions)
            stored = np.array(following)
            for index in np.flatnonzero(dones):
                stored[index] = infos[index]["terminal_observation"]
            buffer.add(observations, stored, actions, rewards, dones, infos)
            model.num_timesteps += env.num_envs
            observations = following
            callback.update_locals({"infos": infos, "dones": dones})
            if not callback.on_step():
                return False
    finally:
        # Learning begins with a reset, whatever ended this.
        end_trajectories(buffer)
    return True


def first_actions(model: OffPolicyAlgorithm, noise: float = 0.0) -> np.ndarray:
    """Draw actions of the warm-up, by numpy's global generator, as Stable-Baselines3's own.

    Args:
        model: The model. If it explores progressively, they are uniform where it perturbs at all,
            as with Policy Decorator.
        noise: Standard deviation of Gaussian actions, clipped to [-1, 1]; 0 is zeros.

    Returns:
        One per environment. Shape ``(N, A)``, float32.
    """
    shape = (model.n_envs, *model.action_space.shape)
    if getattr(model.policy, "progressive_exploration", 0):
        drawn = np.random.uniform(-1.0, 1.0, shape)  # noqa: NPY002
        drawn *= model.policy.perturbed(len(drawn)).numpy()[:, None]
    elif noise:
        drawn = np.random.normal(0.0, noise, shape).clip(-1.0, 1.0)  # noqa: NPY002
    else:
        drawn = np.zeros(shape)
    return drawn.astype(np.float32)


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

    def __init__(self, noise: float = 0.0) -> None:
        """Play the base policy, or perturb it as :func:`first_actions` does."""
        super().__init__()
        self.noise = noise

    def _init_callback(self) -> None:
        bind(self.model)
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
        while model.num_timesteps < min(model.learning_starts, total):
            everybody.on_rollout_start()
            actions = first_actions(model, self.noise)
            stored = model.policy.scale_action(actions)
            new_obs, rewards, dones, infos = env.step(actions)
            model.num_timesteps += env.num_envs
            seen = {"new_obs": new_obs, "rewards": rewards, "dones": dones, "infos": infos}
            everybody.update_locals(seen | {"actions": actions, "buffer_actions": stored})
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
