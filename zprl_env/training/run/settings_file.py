"""A run's config.json: settings of the right types, and of which version of this package."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from shlex import quote
from typing import Any, get_type_hints

from policies.checkpoints.output import WRITER, package_version
from policies.commands.parsing import program
from zprl_env.errors import ConfigurationError
from zprl_env.files import CONFIG_FILE, RunFolderError, read_json
from zprl_env.loading.named import refuse_code
from zprl_env.training.run.base_copy import base_copy

NAMED = 3
"""Faults that an error names."""
MAY_NAME_CODE = ("env", "env_kwargs", "policy", "policy_class", "algo", "steer", "teleoperator")
"""Settings that may name code, besides the recipe's steer_kwargs."""


def read_settings(folder: Path) -> dict[str, Any]:
    """Read a run's settings as they are, whatever their types.

    Raises:
        RunFolderError: There are none.
    """
    content = read_json(folder / CONFIG_FILE)
    if not isinstance(content, dict):
        raise wrong_settings(folder, TypeError(f"{type(content).__name__}, not an object"))
    return content


def wrong_settings(folder: Path, error: Exception, written: object = None) -> RunFolderError:
    """Make the error of settings that are not this version's; it names both versions.

    Args:
        folder: The run's folder.
        error: What is wrong.
        written: The version that wrote them, as far as they say.
    """
    now, file = package_version(), folder / CONFIG_FILE
    by = f"zprl-env {written!s:.40}" if written is not None else "a version that it does not name"
    hint = "The file is damaged" if written == now else f"Install {by} to use the run"
    return RunFolderError(
        f"Expected this version's settings, zprl-env {now}, in {file}, which was written by {by}. "
        f"Got: {' '.join(str(error).split())}. {hint}, or begin a new one."
    )


def code_names(folder: Path) -> dict[str, object]:
    """Collect the settings of a run that may name code to import, for ``refuse_code``.

    The base policy is not among them where the run has a copy of it, which is what is loaded.
    """
    content = read_settings(folder)
    recipe, copied = content.get("recipe"), base_copy(folder) is not None
    said = {n: content.get(n) for n in MAY_NAME_CODE if n != "policy" or not copied}
    return said | {"steer_kwargs": recipe.get("steer_kwargs") if isinstance(recipe, dict) else None}


def resume_command(folder: Path) -> str:
    """Return the command by which a run goes on, as its user gives commands.

    It has ``--trust`` where the settings name code: they are the user's own.
    """
    called = "zprl train" if program().startswith("zprl") else "python train_sb3.py"
    command = f"{called} --resume-from {quote(str(folder))}"
    try:
        refuse_code(code_names(folder), folder / CONFIG_FILE, trust=False)
    except ConfigurationError:
        return f"{command} --trust"
    except RunFolderError:  # of settings that cannot be read, which is told when it is tried
        return command
    return command


def note_version(folder: Path, say: Callable[[str], object]) -> None:
    """Say if another version of this package has written a run's settings."""
    written, now = read_settings(folder).get(WRITER), package_version()
    if written != now:
        by = "a version of zprl-env" if written is None else f"zprl-env {written!s:.40}"
        unnamed = " that it does not name" if written is None else ""
        say(f"{folder} was written by {by}{unnamed}; this is {now}.")


def typed(kind: type, content: Any) -> dict[str, Any]:
    """Check values that come from a file by the types of a dataclass's fields.

    Args:
        kind: The dataclass, which is not made.
        content: What the file says.

    Returns:
        The values by field, lists and paths as the class has them. What the file does not say is
        left out.

    Raises:
        TypeError: Something is of another type, or no field.

    >>> from zprl_env.training.settings.recipe import Recipe
    >>> typed(Recipe, {"hidden": [8, 8], "gamma": 1})
    {'hidden': (8, 8), 'gamma': 1.0}
    >>> typed(Recipe, {"gamma": "0.9"})
    Traceback (most recent call last):
    TypeError: gamma: input should be a valid number, not '0.9'
    """
    from pydantic import ConfigDict, ValidationError, create_model

    hints = get_type_hints(kind)
    known: dict[str, Any] = {field.name: (hints[field.name], None) for field in fields(kind)}
    config = ConfigDict(extra="forbid", strict=True)
    try:
        # By JSON and not by Python's values, whose lists would be no tuples, nor words paths.
        model = create_model(kind.__name__, __config__=config, **known).model_validate_json(
            json.dumps(content)
        )
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'all of it'}: {fault['msg'].lower()}, "
            f"not {fault['input']!r:.40}"
            for fault in error.errors(include_url=False)
        ]
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise TypeError("; ".join(faults[:NAMED]) + more) from None
    return {name: getattr(model, name) for name in content}
