"""robosuite is imported without its messages, and its logging left as it was."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from zprl_env.envs.robosuite.quiet import quiet_robosuite
from zprl_env.errors import MissingExtraError


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def test_warnings_are_held_back_for_as_long_as_it_lasts_and_errors_are_not():
    pytest.importorskip("robosuite", reason="needs the robosuite extra")
    logger, kept = logging.getLogger("robosuite_logs"), Kept()
    before = [*logger.filters]
    logger.addHandler(kept)
    try:
        with quiet_robosuite():
            logger.warning("no macros")
            logger.error("no robot")
        logger.warning("seen again")
    finally:
        logger.removeHandler(kept)
    assert kept.said == ["no robot", "seen again"]
    assert logger.filters == before


def test_a_machine_without_robosuite_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "robosuite", None)
    with (
        pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[robosuite\]"'),
        quiet_robosuite(),
    ):
        pass


def test_robosuites_own_logging_is_left_as_it_was():
    code = "; ".join(
        (
            "import logging, robosuite",
            "logger = logging.getLogger('robosuite_logs')",
            "before = (logger.level, logger.filters[:], logger.handlers[:])",
            "from zprl_env.envs.robosuite.env import RobosuiteEnv",
            "RobosuiteEnv().reset()",
            "assert before == (logger.level, logger.filters, logger.handlers)",
        )
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Loading controller configuration" not in done.stderr
