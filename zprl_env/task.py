"""Task: an environment's row in the table, with the facts that steering and learning need."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from zprl_env.errors import MissingExtraError, ZprlError
from zprl_env.loading.shadowing import hiding


class Facts(NamedTuple):
    """Defaults that follow from the task; every library class and command line takes them here.

    Those of the shipped tasks stand in `zprl_env.tasks.TASKS`, those of a robot's in its preset.
    The class's own are for an environment that nothing is known of: lambda follows from the policy,
    whose flow keeps the noise that it was trained with.
    """

    scale: float | Literal["auto"] = "auto"
    """lambda, the size of the latent's perturbation at the agent's full deflection; ``"auto"`` is
    the rule that needs no measurement (`zprl_env.steering.latent.auto_scale`)."""
    noise: str = "fresh"
    """Start of the flow; ``"fresh"`` is imitation's, ``"zero"`` and ``"fixed:SEED"`` leave nothing
    to chance."""
    gamma: float = 0.99
    """Discount per environment step."""
    n_action_steps: int | None = None
    """Environment steps per decision; ``None`` is the policy's own."""
    horizon: int | None = None
    """Actions of a chunk that a base policy is trained with; ``None`` is the recipe's own."""


UNKNOWN = Facts()
"""Facts of an environment that is no task of the table."""


ROBOMIMIC = ("lift", "can", "square", "transport", "tool_hang")
"""robomimic's names of robosuite's tasks."""
D4RL = ("human", "cloned", "expert")
"""D4RL's data of a hand's task, which it names environments by."""


@dataclass(frozen=True)
class Task:
    """One row of the table of tasks.

    Attributes:
        id: Its gymnasium id.
        suite: Where it comes from; also the name of the extra that brings the simulator. Empty for
            an environment that is not in the table.
        entry_point: ``"module:Class"`` of the environment.
        kwargs: What the class is constructed with; ``"task"`` is the suite's own name of the task.
        max_episode_steps: Control steps after which an episode is truncated; 0 if not known.
        own_limit: Whether the environment truncates by itself, since its options may change the
            limit; otherwise gymnasium's ``TimeLimit`` does.
        facts: Scale, noise, discount and chunk that steering and learning start from.
        facts_file: ``"module:callable"`` that reads such facts from the task's own file; None if
            the task has none.
        observation_dim: Size of the flat observation; 0 if only the environment knows it.
        action_dim: Size of the action; 0 likewise.
        expert: ``"module:Class"`` of the scripted expert, None if nobody can show the task.
    """

    id: str
    suite: str
    entry_point: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    max_episode_steps: int = 500
    observation_dim: int = 0
    action_dim: int = 0
    expert: str | None = None
    own_limit: bool = False
    facts: Facts = UNKNOWN
    facts_file: str | None = None

    @property
    def slug(self) -> str:
        """The id's middle in lower case: the name of files and of the shipped policy.

        Ids that are not this project's keep their version, so that none gets a shipped policy.

        >>> Task("ZPRL-BoxClose-v0", "", "").slug, Task("ZPRL-AdroitHammer-v0", "", "").slug
        ('box-close', 'adroit-hammer')
        >>> Task("Pendulum-v1", "", "").slug, Task("my_lab.envs:make", "", "").slug
        ('pendulum-v1', 'my_lab.envs.make')
        """
        middle = self.id
        if middle.startswith("ZPRL-"):
            middle = middle.removeprefix("ZPRL-").removesuffix("-v0")
        middle = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", middle).lower()
        return middle.replace(":", ".").replace("/", "-")

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names of this very environment: its suite's, robomimic's, the preset's.

        >>> Task("ZPRL-Can-v0", "robosuite", "", {"task": "PickPlaceCan"}).aliases
        ('PickPlaceCan', 'can')
        """
        own = str(self.kwargs.get("task", ""))
        if self.suite == "metaworld":
            return (f"{own}-v3",)
        robomimic = self.slug.replace("-", "_")
        return (own, robomimic) if robomimic in ROBOMIMIC else (own,)

    @property
    def relatives(self) -> tuple[str, ...]:
        """Names of the same task in other environments, which are suggested and not taken.

        >>> Task("ZPRL-AdroitPen-v0", "adroit", "", {"task": "pen"}).relatives[:2]
        ('AdroitHandPen-v1', 'AdroitHandPenSparse-v1')
        """
        own = str(self.kwargs.get("task", ""))
        if self.suite == "metaworld":
            versions = (f"{own}-v1", f"{own}-v2", f"{own}-v2-goal-observable")
            return (*versions, f"Meta-World/{own}-v3", f"metaworld-{own}")
        if self.suite == "adroit":
            hands = (f"AdroitHand{own.title()}{kind}-v1" for kind in ("", "Sparse"))
            return (*hands, *(f"{own}-{data}-v{n}" for data in D4RL for n in range(3)))
        return (f"robosuite/{own}", f"{own}-v0", f"{own}Env") if self.suite == "robosuite" else ()

    def read_facts(self, env_kwargs: Mapping[str, Any] | None = None) -> Facts:
        """Return the task's facts, with those of its own file, such as a robot's preset.

        Args:
            env_kwargs: What the environment is made with besides; its ``task`` is another file.

        Returns:
            The facts; where the file says nothing, those of the table.

        Raises:
            MissingExtraError: What reads the file is not installed.
            ConfigurationError: The file cannot be read, or says something impossible.
        """
        if self.facts_file is None:
            return self.facts
        if self.suite == "real" and (place := hiding("real")):
            raise ZprlError(f"{place} hides the package 'real' of zprl-env. Rename it.")
        try:
            read = pkgutil.resolve_name(self.facts_file)
        except ModuleNotFoundError as error:
            raise MissingExtraError(error.name or self.suite, self.suite) from None
        said: dict[str, Any] = read({**self.kwargs, **(env_kwargs or {})}["task"])
        return self.facts._replace(**{k: v for k, v in said.items() if v is not None})
