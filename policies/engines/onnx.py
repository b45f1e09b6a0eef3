"""Inference engine of ONNX graphs, run by ONNX Runtime: the quickest at batches, slow to start."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from policies.checkpoints.output import WRITER, package_version
from policies.encoding import Encoding
from policies.errors import MissingExtraError
from policies.model.vib_flow import VibFlow


class _Encoder(nn.Module):
    def __init__(self, model: VibFlow) -> None:
        super().__init__()
        self.model = model

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features, posterior = self.model.encode(observations)
        return features, posterior.mean, posterior.std


class _Decoder(nn.Module):
    def __init__(self, model: VibFlow) -> None:
        super().__init__()
        self.model = model

    def forward(self, latents: Tensor, noise: Tensor) -> Tensor:
        return self.model.decode(latents, noise)


def export_graphs(model: VibFlow) -> tuple[bytes, bytes]:
    """Export the model as two ONNX graphs for batches of any size, raw units in and out.

    Args:
        model: In evaluation mode, on the CPU.

    Returns:
        Encoder, from ``observations`` to ``features``, ``mean`` and ``std``, and decoder, from
        ``latents`` and ``noise`` to ``actions``.

    Raises:
        MissingExtraError: If what exports or ONNX Runtime is not installed.
    """
    config = model.config
    observations = {"observations": (config.observation_dim,)}
    chunk = {"latents": (config.latent_dim,), "noise": (config.horizon, config.action_dim)}
    return (
        graph(_Encoder(model), observations, ["features", "mean", "std"]),
        graph(_Decoder(model), chunk, ["actions"]),
    )


def graph(network: nn.Module, inputs: Mapping[str, Sequence[int]], outputs: list[str]) -> bytes:
    """Export any network as an ONNX graph for batches of any size.

    Args:
        network: Takes tensors, whose first dimension is the batch.
        inputs: Their names, and their sizes but for the batch.
        outputs: Names of what it returns.

    Raises:
        MissingExtraError: If what exports or ONNX Runtime is not installed.
    """
    _runtime()
    batch = torch.export.Dim("batch")
    with _quiet():
        program = torch.onnx.export(
            network.eval(),
            tuple(torch.zeros(2, *size) for size in inputs.values()),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    fact = proto.metadata_props.add()
    fact.key, fact.value = WRITER, package_version()
    content: bytes = proto.SerializeToString()
    return content


def session(content: bytes) -> Any:
    """Open an inference session of a graph, on one thread.

    Raises:
        MissingExtraError: If ONNX Runtime is not installed.
    """
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


class OnnxEngine:
    """Inference engine that runs any model; single-threaded, like the other engines' users want it.

    Args:
        model: In evaluation mode, on the CPU; later changes do not reach the graphs.

    Raises:
        MissingExtraError: If ONNX Runtime is not installed.
    """

    def __init__(self, model: VibFlow) -> None:
        self.__setstate__(export_graphs(model))

    def __getstate__(self) -> tuple[bytes, bytes]:
        return self._graphs

    def __setstate__(self, graphs: tuple[bytes, bytes]) -> None:
        self._graphs = graphs
        self._encoder, self._decoder = map(session, graphs)

    def encode(self, observations: np.ndarray) -> Encoding:
        """Embedding and posterior of raw observations. Shape ``(B, O)``."""
        return Encoding(*self._encoder.run(None, {"observations": observations}))

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunks from latents ``(B, D)`` and noise ``(B, H, A)``. Shape ``(B, H, A)``."""
        (actions,) = self._decoder.run(None, {"latents": latents, "noise": noise})
        chunks: np.ndarray = actions
        return chunks


def _runtime() -> Any:
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  what torch.onnx exports with
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx") from error
    return onnxruntime


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence torch's export: it warns of its own deprecations and logs a missing torchvision."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
