"""A vision and language model of a few thousand weights, so that nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

SPECIAL = {
    "image_token": "<image>",
    "fake_image_token": "<fake_token_around_image>",
    "global_image_token": "<global-img>",
    "end_of_utterance_token": "<end_of_utterance>",
}


def save_backbone(folder: Path) -> Path:
    """Save a SmolVLM that is 32 numbers wide: configuration, processor and random weights."""
    words = ["<pad>", "<unk>", "<s>", "</s>", *SPECIAL.values(), *["pick", "up", "the", "cube"]]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    named = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, extra_special_tokens=SPECIAL, **named
    )
    size = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 64}}
    pictures, films = SmolVLMImageProcessor(**size), SmolVLMVideoProcessor(**size)
    processor = SmolVLMProcessor(pictures, fast, films, image_seq_len=4, chat_template="no")
    processor.save_pretrained(folder)
    heads = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    text = {"model_type": "llama", "num_hidden_layers": 2, "num_key_value_heads": 1}
    config = SmolVLMConfig(
        image_token_id=words.index("<image>"),
        pad_token_id=0,
        scale_factor=2,
        vision_config={**heads, "num_hidden_layers": 1, "image_size": 64, "patch_size": 16},
        text_config={**heads, **text, "head_dim": 16, "vocab_size": 32, "pad_token_id": 0},
    )
    torch.manual_seed(0)
    SmolVLMForConditionalGeneration(config).save_pretrained(folder)
    return folder
