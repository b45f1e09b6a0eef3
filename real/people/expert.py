"""A scripted person: the task's expert, who takes the arms when the policy is failing."""

from __future__ import annotations

import pkgutil

import numpy as np

from real.people.teleoperator import Input, TeleoperatorError
from real.robot import RobotState
from real.tasks.coordinates import GRIPPER, MOTION
from real.tasks.files import load_preset
from real.tasks.layout import ActionLayout, ObservationLayout
from real.tasks.preset import TRACKED, Preset
from zprl_env.errors import ConfigurationError, NoExpertError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import sample_quality
from zprl_env.tasks import TASKS, tasks_with_expert

PATIENCE = 0.4
"""Share of an episode's time that the policy is given, if nothing else is said."""
STUCK, LONG = 0.01, 2.0
"""Distance that an arm stays within while it is stuck [m], and for how long [s]."""


class ExpertTeleoperator:
    """A person that a program plays: the task's scripted expert, at human-like skill.

    It takes the arms when the episode has lasted for longer than its patience, or when they have
    been stuck for two seconds, and moves them by a device as people do: what it wants goes through
    the same clutch. It needs tracked objects, which a simulated robot reports.

    Args:
        preset: The task.
        skill: 0 is somebody who fails about every second time, 1 who hardly ever does.
        patience: Time that the policy is given [s]; varied by a quarter from episode to episode.
            0 takes the arms at once. Two fifths of the episode's time if None.
        stint: Time after which the arms are given back [s]; None keeps them.
        seed: Of all chance.

    Raises:
        NoExpertError: Nobody here knows how to do the task.
        ConfigurationError: A setting is out of range.

    Example:
        >>> person = ExpertTeleoperator(load_preset("place-orange"), patience=0.0)
        >>> person.read(0.0).mine  # before an episode
        False
    """

    speed = 1.0

    def __init__(
        self,
        preset: Preset,
        *,
        skill: float = 0.9,
        patience: float | None = None,
        stint: float | None = None,
        seed: int = 0,
    ) -> None:
        whole = _tracked(preset)
        self._expert = _expert_of(whole)
        self._layout, self._actions = ObservationLayout(whole), ActionLayout(whole)
        self._preset, self._skill, self._stint = whole, skill, stint
        usual = PATIENCE * preset.episode_steps / preset.rate
        self._patience = usual if patience is None else patience
        for name, value in (("patience", self._patience), ("stint", stint), ("seed", seed)):
            if value is not None and not value >= 0:
                raise ConfigurationError(f"An expert's {name} must be at least 0. Got: {value!r}.")
        self._rng = np.random.default_rng(seed)
        self._quality = sample_quality(self._rng, skill)
        self._fastest = _fastest(whole) / preset.control_rate
        self._began: float | None = None
        self._waiting = False  # for an episode's first measurement
        self._mine = False

    def connect(self) -> None:
        """Be there."""

    def close(self) -> None:
        """Leave."""

    def begin(self, preset: Preset) -> None:
        """An episode begins, for which quality and patience are drawn."""
        self._quality = sample_quality(self._rng, self._skill)
        self._limit = self._patience * self._rng.uniform(0.75, 1.25)
        self._waiting, self._mine, self._began = True, False, None
        self._places: list[tuple[float, np.ndarray]] = []

    def watch(self, state: RobotState, target: np.ndarray) -> None:
        """See what a policy sees, and where the arms were sent."""
        self._state, self._target = state, np.array(target)

    def read(self, now: float) -> Input:
        """Take the arms, lead them, or give them back."""
        if self._waiting:
            self._began, self._waiting, self._acts = now, False, now
        if self._began is None:
            return Input(now)
        if not self._mine and (now - self._began >= self._limit or self._is_stuck(now)):
            self._take(now)
        elif self._mine and self._stint is not None and now - self._since >= self._stint:
            self._mine, self._places = False, []
            self._limit += self._stint + self._patience
        if not self._mine:
            return Input(now)
        if now >= self._acts - 1e-9:
            self._act(now)
        away = self._goal - self._target
        step = np.clip(away[:, MOTION], -self._fastest, self._fastest)
        self._leader[:, MOTION] += step
        self._leader[:, GRIPPER] = self._target[:, GRIPPER]
        return Input(now, mine=True, leader=self._leader.copy(), gripper=self._goal[:, GRIPPER])

    def _take(self, now: float) -> None:
        """Begin to lead: the plan is made anew, from where the arms are."""
        self._mine, self._since, self._acts = True, now, now
        self._leader, self._goal = self._target.copy(), self._target.copy()
        self._expert.reset(self._quality)
        if hasattr(self._expert, "aims"):
            self._expert.aims = self._target.copy()

    def _act(self, now: float) -> None:
        """Decide where the hands shall go, as often as a policy does."""
        names = [name for name in self._preset.objects if name not in self._state.objects]
        if names:
            raise TeleoperatorError(
                f"An expert must see where {', '.join(names)} is. Got: a robot that does not tell. "
                "Try it on the simulated robot."
            )
        if self._expert.gave_up:
            self._take(now)
        seen = self._layout.observation(self._state)
        action = self._expert.act({key: seen[where] for key, where in self._layout.keys.items()})
        self._goal = self._actions.target(action, self._target)
        self._acts = now + 1.0 / self._preset.rate

    def _is_stuck(self, now: float) -> bool:
        """Tell whether the arms have not got anywhere for a while."""
        here = np.asarray(self._target)[:, MOTION]
        self._places.append((now, here))
        while self._places and self._places[0][0] < now - LONG:
            self._places.pop(0)
        if now - (self._began or now) < LONG + 0.5 or self._patience == 0.0:
            return False
        return all(np.abs(place - here).max() < STUCK for _, place in self._places)


def _tracked(preset: Preset) -> Preset:
    """Return the task as whoever does it sees it, who looks at the objects whatever a policy sees.

    >>> "object_positions" in _tracked(load_preset("place-orange").untracked()).observation
    True
    """
    own = load_preset(preset.scene or preset.name)
    tracked = tuple(part for part in own.observation if part in TRACKED)
    if any(part in TRACKED for part in preset.observation):
        return preset
    observation = (*preset.observation, *tracked)
    return preset.model_copy(update={"observation": observation, "objects": own.objects})


def _expert_of(preset: Preset) -> Expert:
    """Make the expert of a preset's scene, for that preset."""
    for name, row in TASKS.items():
        if name.startswith("Real") and row.expert and row.kwargs.get("task") == preset.scene:
            made: Expert = pkgutil.resolve_name(row.expert)(preset)
            return made
    raise NoExpertError(preset.name, tasks_with_expert(preset.name))


def _fastest(preset: Preset) -> np.ndarray:
    """Return the largest speeds of all coordinates that move. Shape ``(N, C - 1)``."""
    if preset.space == "joints":
        return np.array([arm.joint_limits.velocity for arm in preset.arms])
    return np.array(
        [3 * [a.safety.velocity] + 3 * [a.safety.angular_velocity] for a in preset.arms]
    )
