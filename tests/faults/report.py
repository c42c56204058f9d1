"""Runs of seeds, and what they came to."""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from tests.faults.course import run
from tests.faults.judgement import violations
from tests.faults.place import Place
from tests.faults.plan import make_plan, without_faults
from tests.faults.reference import differences


@dataclass(frozen=True)
class Result:
    """What one run came to.

    Attributes:
        name: how to call it again: the arguments of `python -m tests.faults`.
        seconds: of the run with faults, and all that it was held against.
        counted: what there was: messages, answers, and so on.
        fired: what went wrong, by kind.
    """

    name: str
    seconds: float
    violations: tuple[str, ...]
    counted: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)


def run_seed(seed: int, place: Place) -> Result:
    """Run a seed and judge it."""
    begun, plan = time.monotonic(), make_plan(seed)
    try:
        done = run(plan, place)
        found = violations(done)
        compared = plan.compared and not done.is_late
        if compared:
            reference = run(without_faults(plan), place)
            found += (f"without faults: {line}" for line in violations(reference))
            found += differences(done.seen, reference.seen)
    except Exception:
        # Told with its seed, as any other violation is, and the other seeds go on.
        return Result(f"--seed {seed}", time.monotonic() - begun, (f"broke: {traceback.format_exc()}",))
    counted = Counter(
        {
            "runs": 1,
            "compared with the same week without faults": compared,
            "on PostgreSQL": place.takes_server(plan.server),
            "over Socket Mode": plan.socket,
            "with two workers": plan.workers > 1,
            "in which faults outlast a step": plan.lags,
            "messages in Slack": len(done.seen.messages),
            "entries on record": len(done.seen.entries),
            "answers of people that were acknowledged": len(done.answered),
        }
    )
    return Result(f"--seed {seed}", time.monotonic() - begun, tuple(found), counted, done.fired)


@contextmanager
def silence() -> Iterator[None]:
    """Keep what goes wrong on purpose out of the log."""
    configured = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        structlog.configure(**configured)


def report(results: Iterable[Result], seconds: float) -> Iterator[str]:
    """The results, line by line."""
    counted: Counter[str] = Counter()
    fired: Counter[str] = Counter()
    spent: list[float] = []
    wrong: list[Result] = []
    for result in results:
        counted += result.counted
        fired += result.fired
        spent.append(result.seconds)
        if result.violations:
            wrong.append(result)
    mean, most = sum(spent) / max(1, len(spent)), max(spent, default=0)
    yield f"{len(spent):,} runs in {seconds:,.0f} s; {mean:.1f} s each, {most:.1f} s at most"
    yield from _table("what there was", counted)
    yield from _table("what went wrong", fired)
    yield f"violations: {sum(len(result.violations) for result in wrong)}, in {len(wrong):,} of {len(spent):,} runs"
    for result in wrong:
        yield f"  python -m tests.faults {result.name}"
        yield from (f"    {line}" for line in result.violations[:10])


def _table(title: str, counts: Counter[str]) -> Iterator[str]:
    yield ""
    yield f"| {title} | number |"
    yield "|---|---|"
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"| {name} | {count:,} |"
    yield ""
