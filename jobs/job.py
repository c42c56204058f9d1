"""How a job is made known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of a job did.

    Attributes:
        summary: one line, for the log and the claim.
    """

    summary: str


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of scheduled work: it runs once when called, and knows nothing of schedules, retries or other workers.

    Attributes:
        name: its name in `schedules:` of finops.yaml.
        schedule: when it runs by default: 'HH:MM', 'every 15m' or 'off'.
        run: called by keyword with what it names of: now, zone, company, state, ledger.
        per_zone: run at that time of every time zone that teams live in, with `zone` given.
        shows_figures: run again, once its time has come, after every publication or budget that changed figures.
    """

    name: str
    schedule: str
    run: Callable[..., Outcome]
    per_zone: bool = False
    shows_figures: bool = False
