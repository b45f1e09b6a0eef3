"""Worker: the body of an actor, some environments stepped as in Stable-Baselines3's DummyVecEnv."""

from __future__ import annotations

import os
import pickle
import traceback
from typing import Any, NamedTuple

from zprl_env.errors import ZprlError


class Failure(NamedTuple):
    """An environment's error, as it travels to the learner.

    Attributes:
        kind: ``"words"`` of this package's own, which say everything, ``"attribute"`` for what an
            environment does not have, or ``"defect"``.
        message: What it said.
    """

    kind: str
    message: str


class Stepped(NamedTuple):
    """Results of a step, or of a reset, of some environments.

    Attributes:
        observations: As Stable-Baselines3 stacks them.
        rewards: Shape ``(n,)``; of a reset None, like the following two.
        dones: Shape ``(n,)``.
        infos: One per environment.
        reset_infos: Of the newest reset of each.
    """

    observations: Any
    rewards: Any
    dones: Any
    infos: Any
    reset_infos: Any


class Worker:
    """Body of an actor: it makes environments, steps them and answers questions about them.

    They live in Stable-Baselines3's ``DummyVecEnv``, so that what comes back is what it would be in
    one process. Messages and answers are bytes: Ray takes those as they are, in two thirds of the
    time that arrays take, and what is unpickled at the other end can be written to.

    Attributes:
        OWN: Messages that it answers itself, by a method of that name after an underscore.
    """

    OWN: tuple[str, ...] = ("make", "step", "reset")

    def __init__(self) -> None:
        """Begin without environments: a constructor that is run again would make others."""
        self._envs: Any = None

    def place(self) -> int:
        """Return the process's id, as soon as the actor is placed and lives."""
        return os.getpid()

    def call(self, message: bytes, *beside: bytes) -> bytes:
        """Answer a message.

        Args:
            message: One of `OWN`, or a method of ``DummyVecEnv``, and its arguments.
            beside: Last arguments, which Ray keeps apart: what many workers are sent alike.

        Returns:
            Its result, or a :class:`Failure`.
        """
        name, args, kwargs = pickle.loads(message)
        try:
            method = getattr(self, f"_{name}") if name in self.OWN else getattr(self._envs, name)
            answer = method(*args, *beside, **kwargs)
        except ZprlError as error:
            answer = Failure("words", str(error))
        except AttributeError as error:
            answer = Failure("attribute", str(error))
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error}"
            answer = Failure("defect", f"{what} (line {at.lineno} of {at.filename})")
        return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)

    def _make(self, makers: Any) -> tuple[Any, Any]:
        from stable_baselines3.common.vec_env import DummyVecEnv

        one_thread()
        self._envs = DummyVecEnv(makers.var)
        return self._envs.observation_space, self._envs.action_space

    def _step(self, actions: Any) -> Stepped:
        observations, rewards, dones, infos = self._envs.step(actions)
        return Stepped(observations, rewards, dones, infos, self._envs.reset_infos)

    def _reset(self, seeds: list[int | None], options: list[dict[str, Any]]) -> Stepped:
        self._envs._seeds, self._envs._options = seeds, options
        return Stepped(self._envs.reset(), None, None, None, self._envs.reset_infos)


def one_thread() -> None:
    """Leave the other cores to the other workers, as one environment after the other has to."""
    import torch

    torch.set_num_threads(1)
