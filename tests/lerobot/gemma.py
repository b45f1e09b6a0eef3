"""pi0 and pi0.5 of a few thousand weights: their networks' sizes stand in LeRobot's code alone."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

SETTINGS: dict[str, Any] = {
    "chunk_size": 6,
    "n_action_steps": 3,
    "max_action_dim": 5,
    "max_state_dim": 4,
    "num_inference_steps": 3,
    "image_resolution": (56, 56),
    "tokenizer_max_length": 8,
    "dtype": "float32",
}


@contextmanager
def small(kind: str, tokenizer: Path) -> Iterator[None]:
    """Let LeRobot build pi0 or pi0.5 small, and take a tokenizer that is there."""
    modeling = importlib.import_module(f"lerobot.policies.{kind}.modeling_{kind}")
    processing = importlib.import_module(f"lerobot.policies.{kind}.processor_{kind}")
    sizes = {"width": 32, "depth": 2, "mlp_dim": 64, "num_heads": 2}
    gemma = modeling.GemmaConfig(**sizes, num_kv_heads=1, head_dim=16)
    seeing, acting = (
        modeling.PaliGemmaForConditionalGenerationWithPiGemma,
        modeling.PiGemmaForCausalLM,
    )
    step = processing.TokenizerProcessorStep

    def eyes(config: Any) -> Any:
        vision = config.vision_config
        vision.hidden_size, vision.num_hidden_layers = 32, 1
        vision.num_attention_heads, vision.intermediate_size = 2, 64
        vision.projection_dim = config.projection_dim = 32
        config.text_config.vocab_size = 64
        return seeing(config=config)

    def hands(config: Any) -> Any:
        config.vocab_size = 64
        return acting(config=config)

    with (
        mock.patch.object(modeling, "get_gemma_config", return_value=gemma),
        mock.patch.object(modeling, "PaliGemmaForConditionalGenerationWithPiGemma", eyes),
        mock.patch.object(modeling, "PiGemmaForCausalLM", hands),
        mock.patch.object(
            processing,
            "TokenizerProcessorStep",
            lambda **given: step(**(given | {"tokenizer_name": str(tokenizer)})),
        ),
    ):
        yield
