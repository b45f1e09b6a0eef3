"""Generator of actions that was trained elsewhere: the contract of a torch policy of one's own."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from policies.encoding import Observations
from policies.errors import PolicyMismatchError

SIZES = ("action_dim", "horizon", "n_action_steps")
"""Sizes that a generator has to say, each at least 1."""


class ForeignGenerator(Protocol):
    """A torch policy that was trained elsewhere: how it embeds, generates, and what it learned by.

    Any object with these members is one; nothing has to be inherited. Everything is batch first
    and made of tensors. Normalisation, units, the names of pictures and the history are its own
    affair: observations come in as the environment shows them, actions go out in its units.

    It may have more, each of which has a usual value:

    * ``observation_dim``: size O of the flat observation, which is then checked.
    * ``n_obs_steps`` (1): observations of so many steps, the newest last, come in together, with
      an axis of that size after the batch's.
    * ``cameras`` and ``picture_settings``: what it sees through; then a batch is a mapping.
    * ``observe(observations)``: makes the batch that ``embed`` takes of arrays, as the environment
      shows them; usually they become tensors as they are.
    * ``noise_shape`` (``(horizon, action_dim)``): of the noise of one row.
    * ``past_actions`` (0): actions before the present one that its loss is computed with: chunks
      of ``past_actions + horizon`` are given to it.
    * ``summarize(condition)``: what the agent is shown in place of the condition, shape
      ``(B, S)``; a condition may then be anything, tokens or a cache.
    * ``latent_dim``: size of a latent of its own, zero when it is left alone, which then is the
      third argument of ``generate``. It needs ``summarize``.
    * ``reset(indices)``: told which environments begin an episode, if it remembers; ``embed`` then
      has a second argument, the environments' numbers.
    * ``observation_ranges`` and ``action_ranges``: :class:`~policies.meaning.ranges.Ranges` of one
      step's flat observation and of an action in training, which an environment's are compared
      with; ``observation_names``, to tell its numbers by. With a bottleneck that was fitted they
      are the demonstrations', unless given.
    * ``metadata``: JSON of what it is, for cards and runs; ``rate`` in it is that of the data, in
      steps per second.

    Attributes:
        action_dim: Size A of one environment action.
        horizon: Number H of actions in a chunk, from the present one on.
        n_action_steps: Number of them that are executed before the next decision.
    """

    action_dim: int
    horizon: int
    n_action_steps: int

    def embed(self, batch: Any) -> Any:
        """Turn observations into what actions are generated from.

        Args:
            batch: Flat observations, shape ``(B, O)``; or, of a generator that sees, ``state`` of
                that shape and each camera's frames, uint8 of shape ``(B, H, W, 3)``, by name; or
                what its own ``observe`` made of these.

        Returns:
            The condition. Shape ``(B, C)``.
        """
        ...

    def generate(self, condition: Any, noise: Any) -> Any:
        """Generate chunks in the environment's units, from noise that is N(0, I) in training.

        Args:
            condition: As :meth:`embed` returns it.
            noise: Shape ``(B, *noise_shape)``. Nothing else may be left to chance.

        Returns:
            Shape ``(B, horizon, A)``.
        """
        ...

    def loss(self, condition: Any, actions: Any) -> Any:
        """Compute the loss that it was trained by, a mean over the batch.

        A bottleneck is fitted by it: gradients pass through to the condition. One that is only
        ever steered by its noise may leave it out.

        Args:
            condition: Shape ``(B, C)``.
            actions: Demonstrated chunks in the environment's units, past ones first. Shape
                ``(B, past_actions + horizon, A)``.
        """
        ...


class Sizes(NamedTuple):
    """Sizes of a generator, read and checked."""

    action_dim: int
    horizon: int
    n_action_steps: int
    n_obs_steps: int
    past_actions: int
    latent_dim: int
    noise_shape: tuple[int, int]


def read_sizes(generator: Any) -> Sizes:
    """Read the sizes of a generator.

    Raises:
        PolicyMismatchError: Something is missing or impossible; every fault is named.

    Example:
        >>> from types import SimpleNamespace
        >>> read_sizes(SimpleNamespace(horizon=4, n_action_steps=8, embed=print))
        Traceback (most recent call last):
        policies.errors.PolicyMismatchError: A generator must be one of policies.foreign... Got: ...
    """
    if faults := [*_faults(generator)]:
        name = type(generator).__name__
        raise PolicyMismatchError(
            f"A generator must be one of policies.foreign.generator.ForeignGenerator. Got: {name}, "
            f"where {'; '.join(faults)}."
        )
    horizon, width = int(generator.horizon), int(generator.action_dim)
    rows, numbers = getattr(generator, "noise_shape", (horizon, width))
    return Sizes(
        width,
        horizon,
        int(generator.n_action_steps),
        int(getattr(generator, "n_obs_steps", 1)),
        int(getattr(generator, "past_actions", 0)),
        int(getattr(generator, "latent_dim", 0)),
        (int(rows), int(numbers)),
    )


def batch_of(generator: Any, observations: Observations) -> Any:
    """Make the batch that a generator's ``embed`` takes of an environment's observations.

    Args:
        generator: The generator.
        observations: Shape ``(B, O)``, or arrays by name.
    """
    if callable(observe := getattr(generator, "observe", None)):
        return observe(observations)
    if isinstance(observations, Mapping):
        return {name: torch.tensor(part) for name, part in observations.items()}
    return torch.tensor(np.asarray(observations, np.float32))


def _faults(generator: Any) -> Iterator[str]:
    if isinstance(generator, type):
        yield f"it is the class: give an instance, {generator.__name__}(...)"
        return
    least = dict.fromkeys(SIZES, 1) | {"n_obs_steps": 1, "past_actions": 0, "latent_dim": 0}
    for name, smallest in least.items():
        if not hasattr(generator, name):
            if name in SIZES:
                yield f"{name} is missing"
        elif not _whole(getattr(generator, name), smallest):
            got = getattr(generator, name)
            yield f"{name} must be an integer of at least {smallest}, got {got!r}"
    if _whole(getattr(generator, "horizon", 0), 1):
        executed = getattr(generator, "n_action_steps", 1)
        if _whole(executed, generator.horizon + 1):
            yield f"n_action_steps must be at most the horizon {generator.horizon}, got {executed}"
    shape = getattr(generator, "noise_shape", (1, 1))
    pair = isinstance(shape, tuple | list) and len(shape) == 2
    if not pair or not all(_whole(size, 1) for size in shape):
        yield f"noise_shape must be two sizes, rows and numbers, got {shape!r}"
    for name in ("embed", "generate"):
        if not callable(getattr(generator, name, None)):
            yield f"{name} is missing"
    if getattr(generator, "latent_dim", 0) and not hasattr(generator, "summarize"):
        yield "latent_dim needs summarize(condition), which is missing"


def _whole(value: object, least: int) -> bool:
    try:
        return not isinstance(value, bool) and operator.index(value) >= least  # type: ignore[arg-type]
    except TypeError:
        return False
