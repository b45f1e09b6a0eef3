"""The preset of a robot task: arms, rates, limits and layout, checked before anything moves."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from zprl_env.ahead.delay import Inference, stated_delay
from zprl_env.errors import ConfigurationError
from zprl_env.options.noise import FlowNoise

ActionPart: TypeAlias = Literal[
    "position", "quaternion", "rotation_vector", "position_delta", "rotation_delta", "gripper"
]
ObservationPart: TypeAlias = Literal[
    "position",
    "rotation_6d",
    "quaternion",
    "rotation_vector",
    "gripper",
    "linear_velocity",
    "angular_velocity",
    "joints",
    "objects",
    "object_positions",
]
TRACKED = ("objects", "object_positions")
"""Parts of an observation that a tracker reports."""
EXCLUSIVE = (("position", "position_delta"), ("quaternion", "rotation_vector", "rotation_delta"))
"""Parts of an action that exclude each other: they say the same in different ways."""
ORDERS = ("velocity", "acceleration", "jerk")
TIGHT, INSIDE = 0.95, 0.003
"""Share of the limits, and distance from the box [m], of commands that are filtered once more."""
RATES = tuple(f"{kind}{name}" for kind in ("", "angular_") for name in ORDERS)

Positive: TypeAlias = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Vector: TypeAlias = tuple[Finite, Finite, Finite]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Home(_Part):
    """An arm's pose between episodes, in the robot's base frame."""

    position: Vector
    """Position of the end effector [m]."""
    quaternion: tuple[Finite, Finite, Finite, Finite]
    """Orientation as a unit quaternion, w first. Rotation vectors are relative to it."""
    gripper: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """Opening from 0, closed, to 1, open."""

    @field_validator("quaternion")
    @classmethod
    def _unit(cls, quaternion: tuple[float, ...]) -> tuple[float, ...]:
        norm = math.hypot(*quaternion)
        if abs(norm - 1.0) > 1e-3:
            raise ValueError(f"must have length 1, got {norm:.4g}; try 0, 1, 0, 0: straight down")
        return tuple(value / norm for value in quaternion)


class Limits(_Part):
    """Safety limits of one arm: box, velocity, acceleration and jerk, whatever the policy says."""

    low: Vector
    """Lowest corner of the box that the end effector stays in [m]."""
    high: Vector
    """Its highest corner [m]."""
    rotation: tuple[Positive, Positive, Positive]
    """Largest rotation vector from the home orientation, per axis [rad]."""
    velocity: Positive
    """Largest velocity per axis [m/s]."""
    acceleration: Positive
    """Largest acceleration per axis [m/s^2]."""
    jerk: Positive
    """Largest jerk per axis [m/s^3]."""
    angular_velocity: Positive
    """Largest velocity of the rotation vector, per axis [rad/s]."""
    angular_acceleration: Positive
    """Largest acceleration of the rotation vector, per axis [rad/s^2]."""
    angular_jerk: Positive
    """Largest jerk of the rotation vector, per axis [rad/s^3]."""
    gripper_velocity: Positive = 2.0
    """Largest speed of the gripper, in openings per second [1/s]."""

    @model_validator(mode="after")
    def _possible(self) -> Limits:
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(
                f"low must be below high on every axis; got low {self.low}, high {self.high}"
            )
        if (angle := math.hypot(*self.rotation)) >= math.pi:
            raise ValueError(
                f"rotation must stay below half a turn in all, which one vector says uniquely; got "
                f"{self.rotation}, of length {angle:.3g}; try smaller angles or another home"
            )
        return self


class ArmPreset(_Part):
    """One arm with its gripper, its home pose and its limits."""

    model: Name
    """The arm, e.g. ``xarm7`` or ``panda``."""
    gripper: Name
    """The gripper, e.g. ``robotiq_85`` or ``panda``."""
    joints: Count = 7
    """Number of joints."""
    base: Vector = (0.0, 0.0, 0.0)
    """Position of its mount [m]."""
    base_yaw: Finite = 0.0
    """Turn of its mount about the vertical [rad]."""
    home: Home
    safety: Limits

    @model_validator(mode="after")
    def _home_is_inside(self) -> ArmPreset:
        corners = zip(self.safety.low, self.home.position, self.safety.high, strict=True)
        if not all(low < value < high for low, value, high in corners):
            raise ValueError(
                f"home.position must lie inside the box; got {self.home.position}, box from "
                f"{self.safety.low} to {self.safety.high}"
            )
        return self


class Watchdog(_Part):
    """The watchdog's limits, beyond which the arms are stopped."""

    max_state_age: Positive = 0.25
    """A measurement is stale after this [s]."""
    max_missed_deadlines: Count = 6
    """Control periods in a row that may pass without a command while the arms move."""
    max_tracking_error: Positive = 0.1
    """Distance between where an arm was sent and where it is [m]."""
    max_tracking_rotation: Positive = 0.6
    """Angle between how an arm was sent and how it is turned [rad]."""
    max_picture_age: Positive = 0.5
    """A camera's newest picture is stale after this, by the time of its capture [s]."""
    max_equal_pictures: Count = 10
    """Pictures in a row, equal to the byte, after which a camera counts as frozen."""


