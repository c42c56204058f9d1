"""Many seeds, in as many processes as there is room for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.util import Finalize

from tests.faults.place import Place
from tests.faults.report import Result, run_seed, silence

RUNS_OF_A_PROCESS = 25
"""Each run leaves ten megabytes of apps and sockets behind; a new process begins without them."""
_place: list[Place] = []
"""Of this process; made by _begin."""


def run_many(seeds: Sequence[int], server: str, processes: int) -> Iterator[Result]:
    """Run seeds, and give each result when it is there.

    Args:
        server: address of a PostgreSQL up to the database's name, empty for none.
    """
    spawn, at_once = get_context("spawn"), processes * RUNS_OF_A_PROCESS
    # A pool's own max_tasks_per_child can stop all its processes for good: https://github.com/python/cpython/issues/115634
    for begin in range(0, len(seeds), at_once):
        with ProcessPoolExecutor(processes, spawn, _begin, (server,)) as pool:
            for future in as_completed([pool.submit(_run, seed) for seed in seeds[begin : begin + at_once]]):
                yield future.result()


def _begin(server: str) -> None:
    place = Place(server, f"faults_{os.getpid()}")
    _place.append(place)
    Finalize(None, place.close, exitpriority=10)


def _run(seed: int) -> Result:
    with silence():
        return run_seed(seed, _place[0])
