"""Check versions of dependencies: installed, required and tested."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from zprl_env import __version__
from zprl_env.doctor.finding import Finding

PACKAGE = "zprl-env"
LEFT_OUT = {"all", "dev"}
"""Extras that are no library's own."""


def findings() -> Iterator[Finding]:
    """Look at Python, this package and everything that it asks for."""
    yield _python()
    yield _package()
    tested = tested_versions()
    told = set()
    for extra in ("", *extras()):
        for name, requirement in required(extra).items():
            if name not in told:
                told.add(name)
                yield _library(requirement, extra, tested.get(name, ""))


def installed(name: str) -> str:
    """Return the version of a distribution; empty if it is not installed.

    >>> installed("nothing-of-this-name")
    ''
    """
    try:
        return metadata.version(name) or ""
    except metadata.PackageNotFoundError:
        return ""


def extras() -> list[str]:
    """Return the extras of this package that bring something to run."""
    return [extra for extra in _metadata("Provides-Extra") if extra not in LEFT_OUT]


def required(extra: str = "") -> dict[str, Requirement]:
    """Return this package's requirements by name, as its installed metadata says.

    Args:
        extra: Only what this extra adds; without it, what is needed in any case.
    """
    found = {}
    for line in _metadata("Requires-Dist"):
        requirement = Requirement(line)
        always, applies = (
            requirement.marker is None or requirement.marker.evaluate({"extra": name})
            for name in ("", extra)
        )
        if applies and not (extra and always):
            found[requirement.name.lower()] = requirement
    return found


def tested_versions() -> dict[str, str]:
    """Return the versions that the tests ran with; only a checkout knows them.

    They are those of ``constraints.txt``, which lies beside the packages and is not installed.
    """
    import zprl_env

    path = Path(zprl_env.__file__).parents[1] / "constraints.txt"
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {
        pin.name.lower(): next(iter(pin.specifier)).version
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def _metadata(key: str) -> list[str]:
    """Return the lines of this package's own metadata; none if it is not installed."""
    return metadata.metadata(PACKAGE).get_all(key) or [] if installed(PACKAGE) else []


def _python() -> Finding:
    version = platform.python_version()
    text = f"{version} on {platform.system()} {platform.release()}, {platform.machine()}"
    asked = _metadata("Requires-Python")
    if not all(SpecifierSet(line).contains(version, prereleases=True) for line in asked):
        return Finding("python", "warning", f"{text}, needed {asked[0]}", "use another Python")
    return Finding("python", "ok", text)


def _package() -> Finding:
    version = installed(PACKAGE)
    if version:
        return Finding(PACKAGE, "ok", __version__)
    text = f"{__version__}, run from its folder and not installed, so what it needs is unknown"
    return Finding(PACKAGE, "warning", text, "pip install -e .")


def _library(requirement: Requirement, extra: str, tested: str) -> Finding:
    """Compare a library's installed version with the required one.

    >>> _library(Requirement("numpy>=999"), "", "").state
    'warning'
    """
    name, version, needed = requirement.name, installed(requirement.name), requirement.specifier
    if not version:
        if extra:
            return Finding(name, "missing", f'optional: pip install "{PACKAGE}[{extra}]"')
        return Finding(name, "broken", "not installed", f'pip install "{requirement}"')
    if not needed.contains(version, prereleases=True):
        return Finding(
            name, "warning", f"{version}, needed {needed}", f'pip install "{name}{needed}"'
        )
    # What follows a plus says how it was built.
    same = version.partition("+")[0] == tested
    return Finding(name, "ok", version + (f" (tested: {tested})" if tested and not same else ""))