class ActionScale(_Part):
    """The length of an action of 1, in metres and radians."""

    position: Positive = 0.5
    """From home, for ``position``; from where the arm was sent last, for ``position_delta`` [m]."""
    rotation: Positive = 1.0
    """Likewise for ``rotation_vector`` and ``rotation_delta`` [rad]."""


class ObservedPictures(_Part):
    """The pictures that are observed."""

    cameras: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Cameras by name, in order."""
    image_size: Count | tuple[Count, Count] = 84
    """Height and width [pixels], or one number for both."""


class Preset(_Part):
    """A robot task: arms, rates, limits, observations, actions, and the facts that learning needs.

    Example:
        >>> from real.tasks.files import load_preset
        >>> preset = load_preset("place-orange")
        >>> preset.rate, preset.control_rate, preset.episode_steps
        (30, 60, 450)
    """

    name: Name
    """Name of the task."""
    description: str
    """Description of the task, in a sentence."""
    scene: Name | None = None
    """Objects that the simulated robot has before it; those of the task's name if not given. A
    class of one's own is the driver's setting ``scene="module:Class"``, since a file that came from
    somewhere else does not choose what is imported."""
    arms: Annotated[tuple[ArmPreset, ...], Field(min_length=1)]
    rate: Count
    """Actions per second [Hz]."""
    control_rate: Annotated[int, Field(ge=1, le=1000)]
    """Commands per second, a multiple of the rate [Hz]."""
    inference: Inference = "sync"
    """Time of a decision: while the arms wait, or ``ahead``, while the last chunk goes on."""
    delay: Count | None = None
    """Actions that a decision takes then; 2 at 30 Hz and as long at other rates if not given."""
    episode_steps: Count
    """Actions after which an episode without a verdict is truncated."""
    horizon: Count | None = None
    """Actions that a base policy made for the task predicts."""
    n_action_steps: Count | None = None
    """Of these, actions that are executed before the next decision."""
    scale: Positive | None = None
    """Lambda: how far the agent's action of 1 pushes the latent."""
    noise: str | None = None
    """Start of the flow: ``fresh``, ``fresh:TEMPERATURE``, ``zero`` or ``fixed:SEED``."""
    gamma: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Discount per action of the environment."""
    action: Annotated[tuple[ActionPart, ...], Field(min_length=1)]
    """Parts of an action, for each arm."""
    action_scale: ActionScale = ActionScale()
    observation: Annotated[tuple[ObservationPart, ...], Field(min_length=1)]
    """Parts of an observation; those of objects come once, after all arms."""
    objects: tuple[Name, ...] = ()
    """Objects that a tracker reports."""
    watchdog: Watchdog = Watchdog()
    reset_speed: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    """Fraction of every limit that the arms go home with."""
    cameras: tuple[Name, ...] = ()
    """Cameras that look at the task."""
    pictures: ObservedPictures | None = None
    """Pictures that are observed unless an environment is made otherwise; none if not given."""
    reward: Literal["terminal", "per-step"] = "terminal"
    """1 on success and else 0, or -1 until success."""

    @property
    def ticks(self) -> int:
        """Control periods in one action."""
        return self.control_rate // self.rate

    def tightened(self) -> Preset:
        """Return the task with slightly smaller limits, for commands that are filtered once more.

        What keeps them keeps the task's own as well when somebody knows the commands alone, and
        has to conclude from them how fast the arms are.
        """
        arms = []
        for arm in self.arms:
            limits = arm.safety
            update: dict[str, Any] = {name: TIGHT * getattr(limits, name) for name in RATES}
            for name, sign in (("low", 1.0), ("high", -1.0)):
                moved = [value + sign * INSIDE for value in getattr(limits, name)]
                inward = max if sign < 0 else min
                home = arm.home.position
                update[name] = tuple(inward(m, h) for m, h in zip(moved, home, strict=True))
            update["rotation"] = tuple(TIGHT * angle for angle in limits.rotation)
            arms.append(arm.model_copy(update={"safety": limits.model_copy(update=update)}))
        return self.model_copy(update={"arms": tuple(arms)})

    def untracked(self) -> Preset:
        """Return the task observed without what a tracker reports.

        Raises:
            ConfigurationError: Nothing would be left.
        """
        parts = tuple(part for part in self.observation if part not in TRACKED)
        if not parts:
            raise ConfigurationError(
                f"The preset {self.name} must observe something of the robot itself. Got: "
                f"{', '.join(self.observation)}. Add position and gripper."
            )
        return self.model_copy(update={"observation": parts})

    @field_validator("action", "observation", "objects", "cameras")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"must name everything once; got {', '.join(twice)} twice")
        return names

    @field_validator("noise", mode="before")
    @classmethod
    def _start_of_the_flow(cls, noise: Any) -> str | None:
        return None if noise is None else str(FlowNoise.parse(noise).known())

    @model_validator(mode="after")
    def _fits_together(self) -> Preset:
        if self.control_rate % self.rate:
            raise ValueError(
                f"control_rate must be a multiple of rate, {self.rate}; got {self.control_rate}; "
                f"try {self.rate * max(1, round(self.control_rate / self.rate))}"
            )
        stated_delay(self.inference, self.delay, self.rate)
        if self.n_action_steps and self.horizon and self.n_action_steps > self.horizon:
            raise ValueError(
                f"n_action_steps must be at most horizon, {self.horizon}; got {self.n_action_steps}"
            )
        for group in EXCLUSIVE:
            if len(said := [part for part in self.action if part in group]) > 1:
                raise ValueError(f"action must have one of {', '.join(group)}; got {said}")
        self._check_deltas()
        observed = self.pictures.cameras if self.pictures else ()
        if strange := [name for name in observed if name not in self.cameras]:
            raise ValueError(
                f"pictures.cameras must be among cameras, {', '.join(self.cameras) or 'none'}; got "
                f"{', '.join(strange)}"
            )
        if not self.objects and {*TRACKED} & {*self.observation}:
            raise ValueError("observation names objects, so objects must list some; got none")
        return self

    def _check_deltas(self) -> None:
        """Refuse motions per action that an arm's limits do not allow."""
        for kind, limit in (("position", "velocity"), ("rotation", "angular_velocity")):
            if f"{kind}_delta" in self.action:
                most = min(getattr(arm.safety, limit) for arm in self.arms) / self.rate
                if (scale := getattr(self.action_scale, kind)) > most:
                    raise ValueError(
                        f"action_scale.{kind} must be at most {most:.3g}, {limit} / rate, for "
                        f"{kind}_delta; got {scale:g}"
                    )
