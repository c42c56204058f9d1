"""Python's collector, set for processes whose objects are rows that die with their answer."""

from __future__ import annotations

import gc


def settle() -> None:
    """Leave what is loaded out of every collection, and collect less often; called once a process is set up.

    Measured on the figures of 10,000 teams: a quarter of the time went into looking at objects that were all alive.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
