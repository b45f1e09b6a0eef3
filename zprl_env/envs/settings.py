"""Settings that an environment does not take, and the one that does what they do elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from zprl_env.errors import ConfigurationError

_TIME = "max_episode_steps, which truncates"
_CAMERA = 'cameras=("...",), which are observed, or camera, which render() looks through'
_SIZE = "image_size of observed cameras, or render_size, (height, width) of render()'s picture"
_RENDERER = 'render_mode="rgb_array"'
_STATES = 'cameras=("...",), whose pictures are observed'
_REWARD = 'reward="dense" for the shaped reward, "sparse" for 1 on success'
_END = "success_terminates"
INSTEAD = {
    **dict.fromkeys(("horizon", "episode_length", "max_steps", "time_limit", "max_path"), _TIME),
    **dict.fromkeys(("camera_name", "camera_names", "camera_id", "render_camera"), _CAMERA),
    **dict.fromkeys(("camera_heights", "camera_widths", "width", "height", "image_size"), _SIZE),
    **dict.fromkeys(("has_renderer", "has_offscreen_renderer", "renderer"), _RENDERER),
    **dict.fromkeys(("renderer_config", "render", "mujoco_renderer"), _RENDERER),
    **dict.fromkeys(("use_camera_obs", "camera_depths", "camera_segmentations"), _STATES),
    **dict.fromkeys(("render_collision_mesh", "render_visual_mesh"), "none: the visible is drawn"),
    **dict.fromkeys(("reward_shaping", "reward_type", "sparse", "sparse_reward", "dense"), _REWARD),
    **dict.fromkeys(("ignore_done", "terminate_on_success", "early_termination"), _END),
    "render_gpu_device_id": "the environment variable MUJOCO_EGL_DEVICE_ID",
    "hard_reset": "none: a reset never builds the model anew",
    "seed": "reset(seed=...)",
    "reward_scale": "gymnasium.wrappers.TransformReward, or --reward-scale in training",
    "frame_skip": "action_repeat, where a task has it",
    "control_delta": 'action="absolute"',
    **{
        name: f'mismatch={{"{name}": ...}}' for name in ("object_mass", "friction", "gripper_delay")
    },
    **{name: f'mismatch={{"{name}": ...}}' for name in ("object_mass", "friction")},
    **{name: f'mismatch={{"{name}": ...}}' for name in ("gripper_delay", "observation_bias")},
    "start_region": 'mismatch={"start_region": ...}',
    "obs_keys": "observation_keys of the policy, by which observations are chosen",
}
"""Settings to use in place of those known from robosuite, Meta-World, gymnasium and others."""


def refuse_settings(
    where: str, given: Iterable[str], known: Iterable[str], instead: dict[str, str] | None = None
) -> None:
    """Refuse settings that would have no effect, and name those that work.

    Args:
        where: What they were given to, for the error.
        given: Their names.
        known: The names that have an effect.
        instead: What to use in their place, besides `INSTEAD`.

    Raises:
        ConfigurationError: One of them is not known.

    >>> refuse_settings("Lift", ["horizon"], ["robots"])
    Traceback (most recent call last):
    policies.errors.ConfigurationError: Lift takes no 'horizon': use max_episode_steps, which tru...
    """
    names = [*known]
    advice = advise([name for name in given if name not in names], instead)
    if advice:
        raise ConfigurationError(f"{where} takes no {advice} It takes: {', '.join(names)}.")


def advise(names: Iterable[str], instead: dict[str, str] | None = None) -> str:
    """Say what to use in place of settings; empty without any."""
    table = INSTEAD | (instead or {})
    told = [f"{name!r}: use {table[name]}" if name in table else repr(name) for name in names]
    return "; ".join(told) + "." if told else ""
