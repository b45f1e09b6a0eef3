"""Silence the log messages and warnings of robosuite's import and construction."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import MissingExtraError


@contextmanager
def quiet_robosuite() -> Iterator[ModuleType]:
    """Import robosuite and hold back its log messages below an error, for as long as this lasts."""

    def is_error(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    # A filter, because robosuite sets its logger's level again while it is imported.
    logger = logging.getLogger("robosuite_logs")
    logger.addFilter(is_error)
    try:
        import_mujoco()
        import robosuite

        yield robosuite
    except ModuleNotFoundError as error:
        if error.name == "robosuite":
            raise MissingExtraError("robosuite", "robosuite") from error
        raise
    finally:
        logger.removeFilter(is_error)
