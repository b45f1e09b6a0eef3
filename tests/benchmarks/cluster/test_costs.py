"""Costs are times of a core, not of the clock."""

from __future__ import annotations

import time

from benchmarks.cluster.costs import repeated


def test_waiting_costs_nothing_and_work_does():
    assert repeated(lambda: time.sleep(0.01), 0.05) < 0.005

    def work() -> None:
        began = time.process_time()
        while time.process_time() - began < 0.01:
            pass

    assert 0.009 < repeated(work, 0.05) < 0.02
