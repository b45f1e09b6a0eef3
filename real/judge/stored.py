"""A judge as a folder: tensors and JSON, and nothing that is run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from policies.checkpoints.output import WRITER, package_version
from policies.checkpoints.tensor_file import check_finite, read_arrays
from policies.checkpoints.whole import replace_file
from policies.errors import CheckpointError
from policies.pictures.batch import check_batch
from policies.pictures.config import EyesConfig
from policies.pictures.settings import PictureSettings
from real.judge.network import JudgeNetwork
from real.judge.threshold import Validation
from zprl_env.errors import ZprlError

WEIGHTS, DESCRIPTION = "judge.safetensors", "judge.json"
MOST = 2**20
"""Bytes of a description."""


@dataclass(frozen=True)
class Judge:
    """A judge: what it looks at, its network, and how it did on episodes it had not seen.

    Attributes:
        task: The task's name.
        keys: Parts of the observation that make its state, in order.
        network: The network.
        validation: Threshold and what it is worth.
        pictures: What the frames were made with that it has learned from; None of states alone, or
            where nobody says.
    """

    task: str
    keys: tuple[str, ...]
    network: JudgeNetwork
    validation: Validation
    pictures: PictureSettings | None = None

    @torch.no_grad()
    def score(self, state: np.ndarray, frames: Mapping[str, np.ndarray]) -> float:
        """Return the probability of success at one step.

        Args:
            state: Shape ``(S,)``.
            frames: Of each camera that it looks through. Shape ``(H, W, 3)``, uint8.

        Raises:
            PolicyMismatchError: A camera is missing, or its frame is of another size or kind than
                those that it has learned from.
        """
        eyes, shown = self.network.eyes, {}
        if eyes is not None:
            whole = {name: np.asarray(frame)[None] for name, frame in frames.items()}
            checked = check_batch(whole, eyes, state_dim=0)
            shown = {name: torch.from_numpy(np.array(frame)) for name, frame in checked.items()}
        states = torch.from_numpy(np.asarray(state, np.float32)[None])
        return float(torch.sigmoid(self.network(states, shown))[0])

    def save(self, folder: Path, remarks: Mapping[str, Any]) -> None:
        """Write it down; each file appears whole."""
        folder.mkdir(parents=True, exist_ok=True)
        eyes = self.network.eyes
        content = {
            "task": self.task,
            "keys": list(self.keys),
            "state_dim": self.network.state_dim,
            "eyes": None if eyes is None else eyes.to_dict(),
            "pictures": None if self.pictures is None else self.pictures.to_dict(),
            "frozen": self.network.frozen,
            "validation": self.validation._asdict(),
            **remarks,
            WRITER: package_version(),
        }
        arrays = {name: tensor.numpy() for name, tensor in self.network.state_dict().items()}
        replace_file(folder / WEIGHTS, safetensors.numpy.save(arrays))
        replace_file(folder / DESCRIPTION, json.dumps(content, indent=1).encode())


def load_judge(folder: str | PathLike[str]) -> Judge:
    """Load a judge.

    Raises:
        CheckpointError: There is none, it is damaged, or it was never validated.
    """
    folder = Path(folder)
    file = folder / DESCRIPTION
    try:
        if file.stat().st_size > MOST:
            raise ValueError(f"more than {MOST} bytes")
        content = json.loads(file.read_text(encoding="utf-8"))
        validation = Validation(**content["validation"])
        if not (validation.episodes > 0 and 0.0 < validation.threshold <= 1.0):
            raise ValueError("no validation")
        if not (type(validation.in_a_row) is int and validation.in_a_row > 0):
            raise ValueError(f"{validation.in_a_row!r:.20} steps in a row")
        eyes = None if content["eyes"] is None else EyesConfig.from_dict(content["eyes"])
        if eyes is not None and eyes.is_code:
            raise ValueError("an encoder that is code")
        pictures = content.get("pictures")  # which older ones do not say
        pictures = None if pictures is None else PictureSettings.from_dict(pictures)
        keys: Sequence[str] = content["keys"]
        network = JudgeNetwork(int(content["state_dim"]), eyes, content.get("frozen") is True)
        task = str(content["task"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZprlError) as error:
        raise CheckpointError(
            f"{folder} must be a judge that was validated, by python -m real.judge train. Got: "
            f"{' '.join(str(error).split())}."
        ) from None
    arrays = read_arrays(folder / WEIGHTS)
    check_finite(arrays, folder / WEIGHTS)
    try:
        network.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
    except (RuntimeError, TypeError) as error:
        raise CheckpointError(f"{folder / WEIGHTS} must fit {file}: {error}.") from None
    return Judge(task, tuple(map(str, keys)), network.eval(), validation, pictures)
