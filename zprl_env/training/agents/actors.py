"""Policy classes, one per algorithm, whose actors start at the base policy.

What Stable-Baselines3 calls a policy is an actor with its critics. These are its own, and
sb3-contrib's, with a few options more; ``train_sb3.py`` and RL Zoo's YAML files name the same ones.
"""

from __future__ import annotations

from typing import Any

import sb3_contrib.crossq.policies as crossq
import sb3_contrib.tqc.policies as tqc
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common import policies
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import create_mlp
from stable_baselines3.sac import policies as sac
from stable_baselines3.td3 import policies as td3
from torch import nn

from zprl_env.training.agents.choosing import Choosing
from zprl_env.training.agents.critics.inputs import Inputs
from zprl_env.training.agents.critics.samples import Samples
from zprl_env.training.agents.networks import ClippedAdam, EnsembleCritic, start_at_base_policy

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}
"""Activation functions by name."""
LOG_STD_MIN, LOG_STD_MAX = -20.0, 2.0
"""Stable-Baselines3's own bounds."""


class OffPolicy(BasePolicy):
    """Mixin with the options of every off-policy policy, before Stable-Baselines3's class."""

    def __init__(
        self,
        *args: Any,
        actor_init: float = 0.01,
        max_grad_norm: float | None = None,
        activation: str = "relu",
        **kwargs: Any,
    ) -> None:
        """Add to Stable-Baselines3's arguments.

        Args:
            *args: Stable-Baselines3's.
            actor_init: What the first weights of the actor's output are multiplied by.
            max_grad_norm: Largest norm of the actor's and of the critics' gradient; ``None`` clips
                neither.
            activation: Name of the activation function: a key of ``ACTIVATIONS``.
            **kwargs: Stable-Baselines3's.
        """
        self.own: dict[str, Any] = {"actor_init": actor_init, "max_grad_norm": max_grad_norm}
        self.own["activation"] = activation
        if activation != "relu":
            kwargs["activation_fn"] = ACTIVATIONS[activation]
        optimizer: dict[str, Any] = {} if "optimizer_class" in kwargs else {"fused": True}
        optimizer |= kwargs.pop("optimizer_kwargs", None) or {}
        if max_grad_norm is not None:
            kwargs["optimizer_class"] = ClippedAdam
            optimizer["max_grad_norm"] = max_grad_norm
        super().__init__(*args, optimizer_kwargs=optimizer, **kwargs)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | self.own


class Gaussian(Choosing, OffPolicy):
    """Mixin with the options of actors of a squashed Gaussian: SAC's, TQC's and CrossQ's."""

    def __init__(
        self,
        *args: Any,
        log_std_min: float = LOG_STD_MIN,
        log_std_max: float = LOG_STD_MAX,
        actor_layer_norm: bool = False,
        **kwargs: Any,
    ) -> None:
        """Add bounds of the log standard deviation, which Stable-Baselines3 holds in [-20, 2].

        Args:
            *args: Stable-Baselines3's.
            log_std_min: Lower bound.
            log_std_max: Upper bound.
            actor_layer_norm: Layer normalisation in the actor; not of CrossQ, which has its own.
            **kwargs: Stable-Baselines3's.
        """
        self.log_std_bounds = (log_std_min, log_std_max)
        self.actor_layer_norm = actor_layer_norm
        super().__init__(*args, **kwargs)
        self.own |= {"log_std_min": log_std_min, "log_std_max": log_std_max}
        self.own |= {"actor_layer_norm": actor_layer_norm}

    def make_actor(self, features_extractor: Any = None) -> Any:
        """Build the actor; see Stable-Baselines3."""
        actor = super().make_actor(features_extractor)
        if self.actor_layer_norm:
            sizes = actor.features_dim, -1, actor.net_arch, actor.activation_fn
            layers = create_mlp(*sizes, post_linear_modules=[nn.LayerNorm])
            actor.latent_pi = nn.Sequential(*layers).to(self.device)
        factor = self.own["actor_init"]
        start_at_base_policy(actor.mu[0] if actor.use_sde else actor.mu, factor)
        if not actor.use_sde:
            start_at_base_policy(actor.log_std, factor)
            # Which Stable-Baselines3 gives to gSDE alone.
            nn.init.constant_(actor.log_std.bias, actor.log_std_init)
            if self.log_std_bounds != (LOG_STD_MIN, LOG_STD_MAX):
                actor.log_std = nn.Sequential(actor.log_std, nn.Hardtanh(*self.log_std_bounds))
        return actor


