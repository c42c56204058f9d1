"""Asking for teams' months as Slack does, and holding every answer against the bill."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from random import Random
from statistics import quantiles
from urllib.parse import urlencode

from tests.bench.place import SECRET, Place
from tests.bench.processes import python, run
from tests.bench.web import Web

AT_A_TIME = 8


@dataclass(frozen=True)
class Asked:
    """What came back of one round.

    Attributes:
        seconds: of each answer, sorted.
        elapsed: of the round.
        wrong: answers that are not HTTP 200 in the ack with the team's actual in them.
    """

    seconds: Sequence[float]
    elapsed: float
    wrong: int

    def percentile(self, percent: int) -> float:
        """Seconds within which that many of a hundred answers came."""
        return quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


def ask(
    place: Place,
    web: Web,
    actuals: Mapping[str, str],
    count: int,
    *,
    words: str = "",
    rate: float | None = None,
    beside: int | None = None,
    seed: int = 0,
) -> Asked:
    """Ask for the months of random teams.

    Args:
        actuals: team → actual, from the raw bill.
        count: of requests.
        words: what follows the team, for example the month.
        rate: requests due a second; as many as 8 connections take where not given.
        beside: the process beside which to ask; with its end the questions end.
        seed: another one asks for other teams.
    """
    random, known = Random(seed), sorted(set(actuals) - {"unallocated"})
    teams = [random.choice(known) for _ in range(count)]
    forms = [_form(f"variance {team} {words}".strip(), number) for number, team in enumerate(teams)]
    task = {
        "port": web.port,
        "secret": SECRET,
        "forms": forms,
        "connections": AT_A_TIME,
        "rate": rate,
        "beside": beside,
    }
    file = place.folder / "task.json"
    file.write_text(json.dumps(task))
    run(python("client", file), {})
    found = json.loads(file.with_suffix(".answers.json").read_text())
    wrong = sum(not status.endswith(" 200 OK") for status in found["statuses"])
    wrong += sum(not _right(body, teams[number], actuals) for number, body in found["bodies"])
    return Asked(sorted(found["seconds"]), found["elapsed"], wrong)


def _form(text: str, number: int) -> str:
    return urlencode(
        {
            "token": "x",
            "team_id": "T0000BENCH",
            "channel_id": "C0000BENCH",
            "channel_name": "finops",
            "user_id": f"U{number % 500:08d}",
            "user_name": "bench",
            "command": "/finops",
            "text": text,
            "trigger_id": f"{number}.bench",
            "response_url": "https://hooks.slack.com/commands/bench",
        }
    )


def _right(body: str, team: str, actuals: Mapping[str, str]) -> bool:
    """Whether an answer names the team and its actual, rounded as a reader sees it."""
    amount = Decimal(actuals[team]).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    said = json.loads(body or "{}")
    return bool(said.get("blocks")) and team in said["text"] and f"${amount:,f}" in said["text"].replace("\u2212", "-")


@contextmanager
def out_of_reach(*paths: Path) -> Iterator[None]:
    """Files and folders that are not where they were until the end."""
    away = [(path, path.with_name(f"{path.name}.away")) for path in paths]
    for path, elsewhere in away:
        path.rename(elsewhere)
    try:
        yield
    finally:
        for path, elsewhere in away:
            elsewhere.rename(path)
