"""Figures of prose leave tables and code out."""

from __future__ import annotations

from benchmarks.house.prose import measure, pages

PAGE = """# Title

Ends at 0.95 after 80,000 steps.

| run | 1 |
|---|---|
| a | 2 |

    python 3 4

```python
x = 5
```
"""


def test_tables_and_code_are_no_prose():
    found = measure(PAGE)
    assert (found.lines, found.table_rows) == (13, 3)
    assert (found.words, found.figures) == (8, 2)
    assert found.density == 25.0


def test_an_empty_page_has_no_density():
    assert measure("").density == 0.0


def test_pages_are_found_below(tmp_path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "a.md").write_text("one 1")
    (tmp_path / "b.md").write_text("two")
    assert [page.words for page in pages(tmp_path)] == [1, 2]
    assert pages(tmp_path / "none") == []
