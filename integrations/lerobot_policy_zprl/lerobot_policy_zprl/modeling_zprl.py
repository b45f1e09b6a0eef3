"""Steered policy as a module of LeRobot's: it decides by :class:`zprl_env.SteeredPolicy`."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.configs.policies import PreTrainedConfig
from lerobot.policies.pretrained import PreTrainedPolicy
from torch import Tensor

from lerobot_policy_zprl.configuration_zprl import ZprlConfig


class ZprlPolicy(PreTrainedPolicy):
    """A base policy and the agent that steers it, which take and give the environment's units.

    Args:
        config: Its configuration; ``pretrained_path`` says where its export is.
        steered: The steered policy, if it is loaded already.
    """

    config_class = ZprlConfig
    name = "zprl"

    def __init__(self, config: ZprlConfig, steered: Any = None, **kwargs: Any) -> None:
        super().__init__(config)
        config.validate_features()
        self.config = config
        if steered is None:
            if config.pretrained_path is None:
                raise ValueError(
                    "A steered policy must come from a folder of python -m lerobot_policy_zprl. "
                    "Got: none. Give --policy.path; it cannot be made from nothing."
                )
            steered = _load(Path(config.pretrained_path), config)
        self._steered = steered
        self.reset()

    @classmethod
    def from_pretrained(
        cls, pretrained_name_or_path: str | Path, *, config: Any = None, **kwargs: Any
    ) -> ZprlPolicy:
        """Load a folder that ``python -m lerobot_policy_zprl`` wrote, or a repository of it."""
        folder = _folder(str(pretrained_name_or_path), kwargs.get("revision"))
        if config is None:
            config = PreTrainedConfig.from_pretrained(folder)
        return cls(config, _load(folder, config)).eval()

    def _save_pretrained(self, save_directory: Path) -> None:
        raise NotImplementedError(
            "A steered policy is written by python -m lerobot_policy_zprl, from an export."
        )

    def reset(self) -> None:
        """Begin an episode, in every environment of the batch."""
        self._steered.reset(self.config.seed)
        self._shown: deque[dict[str, np.ndarray]] = deque(maxlen=self.config.n_obs_steps)
        self._waiting: deque[Tensor] = deque()

    @torch.no_grad()
    def select_action(self, batch: dict[str, Tensor], **kwargs: Any) -> Tensor:
        """Return the next action; every ``n_action_steps`` of them a chunk is decided.

        Args:
            batch: Observations by LeRobot's names, batch first.
            **kwargs: Not used.

        Returns:
            Shape ``(B, A)``, in the environment's units.
        """
        self._remember(batch)
        if not self._waiting:
            self._waiting.extend(self._decide(batch).transpose(0, 1))
        return self._waiting.popleft()

    @torch.no_grad()
    def predict_action_chunk(self, batch: dict[str, Tensor], **kwargs: Any) -> Tensor:
        """Decide on a chunk from the observations of now. Shape ``(B, n_action_steps, A)``."""
        self._remember(batch)
        return self._decide(batch)

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Any] | None]:
        """Refuse: a steered policy is trained by train_sb3.py."""
        raise NotImplementedError("A steered policy is trained by reinforcement learning alone.")

    def get_optim_params(self) -> dict[str, Any]:
        """Return nothing to optimise."""
        return {}

    def _remember(self, batch: dict[str, Tensor]) -> None:
        """Take an observation into the history, the first of an episode as often as it needs."""
        shown = self._as_environment(batch)
        self._shown.append(shown)
        while len(self._shown) < self.config.n_obs_steps:
            self._shown.appendleft(shown)

    def _decide(self, batch: dict[str, Tensor]) -> Tensor:
        last: dict[str, np.ndarray] = {}
        for name in self._shown[-1]:
            parts = [shown[name] for shown in self._shown]
            if name == "state":
                last[name] = np.concatenate(parts, axis=1)
                continue
            for ago, part in enumerate(reversed(parts)):
                last[f"{name}-{ago}" if ago else name] = part
        observation = last["state"] if [*last] == ["state"] else last
        chunk = torch.from_numpy(self._steered.predict(observation))
        device = batch[next(iter(self.config.input_features))].device
        return chunk[:, : self.config.n_action_steps].to(device)

    def _as_environment(self, batch: dict[str, Tensor]) -> dict[str, np.ndarray]:
        """Return observations as the environment that was learned in shows them."""
        missing = [name for name in self.config.input_features if name not in batch]
        if missing:
            raise ValueError(
                f"A steered policy must be shown {', '.join(self.config.input_features)}. Got none "
                f"for {', '.join(missing)}; there are {', '.join(map(str, batch))}."
            )
        states = [batch[name].detach().cpu().float().numpy() for name in self.config.order]
        found = {"state": np.concatenate(states, axis=-1)} if states else {}
        for name in self.config.image_features:
            pixels = (batch[name].detach().cpu() * 255).round().to(torch.uint8).numpy()
            found[name.removeprefix("observation.images.")] = np.moveaxis(pixels, -3, -1)
        return found


def _load(folder: Path, config: ZprlConfig) -> Any:
    from zprl_env.deploy.steered_policy import SteeredPolicy

    return SteeredPolicy.load(folder / config.steered, policy=config.base)


def _folder(place: str, revision: str | None) -> Path:
    if Path(place).is_dir():
        return Path(place)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(place, revision=revision))
