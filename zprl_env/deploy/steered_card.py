"""Model card of an exported steered policy: how it was made, and its success rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.checkpoints.output import package_version
from zprl_env.loading.steered_files import OWN_POLICY, SHIPPED_POLICY
from zprl_env.steering.table import find_steering


def steered_card(metadata: Mapping[str, Any]) -> str:
    """Write the card that goes beside an export, in Markdown.

    Args:
        metadata: The export's description.
    """
    env, algo = metadata["env"], metadata["algo"]
    place = find_steering(metadata["steer"]).core.place
    options = ", ".join(f"{name} {value}" for name, value in metadata["options"].items())
    steps = metadata.get("env_steps")
    trained = "" if steps is None else f" for {steps:,} environment steps"
    library = "SBX" if metadata["backend"] == "sbx" else "Stable-Baselines3"
    return f"""# Steered policy for {env}

A frozen imitation policy ({_base(metadata)}) and the agent that steers it at its {place}: {algo} of
{library}, trained{trained}. Nothing here is a pickle.

{_results(metadata)}

| | |
|---|---|
| steering | {options} |
| seed | {metadata["seed"]} |
| written by | zprl-env {package_version()} |

```python
from zprl_env import SteeredPolicy

{_load(metadata)}
chunk = steered.predict(observation)  # ({metadata["options"]["n_action_steps"]}, action)
```
"""


def _base(metadata: Mapping[str, Any]) -> str:
    own = metadata.get(OWN_POLICY)
    if own:
        return f"code of its own, not in here: `{own}`"
    shipped = metadata.get(SHIPPED_POLICY)
    return f"`{shipped}`, which comes with zprl-env" if shipped else "folder `policy`"


def _load(metadata: Mapping[str, Any]) -> str:
    if OWN_POLICY in metadata:
        return (
            f'steered = SteeredPolicy.load("path/to/this/folder", policy="{metadata[OWN_POLICY]}")'
        )
    return 'steered = SteeredPolicy.load("path/to/this/folder")  # neither torch nor SB3 is needed'


def _results(metadata: Mapping[str, Any]) -> str:
    results = metadata["results"]
    if not results:
        return "Nobody has measured it yet: `python -m zprl_env.evaluate --run`."
    lines = [
        "| policy | success | 95 % interval | episodes | seeds | mean length [steps] |",
        "|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        low, high = result["wilson_95"]
        first, last = result["seeds"]
        lines.append(
            f"| {name} | {result['success_rate']:.2f} | {low:.2f} - {high:.2f} | "
            f"{result['episodes']} | {first} to {last} | {result['mean_length']:.1f} |"
        )
    difference = metadata.get("paired_difference")
    if difference:
        lines += [
            "",
            f"Paired difference to the better base policy {difference['difference']:+.2f}: "
            f"{difference['gained']} episodes gained,",
            f"{difference['lost']} lost (exact McNemar p = {difference['p_value']:.2g}). "
            f"Wilson intervals.",
        ]
    return "\n".join(lines)
