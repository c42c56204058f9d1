"""The small company with a spike in its bill, and what was made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.installation import Installation
from finops.anomaly import Anomaly
from finops.company import Company
from jobs import find_anomalies
from storage.anomalies import anomalies_in
from storage.audit import read
from storage.deliveries import TABLE as DELIVERIES
from storage.people import replace_directory
from tests.company import Charge, make_company, take_in, write_bill

BEGUN = date(2026, 8, 1)
SPIKE = date(2026, 11, 8)
"""A Sunday, the latest but one settled day."""
NOW = datetime(2026, 11, 12, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PEOPLE = {name: f"U{name.upper()}" for name in ("alice", "bob", "carol", "dave")}
USUAL = Decimal(100)


def charges(more: dict[date, Decimal], through: date = date(2026, 11, 11)) -> list[Charge]:
    """Payments costs 100 a day, and more on some days."""
    days = [BEGUN + number * DAY for number in range((through - BEGUN).days + 1)]
    return [Charge(day, USUAL + more.get(day, Decimal(0)), "payments") for day in days]


def deliver(place: Installation, more: dict[date, Decimal], now: datetime | None = None) -> None:
    """Have the bill say so through yesterday."""
    clock: Any = place.clock
    clock.now = now or clock.now
    source = next(iter(place.company.sources.values()))
    write_bill(Path(source.keys["path"]) / "bill.csv", charges(more, clock.now.date() - DAY))
    take_in(place)


def make_place(folder: Path) -> Installation:
    """The small company with its directory filled, and no bill yet."""
    place = make_company(folder, bill=False)
    with place.state.writing() as connection:
        people = [(user, name.title(), f"{name}@example.com", "Europe/Berlin") for name, user in PEOPLE.items()]
        replace_directory(connection, people, [("SFINOPS", "finops", "UDAVE")], [])
    return place


def company_of(place: Installation, mode: str = "live") -> Company:
    """The company with a mode of its anomalies."""
    return replace(place.company, anomalies=replace(place.company.anomalies, mode=mode))


def look(place: Installation, now: datetime | None = None, company: Company | None = None) -> str:
    """Run the job; returns what it did."""
    now = now or place.now
    return find_anomalies.run(now=now, company=company or place.company, state=place.state, ledger=place.ledger).summary


def stored(place: Installation) -> list[Anomaly]:
    """Every anomaly on record."""
    with place.state.reading() as connection:
        return anomalies_in(connection)


def said(place: Installation, begins: str = "anomaly") -> dict[str, tuple[int, str]]:
    """Key → revision and text of every effect whose key begins so."""
    query = select(DELIVERIES.c.key, DELIVERIES.c.revision, DELIVERIES.c.payload)
    with place.state.reading() as connection:
        rows = connection.execute(query.where(DELIVERIES.c.key.startswith(begins)).order_by(DELIVERIES.c.id)).all()
    return {row.key: (row.revision, str(row.payload["text"])) for row in rows}


def recorded(place: Installation) -> list[tuple[str, str]]:
    """Who did what to anomalies, oldest first."""
    with place.state.reading() as connection:
        found = [each.entry for each in read(connection, subject="anomaly")]
    return [(entry.who, entry.action) for entry in found]
