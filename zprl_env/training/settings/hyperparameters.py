"""Hyperparameter files in RL Zoo's format, read as the settings of a recipe.

The files are what RL Zoo takes and nothing else, so that both train the same agent. Strings that RL
Zoo would evaluate are compared here, or refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from zprl_env.errors import ZprlError
from zprl_env.loading.yaml_file import read_yaml
from zprl_env.options.former import with_present_names
from zprl_env.task import UNKNOWN, Facts
from zprl_env.training.settings.algorithms import ALGORITHMS, Algorithm

DEFAULT = object()
"""Placeholder for the recipe's or the task's own default, where a file leaves a setting out."""


def everybody(row: Algorithm) -> bool:
    """Tell whether the file of an algorithm must have a setting that all files must have: yes."""
    return True


def off_policy(row: Algorithm) -> bool:
    """Tell whether the file of an algorithm must have a setting of those with a replay buffer."""
    return row.off_policy


def on_policy(row: Algorithm) -> bool:
    """Tell whether the file of an algorithm must have a setting of those without one."""
    return not row.off_policy


class Setting(NamedTuple):
    """One line of a file and the field of the recipe that it sets."""

    key: str
    """Key in the file; a nested one is written with dots."""
    field: str
    needed: Callable[[Algorithm], bool] | None = None
    """Algorithms whose file must have it, besides those whose row in the table names it."""
    absent: object = DEFAULT
    """Value that its absence means, here and in RL Zoo."""


SETTINGS = (
    Setting("env_wrapper.scale", "scale"),
    Setting("env_wrapper.noise", "noise"),
    Setting("env_wrapper.gamma", "gamma"),
    Setting("env_wrapper.n_action_steps", "n_action_steps"),
    Setting("env_wrapper.sample_latent", "sample_latent"),
    Setting("env_wrapper.observation", "observation", None, "features"),
    Setting("env_wrapper.random_crop", "random_crop", None, False),
    Setting("env_wrapper.reward", "reward", None, "sparse"),
    Setting("env_wrapper.reward_scale", "reward_scale", None, 1.0),
    Setting("env_wrapper.steer", "steer"),
    Setting("env_wrapper.noise_steps", "noise_steps"),
    Setting("env_wrapper.base_action", "base_action"),
    Setting("policy_kwargs.net_arch", "hidden", everybody),
    Setting("policy_kwargs.activation", "activation", None, "relu"),
    Setting("policy_kwargs.actor_layer_norm", "actor_layer_norm", None, False),
    Setting("policy_kwargs.critic_input", "critic_input", None, "action"),
    Setting("policy_kwargs.actor_sees_base", "actor_sees_base", None, True),
    Setting("policy_kwargs.progressive_exploration", "progressive_exploration", None, 0),
    Setting("policy_kwargs.n_critics", "n_critics", off_policy),
    Setting("policy_kwargs.layer_norm", "layer_norm", None, False),
    Setting("policy_kwargs.squash_q", "squash_q", None, False),
    Setting("policy_kwargs.target_critics", "target_critics", None, 0),
    Setting("policy_kwargs.pull", "pull", None, 0.0),
    Setting("policy_kwargs.actor_average", "actor_average", None, 0.0),
    Setting("policy_kwargs.best_of", "best_of", None, 1),
    Setting("policy_kwargs.hold", "hold", None, 1),
    Setting("policy_kwargs.actor_init", "actor_init", None, 0.01),
    Setting("policy_kwargs.log_std_init", "log_std_init"),
    Setting("policy_kwargs.log_std_min", "log_std_min", None, -20.0),
    Setting("policy_kwargs.log_std_max", "log_std_max", None, 2.0),
    Setting("policy_kwargs.max_grad_norm", "max_grad_norm", None, None),
    Setting("policy_kwargs.lstm_hidden_size", "lstm_hidden"),
    Setting("max_grad_norm", "max_grad_norm"),
    Setting("learning_rate", "learning_rate", everybody),
    Setting("batch_size", "batch_size", everybody),
    Setting("gradient_steps", "updates_per_decision", off_policy),
    Setting("tau", "tau"),
    Setting("ent_coef", "ent_coef"),
    Setting("target_entropy", "target_entropy", None, None),
    Setting("use_sde", "use_sde", None, False),
    Setting("noise_std", "action_noise", None, 0.0),
    Setting("learning_starts", "warmup_decisions", off_policy, 0),
    Setting("callback.noise", "warmup_noise", None, 0.0),
    Setting("buffer_size", "buffer_size", off_policy),
    Setting("replay_buffer_kwargs.n_steps", "n_steps", off_policy),
    Setting("replay_buffer_kwargs.handle_timeout_termination", "bootstrap_timeouts", None, True),
    Setting("replay_buffer_kwargs.success_share", "success_share", None, 0.0),
    Setting("n_steps", "rollout_decisions", on_policy),
    Setting("n_epochs", "n_epochs"),
    Setting("n_critic_updates", "n_epochs"),
    Setting("gae_lambda", "gae_lambda", on_policy),
)
WORDS = {
    "scale",
    "noise",
    "observation",
    "reward",
    "ent_coef",
    "steer",
    "activation",
    "critic_input",
}
"""Fields that may be words; other words are numbers that YAML did not take for some."""
OWN = {"noise_steps", "base_action"}
"""Options that a way of steering has of its own, which are no fields of a recipe."""

WRAPPER = "zprl_env.training.zoo.steered"
REPLAY = {
    "replay_buffer_class": 'get_class_by_name("zprl_env.training.replay.ChunkReplayBuffer")',
    "callback": "zprl_env.training.warmup.WarmUp",
}
READ_ELSEWHERE = {"n_timesteps", "n_envs", "gamma", "replay_buffer_kwargs.gamma", "noise_type"}


def read_hyperparameters(
    file: Path, algo: str, env_id: str, facts: Facts | None = UNKNOWN
) -> dict[str, Any]:
    """Read a task's settings from a hyperparameter file.

    Args:
        file: RL Zoo's YAML, whose sections are gymnasium ids and ``default``.
        algo: The algorithm it is for, a key of ``ALGORITHMS``.
        env_id: The task's gymnasium id.
        facts: The task's, whose discount the file has to agree with where it says none of its own;
            ``None`` for a shipped file, which is for every task.

    Returns:
        Fields of :class:`~zprl_env.training.settings.recipe.Recipe`, those that the file says.

    Raises:
        ZprlError: The file cannot be read, or says what only RL Zoo would do.
    """
    try:
        content = read_yaml(file, "A file of hyperparameters")
        section = content.get(env_id, content.get("default"))
        said = dict(_flatten(section))
    except (AttributeError, TypeError, ValueError) as error:
        raise ZprlError(
            f"hyperparams must be a file of RL Zoo's with a section {env_id} or default, whose "
            f"settings are plain YAML. Got: {file} ({' '.join(str(error).split())})."
        ) from error
    row = ALGORITHMS[algo]
    fixed: dict[str, object] = {
        "policy": f"zprl_env.training.actors.{row.policy.rpartition(':')[2]}",
        "wrapper": WRAPPER,
    }
    fixed |= REPLAY if row.off_policy else {}
    for key, value in fixed.items():
        if said.pop(key, None) != value:
            raise ZprlError(f"{key} must be {value} in {file}, since train_sb3.py has no other.")
    frequency = said.pop("train_freq", None if row.off_policy else 1)
    counted = type(frequency) is int and frequency > 0
    if not counted and frequency != [1, "episode"]:
        raise ZprlError(
            f"train_freq must be a number of decisions or [1, episode] in {file}. "
            f"Got: {frequency}. Try 1."
        )
    fields: dict[str, Any] = {}
    for key, field, needed, absent in SETTINGS:
        if key in said:
            fields[field] = _value(file, field, key, said[key])
        elif key in row.needed or (needed is not None and needed(row)):
            raise ZprlError(f"{key} must be in {file}: without it, RL Zoo takes a library's own.")
        elif absent is not DEFAULT:
            fields.setdefault(field, absent)
    known = {setting.key for setting in SETTINGS} | READ_ELSEWHERE
    if unknown := sorted(said.keys() - known):
        raise ZprlError(
            f"{file} must keep to the settings of a recipe. Got: {', '.join(unknown)}. "
            f"Leave that out, or train with RL Zoo."
        )
    if not counted:
        fields["updates_per_episode"] = fields.pop("updates_per_decision")
    elif frequency != 1:
        fields["updates_per_decision"] /= frequency
    if not row.off_policy:
        fields["rollout_decisions"] *= said.get("n_envs", 1)
    gamma = fields.get("gamma", facts and facts.gamma)
    if gamma is not None:
        _check_discounts(file, said, gamma)
    return fields


def _flatten(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """Flatten nested settings to keys with dots: ``policy_kwargs.net_arch``."""
    flat: dict[str, Any] = {}
    for key, value in section.items():
        if key == "env_wrapper":
            (wrapper,) = value
            options = {wrapper: {}} if isinstance(wrapper, str) else wrapper
            ((flat["wrapper"], named),) = options.items()
            value = with_present_names(named)
        if key == "callback" and isinstance(value, dict):
            ((flat["callback"], value),) = value.items()
        elif key == "callback":
            flat["callback"], value = value, {}
        if key in ("env_wrapper", "callback", "policy_kwargs", "replay_buffer_kwargs"):
            flat |= {f"{key}.{name}": inner for name, inner in value.items()}
        else:
            flat[key] = value
    return flat


def _value(file: Path, field: str, key: str, value: Any) -> Any:
    if field == "hidden" and isinstance(value, list):
        return tuple(value)
    if field == "ent_coef":
        return str(value)
    if isinstance(value, list | dict) or (isinstance(value, str) and field not in WORDS):
        raise ZprlError(
            f"{key} must be a plain number in {file}: RL Zoo's schedules are not known here, and "
            f"YAML takes 3e-4 for a word. Got: {value!r}. Try 0.0003."
        )
    return value


def _check_discounts(file: Path, said: Mapping[str, Any], gamma: float) -> None:
    """Check that the three discounts of a file are one; its own is that of a whole decision."""
    replay, decision = said.get("replay_buffer_kwargs.gamma", gamma), said.get("gamma")
    steps = math.log(decision) / math.log(gamma) if decision and 0 < gamma < 1 else 1.0
    if replay != gamma or not decision or abs(steps - round(steps)) > 1e-3 or steps < 0.5:
        raise ZprlError(
            f"gamma must be env_wrapper's gamma to the power of n_action_steps in {file}, and "
            f"replay_buffer_kwargs' the same as env_wrapper's. "
            f"Got: {decision}, {gamma} and {replay}."
        )
