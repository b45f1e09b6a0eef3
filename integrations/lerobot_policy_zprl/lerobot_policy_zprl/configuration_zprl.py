"""Configuration of a steered policy, as LeRobot keeps it in ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass, field

from lerobot.configs.policies import PreTrainedConfig
from lerobot.configs.types import NormalizationMode
from lerobot.optim.optimizers import AdamConfig


@PreTrainedConfig.register_subclass("zprl")
@dataclass
class ZprlConfig(PreTrainedConfig):
    """Configuration of a steered policy.

    Attributes:
        n_obs_steps: Observations that one decision needs, of the base policy.
        n_action_steps: Actions of a chunk, all of which are executed.
        steered: Folder of the export, inside of the checkpoint.
        base: Address of the base policy, if the export does not hold it.
        order: Names of the inputs that are no pictures, in the order of the flat observation.
        seed: Of what chance there is; the same for every episode if it is given.
    """

    n_obs_steps: int = 1
    n_action_steps: int = 1
    normalization_mapping: dict[str, NormalizationMode] = field(default_factory=dict)
    steered: str = "steered"
    base: str | None = None
    order: list[str] = field(default_factory=list)
    seed: int | None = None

    @property
    def chunk_size(self) -> int:
        """Number of actions of a chunk."""
        return self.n_action_steps

    def validate_features(self) -> None:
        """Refuse features that cannot be put into the order of the flat observation."""
        states = [name for name, f in self.input_features.items() if f.type.value != "VISUAL"]
        if sorted(states) != sorted(self.order):
            raise ValueError(f"order must name {states}, each once. Got: {self.order}.")

    @property
    def observation_delta_indices(self) -> None:
        """Nothing: it is not trained by LeRobot."""
        return None

    @property
    def action_delta_indices(self) -> list[int]:
        """Steps of a chunk."""
        return list(range(self.n_action_steps))

    @property
    def reward_delta_indices(self) -> None:
        """Nothing: it is not trained by LeRobot."""
        return None

    def get_optimizer_preset(self) -> AdamConfig:
        """Return LeRobot's default, which is never used."""
        return AdamConfig()

    def get_scheduler_preset(self) -> None:
        """Return nothing: it is not trained by LeRobot."""
        return None
