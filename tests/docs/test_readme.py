"""The README is short, and what it says at once is what was measured."""

from __future__ import annotations

from benchmarks import steering
from tests.helpers.documents import README, blocks, figures_per_100_words, snippets, table_rows

TEXT = README.read_text(encoding="utf-8")


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 130
    assert max(table_rows(TEXT)) <= 8
    assert figures_per_100_words(README) < 2.0


def test_it_shows_one_script_of_at_most_ten_lines():
    (script,) = snippets(README)
    assert len(script.strip().splitlines()) <= 10
    assert {block.language for block in blocks(README)} == {"python"}


def test_what_make_train_gives_is_what_was_measured():
    row = next(
        line
        for line in steering.table("Lift", steering.load("Lift")).splitlines()
        if line.startswith("| make-train |")
    )
    base, steered = (cell.strip() for cell in row.split("|")[3:5])
    assert f"`make train` takes success from {base} to {steered} " in TEXT


def test_it_opens_four_doors():
    for door in ("a policy", "an environment", "demonstrations", "a robot"):
        assert f"| {door} | [" in TEXT
