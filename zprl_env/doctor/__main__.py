"""Print a report of the installation's checks: ``python -m zprl_env.doctor``."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import tyro

from policies.commands.page import columns, fold
from zprl_env import cli
from zprl_env.doctor import checks, machine, versions
from zprl_env.doctor.finding import Finding
from zprl_env.errors import ConfigurationError
from zprl_env.files import check_file, write_json

if TYPE_CHECKING:
    from rich.console import Console

Part: TypeAlias = Literal["versions", "machine", "learning", "rendering", "suites", "policies"]
NAME, INDENT = 20, 31
"""Width of findings' names, and of all that stands before their text."""
USUAL = {"versions": "as needed", "policies": "which load and predict, weights verified"}
"""Parts with many findings, and what to say of those that are well."""
NOUNS = {"versions": "libraries", "policies": "shipped policies"}
ALONE = ("python", versions.PACKAGE)
"""Findings that are always shown."""
COLOURS = {"ok": "green", "missing": "cyan", "warning": "yellow", "broken": "bold red"}


@dataclass(frozen=True)
class Examination:
    """Check whether this installation works, and advise where it does not.

    Every suite takes 20 steps, a picture is drawn, the shipped policies are loaded; each in a
    process of its own, so that what crashes is reported. Paste the output into a bug report: it
    names no folder of yours and no environment variable but three. Exit code 0: everything that is
    installed works (what is "missing" is optional); 1: something is broken.
    """

    parts: Annotated[
        tuple[Part, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[PART ...]")
    ] = ()
    """Parts to list in full: versions, machine, learning, rendering, suites, policies. Without any
    a summary of all."""
    json: Path | None = None
    """File for the same as JSON, with tracebacks."""
    timeout: float = 180.0
    """Time after which to give up on a simulator, a policy or a picture [s]. The first use of a
    fresh installation compiles for up to a minute.
    """

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ConfigurationError(f"timeout must be above 0. Got: {self.timeout:g}.")


def examine(examination: Examination) -> dict[str, list[Finding]]:
    """Run the checks, and print each finding as it is found.

    Returns:
        Findings by part.

    Raises:
        RunFolderError: The JSON file cannot be written.
    """
    if examination.json is not None:
        check_file(examination.json)
    from rich.console import Console

    timeout = examination.timeout
    looks: dict[str, Callable[[], Iterable[Finding]]] = {
        "versions": versions.findings,
        "machine": machine.findings,
        "learning": lambda: checks.learning(timeout),
        "rendering": lambda: checks.rendering(timeout),
        "suites": lambda: checks.suites(timeout),
        "policies": lambda: checks.policies(timeout),
    }
    console = Console(soft_wrap=True, highlight=False)
    found: dict[str, list[Finding]] = {}
    with console.status("") as status:  # gone when it is done, and not written to a pipe
        for part in examination.parts or looks:
            status.update(f"looking at {part}")
            console.print(part, style="bold")
            found[part] = []
            for finding in looks[part]():
                found[part].append(finding)
                if examination.parts or not is_usual(part, finding):
                    show(finding, console)
            if not examination.parts and (usual := [f for f in found[part] if is_usual(part, f)]):
                text = f"{len(usual)}, {USUAL[part]} (zprl doctor {part} lists them)"
                show(Finding(NOUNS[part], "ok", text), console)
    if examination.json is not None:
        parts = {
            part: [dataclasses.asdict(f) for f in findings] for part, findings in found.items()
        }
        write_json(examination.json, {"broken": broken(found), "parts": parts})
    names = ", ".join(broken(found))
    console.print(f"broken: {names}" if names else "everything that is installed works")
    return found


def is_usual(part: str, finding: Finding) -> bool:
    """Tell whether a finding is one of many that are all well, which a number can stand for."""
    return part in USUAL and finding.state == "ok" and finding.name not in ALONE


def broken(found: dict[str, list[Finding]]) -> list[str]:
    """Return the names of everything that is broken, each with its part."""
    return [f"{part} {f.name}" for part in found for f in found[part] if f.state == "broken"]


def show(finding: Finding, console: Console) -> None:
    """Print one line, and the advice on a second one."""
    from rich.text import Text

    state = Text(f"{finding.state:8}", COLOURS[finding.state])
    first, *others = folded(finding.text)
    console.print(Text.assemble("  ", state, f"{finding.name:{NAME}} {first}"))
    for line in others:
        console.print(f"{'':{INDENT}}{line}")
    for line in folded(f"-> {finding.advice}") if finding.advice else ():
        console.print(Text(f"{'':{INDENT}}{line}", "italic"))


def folded(text: str) -> list[str]:
    """Wrap a text to what a terminal leaves of its line; in a pipe a finding is one line."""
    if not (sys.stdout.isatty() or "COLUMNS" in os.environ):
        return [text]
    return fold(text, max(columns() - INDENT, 20)) or [""]


EXAMPLES = ("", "versions rendering", "--json report.json")


def main() -> None:
    """Run the command line; exit with 1 if something is broken."""
    cli.run(_examine)


def _examine() -> None:
    if broken(examine(cli.parse(Examination, EXAMPLES))):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
