"""Shadows: a file or folder of the user's that is imported in place of a package of ours.

A ``policies.py`` beside one's script is found before the package ``policies``, which is then
missing for no reason that is to be seen. Importing this module looks for it, and imports nothing of
the project.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
"""Folder that holds the project's packages beside each other."""


def refuse_shadow(name: str) -> None:
    """Refuse to go on if a name of ours would be imported from somewhere else.

    Args:
        name: A package or module that lies beside this one, such as ``"policies"``.

    Raises:
        ImportError: Another file or folder of this name is found first; it is named.
    """
    ours = HERE / name
    if not (ours.is_dir() or ours.with_suffix(".py").exists()):
        return  # installed in another way, whatever it is
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = getattr(sys.modules.get(name), "__spec__", None)
    found = _place(spec)
    if found is None or _same(found, ours) or _same(found, ours.with_suffix(".py")):
        return
    raise ImportError(
        f"zprl-env needs its own package {name!r}, {ours}. Got: {found}, which is found before it "
        f"and shadows it. Rename that, or run from another folder.",
        name=name,
        path=str(found),
    )


def _place(spec: object) -> Path | None:
    """Return the folder of a package, or the file of a module, that a spec leads to."""
    folders = list(getattr(spec, "submodule_search_locations", None) or ())
    origin = folders[0] if folders else getattr(spec, "origin", None)
    return Path(origin) if origin and Path(origin).exists() else None


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


refuse_shadow("policies")
