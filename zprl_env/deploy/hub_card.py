"""Model card for the Hugging Face hub: the policy's own card under the hub's YAML header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.checkpoints import files as checkpoint_files
from policies.checkpoints.plain_json import read_json
from zprl_env.errors import CheckpointError
from zprl_env.loading.hub import EVALUATION_FILE
from zprl_env.loading.steered_files import CARD_FILE, STEERED_FILE, is_result

_NAME = {True: "env", False: "env_name"}
"""Where a steered policy's description and a base policy's name their task."""
TAGS = ("robotics", "reinforcement-learning", "flow-matching", "zprl")


def hub_card(folder: Path, repo: str) -> str:
    """Write the card of a policy that is going to be published.

    Args:
        folder: A sound checkpoint or exported steered policy.
        repo: ``user/name`` on the hub.

    Returns:
        Markdown under a YAML header with the library, tags and results.
    """
    from huggingface_hub import EvalResult, ModelCardData

    steered = (folder / STEERED_FILE).exists()
    path = folder / (STEERED_FILE if steered else checkpoint_files.METADATA_FILE)
    metadata = read_json(path)
    env = str((metadata if steered else metadata.get("env_args", {})).get(_NAME[steered], "?"))
    results = [
        EvalResult(
            task_type="reinforcement-learning",
            dataset_type="zprl-env",
            dataset_name=env,
            metric_type="success_rate",
            metric_name=f"success rate, {name} (95 % interval {low:.2f} to {high:.2f})",
            metric_value=round(result["success_rate"], 4),
        )
        for name, result in _results(folder, metadata, steered=steered).items()
        for low, high in [result["wilson_95"]]
    ]
    header = ModelCardData(
        model_name=repo.rpartition("/")[2],
        library_name="zprl-env",
        pipeline_tag="robotics",
        tags=[*TAGS, str(metadata.get("algo", "?")) if steered else "imitation-learning"],
        eval_results=results or None,
    ).to_yaml()
    return f"---\n{header.strip()}\n---\n\n{_text(folder, env)}\n\n{_usage(repo, env, steered)}"


def _results(folder: Path, metadata: dict[str, Any], *, steered: bool) -> dict[str, Any]:
    if steered:
        return dict(metadata.get("results", {}))
    path = folder / EVALUATION_FILE
    if not path.exists():
        return {}
    measured = read_json(path)
    if not is_result(measured):
        raise CheckpointError(
            f"{path} must be what zprl_env.make_policy measured: success_rate, wilson_95, episodes "
            f"and the like. Got something else. Measure again, or remove it."
        )
    return {"base policy": measured}


def _text(folder: Path, env: str) -> str:
    """Return the card beside the policy, without a header from an earlier publication."""
    path = folder / CARD_FILE
    if not path.exists():
        return f"# Base policy for {env}\n\nSizes and training are in `policy.json`."
    text = path.read_text(encoding="utf-8")
    if text.startswith("---\n"):
        text = text.partition("\n---\n")[2]
    return text.partition(_HEADLINE)[0].strip()


_HEADLINE = "## From the hub"


def _usage(repo: str, env: str, steered: bool) -> str:
    if steered:
        code = f'from zprl_env import SteeredPolicy\n\npolicy = SteeredPolicy.load("hf://{repo}")'
    else:
        code = f"python train_sb3.py --env {env} --policy hf://{repo}"
    return f"{_HEADLINE}\n\n```{'python' if steered else 'sh'}\n{code}\n```\n"
