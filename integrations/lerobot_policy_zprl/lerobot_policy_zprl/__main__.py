"""Make an exported steered policy a checkpoint of LeRobot's.

``python -m lerobot_policy_zprl --steered my_steered_policy --out outputs/steered``
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lerobot.configs.types import FeatureType, PolicyFeature

from lerobot_policy_zprl.configuration_zprl import ZprlConfig
from lerobot_policy_zprl.processor_zprl import make_zprl_pre_post_processors

STATE, ENVIRONMENT = "observation.state", "observation.environment_state"


def write(
    steered: Path, out: Path, base: str | None = None, states: Sequence[tuple[str, int]] = ()
) -> Path:
    """Write a checkpoint of LeRobot's.

    Args:
        steered: Folder of the export.
        out: Folder to make.
        base: Address of the base policy, if the export does not hold it.
        states: Names and sizes of the inputs that are no pictures, in the order of the flat
            observation; those of the base policy if not given.

    Returns:
        The folder.

    Raises:
        ValueError: The sizes are not those of the observation.
        FileExistsError: There is something already.
    """
    from zprl_env.deploy.steered_policy import SteeredPolicy

    policy = SteeredPolicy.load(steered, policy=base)
    steps = getattr(policy.policy, "n_obs_steps", 1)
    size = policy._observation_dim // steps
    inputs = [*states] or _states(policy.policy, size)
    if sum(length for _, length in inputs) != size:
        raise ValueError(f"states must have {size} numbers together. Got: {inputs}.")
    features = {name: PolicyFeature(_kind(name), (length,)) for name, length in inputs}
    settings: Any = getattr(policy.policy, "picture_settings", None)
    for camera in settings.cameras if policy.steering.cameras else ():
        height, width = settings.image_size
        features[f"observation.images.{camera}"] = PolicyFeature(
            FeatureType.VISUAL, (3, height, width)
        )
    config = ZprlConfig(
        input_features=features,
        output_features={"action": PolicyFeature(FeatureType.ACTION, (policy.policy.action_dim,))},
        device="cpu",
        n_obs_steps=steps,
        n_action_steps=policy.n_action_steps,
        base=base,
        order=[name for name, _ in inputs],
    )
    config.validate_features()
    out.mkdir(parents=True)
    for part in (config, *make_zprl_pre_post_processors(config)):
        part.save_pretrained(out)
    shutil.copytree(steered, out / config.steered)
    return out


def _kind(name: str) -> FeatureType:
    return FeatureType.ENV if name == ENVIRONMENT else FeatureType.STATE


def _states(policy: Any, size: int) -> list[tuple[str, int]]:
    """Return inputs: a LeRobot base policy's own, or the robot's numbers and those of objects."""
    metadata = getattr(policy, "metadata", {})
    own = [
        (name, shape[0]) for name, shape in metadata.get("inputs", {}).items() if len(shape) == 1
    ]
    if own:
        return own
    keys = metadata.get("observation_keys") or {STATE: size}
    found: dict[str, int] = {}
    for key, length in keys.items():
        name = ENVIRONMENT if "object" in key else STATE
        if name in found and name != [*found][-1]:
            raise ValueError(
                f"The base policy must observe the robot first, then objects, or the other way "
                f"round. Got: {keys}. Give --state NAME=SIZE for each part, in this order."
            )
        found[name] = found.get(name, 0) + length
    return [*found.items()]


def _state(text: str) -> tuple[str, int]:
    name, _, length = text.partition("=")
    return name, int(length)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m lerobot_policy_zprl", description=__doc__)
    parser.add_argument("--steered", type=Path, required=True, help="folder of zprl_env.export")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--base", help="base policy that the export does not hold, lerobot:PATH")
    parser.add_argument(
        "--state",
        type=_state,
        action="append",
        default=[],
        metavar="NAME=SIZE",
        help="part of the flat observation, in its order",
    )
    given = parser.parse_args(arguments)
    from zprl_env import ZprlError

    try:
        print(f"saved {write(given.steered, given.out, given.base, given.state)}")
    except (OSError, ValueError, ZprlError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
