"""Quality of a demonstration: its random faults, drawn the way people differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from policies.errors import ZprlError

SKILLS = {"poor": 0.0, "mixed": 0.5, "expert": 1.0}
"""Names for points on the scale of skill."""


@dataclass(frozen=True)
class Demonstrator:
    """The habits one person keeps over all their demonstrations.

    What a person sees wrongly they see wrongly in the same way every time: the error is a function
    of where the object lies, so imitation learns it and a small correction per state undoes it.

    Attributes:
        bias: Where the grasp lands beside the object, everywhere alike; x, y, z. [m]
        bias_slope: Growth of that error with the object's displacement (x, y) from the middle of
            the workspace; the rows (x, y) of a 2 x 2 matrix. [m/m]
        tempo: Habitual speed relative to other people's.
        alignment: Share of the turn towards the object's sides that this person bothers to make.
    """

    bias: tuple[float, float, float]
    bias_slope: tuple[float, float, float, float]
    tempo: float
    alignment: float

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Demonstrator:
        """Draw a person; ``sample_quality`` scales their habits by their lack of skill."""
        angle = rng.uniform(-np.pi, np.pi)
        reach = rng.uniform(0.023, 0.028)
        # Seen from one side, depth is compressed along one line of sight and right across it.
        sight = rng.uniform(-np.pi, np.pi)
        line = np.array([np.cos(sight), np.sin(sight)])
        slope = rng.choice([-1.0, 1.0]) * rng.uniform(0.7, 1.0) * np.outer(line, line)
        return cls(
            bias=(reach * np.cos(angle), reach * np.sin(angle), rng.uniform(0.002, 0.008)),
            bias_slope=(slope[0, 0], slope[0, 1], slope[1, 0], slope[1, 1]),
            tempo=rng.uniform(0.8, 1.1),
            alignment=rng.uniform(0.2, 0.7),
        )


@dataclass(frozen=True)
class Quality:
    """Faults of one demonstration: everything imperfect about it; by default there are none.

    An expert is deterministic given this and the observations: all chance is drawn here, once per
    episode. Faults are held for whole episodes or phases, unlike white noise on the actions.

    Attributes:
        grasp_offset: Where the grasp is aimed relative to the object; x, y, z. [m]
        offset_slope: Growth of that offset with the object's displacement (x, y) from the middle
            of the workspace; the rows (x, y) of a 2 x 2 matrix. [m/m]
        alignment: Share of the turn towards the object's sides that is made, in [0, 1].
        speed: Largest command while moving, as a share of the controller's range, in (0, 1].
        pause_steps: Control steps of hesitation before the descent ends; 0 for none.
        pause_height: Height above the grasp at which the hesitation happens. [m]
        overshoot: Distance by which the first approach goes past its goal before it returns. [m]
        detour: First waypoint, relative to the straight way's middle; x, y, z. Zero for none. [m]
        close_early: Distance before the grasp at which the fingers start to close. [m]
        close_delay: Control steps of waiting at the grasp before the fingers close.
        regrasps: How often a held object is put down and grasped again.
        correction: Share of the misjudgement that is noticed and removed after a miss, in [0, 1].
        attempts: Grasps tried before giving up.

    Example:
        >>> Quality(speed=0.0)
        Traceback (most recent call last):
        ...
        policies.errors.ZprlError: speed must lie in (0, 1]. Got: 0.0
    """

    grasp_offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset_slope: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    alignment: float = 1.0
    speed: float = 0.7
    pause_steps: int = 0
    pause_height: float = 0.04
    overshoot: float = 0.0
    detour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    close_early: float = 0.0
    close_delay: int = 0
    regrasps: int = 0
    correction: float = 1.0
    attempts: int = 5

    def __post_init__(self) -> None:
        if not 0.0 < self.speed <= 1.0:
            raise ZprlError(f"speed must lie in (0, 1]. Got: {self.speed}")
        for name in ("alignment", "correction"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ZprlError(f"{name} must lie in [0, 1]. Got: {getattr(self, name)}")
        for name in ("pause_steps", "close_delay", "regrasps", "attempts"):
            if getattr(self, name) < 0:
                raise ZprlError(f"{name} must not be negative. Got: {getattr(self, name)}")

    def misjudgement(self, displacement: np.ndarray) -> np.ndarray:
        """Return how far beside the object the grasp is aimed [m].

        Args:
            displacement: Where the object lies, from the middle of the workspace. Shape ``(2,)``
                or longer; only x and y count. [m]

        Returns:
            The error of the aim. Shape ``(3,)``.

        Example:
            >>> Quality(grasp_offset=(0.01, 0.0, 0.0)).misjudgement(np.zeros(2)).tolist()
            [0.01, 0.0, 0.0]
        """
        error = np.array(self.grasp_offset)
        error[:2] += np.reshape(self.offset_slope, (2, 2)) @ displacement[:2]
        return error


def sample_quality(
    rng: np.random.Generator, skill: float = 0.5, operator: Demonstrator | None = None
) -> Quality:
    """Draw the quality of one episode.

    Args:
        rng: Source of all chance.
        skill: 0 for somebody who fails about every second time, 1 for somebody who nearly never
            does. Habits, and how often something goes wrong, shrink with the cube root of
            ``1 - skill``.
        operator: Whose habits; ``None`` draws a new person for this episode alone.

    Returns:
        The episode's quality.

    Raises:
        ZprlError: If ``skill`` lies outside [0, 1].

    Example:
        >>> import numpy as np
        >>> sample_quality(np.random.default_rng(0), skill=1.0).grasp_offset
        (0.0, 0.0, 0.0)
    """
    if not 0.0 <= skill <= 1.0:
        raise ZprlError(f"skill must lie in [0, 1]. Got: {skill}")
    # A hand opens twice as wide as the cube, so small faults cost nothing; the root makes success
    # fall about evenly with skill.
    lack = float(np.cbrt(1.0 - skill))
    person = Demonstrator.sample(rng) if operator is None else operator

    def happens(probability: float) -> bool:
        return bool(rng.random() < lack * probability)

    scatter = lack * rng.normal(0.0, (0.003, 0.003, 0.002))
    offset = lack * np.array(person.bias) + scatter
    detour = rng.uniform((-0.05, -0.10, -0.03), (0.05, 0.10, 0.06))
    pause_steps, pause_height = int(rng.integers(4, 16)), float(rng.uniform(0.01, 0.08))
    overshoot, close_early = float(rng.uniform(0.01, 0.03)), float(rng.uniform(0.005, 0.025))
    return Quality(
        grasp_offset=(float(offset[0]), float(offset[1]), float(max(offset[2], 0.0))),
        offset_slope=(
            lack * person.bias_slope[0],
            lack * person.bias_slope[1],
            lack * person.bias_slope[2],
            lack * person.bias_slope[3],
        ),
        alignment=1.0 - lack * (1.0 - person.alignment),
        speed=float(np.clip(person.tempo * (0.75 - 0.25 * lack * rng.random()), 0.1, 1.0)),
        pause_steps=pause_steps if happens(0.5) else 0,
        pause_height=pause_height,
        overshoot=overshoot if happens(0.4) else 0.0,
        detour=(float(detour[0]), float(detour[1]), float(detour[2]))
        if happens(0.4)
        else (0.0, 0.0, 0.0),
        close_early=close_early if happens(0.3) else 0.0,
        close_delay=int(rng.integers(1, 8)) if happens(0.5) else 0,
        regrasps=int(happens(0.15)),
        correction=max(0.0, 1.0 - lack * float(rng.uniform(1.0, 1.5))),
        attempts=int(rng.integers(1, 3)) if happens(0.5) else 5,
    )
