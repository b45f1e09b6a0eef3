"""Help fits the terminal, and its examples can be pasted."""

from __future__ import annotations

import io
import shlex

from policies.commands.page import Page, at_terminal, columns, examples, wrapped


def test_what_stands_around_the_boxes_is_wrapped_between_words():
    usage = "usage: zprl it [-h] [OPTIONS] FILE"
    text = f"{usage}\n\nSteers zprl-env's policies well.\n╭─ box {'─' * 30}"
    lines = list(wrapped(text, 20))
    assert lines[:4] == ["usage: zprl it [-h]", "       [OPTIONS]", "       FILE", ""]
    assert lines[4:6] == ["Steers zprl-env's", "policies well."]
    assert lines[6].startswith("╭─ box")  # tyro's own concern


def test_marks_of_the_documentation_are_left_out():
    assert list(wrapped("by ``python -m x``", 40)) == ["by python -m x"]


def test_long_examples_go_on_after_a_backslash_and_keep_flag_and_value_together():
    line = "--env my_lab:make_env --policy my_lab:make_policy  # your own"
    found = list(examples("zprl evaluate", [line], 50))
    assert found[:3] == ["", "examples:", "  # your own"]
    assert max(map(len, found)) <= 50
    assert not any(part.endswith("--policy \\") for part in found)
    pasted = shlex.split("\n".join(found[3:]).replace("\\\n", ""))
    assert pasted == ["zprl", "evaluate", *line.partition("#")[0].split()]


def test_no_examples_leave_no_heading():
    assert list(examples("zprl it", [], 80)) == []


def test_a_page_is_as_wide_as_the_terminal_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    assert columns() == 72
    monkeypatch.setenv("COLUMNS", "3")
    assert columns() == 40
    assert Page().isatty() in (True, False)


class Terminal(io.StringIO):
    """What people read."""

    def isatty(self) -> bool:
        return True


def test_an_error_is_wrapped_between_words_for_people_alone(monkeypatch):
    text = "error: " + "a-word-that-stays-whole " * 6
    monkeypatch.setenv("COLUMNS", "60")
    assert at_terminal(text, io.StringIO()) == text
    lines = at_terminal(text, Terminal()).splitlines()
    assert max(map(len, lines)) <= 60
    assert " ".join(lines) == text.strip()
