"""Markdown tables have a head, a rule and rows."""

from __future__ import annotations

from benchmarks.tables import markdown


def test_a_table_has_as_many_columns_in_the_rule_as_in_the_head():
    text = markdown.table(["a", "b"], [["1", "2"], ["3", ""]])
    assert text == "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 |  |\n"


def test_the_head_of_the_names_may_be_empty():
    assert markdown.table(["", "success"], []) == "| | success |\n|---|---|\n"


def test_rates_and_intervals_have_two_digits():
    assert markdown.rate([1] * 50) == "1.00 (0.93-1.00)"
    assert markdown.interval([0.123, 0.456]) == "0.12 - 0.46"
