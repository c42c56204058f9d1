"""Made-up months of made-up teams, one for every shape a message must bear."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from finops.basis import Basis
from finops.breakdown import Line
from finops.company import Team
from finops.periods import Month
from finops.policy import LADDER, Materiality
from finops.spend import Freshness
from finops.team_month import TeamMonth, assess

NOVEMBER = Month(2026, 11)
AS_OF = date(2026, 11, 21)
PAYMENTS = Team("payments", "Payments", "#payments", ("U1",), "U2")
WEEKDAYS = (Decimal("2250.25"), Decimal("2301.107"), Decimal("2280"), Decimal("2240.5"), Decimal("2199.99"), 1400, 1310)
NASTY = "<!channel> *bold* `tick` _it_ ~no~ :smile: & <@U123>"
RIGHT_TO_LEFT = "צוות תשלומים"
LONG = "A team whose name goes on and on until it has eighty characters, no more or less"


def daily(day_cost: Sequence[Decimal | int], through: date, scale: Decimal = Decimal(1)) -> dict[date, Decimal]:
    """A weekday rhythm from four weeks before November on."""
    first = NOVEMBER.first - timedelta(days=31)
    days = [first + timedelta(days=number) for number in range((through - first).days + 1)]
    wobble = (Decimal("1"), Decimal("1.21"), Decimal("0.86"), Decimal("0.97"), Decimal("1.3"))
    return {
        day: Decimal(day_cost[day.weekday()]) * wobble[day.day * 7 % 5 if day.day % 4 else 0] * scale for day in days
    }


def team_month(
    budget: str | None = "60000",
    *,
    scale: str = "1",
    through: date | None = date(2026, 11, 20),
    settled: date | None = date(2026, 11, 17),
    currency: str = "USD",
    as_of: date = AS_OF,
    team: str = "payments",
    costs: Sequence[Decimal | int] = WEEKDAYS,
    basis: Basis = Basis.EFFECTIVE,
    restated_from: str | None = None,
    by_invoice: bool = False,
    materiality: Materiality | None = None,
) -> TeamMonth:
    """A team's November 2026, running unless said otherwise."""
    month = assess(
        team=team,
        month=NOVEMBER,
        basis=basis,
        currency=currency,
        budget=None if budget is None else Decimal(budget),
        daily=daily(costs, through, Decimal(scale)) if through else {},
        freshness=Freshness(through, settled),
        as_of=as_of,
        ladder=LADDER,
        materiality=materiality or Materiality(),
        by_invoice=by_invoice,
    )
    return month if restated_from is None else replace(month, restated_from=Decimal(restated_from))


def ended(budget: str | None = "60000", **more: object) -> TeamMonth:
    """November 2026 seen on 5 December."""
    given: dict[str, object] = {
        "through": date(2026, 11, 30),
        "settled": date(2026, 11, 30),
        "as_of": date(2026, 12, 5),
    }
    return team_month(budget, **(given | more))  # type: ignore[arg-type]


def broken_down(month: TeamMonth, names: Sequence[str], compared: bool = True) -> list[Line]:
    """Lines that add up to the month's actual exactly, shrinking by a third each."""
    actual, left, lines = month.actual or Decimal(0), month.actual or Decimal(0), []
    for number, name in enumerate(names):
        last = number == len(names) - 1
        amount = left if last else (actual * Decimal("0.3337") * (Decimal("0.66") ** number)).quantize(Decimal("1E-10"))
        left -= amount
        former = amount * (Decimal("0.9") if number % 2 else Decimal("1.07")) if compared else None
        lines.append(Line(name, amount, former))
    return sorted(lines, key=lambda line: (-abs(line.amount), line.name))


SERVICES = ("Amazon Elastic Compute Cloud", "Amazon RDS", "Amazon S3", "AWS Lambda", "Amazon CloudFront", "AWS KMS")