class EnsembleCritics(BasePolicy):
    """Mixin with the option of an :class:`EnsembleCritic`, for SAC's and TD3's policies."""

    def __init__(
        self,
        *args: Any,
        layer_norm: bool = False,
        squash_q: bool = False,
        pull: float = 0.0,
        target_critics: int = 0,
        **kwargs: Any,
    ) -> None:
        """Add to Stable-Baselines3's arguments.

        Args:
            *args: Stable-Baselines3's.
            layer_norm: Use the ensemble, which is layer-normalised.
            squash_q: Keep its Q between 0 and 1.
            pull: Weight of the mean squared action, which the actor's loss then has besides.
            target_critics: Critics, drawn anew each time, whose least is the target, as in REDQ;
                the actor then goes by the mean of all. 0 takes the least of all for both.
            **kwargs: Stable-Baselines3's.
        """
        self.layer_norm = layer_norm
        self.target_critics = target_critics
        self.ensemble: dict[str, Any] = {
            "squash": squash_q,
            "pull": pull,
            "averaged": target_critics > 0,
        }
        super().__init__(*args, **kwargs)
        self.own |= {"layer_norm": layer_norm, "squash_q": squash_q}
        self.own |= {"pull": pull, "target_critics": target_critics}

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        if self.layer_norm:
            self.critic_target.subset = self.target_critics

    def make_critic(self, features_extractor: Any = None) -> Any:
        """Build the critics; see Stable-Baselines3."""
        if not self.layer_norm:
            return super().make_critic(features_extractor)
        kwargs = self._update_features_extractor(self.critic_kwargs, features_extractor)
        return EnsembleCritic(**kwargs, **self.ensemble).to(self.device)


class SACPolicy(Samples, Inputs, EnsembleCritics, Gaussian, sac.SACPolicy):
    """Policy class of SAC."""


class TQCPolicy(Inputs, Gaussian, tqc.TQCPolicy):
    """Policy class of TQC."""


class CrossQPolicy(Inputs, Gaussian, crossq.CrossQPolicy):
    """Policy class of CrossQ with its momentum kept: sb3-contrib's loses it with any option."""

    def __init__(
        self, *args: Any, optimizer_kwargs: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Take the arguments of :class:`Gaussian`."""
        optimizer = {"betas": (0.5, 0.999)} | (optimizer_kwargs or {})
        super().__init__(*args, optimizer_kwargs=optimizer, **kwargs)


class TD3Policy(EnsembleCritics, OffPolicy, td3.TD3Policy):
    """Policy class of TD3."""

    def make_actor(self, features_extractor: Any = None) -> Any:
        """Build the actor; see Stable-Baselines3."""
        actor = super().make_actor(features_extractor)
        start_at_base_policy(actor.mu[-2], self.own["actor_init"])  # a tanh follows
        return actor


class OnPolicy(BasePolicy):
    """Mixin with the option of every on-policy policy, before Stable-Baselines3's class."""

    def __init__(self, *args: Any, actor_init: float = 0.01, **kwargs: Any) -> None:
        """Add the factor on the first weights of the actor's output to the arguments."""
        self.actor_init = actor_init
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        start_at_base_policy(self.action_net, self.actor_init)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        own = {"actor_init": self.actor_init}
        return super()._get_constructor_parameters() | own


class ActorCriticPolicy(OnPolicy, policies.ActorCriticPolicy):
    """Policy class of PPO and TRPO."""


class LstmPolicy(OnPolicy, RecurrentActorCriticPolicy):
    """Policy class of RecurrentPPO: an LSTM for actor and one for critic, before their layers."""
