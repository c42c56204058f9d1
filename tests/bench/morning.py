"""The daily job: every team's figures in one go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from decimal import Decimal

from tests.bench.measured import Findings, megabytes, seconds, step
from tests.bench.place import Place
from tests.bench.processes import work

MOST_SECONDS = 2.0
HOUR = time(8, 30)


def measure_morning(
    place: Place, environment: Mapping[str, str], actuals: Mapping[str, str], findings: Findings
) -> None:
    """The claims about all teams' figures, on the morning of the month's last day."""
    step("figures and messages of all teams")
    now = datetime.combine(place.month.last, HOUR, UTC)
    found = work("figures", environment, config=place.config, now=now.isoformat())
    best = min(found["seconds"])
    findings.claim(
        f"the daily job's figures of {place.teams:,} teams (best of {len(found['seconds'])})",
        "< 2 s",
        seconds(best),
        best < MOST_SECONDS,
    )
    right = sum(Decimal(found["actuals"].get(team, "NaN")) == Decimal(actual) for team, actual in actuals.items())
    findings.claim(
        "those figures, to the last of 18 digits, as the raw bill has them",
        "all",
        f"{right:,} of {len(actuals):,}",
        right == len(actuals),
    )
    findings.fact("the figures of all teams, each time", ", ".join(map(seconds, found["seconds"])))
    findings.fact("the figures of all teams: processor time of the best", seconds(found["processor"]))
    findings.fact(
        f"the whole job daily_summary, from the tables to the queue ({found['summary']})",
        f"{seconds(found['job'])}, {megabytes(found['memory'])}",
    )
