"""The demo without a person: what a newcomer would see, checked and listed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from bot.demo.company import COMPANY, Team
from bot.demo.demo import Demo
from bot.doctor import examine
from finops.errors import FinopsError
from finops.periods import Month
from finops.policy import Kind
from views.alert import ACKNOWLEDGE, DECIDE

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
    yield from _report(demo)
    yield from _alerts(demo)
    said = demo.next_day()
    later = demo.clock.today().isoformat()
    _wait(lambda: _daily(demo, spoken, later), f"the daily summaries of {later}")
    yield f"Next day: {said} {len(spoken)} more summaries"


def _report(demo: Demo) -> Iterator[str]:
    """The month before is closed, its report stands in its channel, and an installation like this one is sound."""
    company, month = demo.installation.company, Month.of(demo.clock.today()).previous
    channel = company.report_channel.lstrip("#")
    key = f"report/{month}"
    found = _wait(lambda: _of_key(demo, channel, key), f"the report of {month} in #{channel}")
    yield f"The report in #{channel}: {found['text'].splitlines()[0]}"
    wrong = [finding for finding in examine(demo.installation) if not (finding.good or finding.warns)]
    if wrong:
        raise FinopsError(f"`finops doctor` says of {wrong[0].check}: {wrong[0].said}", wrong[0].mend)
    yield "finops doctor finds nothing to mend"


def _of_key(demo: Demo, channel: str, key: str) -> dict[str, Any] | None:
    """The message of a delivery, None while it is not there."""
    return next((each for each in demo.sandbox.messages(channel) if _key(each) == key), None)


def _alerts(demo: Demo) -> Iterator[str]:
    """An alert is answered, another climbs in silence, and an emergency waits for the sponsor."""
    checkout, machines = COMPANY.team("checkout"), COMPANY.team("machine-learning")
    alert = _wait(lambda: _alert(demo, checkout), f"the alert in {checkout.channel}")
    yield f"An alert in #{checkout.channel}: {alert['text'].splitlines()[0]}"
    owner, name = checkout.owners[0], _named(checkout.owners[0])
    demo.sandbox.person(owner).click(checkout.channel, alert["ts"], ACKNOWLEDGE)
    _wait(lambda: _alert(demo, checkout, f"*Acknowledged* by {name}"), f"{name}'s acknowledgement")
    yield f"{name} acknowledges it by its button, and the message says so"
    _wait(lambda: _alert(demo, machines, "*A freeze of non-critical spend is to be decided*"), "the emergency")
    sponsor = demo.sandbox.person(COMPANY.executive_sponsor)
    _wait(lambda: _asked(sponsor.direct_messages(), DECIDE), "the sponsor to be asked for a decision")
    yield f"{_named(COMPANY.executive_sponsor)}, the executive sponsor, is asked for a decision on {machines.name}"
    lead, name = demo.sandbox.person(machines.engineering_lead), _named(machines.engineering_lead)
    if _asked(lead.direct_messages(), machines.name):
        raise FinopsError(f"{name} was called before anybody had been silent.")
    said = demo.until_due()
    _wait(lambda: _asked(lead.direct_messages(), "so you are called next"), f"silence to call {name}")
    yield f"Until something is due: {said} {name} is called next"


def _named(name: str) -> str:
    return next(person.real_name for person in COMPANY.staff if person.name == name)


def _alert(demo: Demo, team: Team, words: str = "") -> Any:
    """The team's alert of the running month once it says something, None before."""
    key = f"alert/{team.slug}/{Month.of(demo.clock.today())}/{Kind.FORECAST}/{team.currency}"
    found = (each for each in demo.sandbox.messages(team.channel) if _key(each) == key and words in each["text"])
    return next(found, None)


def _asked(messages: list[dict[str, Any]], words: str) -> bool:
    return any(words in json.dumps(message) for message in messages)


def _key(message: dict[str, Any]) -> str:
    return str((message.get("metadata") or {}).get("event_payload", {}).get("key", ""))


def _daily(demo: Demo, teams: list[str], day: str) -> dict[str, Any] | None:
    """The day's summary of every team, None while one is missing."""
    found = {}
    for team in teams:
        if message := _of_key(demo, f"cost-{team}", f"daily/{team}/{day}"):
            found[team] = message
    return found if len(found) == len(teams) else None


def _wait(look: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if seen := look():
            return seen
        time.sleep(0.2)
    raise FinopsError(f"Waited {PATIENCE:.0f} seconds in vain for {what}.")
