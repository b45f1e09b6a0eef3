"""Arrows, circles and upward imports are found in the import graph."""

from __future__ import annotations

from benchmarks.house.imports import arrows, circles, graph, upward
from benchmarks.house.source import Checkout


def test_imports_are_read_wherever_they_stand(tmp_path):
    files = {
        "policies/a.py": "def f():\n    from policies.b import c\n    import os\n",
        "policies/b/c.py": "import policies.a\n",
        "policies/b/d.py": "from policies.b import c\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    links = graph(Checkout(tmp_path))
    assert links == {
        "policies.a": {"policies.b.c"},
        "policies.b.c": {"policies.a"},
        "policies.b.d": {"policies.b.c"},
    }


def test_a_folder_is_one_room_and_arrows_within_it_do_not_count():
    links = {
        "p": {"p.a"},
        "p.a": {"p.b.c", "p.b.d", "q.e"},
        "p.b.c": {"p.b.d", "p.a"},
        "p.b.d": set(),
        "q.e": {"p.a"},
    }
    assert arrows(links, "p") == (2, 2)
    assert arrows(links, "p.b") == (2, 1)
    assert arrows(links, "q") == (1, 0)


def test_circles_are_told_once_with_all_their_members():
    links = {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"b"}, "e": {"e1"}, "e1": {"e"}}
    found = sorted(map(sorted, circles(links)))
    assert found == [["b", "d"], ["e", "e1"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_an_import_of_a_package_above_is_upward():
    links = {
        "policies.a": {"zprl_env.b"},
        "zprl_env.b": {"policies.a"},
        "real.c": {"zprl_env.b"},
        "train_sb3": {"real.c"},
    }
    assert upward(links) == ["policies.a -> zprl_env.b"]
