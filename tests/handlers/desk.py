"""Alerts made by hand in a sandbox workspace, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from bot.discovery import declared
from bot.small_install import SmallInstall
from finops.alert import Alert, AlertKey, Reading, Setting, evaluate
from finops.basis import Basis
from finops.explained_month import coverage_of_alert, variance_key
from finops.periods import Month
from finops.policy import Kind
from storage.alerts import entries_of, find_alert, save_alerts
from storage.audit import append, read
from storage.deliveries import TABLE as DELIVERIES
from storage.deliveries import queue
from storage.explanations import explanations_of
from storage.people import read_directory
from tests.bot.conftest import Bench
from views.alert_effects import Told, alert_effects

NOVEMBER = Month(2026, 11)
Json = dict[str, Any]


@dataclass
class Desk:
    """A running bot whose alerts are raised by the test."""

    bench: Bench
    bot: SmallInstall

    @property
    def sandbox(self) -> Any:
        """The workspace."""
        return self.bench.sandbox

    def raised(self, team: str = "payments", step: int = 2, kind: Kind = Kind.FORECAST, *, posted: bool = True) -> str:
        """Raise an alert to a rung, or move it there, and wait for its message; returns its key."""
        key = raise_alert(self.bench.installation, team, step, kind)
        self.bot.worker.sender.wake()
        if posted:
            self.sandbox.wait_for(lambda: self.message(key), timeout=30)
            self.settle()
        return key

    def alert(self, key: str) -> Alert:
        """The alert as stored."""
        with self.bench.installation.state.reading() as connection:
            found = find_alert(connection, AlertKey.parse(key))
        assert found is not None
        return found

    def channel(self, key: str) -> str:
        """The name of the channel in which an alert stands."""
        return f"cost-{key.split('/')[0]}"

    def message(self, key: str) -> Json | None:
        """The alert's message in Slack."""
        found = [m for m in self.sandbox.messages(self.channel(key)) if key_of(m) == f"alert/{key}"]
        assert len(found) <= 1
        return found[0] if found else None

    def ts(self, key: str) -> str:
        """Where the alert's message is."""
        message = self.message(key)
        assert message is not None
        return str(message["ts"])

    def says(self, key: str, *words: str) -> Json:
        """Wait until the alert's message says something; returns it."""
        self.sandbox.wait_for(
            lambda: (found := self.message(key)) and all(word in found["text"] for word in words), timeout=10
        )
        message = self.message(key)
        assert message is not None
        return message

    def notes(self, key: str) -> list[str]:
        """What stands in the thread of an alert, by the bot."""
        thread = self.sandbox.thread(self.channel(key), self.ts(key))[1:]
        return [message["text"] for message in thread if "bot_id" in message]

    def noted(self, key: str, number: int) -> list[str]:
        """Wait until that many notes stand in an alert's thread; returns them."""
        self.sandbox.wait_for(lambda: len(self.notes(key)) >= number, timeout=30)
        return self.notes(key)

    def hidden(self, person: str, channel: str) -> list[Json]:
        """What only one person sees in a channel."""
        return [message for message in self.sandbox.person(person).sees(channel) if message.get("is_ephemeral")]

    def told(self, person: str, words: str) -> Json:
        """Wait until a person is told something directly; returns it."""
        who = self.sandbox.person(person)
        self.sandbox.wait_for(lambda: any(words in message["text"] for message in who.direct_messages()), timeout=30)
        return next(message for message in who.direct_messages() if words in message["text"])

    def record(self) -> list[tuple[str, str]]:
        """Who did what to alerts, freezes and whatever else has changed since the budgets, by name, oldest first."""
        names = {self.sandbox.user_id(name): name for name in ("alice", "bob", "carol", "dave", "erin", "frank")}
        with self.bench.installation.state.reading() as connection:
            entries = [each.entry for each in read(connection)]
        return [(names.get(e.who, e.who), e.action) for e in entries if not e.action.startswith("budget.")]

    def set_owners(self, team: str, *owners: str) -> None:
        """Give a team other owners, as a new finops.yaml would."""
        company = self.bench.installation.company
        emails = tuple(f"{name}@example.com" for name in owners)
        teams = tuple(replace(each, owners=emails) if each.slug == team else each for each in company.teams)
        object.__setattr__(company, "teams", teams)
        company.__dict__.pop("listed", None)

    def settle(self) -> None:
        """Send everything that may go out now, and have its place noted."""
        self.bot.worker.sender.wake()
        self.sandbox.wait_for(lambda: not self._due(), timeout=30)

    def _due(self) -> int:
        free_from = func.coalesce(DELIVERIES.c.not_before, self.bench.clock.now)
        query = select(func.count()).where(DELIVERIES.c.state == "due", free_from <= self.bench.clock.now)
        with self.bench.installation.state.reading() as connection:
            return int(connection.execute(query).scalar() or 0)


def key_of(message: Json) -> str:
    """The key that a message of the bot carries."""
    return str((message.get("metadata") or {}).get("event_payload", {}).get("key", ""))


def buttons(message: Json) -> dict[str, str]:
    """action_id → label of a message's buttons."""
    found = {}
    for block in message.get("blocks", []):
        for element in (*block.get("elements", []), block.get("accessory") or {}):
            if element.get("type") == "button":
                found[element["action_id"]] = element["text"]["text"]
    return found


def raise_alert(
    installation: Any,
    team: str = "payments",
    step: int = 2,
    kind: Kind = Kind.FORECAST,
    now: datetime | None = None,
    month: Month = NOVEMBER,
) -> str:
    """Bring an alert to a rung as a job does, with all that follows; returns its key."""
    company, now = installation.company, now or installation.now
    key = AlertKey(team, month, kind, "USD")
    amount = {3: "3700", 2: "3300", 1: "3100", 0: "2900", -2: "2500"}[step]
    reading = Reading(
        1,
        now,
        step,
        Decimal(amount),
        kind is Kind.FORECAST,
        Decimal("1101.36"),
        Decimal(2900),
        Decimal(amount) / 2900 - 1,
        Basis.EFFECTIVE,
        date(2026, 11, 11),
    )
    with installation.state.writing() as connection:
        directory = read_directory(connection)
        listed = company.listed[team]
        policy = company.policy(listed)
        setting = Setting(policy, directory.callees(company, listed))
        change = evaluate(find_alert(connection, key, lock=True), key, reading, setting, now)
        assert change is not None
        [saved] = save_alerts(connection, [(change, policy)], now)
        covered = coverage_of_alert(saved.alert, explanations_of(connection, variance_key(key)))
        told = Told(saved, listed, policy, listed.channel, coverage=covered)
        queue(connection, alert_effects([told], directory.names, now), now)
        append(connection, entries_of([saved]))
    return str(key)


@contextmanager
def open_desk(bench: Bench) -> Iterator[Desk]:
    """The whole bot over Socket Mode, the directory known and every job off."""
    bench.installation.company.schedules.update(dict.fromkeys(declared("jobs", "JOB"), "off"))
    bot = SmallInstall(bench.installation)
    bot.start()
    bot.worker.tick()
    bench.sandbox.wait_for(lambda: bench.sandbox.sockets, timeout=20)
    try:
        yield Desk(bench, bot)
    finally:
        bench.sandbox.drop_sockets()
        bot.stop()
