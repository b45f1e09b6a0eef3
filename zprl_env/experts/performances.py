"""Performances of many episodes, in this process or in several; in any order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from policies.commands.signals import listened_to, start_tracker
from policies.errors import DemonstrationError
from zprl_env.experts.recorded import Episode, RecordedEnvironment

Make = Callable[[], RecordedEnvironment]
"""Maker of an environment to record; it travels to other processes, and so is no closure."""


def performances(
    stage: RecordedEnvironment, make: Make, seeds: Mapping[int, int], workers: int
) -> Iterator[tuple[int, Episode]]:
    """Perform on this stage, or on one like it in each of several processes.

    Args:
        stage: Where to perform if one process is enough.
        make: Makes another one like it.
        seeds: Seed of each episode by its number.
        workers: Processes.

    Yields:
        Numbers and episodes, as they are finished.

    Raises:
        DemonstrationError: A process has ended.
    """
    if workers == 1 or len(seeds) < 2:
        yield from ((index, stage.perform(seed)) for index, seed in seeds.items())
        return
    start_tracker()
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(seeds)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open_stage,
        initargs=(make,),
    )
    try:
        futures = {pool.submit(_perform, seed): index for index, seed in seeds.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise DemonstrationError(
            "Every process of a recording must live. One has ended, such as for want of memory. "
            "Finished episodes are kept; the same command goes on, perhaps with fewer --workers."
        ) from error
    except BaseException:
        for process in multiprocessing.active_children():
            if process.pid in {*(pool._processes or {})}:
                process.kill()  # even one that hangs or is stopped
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_stage: RecordedEnvironment
"""Stage of a worker process, made by its initializer; an environment does not travel."""


def _open_stage(make: Make) -> None:
    global _stage
    # Signals reach every process; the one that writes decides. Should it be killed, nobody is
    # left to take the episodes.
    for number in listened_to():
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _stage = make()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _perform(seed: int) -> Episode:
    return _stage.perform(seed)
