"""The preset of a robot task: arms, rates, limits and layout, checked before anything moves."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from real.robot import Space
from real.tasks.arm import ArmPreset, Count, Home, Limits, Name, Part, PerJoint, Positive
from zprl_env.ahead.delay import Inference, stated_delay
from zprl_env.errors import ConfigurationError
from zprl_env.options.noise import FlowNoise

ActionPart: TypeAlias = Literal[
    "position",
    "quaternion",
    "rotation_vector",
    "position_delta",
    "rotation_delta",
    "joints",
    "joint_delta",
    "gripper",
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
    "joint_velocities",
    "objects",
    "object_positions",
]
__all__ = ["TRACKED", "ArmPreset", "Home", "Limits", "Preset", "Watchdog"]

TRACKED = ("objects", "object_positions")
"""Parts of an observation that a tracker reports."""
JOINT_PARTS = ("joints", "joint_delta")
"""Parts of an action that command joints; all others but the gripper command poses."""
EXCLUSIVE = (
    ("position", "position_delta"),
    ("quaternion", "rotation_vector", "rotation_delta"),
    JOINT_PARTS,
)
"""Parts of an action that exclude each other: they say the same in different ways."""


class Watchdog(Part):
    """The watchdog's limits, beyond which the arms are stopped."""

    max_state_age: Positive = 0.25
    """A measurement is stale after this [s]."""
    max_missed_deadlines: Count = 6
    """Control periods in a row that may pass without a command while the arms move."""
    max_tracking_error: Positive = 0.1
    """Distance between where an arm was sent and where it is [m]."""
    max_tracking_rotation: Positive = 0.6
    """Angle between how an arm was sent and how it is turned [rad]."""
    max_tracking_joints: Positive = 0.3
    """Angle between where a joint was sent and where it is, where joints are commanded [rad]."""
    max_picture_age: Positive = 0.5
    """A camera's newest picture is stale after this, by the time of its capture [s]."""
    max_equal_pictures: Count = 10
    """Pictures in a row, equal to the byte, after which a camera counts as frozen."""


class ActionScale(Part):
    """The length of an action of 1, in metres and radians, or the arm's unit of angle."""

    position: Positive = 0.5
    """From home, for ``position``; from where the arm was sent last, for ``position_delta`` [m]."""
    rotation: Positive = 1.0
    """Likewise for ``rotation_vector`` and ``rotation_delta`` [rad]."""
    joints: PerJoint | None = None
    """Likewise for ``joints`` and ``joint_delta``, which need it: one number or one per joint
    [arms' units]."""

    @model_serializer(mode="wrap")
    def _said(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write down what is said: policies for poses know of no joints."""
        return {name: value for name, value in serialized(self).items() if value is not None}


class ObservedPictures(Part):
    """The pictures that are observed."""

    cameras: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Cameras by name, in order."""
    image_size: Count | tuple[Count, Count] = 84
    """Height and width [pixels], or one number for both."""


class Preset(Part):
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

    @property
    def space(self) -> Space:
        """Space that the arms are commanded in: ``"pose"``, or ``"joints"``."""
        return "joints" if {*JOINT_PARTS} & {*self.action} else "pose"

    def tightened(self) -> Preset:
        """Return the task with slightly smaller limits, for commands that are filtered once more.

        What keeps them keeps the task's own as well when somebody knows the commands alone, and
        has to conclude from them how fast the arms are.
        """
        arms = [
            arm.model_copy(update={"safety": arm.safety.tightened(arm.home)}) for arm in self.arms
        ]
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
        self._check_space()
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

    def _check_space(self) -> None:
        """Refuse what does not say all that commanding poses, or joints, needs."""
        if self.space == "pose":
            for number, arm in enumerate(self.arms):
                arm.check_pose(f"arms.{number}.")
            return
        poses = [part for part in self.action if part not in (*JOINT_PARTS, "gripper")]
        if poses:
            raise ValueError(
                f"action must command either joints or poses; got {', '.join(self.action)}; try "
                "joints, gripper"
            )
        for number, arm in enumerate(self.arms):
            arm.check_joints(f"arms.{number}.")
        if len(counts := {arm.joints for arm in self.arms}) > 1:
            raise ValueError(
                f"all arms must have as many joints where joints are commanded; got {counts}"
            )
        scale, joints = self.action_scale.joints, self.arms[0].joints
        if scale is None:
            raise ValueError("action_scale.joints is missing, which an action of joints needs")
        if isinstance(scale, tuple) and len(scale) != joints:
            raise ValueError(
                f"action_scale.joints must be one number or {joints}, one per joint; got "
                f"{len(scale)}"
            )

    def _check_deltas(self) -> None:
        """Refuse motions per action that an arm's limits do not allow."""
        if "joint_delta" in self.action:
            for arm in self.arms:
                scales = arm.per_joint(self.action_scale.joints or 1.0)
                most = arm.joint_limits.velocity / self.rate
                if (scales > most * (1.0 + 1e-9)).any():
                    raise ValueError(
                        f"action_scale.joints must be at most velocity / rate for joint_delta, "
                        f"{(most / arm.unit).round(4).tolist()}; got {self.action_scale.joints}"
                    )
        for kind, limit in (("position", "velocity"), ("rotation", "angular_velocity")):
            if f"{kind}_delta" in self.action:
                most = min(getattr(arm.safety, limit) for arm in self.arms) / self.rate
                if (scale := getattr(self.action_scale, kind)) > most:
                    raise ValueError(
                        f"action_scale.{kind} must be at most {most:.3g}, {limit} / rate, for "
                        f"{kind}_delta; got {scale:g}"
                    )
