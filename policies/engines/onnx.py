"""Inference engine of ONNX graphs, run by ONNX Runtime: the quickest at batches, slow to start."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from policies.checkpoints.output import WRITER, package_version
from policies.encoding import Encoding, Observations
from policies.errors import MissingExtraError
from policies.model.vib_flow import VibFlow
from policies.pictures.settings import STATE


class _Encoder(nn.Module):
    def __init__(self, model: VibFlow) -> None:
        super().__init__()
        self.model = model

    def forward(self, *observations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        names = observation_inputs(self.model)
        shown = dict(zip(names, observations, strict=True))
        (first, *_) = observations
        features, posterior = self.model.encode(shown if self.model.config.pictures else first)
        return features, posterior.mean, posterior.std


class _Decoder(nn.Module):
    def __init__(self, model: VibFlow) -> None:
        super().__init__()
        self.model = model

    def forward(self, latents: Tensor, noise: Tensor) -> Tensor:
        return self.model.decode(latents, noise)


def observation_inputs(model: VibFlow) -> dict[str, tuple[int, ...]]:
    """Return names and sizes, but for the batch, of a graph's inputs that an observation becomes.

    Of a policy that sees these are ``state``, unless it has none, and each camera's frames, uint8.
    """
    config = model.config
    if config.pictures is None:
        return {"observations": (config.observation_dim,)}
    state = {STATE: (config.observation_dim,)} if config.observation_dim else {}
    return {**state, **dict.fromkeys(config.pictures.cameras, (*config.pictures.image_size, 3))}


def export_graphs(model: VibFlow) -> tuple[bytes, bytes]:
    """Export the model as two ONNX graphs for batches of any size, raw units in and out.

    Args:
        model: In evaluation mode, on the CPU.

    Returns:
        Encoder, from ``observations``, or what :func:`observation_inputs` says, to ``features``,
        ``mean`` and ``std``, and decoder, from ``latents`` and ``noise`` to ``actions``.

    Raises:
        MissingExtraError: If what exports or ONNX Runtime is not installed.
    """
    config = model.config
    chunk = {"latents": (config.latent_dim,), "noise": (config.horizon, config.action_dim)}
    return (
        graph(_Encoder(model), observation_inputs(model), ["features", "mean", "std"]),
        graph(_Decoder(model), chunk, ["actions"]),
    )


def graph(network: nn.Module, inputs: Mapping[str, Sequence[int]], outputs: list[str]) -> bytes:
    """Export any network as an ONNX graph for batches of any size.

    Args:
        network: Takes tensors, whose first dimension is the batch.
        inputs: Their names, and their sizes but for the batch; what has three sizes is frames of
            bytes, everything else float32.
        outputs: Names of what it returns.

    Raises:
        MissingExtraError: If what exports or ONNX Runtime is not installed.
    """
    _runtime()
    batch = torch.export.Dim("batch")
    with _quiet():
        program = torch.onnx.export(
            network.eval(),
            tuple(
                torch.zeros(2, *size, dtype=torch.uint8 if len(size) == 3 else torch.float32)
                for size in inputs.values()
            ),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=_dynamic(network, batch, len(inputs)),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    fact = proto.metadata_props.add()
    fact.key, fact.value = WRITER, package_version()
    content: bytes = proto.SerializeToString()
    return content


def _dynamic(network: nn.Module, batch: Any, inputs: int) -> Any:
    """Say that the first size of every input is the batch's, as torch wants it of a network."""
    each = tuple({0: batch} for _ in range(inputs))
    return (each,) if _takes_any_number(network) else each


def _takes_any_number(network: nn.Module) -> bool:
    parameters = inspect.signature(network.forward).parameters.values()
    return any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)


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

    def encode(self, observations: Observations) -> Encoding:
        """Embedding and posterior of raw observations."""
        if isinstance(observations, np.ndarray):
            observations = {"observations": observations}
        return Encoding(*self._encoder.run(None, dict(observations)))

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
