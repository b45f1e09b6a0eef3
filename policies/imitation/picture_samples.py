"""Training samples with pictures: frames from memory or from the disk, cropped at random.

A batch follows from the seed and the number of its step alone: so it can be made ahead, in a thread
of its own, and a training that is resumed is given the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from policies.checkpoints.tensor_file import arrays_hash
from policies.demonstrations import Demonstrations
from policies.demonstrations.formats.stored_frames import files_held_open
from policies.errors import DemonstrationError
from policies.imitation.config import BottleneckConfig
from policies.imitation.dataset import chunk_dataset
from policies.imitation.device import resolve_device
from policies.imitation.samples import Pair, Samples, drawn_shares, held_out_episodes
from policies.pictures.frames import Frames, spread
from policies.pictures.preprocessing import Preprocessing
from policies.pictures.settings import STATE

AHEAD = 3
"""Batches that are made before they are asked for."""
MEASURED_ROWS = 512
"""Samples that a loss is measured on now and then."""
BLOCK = 256
"""Frames of each camera that are encoded at once."""
_HASHED = 500


class FrameStore:
    """Frames of all episodes in a row, in memory if they fit there and else on the disk.

    Args:
        episodes: Frames of one camera by episode.
        cached: Whether they are read into memory.
    """

    def __init__(self, episodes: Sequence[Frames], cached: bool) -> None:
        lengths = [len(frames) for frames in episodes]
        self._starts = np.cumsum([0, *lengths])
        self._episodes = episodes
        self._cache: np.ndarray | None = None
        if cached:
            self._cache = np.empty((sum(lengths), *episodes[0].shape[1:]), np.uint8)
            for begin, frames in zip(self._starts[:-1], episodes, strict=True):
                for at in range(0, len(frames), BLOCK):
                    block = frames[at : at + BLOCK]
                    self._cache[begin + at : begin + at + len(block)] = block

    def __getitem__(self, row: int) -> np.ndarray:
        """Return one frame. Shape ``(H, W, 3)``."""
        if self._cache is not None:
            return self._cache[row]
        episode = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._episodes[episode][row - int(self._starts[episode])]

    def block(self, rows: Sequence[int]) -> np.ndarray:
        """Return some frames. Shape ``(n, H, W, 3)``."""
        return np.stack([self[int(row)] for row in rows])


class PictureSamples:
    """Observations with pictures, and the chunks that follow them.

    Args:
        demonstrations: The episodes, with frames.
        horizon: Length of a chunk, H.
        config: Settings: which episodes are held out, batch size, seed, device and memory.
        preprocessing: Crop of the frames.
        say: Is told where the frames are.

    Attributes:
        states: Proprioception of all. Shape ``(N, P)``.
        chunks: Chunks of all. Shape ``(N, H, A)``.
    """

    def __init__(
        self,
        demonstrations: Demonstrations,
        horizon: int,
        config: BottleneckConfig,
        preprocessing: Preprocessing,
        say: Callable[[str], object] = lambda text: None,
    ) -> None:
        episodes, self.cameras = demonstrations.trajectories, demonstrations.cameras
        if not self.cameras:
            raise DemonstrationError(
                "demonstrations must have frames of cameras to learn from pictures. Got: none. "
                "Load them with cameras=()."
            )
        self._config, self._preprocessing = config, preprocessing
        self._device = resolve_device(config.device, pictures=True)
        dataset = chunk_dataset(episodes, demonstrations.observation_keys, horizon)
        self.states, self.chunks = dataset.observations, dataset.chunks
        size = sum(frames_bytes(t.frames) for t in episodes)
        cached = size <= config.memory * 2**30
        where = "kept in memory" if cached else "read from the disk as they are needed"
        say(
            f"{len(self.cameras) * len(self.states):,} frames, {size / 2**20:,.0f} MiB, {where} "
            f"(--memory {config.memory:g} GiB)"
        )
        with files_held_open():
            self._stores = {
                camera: FrameStore([t.frames[camera] for t in episodes], cached)
                for camera in self.cameras
            }
        out = held_out_episodes(len(episodes), config)
        of = np.repeat(np.arange(len(episodes)), [len(t) for t in episodes])
        self._train = np.flatnonzero(~np.isin(of, out))
        self._held_out = np.flatnonzero(np.isin(of, out))
        self._shares = drawn_shares([t for n, t in enumerate(episodes) if n not in out])
        self._ahead: dict[int, Future[tuple[dict[str, np.ndarray], np.ndarray]]] = {}
        self._stack = ExitStack()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="frames")

    def __len__(self) -> int:
        return len(self.states)

    @property
    def frames_per_step(self) -> int:
        """Frames that a gradient step takes."""
        return self._config.batch_size * len(self.cameras)

    def batch(
        self, step: int, size: int, generator: torch.Generator
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return the batch of a step, each frame cropped at a place of its own.

        Args:
            step: Its number, from 1.
            size: That of the settings.
            generator: Not used: a batch follows from seed and step.
        """
        for number in range(step, step + AHEAD):
            if number not in self._ahead:
                self._ahead[number] = self._pool.submit(self._make, number)
        for old in [number for number in self._ahead if number < step]:
            self._ahead.pop(old).cancel()
        observations, chunks = self._ahead.pop(step).result()
        return self._tensors(observations), self._tensor(chunks)

    def measured(self) -> Iterator[tuple[str, Callable[[torch.Generator], Any]]]:
        """Yield what draws some of the training samples and, as ``"val_"``, of those held out."""

        def some(rows: np.ndarray, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
            order = np.random.default_rng(0).permutation(len(rows))[:MEASURED_ROWS]
            shown = self._tensors(self._shown(rows[order]))
            return shown, self._tensor(self.chunks[rows[order]])

        for name, rows in (("", self._train), ("val_", self._held_out)):
            if len(rows):
                yield name, partial(some, rows)

    def digest(self) -> str:
        """Return a hash of states, chunks and some of the frames."""
        some = spread(len(self), _HASHED)
        frames = {name: store.block(some) for name, store in self._stores.items()}
        shares = {} if self._shares is None else {"shares": self._shares}
        return arrays_hash({"inputs": self.states, "targets": self.chunks, **frames, **shares})

    def blocks(self) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
        """Yield all samples in their order, block by block, not cropped."""
        for begin in range(0, len(self), BLOCK):
            rows = np.arange(begin, min(begin + BLOCK, len(self)))
            yield self._tensors(self._shown(rows)), self._tensor(self.chunks[rows])

    def map(self, function: Callable[[Any, Tensor], Pair]) -> Samples:
        """Replace every pair by a function of it, as tensors that are all in memory."""
        pairs = [function(*block) for block in self.blocks()]
        inputs, targets = (torch.cat(parts) for parts in zip(*pairs, strict=True))

        def part(rows: np.ndarray) -> Pair:
            chosen = torch.from_numpy(rows).to(inputs.device)
            return inputs[chosen], targets[chosen]

        held_out = part(self._held_out) if len(self._held_out) else None
        return Samples(part(self._train), held_out, (inputs, targets))

    def close(self) -> None:
        """End the thread that makes batches, and close files."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._stack.close()

    def __enter__(self) -> PictureSamples:
        self._stack.enter_context(files_held_open())
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _make(self, step: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        rng = np.random.default_rng([self._config.seed, step])
        if self._shares is None:
            rows = self._train[rng.integers(len(self._train), size=self._config.batch_size)]
        else:
            rows = self._train[np.searchsorted(self._shares, rng.random(self._config.batch_size))]
        shown: dict[str, np.ndarray] = {STATE: self.states[rows]} if self.states.shape[1] else {}
        for name, store in self._stores.items():
            frames = [store[row] for row in rows.tolist()]
            shown[name] = self._preprocessing.random_crops(frames, rng)
        return shown, self.chunks[rows]

    def _shown(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        shown = {STATE: self.states[rows]} if self.states.shape[1] else {}
        return shown | {name: store.block(rows.tolist()) for name, store in self._stores.items()}

    def _tensors(self, arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
        return {name: self._tensor(values) for name, values in arrays.items()}

    def _tensor(self, values: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(values)
        if self._device.startswith("cuda"):  # copied while the GPU still computes
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)


def frames_bytes(frames: Mapping[str, Frames]) -> int:
    """Return how many bytes an episode's frames take in memory."""
    return sum(int(np.prod(values.shape, dtype=np.int64)) for values in frames.values())
