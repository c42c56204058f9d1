"""Months taken apart by what drives them, for views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from made_up_months import LONG, NASTY, RIGHT_TO_LEFT, ended, team_month

from finops.drivers import Caveat, Contributor, Driver, Part, Separation, Span
from finops.explained_month import Drivers, drivers_of, span_of
from finops.money import add, subtract
from finops.periods import Month
from finops.spend import DaySpend, total
from finops.team_month import TeamMonth

SPAN = Span((date(2026, 11, 1), date(2026, 11, 14)), (date(2026, 10, 1), date(2026, 10, 14)))


def _one(
    name: str, service: str, account: str, amount: str, was: str = "", now: str = "", unit: str = ""
) -> Contributor:
    moved = (Decimal(was), Decimal(now)) if was else (None, None)
    return Contributor(name, service, account, Decimal(amount), *moved, unit)


def _part(driver: Driver, *found: Contributor) -> Part:
    return Part(driver, add(each.amount for each in found), found)


USUAL = (
    _part(
        Driver.VOLUME,
        _one("", "Amazon EC2", "production", "900.25", "12000", "14400.5", "Hours"),
        _one("", "Amazon S3", "production", "12.5", "1.5", "1.75", "GB-Months"),
        _one("", "AWS Lambda", "", "-3", "2000000", "1000000", "Requests"),
        _one("", "Amazon RDS", "staging", "-2.125", "0.00123", "0.0012", "Hours"),
    ),
    _part(
        Driver.PRICE,
        _one("m5.large, Linux", "Amazon EC2", "production", "210", "0.096", "0.115", "Hours"),
        _one("Requests", "AWS Lambda", "", "0.000001", "0.0000002", "0.00000021", "Requests"),
    ),
    _part(Driver.RESOURCES, _one("m5.24xlarge", "Amazon EC2", "production", "-120", "3", "1", "resource")),
    _part(Driver.CALENDAR, _one("", "Amazon EC2", "production", "100")),
    _part(Driver.MIX, _one("m5.large", "Amazon EC2", "production", "-80", "100", "50", "Hours")),
    _part(Driver.COMMITMENT, _one("", "Amazon EC2", "production", "60")),
    _part(Driver.CREDITS, _one("Promotion", "", "", "-50")),
    _part(Driver.UNALLOCATED, _one("Shared platform", "", "", "40")),
    _part(Driver.TAX, _one("VAT", "", "", "7")),
)
HOSTILE = (
    _part(Driver.VOLUME, _one("", NASTY, RIGHT_TO_LEFT, "1e12", "1e-18", "99999999999999999999", NASTY)),
    _part(Driver.PRICE, _one(LONG, LONG, LONG, "-900", "0", "1e-18", LONG), _one(NASTY, "", "", "1")),
    _part(Driver.RESOURCES, *(_one(f"{NASTY} {n}", RIGHT_TO_LEFT, "", "5", "0", "1", "SKU") for n in range(9))),
)


def separation(change: Decimal, parts: Sequence[Part] = USUAL, span: Span = SPAN) -> Separation:
    """Parts that add up to a change, whatever they leave over not separable."""
    rest = subtract(change, add(part.amount for part in parts))
    left = Part(Driver.NOT_SEPARABLE, rest, (Contributor("Support", "AWS Support", "", rest),))
    found = sorted((*parts, left), key=lambda part: -abs(part.amount))
    return Separation(span, tuple(found), frozenset(Caveat))


def separated(month: TeamMonth, rows: Sequence[DaySpend], parts: Sequence[Part] = USUAL) -> Separation:
    """The parts of a month's change."""
    span = span_of(month)
    assert span is not None
    now, former = (
        total((row for row in rows if first <= row.day <= last), month.basis)
        for first, last in (span.current, span.former)
    )
    return separation(subtract(now, former), parts, span)


def _spend(month: TeamMonth) -> list[DaySpend]:
    """A month's own costs, and nine tenths of them in the month before."""
    rows = []
    for day, cost in month.daily.items():
        former = (cost * 9 / 10).quantize(Decimal("1E-8"))
        rows.append(DaySpend(day, "", "AWS", "Amazon EC2", "Usage", month.currency, cost, cost))
        earlier = max(day - timedelta(days=31), month.month.previous.first)
        rows.append(DaySpend(earlier, "", "AWS", "Amazon EC2", "Usage", month.currency, former, former))
    return rows


def _driven(month: TeamMonth, parts: Sequence[Part] | None = USUAL) -> tuple[TeamMonth, Drivers]:
    rows = _spend(month)
    found = drivers_of(month, rows, None if parts is None else separated(month, rows, parts))
    assert found is not None and (found.separation is None) is (parts is None)
    return month, found


DRIVEN: dict[str, tuple[TeamMonth, Drivers | None]] = {
    "running": _driven(team_month()),
    "ended": _driven(ended("55000")),
    "under": _driven(ended("155000")),
    "yen": _driven(team_month("60000", currency="JPY")),
    "hostile": _driven(team_month(), HOSTILE),
    "untold": _driven(team_month(), None),
    "no_budget": (team_month(None), None),
}


def six_months(scale: int = 1) -> list[tuple[Month, Separation]]:
    """June to November 2026, each taken apart against the month before; of November seventeen days."""
    amounts: list[dict[Driver, int]] = [
        {Driver.VOLUME: 900, Driver.PRICE: -120, Driver.CALENDAR: -210},
        {Driver.VOLUME: 450, Driver.RESOURCES: 1200, Driver.CALENDAR: 220},
        {Driver.VOLUME: 300, Driver.COMMITMENT: -1500, Driver.PRICE: 80},
        {Driver.VOLUME: 640, Driver.RESOURCES: -300, Driver.CREDITS: -450, Driver.CALENDAR: -215},
        {Driver.VOLUME: 1100, Driver.MIX: 130, Driver.TAX: 12, Driver.CALENDAR: 230},
        {Driver.RESOURCES: 700, Driver.VOLUME: 520, Driver.NOT_SEPARABLE: -60},
    ]
    told, month = [], Month(2026, 6)
    for found in amounts:
        before = month.previous
        last = date(2026, 11, 17) if month == Month(2026, 11) else month.last
        span = Span((month.first, last), (before.first, before.last))
        parts = tuple(_part(driver, _one("x", "S", "", str(amount * scale))) for driver, amount in found.items())
        told.append((month, Separation(span, parts)))
        month = month.next
    return told
