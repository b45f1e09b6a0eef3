"""Every algorithm's settings, in the files that RL Zoo reads: ``<algo>.yml``, by task.

An installed package says where they are: ``--conf-file $(python -m zprl_env.hyperparams sac)``.
"""

from __future__ import annotations

from pathlib import Path

from zprl_env.errors import UnknownNameError

FOLDER = Path(__file__).parent


def hyperparameter_file(name: str) -> Path:
    """Find a file of settings that comes with the package.

    Args:
        name: An algorithm as RL Zoo calls it, or with a preset: ``"sac"``, ``"sac-paper"``.

    Returns:
        The file.

    Raises:
        UnknownNameError: There is none.

    >>> hyperparameter_file("sac").name
    'sac.yml'
    >>> hyperparameter_file("sca")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown hyperparameters 'sca'; did you mean 'sac'? ...
    """
    names = sorted(path.stem for path in FOLDER.glob("*.yml"))
    if name not in names:
        raise UnknownNameError("hyperparameters", name, names)
    return FOLDER / f"{name}.yml"
