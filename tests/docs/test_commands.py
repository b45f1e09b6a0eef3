"""Every command that a page shows exists, and so does every flag that it is given."""

from __future__ import annotations

import re

import pytest

from tests.helpers.documents import DOCS, PAGES, ROOT, commands, explained, page_name, parsed
from zprl_env.__main__ import COMMANDS

SHOWN = {command: page_name(path) for path in PAGES for command in commands(path)}
EXAMPLES = [c.split()[1] for c in SHOWN if c.startswith("python examples/")]  # which have no --help
OF_PYTHON = {
    c: parsed(c)
    for c in SHOWN
    if c.startswith(("python ", "zprl ")) and not c.startswith("python examples/")
}
SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for folder in ("benchmarks", "policies", "real", "zprl_env")
    for path in (ROOT / folder).rglob("*.py")
)
RL_ZOO = ("help", "conf-file", "no-optim-plots", "trial-id")
"""Flags that pages speak of and that are not ours."""
HAVE_VERBS = re.compile(r"benchmarks\.|zprl_env\.hub$|zprl_env$")
"""Modules whose first argument is a command of theirs."""


@pytest.mark.slow
@pytest.mark.parametrize("words", sorted({c.words for c in OF_PYTHON.values()}), ids=" ".join)
def test_a_command_explains_itself_and_has_the_flags_that_pages_give_it(words):
    said = explained(words)
    for text, command in OF_PYTHON.items():
        if command.words != words:
            continue
        has_verbs = HAVE_VERBS.search(words[-1])
        if has_verbs and command.verb:
            assert re.search(rf"(?<![\w-]){command.verb}(?![\w-])", said), (text, SHOWN[text])
        for flag in command.flags:
            help_text = said
            if has_verbs and flag not in said:
                help_text = explained((*words, command.verb or "run"))
            assert re.search(rf"{flag}(?![\w-])", help_text), (flag, text, SHOWN[text])


def test_every_example_that_is_shown_is_there():
    assert EXAMPLES
    assert all((ROOT / name).is_file() for name in EXAMPLES)


def test_the_page_of_commands_has_every_name_that_zprl_knows():
    page = (DOCS / "reference/commands.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `python [^|]+\| `([\w-]+)` \|", page, flags=re.MULTILINE))
    assert named == {*COMMANDS}


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_flag_that_a_page_speaks_of_is_a_setting_somewhere(path):
    for flag in re.findall(r"`--([a-z][a-z-]+)", path.read_text(encoding="utf-8")):
        name = flag.removeprefix("no-").replace("-", "_")
        is_field = re.search(rf"^    {name}: ", SOURCES, flags=re.MULTILINE)
        assert is_field or f"--{flag}" in SOURCES or flag in RL_ZOO, flag


def test_every_target_of_make_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    shown = [command for command in SHOWN if command.startswith("make ")]
    assert "make train" in shown
    for command in shown:
        assert command.split()[1] in targets, (command, SHOWN[command])


def test_every_extra_that_is_installed_is_one_of_the_package_s():
    extras = re.findall(r'^        "(\w+)": [\[A-Z]', (ROOT / "setup.py").read_text(), re.MULTILINE)
    shown = [command for command in SHOWN if command.startswith("pip ")]
    assert shown
    for command in shown:
        for extra in re.findall(r"\[([\w,]+)\]", command):
            assert {*extra.split(",")} <= {*extras}, (command, SHOWN[command])
