"""Shadowing: a file of the user's that hides one of this project's packages of the same name.

Python looks beside the script first, so a ``policies.py`` or a folder ``real`` there is taken for
the package. This module imports nothing of the project, since that is what then fails.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("policies", "real", "zprl_env")
"""Packages of the project that commands are made of."""
ROOT = Path(__file__).parents[2]
"""Folder that holds the project's packages."""


def hiding(package: str) -> Path | None:
    """Find what hides one of the packages.

    Args:
        package: Its name, or that of the module ``train_sb3``.

    Returns:
        The file or folder that Python takes instead; None if it takes the package.

    >>> hiding("policies") is None
    True
    """
    try:
        spec = find_spec(package)
    except ValueError:  # somebody's own module object
        spec = None
    if spec is None:
        return None
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or [])
    found = Path(places[0]) if places else None
    own = (ROOT / package, ROOT / f"{package}.py")
    if found is None or any(found.resolve().is_relative_to(one.resolve()) for one in own):
        return None
    return found.parent if found.name == "__init__.py" else found


def beside(folder: Path) -> list[Path]:
    """List what would hide a package from scripts in a folder.

    Args:
        folder: The folder.

    >>> beside(ROOT)
    []
    """
    found = []
    for package in PACKAGES:
        module, inside = folder / f"{package}.py", folder / package
        if module.is_file():
            found.append(module)
        elif inside.resolve() != (ROOT / package).resolve() and _is_package(inside):
            found.append(inside)
    return found


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def check_not_hidden(package: str, *, used: bool = True) -> None:
    """Refuse to go on where a file of the user's hides a package.

    Args:
        package: As :func:`hiding` takes it.
        used: Whether anything of it is needed now.

    Raises:
        ImportError: One does; it says which, and what to do.
        SystemExit: The same, where a command of the project's is being run by ``python -m``: that
            has been printed, and there is no traceback.
    """
    place = hiding(package) if used else None
    if place is None or not (ROOT / package).is_dir():
        return
    where = sys.path[0] or "the current folder"
    text = (
        f"{place} hides the package {package!r} of zprl-env, since Python looks in {where} "
        f"first. Rename it, or run from another folder."
    )
    if not is_command():
        raise ImportError(text)
    print(f"error: {text}", file=sys.stderr)
    raise SystemExit(2)


def is_command() -> bool:
    """Tell whether this process is a command of the project's, by ``python -m``.

    >>> is_command()
    False
    """
    words = iter(sys.orig_argv[1:])
    for word in words:
        if not word.startswith("-") or word == "-c":  # a script, or code
            return False
        if word.endswith("m") and word[:2] != "--":  # -Im, too
            return next(words, "").partition(".")[0] in PACKAGES
        if word in ("-X", "-W"):
            next(words, None)
    return False
