"""Time is counted by whom it was spent."""

from __future__ import annotations

from zprl_env.ahead.spent import NOBODY, Spent


def test_time_is_added_up_by_name():
    now = [0.0]
    spent = Spent(lambda: now[0])
    assert spent.most == (NOBODY, 0.0)
    for _ in range(2):
        with spent.by("driver"):
            assert spent.at_work == "driver"
            now[0] += 0.25
    spent.add({"camera": 0.25})
    assert (spent.most, spent.total, spent.at_work) == (("driver", 0.5), 0.75, "")
    spent.clear()
    assert spent["driver"] == spent.total == 0.0
