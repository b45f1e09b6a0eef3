"""Settings of small policies of Lift for robomimic's trainer: its template of BC, changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def settings(kind: str, demonstrations: str, out: str, epochs: int) -> dict[str, Any]:
    """Return the settings of `bc`, `vae` or `rnn`."""
    import robomimic

    template = Path(robomimic.__file__).parent / "exps/templates/bc.json"
    made: dict[str, Any] = json.loads(template.read_text(encoding="utf-8"))
    experiment, train, algorithm = made["experiment"], made["train"], made["algo"]
    experiment |= {"name": kind, "render_video": False}
    experiment["rollout"]["enabled"] = False  # its environments need mujoco-py
    experiment["save"] |= {"every_n_epochs": epochs, "on_best_rollout_success_rate": False}
    experiment["logging"]["log_tb"] = False
    train |= {"data": demonstrations, "output_dir": out, "num_epochs": epochs, "cuda": False}
    algorithm["optim_params"]["policy"]["learning_rate"]["initial"] = 1e-3
    algorithm["actor_layer_dims"] = [256, 256]
    if kind == "vae":
        algorithm["vae"] |= {"enabled": True, "latent_dim": 7, "kl_weight": 0.02}
    if kind == "rnn":
        train |= {"seq_length": 10, "batch_size": 32}
        algorithm["actor_layer_dims"] = []
        algorithm["rnn"] |= {"enabled": True, "horizon": 10, "hidden_dim": 128, "num_layers": 1}
        algorithm["gmm"]["enabled"] = True
    return made


if __name__ == "__main__":
    kind, demonstrations, out, epochs = sys.argv[1:]
    print(json.dumps(settings(kind, demonstrations, out, int(epochs)), indent=4))
