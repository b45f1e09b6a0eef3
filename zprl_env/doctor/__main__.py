"""Print a report of the installation's checks: ``python -m zprl_env.doctor``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import tyro

from zprl_env import cli
from zprl_env.doctor import checks, machine, versions
from zprl_env.doctor.finding import Finding
from zprl_env.errors import ConfigurationError
from zprl_env.files import check_file, write_json

if TYPE_CHECKING:
    from rich.console import Console

Part: TypeAlias = Literal["versions", "machine", "learning", "rendering", "suites", "policies"]
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
    """Parts to check (versions, machine, learning, rendering, suites, policies); everything if
    nothing is named."""
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
                show(finding, console)
    if examination.json is not None:
        parts = {
            part: [dataclasses.asdict(f) for f in findings] for part, findings in found.items()
        }
        write_json(examination.json, {"broken": broken(found), "parts": parts})
    names = ", ".join(broken(found))
    console.print(f"broken: {names}" if names else "everything that is installed works")
    return found


def broken(found: dict[str, list[Finding]]) -> list[str]:
    """Return the names of everything that is broken, each with its part."""
    return [f"{part} {f.name}" for part in found for f in found[part] if f.state == "broken"]


def show(finding: Finding, console: Console) -> None:
    """Print one line, and the advice on a second one."""
    from rich.text import Text

    state = Text(f"{finding.state:8}", COLOURS[finding.state])
    console.print(Text.assemble("  ", state, f"{finding.name:20} {finding.text}"))
    if finding.advice:
        console.print(Text(f"{'':31}-> {finding.advice}", "italic"))


EXAMPLES = ("", "versions rendering", "--json report.json")


def main() -> None:
    """Run the command line; exit with 1 if something is broken."""
    cli.run(_examine)


def _examine() -> None:
    if broken(examine(cli.parse(Examination, EXAMPLES))):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
