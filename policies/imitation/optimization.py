"""One fit in progress: learner, moving average, AdamW and random generator, as one state."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from policies.checkpoints.tensor_file import arrays_hash
from policies.errors import CheckpointError
from policies.imitation.config import BottleneckConfig
from policies.imitation.device import resolve_device
from policies.imitation.picture_samples import PictureSamples
from policies.imitation.samples import Samples
from policies.imitation.unfinished import State, UnfinishedFit
from policies.imitation.versions import versions

_WARMUP_STEPS = 100

Learner = TypeVar("Learner", bound=nn.Module)

AnySamples = Samples | PictureSamples

Loss = Callable[[Learner, Any, Tensor, torch.Generator], Mapping[str, Tensor]]
"""Terms of the loss of a learner on some rows; ``"loss"`` is the one to minimise."""


class TrainingDivergedError(CheckpointError):
    """A loss or weight is no longer a number: nothing that could be saved would act."""


class Optimization(Generic[Learner]):
    """Minimisation of a loss by AdamW on random batches, step by step.

    Args:
        learner: What learns; changed in place.
        config: Settings.
        samples: What it learns from.
        remarks: Lists that are kept with the state.

    Attributes:
        average: The learner with the moving average of its weights.
        losses: The average's losses now and then.
    """

    def __init__(
        self,
        learner: Learner,
        config: BottleneckConfig,
        samples: AnySamples,
        remarks: dict[str, list[Any]],
    ) -> None:
        self.learner, self.config, self.samples = learner, config, samples
        self._device = resolve_device(config.device, isinstance(samples, PictureSamples))
        self.average = copy.deepcopy(learner).requires_grad_(False)
        self.losses: list[dict[str, float]] = []
        self._remarks = {"losses": self.losses, **remarks}
        self._weights: list[Tensor] = [w for w in learner.parameters() if w.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._weights,
            lr=config.learning_rate,
            betas=(0.95, 0.999),
            weight_decay=config.weight_decay,
            fused=True,
        )
        self._generator = torch.Generator(self._device).manual_seed(config.seed)
        pairs = zip(learner.parameters(), self.average.parameters(), strict=True)
        self._averages: list[Tensor] = [mean for weight, mean in pairs if weight.requires_grad]

    def resume(self, title: str, unfinished: UnfinishedFit | None) -> int:
        """Go on from a state that was kept.

        Args:
            title: What the fit is called.
            unfinished: Where it may have been kept.

        Returns:
            Steps that are done.

        Raises:
            ConfigurationError: What was kept is of another fit.
        """
        if unfinished is None:
            return 0
        # What it begins with and learns from, so that no setting has to be thought of.
        start = {name: t.detach().cpu().numpy() for name, t in self.learner.state_dict().items()}
        settings = {
            "what": title,
            **asdict(self.config),
            "initial weights": arrays_hash(start),
            "samples": self.samples.digest(),
            "versions": versions(),
        }
        state = unfinished.begin(settings)
        if state is None:
            return 0
        tensors = state.tensors
        for name, module in (("learner", self.learner), ("average", self.average)):
            module.load_state_dict({k: tensors[f"{name}.{k}"] for k in module.state_dict()})
        described = self._optimizer.state_dict()
        described["state"] = {
            i: {key: tensors[f"optimizer.{i}.{key}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            for i in range(len(self._weights))
        }
        self._optimizer.load_state_dict(described)
        self._generator.set_state(tensors["generator"])
        for name, values in self._remarks.items():
            values[:] = state.facts["remarks"][name]
        return int(state.facts["step"])

    def state(self, step: int) -> State:
        """Return the state after a step."""
        tensors: dict[str, Tensor] = {"generator": self._generator.get_state()}
        for name, module in (("learner", self.learner), ("average", self.average)):
            tensors |= {f"{name}.{k}": tensor for k, tensor in module.state_dict().items()}
        for i, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{key}": tensor for key, tensor in moments.items()}
        return State(tensors, {"step": step, "remarks": self._remarks})

    def step(self, step: int, loss: Loss[Learner]) -> None:
        """Take one gradient step.

        Args:
            step: Its number, from 1.
            loss: The loss.
        """
        config = self.config
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config.steps)
        inputs, targets = self.samples.batch(step, config.batch_size, self._generator)
        total = loss(self.learner, inputs, targets, self._generator)["loss"]
        self._optimizer.zero_grad()
        total.backward()
        self._optimizer.step()
        decay = min(config.ema_decay, step / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self._averages, self._weights, 1 - decay)

    @torch.inference_mode()
    def measure(self, step: int, loss: Loss[Learner]) -> dict[str, float]:
        """Measure the averaged weights' losses, with the same noise each time so that they compare.

        Raises:
            TrainingDivergedError: One is not finite.
        """
        out: dict[str, float] = {"step": step}
        for name, draw in self.samples.measured():
            generator = torch.Generator(self._device).manual_seed(0)
            inputs, targets = draw(generator)
            terms = loss(self.average, inputs, targets, generator)
            out |= {name + term: float(value) for term, value in terms.items()}
        bad = {name: value for name, value in out.items() if not math.isfinite(value)}
        if bad:
            raise TrainingDivergedError(
                f"losses must be finite. Got: {bad} at step {step:,}. The training diverged: try a "
                f"smaller --learning-rate, and look at the demonstrations by policies.inspect."
            )
        self.losses.append(out)
        return out


def _schedule(step: int, steps: int) -> float:
    """Return the learning rate's factor: linear warm-up, then a half cosine to zero."""
    warmup = min(_WARMUP_STEPS, steps // 2 + 1)
    if step < warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
