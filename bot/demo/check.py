"""The demo without a person: what a newcomer would see, checked and listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from bot.demo.company import COMPANY
from bot.demo.demo import Demo
from finops.errors import FinopsError

PATIENCE = 40.0


def check(demo: Demo) -> Iterator[str]:
    """Yield one line for everything seen to work; raises FinopsError at the first that does not."""
    spoken = [team.slug for team in COMPANY.teams]
    day = demo.clock.today().isoformat()
    posts = _wait(lambda: _daily(demo, spoken, day), f"the daily summaries of {', '.join(spoken)}")
    yield f"{len(posts)} teams have their summary of {day} in their channel"
    pictures = sum(any(block["type"] == "image" for block in post["blocks"]) for post in posts.values())
    if pictures != len(posts):
        raise FinopsError(f"Only {pictures} of {len(posts)} summaries have their chart.")
    yield f"{pictures} of them with a burn-up chart"
    person = demo.sandbox.person(COMPANY.people[0]["name"])
    answer = person.command("cost-payments", "/finops variance payments")[0]
    if "Payments" not in answer["text"] or "budget" not in answer["text"].lower():
        raise FinopsError(f"`/finops variance payments` answered: {answer['text'][:200]}")
    yield "/finops variance payments: " + answer["text"].splitlines()[0]
    typo = person.command("cost-payments", "/finops variance paymnts")[0]
    if "payments" not in typo["text"]:
        raise FinopsError(f"A typo was answered: {typo['text'][:200]}")
    yield "/finops variance paymnts: " + typo["text"].splitlines()[0]
    if not person.open_home():
        raise FinopsError("App Home stayed empty.")
    yield "App Home shows my teams"
    said = demo.next_day()
    later = demo.clock.today().isoformat()
    _wait(lambda: _daily(demo, spoken, later), f"the daily summaries of {later}")
    yield f"Next day: {said} {len(spoken)} more summaries"


def _daily(demo: Demo, teams: list[str], day: str) -> dict[str, Any] | None:
    """The day's summary of every team, None while one is missing."""
    found = {}
    for team in teams:
        key = f"daily/{team}/{day}"
        for message in demo.sandbox.messages(f"cost-{team}"):
            if (message.get("metadata") or {}).get("event_payload", {}).get("key") == key:
                found[team] = message
    return found if len(found) == len(teams) else None


def _wait(look: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if seen := look():
            return seen
        time.sleep(0.2)
    raise FinopsError(f"Waited {PATIENCE:.0f} seconds in vain for {what}.")
