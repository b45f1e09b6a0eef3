"""A bar for a terminal, a line now and then for a log."""

import io
import sys

from policies.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_now_and_then_and_a_terminal_a_bar_that_moves(monkeypatch):
    intervals = []
    for stream in (io.StringIO(), Terminal()):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar(total=3) as bar:
            intervals.append(bar.mininterval)
    assert intervals == [30.0, 0.1]


def test_it_goes_through_what_it_is_given_and_takes_tqdm_s_options(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    bar = progress_bar([3, 1, 2], desc="episodes", mininterval=0.0)
    assert list(bar) == [3, 1, 2]
    assert (bar.n, bar.desc) == (3, "episodes")
    assert "episodes: 100%" in log.getvalue()
