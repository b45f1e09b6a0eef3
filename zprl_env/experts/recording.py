"""Recording: settings of demonstrations to record, of an expert or of a steered policy."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from policies.convert import Conversion
from policies.errors import ZprlError
from policies.foreign.addresses import in_interpreter
from zprl_env import cli
from zprl_env.experts import SKILLS
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.performances import Make

STEERED = "zprl_env.deploy.steered_recording:SteeredStage"
"""Stage of a steered policy; it is looked up by name, as it needs the rooms above this one."""
EXPERTS = ("expert", "skill", "operator_seed", "disturbance")
STEERERS = ("policy", "policy_python", "policy_class", "trust")
"""Options of an expert alone, and of a steered policy alone."""
WITHOUT_RUN = "Lift"
"""Environment if neither one nor a run is given."""


@dataclass(frozen=True)
class Recording:
    """Record demonstrations of a scripted expert, or of a policy that a run has steered.

    Each episode of an expert is performed with its own faults: grasps beside the object, pauses,
    detours, overshoot, closing too early. What one person sees wrongly, they see wrongly in the
    same way in every episode. With --run a trained agent steers its policy instead, and the file
    holds the actions that were executed: a policy of your own can be trained on what the agent has
    learned.

    Written is a robomimic HDF5 file, with failures listed under mask/failure, the others under
    mask/success; or a LeRobotDataset. The same arguments give the same episodes, with any number of
    workers. A recording that was cut off, even by SIGKILL, goes on from its last finished episode
    when the same command is given again.
    """

    out: Path
    """File to write, such as demos/lift.hdf5, or the folder of a LeRobotDataset. It appears only
    when it is complete; until then the finished episodes are in OUT.partial, or
    OUT.hdf5.partial."""
    env: str | None = None
    """Environment to show: a task; or, with --expert, any gymnasium id or module:callable. That of
    --run, and else Lift, if not given."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment, besides the run's own; values are JSON or words."""
    run: str | None = None
    """Steered policy to record: the folder of a run of train_sb3.py (or of several, of which it is
    the newest); a folder that zprl_env.export wrote, or hf://user/name; or 'shipped'."""
    policy: str | None = None
    """Base policy of --run, if it is not where the run found it, or code of your own."""
    policy_python: str | None = None
    """Interpreter that --policy is loaded in, such as ~/lerobot/bin/python."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    trust: bool = False
    """Follow the settings of --run where they name code of your own or an address. Not for a folder
    that somebody sent you."""
    expert: str | None = None
    """module:Class of an expert of your own (a zprl_env.experts.Expert); the task's own if not
    given."""
    episodes: int = 50
    """Episodes to perform."""
    seed: int = 0
    """0 to 99. Episode i begins from the environment's seed 10000 * SEED + i: no two recordings
    share an episode, and none is among evaluation's, which begin at 1000000."""
    skill: float | Literal["poor", "mixed", "expert"] = "mixed"
    """Skill of the person who performs: 0 fails about every second time, 1 hardly ever does; poor
    is 0, mixed is 0.5, expert is 1.
    """
    operator_seed: int = 0
    """Seed of the person who performs: in which direction their grasps are off, and where on the
    table.
    """
    disturbance: float = 0.0
    """Strength of the pushes and hold-ups that the hands meet while they perform, 1 for
    centimetres. The file then holds what the expert meant at every state, which is not quite what
    was executed.
    """
    successes_only: bool = False
    """Leave failed episodes out of the file; it then holds fewer than EPISODES."""
    cameras: tuple[str, ...] = ()
    """Cameras whose pictures are recorded at every step, such as agentview robot0_eye_in_hand; a
    task that is seen, such as Lift-Pixels, has usual ones, and a policy that sees its own."""
    image_size: int | None = None
    """Height and width of the pictures [pixels]; 84 if not given."""
    render_quality: Literal["fast", "full"] | None = None
    """Quality of the pictures: fast, if not given, has no shadows, reflections, multisamples."""
    format: Literal["hdf5", "lerobot", "lerobot-v2.1"] = "hdf5"
    """Format to write: robomimic's HDF5, or a LeRobotDataset, v3.0 or v2.1. Others, and videos in
    place of PNG: python -m policies.convert, of the HDF5 file."""
    fps: float | None = None
    """Steps per second, for a LeRobotDataset; the environment's own if not given."""
    instruction: str | None = None
    """Task in words, for a LeRobotDataset; the environment's name if not given."""
    workers: Annotated[int, tyro.conf.arg(aliases=["-j"])] = 1
    """Processes to record with."""
    overwrite: bool = False
    """Replace OUT if it exists."""

    def __post_init__(self) -> None:
        for name in ("episodes", "workers"):
            if getattr(self, name) < 1:
                raise ZprlError(f"{name} must be at least 1. Got: {getattr(self, name)}")
        if not 0.0 <= self.disturbance <= 5.0:
            raise ZprlError(f"disturbance must lie in [0, 5]. Got: {self.disturbance}")
        self._refuse(EXPERTS if self.run else STEERERS)
        if self.format == "hdf5" and (self.fps or self.instruction):
            raise ZprlError(
                "fps and instruction must be given for a LeRobotDataset alone. Got: format hdf5. "
                "Try --format lerobot."
            )
        object.__setattr__(self, "policy", in_interpreter(self.policy, self.policy_python))
        object.__setattr__(self, "policy_python", None)
        if self.run is None and self.env is None:
            object.__setattr__(self, "env", WITHOUT_RUN)

    def _refuse(self, names: tuple[str, ...]) -> None:
        """Refuse options that have no effect, with or without a run."""
        usual = {field.name: field.default for field in fields(self)}
        given = [name for name in names if getattr(self, name) != usual[name]]
        if given:
            who = "a scripted expert, which --run takes the place of" if self.run else "--run"
            raise ZprlError(
                f"{', '.join(given)} must come with {who}. Got: {getattr(self, given[0])}. "
                "Leave one of them out."
            )

    @property
    def settings(self) -> dict[str, Any]:
        """All that the episodes follow from, as the file keeps it; of a run, what was given."""
        said: dict[str, Any] = {"env": self.env, "episodes": self.episodes, "seed": self.seed}
        if self.run is None:
            said |= {
                "skill": self._skill,
                "operator_seed": self.operator_seed,
                "disturbance": self.disturbance,
            }
        said["successes_only"] = self.successes_only
        # Only what is not usual, so that recordings that were begun before these existed go on.
        own = {
            "env_kwargs": cli.settings(self.env_kwargs),
            "expert": self.expert,
            "cameras": list(self.cameras),
            "image_size": self.image_size,
            "render_quality": self.render_quality,
        }
        return said | {name: value for name, value in own.items() if value}

    @property
    def make(self) -> Make:
        """Maker of the stage; it travels to other processes."""
        sight = {
            "cameras": self.cameras,
            "image_size": self.image_size,
            "render_quality": self.render_quality,
        }
        env_kwargs = cli.settings(self.env_kwargs)
        if self.run is not None:
            steered = pkgutil.resolve_name(STEERED)
            own = {name: getattr(self, name) for name in ("policy", "policy_class", "trust")}
            return partial(steered, self.run, env=self.env, env_kwargs=env_kwargs, **own, **sight)
        expert: dict[str, Any] = {"expert": self.expert, "env_kwargs": env_kwargs, **sight}
        who = self._skill, operator_for(self.operator_seed), self.disturbance
        return partial(Stage, self.env or WITHOUT_RUN, *who, **expert)

    @property
    def _skill(self) -> float:
        return SKILLS[self.skill] if isinstance(self.skill, str) else self.skill

    @property
    def file(self) -> Path:
        """HDF5 file that is recorded; in place of a dataset it never appears under this name."""
        hdf5 = self.format == "hdf5"
        return self.out if hdf5 else self.out.with_name(f"{self.out.name}.hdf5")

    def conversion(self, recorded: Path, rate: float | None) -> Conversion | None:
        """Return what turns a recorded file into the format that is wanted; None for HDF5.

        Args:
            recorded: The HDF5 file.
            rate: Steps per second of the environment, if it states them.
        """
        if self.format == "hdf5":
            return None
        return Conversion(
            str(recorded),
            str(self.out),
            format=self.format,
            fps=self.fps or rate,
            task=self.instruction,
            overwrite=self.overwrite,
        )
