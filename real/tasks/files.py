"""Loading presets from YAML files: those that are shipped, and a user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from os import PathLike, fspath
from pathlib import Path
from textwrap import shorten
from typing import Any, get_args

from pydantic import ValidationError

from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.yaml_file import read_yaml
from zprl_env.options.former import with_present_names

FOLDER = Path(__file__).parent / "presets"
FACTS = ("scale", "noise", "gamma", "n_action_steps", "horizon")
"""Settings of a preset that learning on the task begins with, the environment itself with none."""


def presets() -> dict[str, Path]:
    """Find the presets that come with the package.

    >>> sorted(presets())
    ['flip-egg', 'flip-egg-pixels', ..., 'place-orange-joints', 'place-orange-pixels']
    """
    return {path.stem: path for path in FOLDER.glob("*.yaml")}


def load_preset(preset: Preset | str | PathLike[str]) -> Preset:
    """Load and check a preset.

    Args:
        preset: The name of one that is shipped, the path of a YAML file, or a preset.

    Returns:
        The preset.

    Raises:
        UnknownNameError: No preset has this name.
        ConfigurationError: The file cannot be read, or something in it is unknown or impossible.
    """
    if isinstance(preset, Preset):
        return preset
    text = fspath(preset)
    path = presets().get(text)
    if path is None:
        path = Path(text)
        if path.suffix not in (".yaml", ".yml"):
            raise UnknownNameError("preset", text, [*presets(), "my-task.yaml"])
    content = read_yaml(path, "A preset", f"Try to copy one of {FOLDER}.")
    return _anchored(parse_preset(content, text), path.parent)


def task_facts(preset: Preset | str | PathLike[str]) -> dict[str, Any]:
    """Read a preset's facts for learning the task: scale, noise, discount and chunk.

    Args:
        preset: As :func:`load_preset` takes it.

    Returns:
        Values by the names in `FACTS`; None where the preset says nothing.

    Raises:
        UnknownNameError: No preset has this name.
        ConfigurationError: The file cannot be read, or something in it is unknown or impossible.

    >>> task_facts("place-orange")
    {'scale': 0.5, 'noise': 'fresh', 'gamma': 0.998, 'n_action_steps': 10, 'horizon': 16}
    """
    found = load_preset(preset)
    return {name: getattr(found, name) for name in FACTS}


def parse_preset(content: Any, source: str = "preset") -> Preset:
    """Check a preset's content.

    Args:
        content: What was in the file.
        source: What errors call it.

    Raises:
        ConfigurationError: Something is unknown or impossible; all of it is named.

    >>> parse_preset({"rat": 30})
    Traceback (most recent call last):
    policies.errors.ConfigurationError: preset: name is missing; ... rat is unknown, did you ...
    """
    if not isinstance(content, Mapping):
        raise ConfigurationError(
            f"{source} must be a mapping of settings. Got: {type(content).__name__}. "
            f"Try to copy one of {FOLDER}."
        )
    if "like" in content:
        content = _completed(content, source)
    try:
        return Preset.model_validate(with_present_names(content))
    except ConfigurationError as error:
        raise ConfigurationError(f"{source}: {error}") from None
    except ValidationError as error:
        raise ConfigurationError(f"{source}: {'; '.join(_sentences(error))}.") from None


def _anchored(preset: Preset, folder: Path) -> Preset:
    """Return a preset whose arms' files are given by their whole paths, if they lie beside it."""
    arms = []
    for arm in preset.arms:
        found = arm.kinematics
        if found is not None and (folder / found.file).is_file():
            whole = found.model_copy(update={"file": str((folder / found.file).resolve())})
            arm = arm.model_copy(update={"kinematics": whole})
        arms.append(arm)
    return preset.model_copy(update={"arms": tuple(arms)})


def _completed(content: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the settings of the shipped preset that one is ``like``, with its own in their place.

    Raises:
        UnknownNameError: No preset that is shipped has this name.
        ConfigurationError: That one is like another itself.
    """
    own = dict(content)
    name = own.pop("like")
    path = presets().get(name) if isinstance(name, str) else None
    if path is None:
        raise UnknownNameError(f"preset that {source} is like", str(name), presets())
    base = read_yaml(path, "A preset")
    if "like" in base:
        raise ConfigurationError(
            f"{source}: like must name a preset that stands alone. Got: {name}, which is like "
            f"{base['like']}. Try that."
        )
    return {**base, "scene": base.get("scene", base["name"]), **own}


def _sentences(error: ValidationError) -> Iterator[str]:
    """Describe the fault of each setting: what must be, what was got, what to try."""
    details = error.errors(include_url=False)
    for detail in details:
        place, kind = detail["loc"], detail["type"]
        where = ".".join(map(str, place))
        if kind == "too_short" and any(
            place == d["loc"][: len(place)] != d["loc"] for d in details
        ):
            continue  # of several arms none was right, which the others say better
        if kind == "missing":
            yield f"{where} is missing"
        elif kind == "extra_forbidden":
            near = get_close_matches(str(place[-1]), _fields(place[:-1]), n=1, cutoff=0.5)
            hint = f", did you mean {near[0]}?" if near else ", try to leave it out"
            yield f"{where} is unknown{hint}"
        elif kind == "value_error":
            reason = str(detail["ctx"]["error"])
            yield f"{where}: {reason}" if where else reason
        else:
            must = detail["msg"].replace("Input should", "must", 1)
            yield f"{where} {must[0].lower()}{must[1:]}, got {shorten(repr(detail['input']), 80)}"


def _fields(place: tuple[int | str, ...]) -> list[str]:
    """Return the names that are known at a place in a preset."""
    model: Any = Preset
    for step in place:
        if isinstance(step, str):
            kind = model.model_fields[step].annotation
            model = next((k for k in (kind, *get_args(kind)) if hasattr(k, "model_fields")), model)
    return [*model.model_fields]
