"""Questions are answered at once, and what is none asks nothing."""

from __future__ import annotations

import pytest

from real.console.desk import Desk
from real.console.line import Line, LineError, address
from real.console.link import MOST


@pytest.fixture
def desk():
    desk = Desk().open()
    yield desk
    desk.close()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"ask": None},
        {"ask": "say", "page": "a"},
        {"ask": "take", "page": "a", "mine": True},
        {"ask": "stick", "page": "a", "sent": "x", "arm": 0, "rate": []},
        {"ask": "stick", "page": "a", "sent": 1.0, "arm": 1e400, "rate": []},
    ],
)
def test_what_is_no_question_or_means_nothing_now_is_refused(desk, asked):
    answer, pictures = desk._link.answer(asked)
    assert "refused" in answer
    assert pictures == {}
    assert desk.words.take(True) == []


def test_more_lines_than_there_are_places_are_closed(desk):
    lines = [Line(address()) for _ in range(MOST)]
    for line in lines:
        assert line.ask(ask="shown")[0]["phase"] == "no robot"
    more = Line(address())
    with pytest.raises(LineError):
        more.ask(ask="shown")
    for line in (*lines, more):
        line.close()


def test_a_desk_that_is_closed_is_nowhere(desk):
    desk.close()
    desk.close()
    assert not address().exists()
