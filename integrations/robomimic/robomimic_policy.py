"""robomimic's BC policies as generators: BC, its VAE, and BC-RNN with a mixture of Gaussians.

It is imported in robomimic's own interpreter. Copy it beside a file of yours that says which
checkpoint, and give `--policy my_lift:policy --policy-python ROBOMIMIC/bin/python`:

    from robomimic_policy import load

    def policy():
        return load("bc/models/model_epoch_50.pth")
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Condition(NamedTuple):
    """What an agent is shown, (B, S), and what robomimic's network takes or gave."""

    shown: Tensor
    inside: Any


class Cloned:
    """BC: one action per decision and no chance; steer its actions (`--steer action`)."""

    horizon = n_action_steps = 1

    def __init__(self, policy: Any, stored: dict[str, Any]) -> None:
        self.rollout, self.module = policy, policy.policy.nets
        shapes = stored["shape_metadata"]
        self.action_dim = int(shapes["ac_dim"])
        config = policy.policy.obs_config.modalities.obs
        if any(config[kind] for kind in config if kind != "low_dim"):
            raise ValueError("The policy must see states alone: give its pictures `cameras`.")
        # In the order of the training's settings; robosuite's in ours is the same.
        self.sizes = {key: int(shapes["all_shapes"][key][0]) for key in config["low_dim"]}
        self.observation_dim = sum(self.sizes.values())
        self.metadata = {"observation_keys": self.sizes, "env_args": stored["env_metadata"]}

    def observations(self, batch: Tensor) -> dict[str, Tensor]:
        """(B, O) to robomimic's names, normalised if it was trained so."""
        parts = dict(zip(self.sizes, batch.split([*self.sizes.values()], 1), strict=True))
        for key in parts if (known := self.rollout.obs_normalization_stats) else ():
            mean, std = (torch.tensor(known[key][name]) for name in ("mean", "std"))
            parts[key] = (parts[key] - mean) / std
        return {key: part.float() for key, part in parts.items()}

    def embed(self, batch: Tensor) -> Condition:
        """(B, O) to the observation and robomimic's own form of it."""
        return Condition(batch, self.observations(batch))

    def summarize(self, condition: Condition) -> Tensor:
        """What an agent is shown."""
        return condition.shown

    def generate(self, condition: Condition, noise: Tensor) -> Tensor:
        """The action that the network says; the noise changes nothing."""
        return self.module["policy"](condition.inside)[:, None]


class Variational(Cloned):
    """BC with a VAE: the noise is the draw from its prior, N(0, I), and the latent is added."""

    def __init__(self, policy: Any, stored: dict[str, Any]) -> None:
        super().__init__(policy, stored)
        vae = policy.policy.algo_config.vae
        if vae.prior.learn or vae.prior.use_categorical:
            raise ValueError("The VAE's prior must be N(0, I). Got: a prior that is learned.")
        self.latent_dim, self.clip = int(vae.latent_dim), vae.latent_clip or float("inf")
        self.noise_shape = (1, self.latent_dim)

    def generate(self, condition: Condition, noise: Tensor, latent: Tensor) -> Tensor:
        """The action that the decoder makes of draw and latent."""
        z = noise[:, 0].clamp(-self.clip, self.clip) + latent
        return self.module["policy"](condition.inside, z=z)[:, None]


class Recurrent(Cloned):
    """BC-RNN-GMM: remembers each environment's episode; the noise draws mode and action."""

    def __init__(self, policy: Any, stored: dict[str, Any]) -> None:
        super().__init__(policy, stored)
        settings = policy.policy.algo_config
        if settings.rnn.open_loop:
            raise ValueError("The RNN must see each observation. Got: open_loop.")
        self.renewed, self.modes = int(settings.rnn.horizon), int(settings.gmm.num_modes)
        self.noise_shape = (1, self.modes + self.action_dim)
        self.condition_dim = self.observation_dim + self.modes * (1 + self.action_dim)
        self.memory: dict[int, tuple[int, Any]] = {}

    def reset(self, indices: Iterable[int]) -> None:
        """Forget the episodes of some environments."""
        for index in indices:
            self.memory.pop(int(index), None)

    def embed(self, batch: Tensor, indices: Iterable[int]) -> Condition:
        """(B, O) to the mixture that the network says after what it has seen."""
        seats = [int(index) for index in indices]
        state = [self._state(index) for index in seats]
        joined = _each(lambda *parts: torch.cat(parts, 1), *(hidden for _, hidden in state))
        mixture, after = self.module["policy"].forward_train_step(
            self.observations(batch), rnn_state=joined
        )
        for row, index in enumerate(seats):
            own = _each(lambda part, at=row: part[:, at : at + 1], after)
            self.memory[index] = (state[row][0] + 1, own)
        logits, draws = mixture.mixture_distribution.logits, mixture.component_distribution
        inside = (logits, draws.base_dist.loc, draws.base_dist.scale)
        return Condition(torch.cat([batch, logits, inside[1].flatten(1)], 1), inside)

    def generate(self, condition: Condition, noise: Tensor) -> Tensor:
        """A draw from the mixture, which the noise decides: its first numbers choose the mode."""
        logits, mean, std = condition.inside
        chance, draw = noise[:, 0].split([self.modes, self.action_dim], 1)
        even = torch.special.ndtr(chance).clamp(1e-6, 1 - 1e-6)
        mode = (logits - torch.log(-torch.log(even))).argmax(1)  # Gumbel: as likely as it says
        rows = torch.arange(len(mode))
        return (mean[rows, mode] + std[rows, mode] * draw)[:, None]

    def _state(self, index: int) -> tuple[int, Any]:
        seen, state = self.memory.get(index, (0, None))
        if seen % self.renewed == 0:  # robomimic begins anew after as many steps as it trained on
            state = self.module["policy"].get_rnn_init_state(1, self.rollout.policy.device)
        return seen, state


def _each(function: Any, *states: Any) -> Any:
    """Apply a function to an LSTM's two tensors, or to a GRU's one."""
    if isinstance(states[0], tuple):
        return tuple(function(*parts) for parts in zip(*states, strict=True))
    return function(*states)


KINDS = {"BC": Cloned, "BC_VAE": Variational, "BC_RNN_GMM": Recurrent}


def load(path: str) -> Cloned:
    """Load a checkpoint as robomimic does, which unpickles: only one that you trust."""
    from robomimic.utils import file_utils

    policy, stored = file_utils.policy_from_checkpoint(torch.device("cpu"), path)
    kind = type(policy.policy).__name__
    if kind not in KINDS:
        raise ValueError(f"The algorithm must be one of {', '.join(KINDS)}. Got: {kind}.")
    return KINDS[kind](policy, stored)
