"""`python -m tests.faults`: seeded weeks in which everything goes wrong; exit code 1 where one ends wrongly."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.many import run_many
from tests.faults.report import Result, report
from tests.faults.sigkill import run_killed
from tests.postgres import is_installed, running_server

PROGRESS_SECONDS = 30


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="how many seeds (1000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--processes", type=int, default=2, help="at once (2)")
    parser.add_argument("--killed", type=int, help="runs of real processes killed by SIGKILL (one for 100 seeds)")
    options = parser.parse_args()
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.runs)
    killed = range(options.killed if options.killed is not None else len(seeds) // 100)
    begun, results = time.monotonic(), list[Result]()
    with _server() as server:
        if not server:
            _say("PostgreSQL is not installed here: every run is on SQLite.")
        told = begun
        for result in _results(seeds, killed, server, min(options.processes, len(seeds))):
            results.append(result)
            if result.violations or time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                wrong = f"; {result.name} is wrong: {result.violations[0]}" if result.violations else ""
                _say(f"{len(results)} of {len(seeds) + len(killed)} runs{wrong}")
    for line in report(results, time.monotonic() - begun):
        _say(line)
    return 1 if any(result.violations for result in results) else 0


def _results(seeds: range | list[int], killed: range, server: str, processes: int) -> Iterator[Result]:
    if seeds:
        yield from run_many(seeds, server, processes)
    for number in killed:
        yield run_killed(number, server)


@contextmanager
def _server() -> Iterator[str]:
    if not is_installed():
        yield ""
        return
    with running_server() as server:
        yield server.address


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
