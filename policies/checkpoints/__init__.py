"""Policy checkpoints on disk: safetensors and JSON, never a pickle."""
