"""Modules of LeRobot's policies: their own classes, built from a checked configuration."""

from __future__ import annotations

import dataclasses
import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import torch

from policies.errors import CheckpointError, MissingExtraError
from policies.foreign.lerobot.settings import PolicySettings, fitted_values


class PolicyClasses(NamedTuple):
    """Places of LeRobot's classes of a policy: module and name, of configuration and network."""

    configuration: tuple[str, str]
    policy: tuple[str, str]


def _classes(folder: str, prefix: str) -> PolicyClasses:
    home = f"lerobot.policies.{folder}"
    return PolicyClasses(
        (f"{home}.configuration_{folder}", f"{prefix}Config"),
        (f"{home}.modeling_{folder}", f"{prefix}Policy"),
    )


CLASSES = {
    "diffusion": _classes("diffusion", "Diffusion"),
    "act": _classes("act", "ACT"),
    "smolvla": _classes("smolvla", "SmolVLA"),
    "pi0": _classes("pi0", "PI0"),
    "pi05": _classes("pi05", "PI05"),
}
"""Policies that are read, by LeRobot's name: a file chooses among these and no other code."""
PINNED: dict[str, Any] = {
    "compile_model": False,  # the same numbers sooner, after minutes
    "pretrained_backbone_weights": None,  # the checkpoint has them; no download
    "load_vlm_weights": False,
    "gradient_checkpointing": False,
    "push_to_hub": False,
}
"""Settings without effect once the weights are the checkpoint's; they cost time or a network."""

IMPOSSIBLE = (AssertionError, AttributeError, KeyError, NotImplementedError, TypeError, ValueError)
"""Errors that LeRobot's classes raise at a configuration they cannot build."""


def build(settings: PolicySettings, device: str, **changes: Any) -> torch.nn.Module:
    """Build LeRobot's policy of a configuration; its weights are random.

    Args:
        settings: The checkpoint's.
        device: ``"cpu"`` or ``"cuda"``.
        **changes: Settings to change, such as the sampler.

    Returns:
        The policy, in evaluation mode, without gradients.

    Raises:
        MissingExtraError: LeRobot is not installed here.
        CheckpointError: The configuration is not one of the installed version.
    """
    config_class, policy_class = (_load(place) for place in CLASSES[settings.kind])
    known = {entry.name: entry for entry in dataclasses.fields(config_class)}
    values = fitted_values(settings, known)
    values |= {name: value for name, value in (PINNED | changes).items() if name in known}
    types = _load(("lerobot.configs.types", "PolicyFeature"))
    kinds = _load(("lerobot.configs.types", "FeatureType"))
    modes = _load(("lerobot.configs.types", "NormalizationMode"))
    for name, features in (
        ("input_features", settings.inputs),
        ("output_features", (settings.action,)),
    ):
        values[name] = {f.name: types(kinds(f.kind), f.shape) for f in features}
    values["normalization_mapping"] = {
        kind: modes(mode) for kind, mode in settings.normalization.items()
    }
    values["device"] = device
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    with torch.random.fork_rng(devices=[]):
        try:
            policy: torch.nn.Module = policy_class(config_class(**values))
        except IMPOSSIBLE as error:
            reason = " ".join(str(error).split())[:300]
            raise CheckpointError(
                f"{settings.path} must be a configuration of the installed LeRobot's "
                f"{settings.kind}. Got: {type(error).__name__}: {reason}"
            ) from error
    if settings.kind == "smolvla" and settings.values.get("load_vlm_weights"):
        _halve(policy.get_submodule("model.vlm_with_expert"))
    return policy.to(device).eval().requires_grad_(False)


def _halve(both: Any) -> None:
    """Cast what SmolVLA's class has in bfloat16 where it loads the language model's weights.

    That is the model, and its expert but for the layers that are put in for cross-attention.
    """
    both.vlm.to(torch.bfloat16)
    every, cross = both.self_attn_every_n_layers, "cross" in both.attention_mode
    for number, layer in enumerate(both.lm_expert.layers):
        put_in = cross and not (every > 0 and number % every == 0)
        for name, parameter in layer.named_parameters():
            if not (put_in and name.startswith(("self_attn.k_proj", "self_attn.v_proj"))):
                parameter.data = parameter.data.to(torch.bfloat16)
    both.lm_expert.norm.to(torch.bfloat16)


def versions() -> dict[str, str]:
    """Return the versions of what computes a LeRobot policy, of those that are installed."""
    found = {}
    for name in ("lerobot", "torch", "torchvision", "diffusers", "transformers", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def chosen_device(asked: str | None, said: object) -> str:
    """Choose where to compute: as asked, else where the checkpoint was, else the processor.

    Args:
        asked: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ... or None.
        said: The checkpoint's ``device``.

    Raises:
        CheckpointError: What was asked for is not here.

    >>> chosen_device("cpu", "cuda")
    'cpu'
    """
    wanted = asked or (said if isinstance(said, str) else "cpu")
    if wanted.startswith("cuda") and torch.cuda.is_available():
        return wanted
    if wanted == "cpu" or asked is None:
        return "cpu"
    raise CheckpointError(f"device must be cpu, or a cuda that is here. Got: {asked!r}.")


def _load(place: tuple[str, str]) -> Any:
    module, name = place
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        missing = (error.name or "lerobot").partition(".")[0]
        if missing == "lerobot":
            raise LeRobotMissingError() from error
        raise MissingExtraError(missing, "lerobot") from error
    except AttributeError as error:
        raise CheckpointError(
            f"The installed LeRobot must have {module}.{name}. {error}"
        ) from error


class LeRobotMissingError(CheckpointError):
    """LeRobot is not installed in this interpreter; its own serves the policy."""

    def __init__(self) -> None:
        super().__init__(
            "LeRobot must be installed in the interpreter that runs its policy. Got: none in this "
            "one, whose simulators need other versions of numpy and torch. Name LeRobot's own: "
            "--policy-python PATH_TO_ITS_PYTHON (make test-lerobot builds one, "
            ".venv-lerobot/bin/python)."
        )
