"""The daily costs in which anomalies are looked for, and what of the bill made the difference."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from finops.allocation import Allocation, Method
from finops.anomaly import AnomalySeries, Cause
from finops.anomaly_found import FoundAnomaly, FoundDay, Shape
from finops.basis import Basis
from finops.company import Company, Team
from finops.scope import Rule
from storage.anomaly_causes import Asked, causes_of
from storage.anomaly_costs import LENGTH, SettledCosts, settled_costs
from tests.storage.bills import Place
from tests.storage.test_target_spend import COMPANY, COST, DAY, FIRST, LAST, NOW, TODAY, deliver, row

EC2 = AnomalySeries("atlas", "EC2", "AWS", "USD", Basis.EFFECTIVE)


def read(place: Place, today: date = TODAY) -> SettledCosts:
    with place.state.reading() as connection:
        return settled_costs(connection, place.company, today)


def days_of(found: SettledCosts, series: AnomalySeries) -> dict[date, float]:
    """Day → cost of a series, from the first delivered day on; missing days are left out."""
    costs = found.costs[found.series.index(series)]
    return {found.first_day + number * DAY: float(cost) for number, cost in enumerate(costs) if not np.isnan(cost)}


def test_every_series_has_its_days(place: Place) -> None:
    """One row for each team, service, provider and currency: zero where nothing was billed, tax left out."""
    place.company = COMPANY
    days = [FIRST + number * DAY for number in range(7)]
    rows = [row(day) for day in days] + [row(day) for day in days]
    rows += [row(days[2], Decimal("-3.5"), ServiceName="S3"), row(days[0], 9 * COST, BillingCurrency="EUR")]
    rows += [row(days[0], 7 * COST, ChargeCategory="Tax"), row(days[1], SubAccountName="Other")]
    deliver(place, rows)
    found = read(place)
    assert [(each.team, each.service, each.currency) for each in found.series] == [
        ("atlas", "EC2", "EUR"),
        ("atlas", "EC2", "USD"),
        ("atlas", "S3", "USD"),
        ("unallocated", "EC2", "USD"),
    ]
    assert found.costs.shape == (4, LENGTH) and found.first_day == LAST - (LENGTH - 1) * DAY
    assert set(found.settled_through) == {LAST}
    assert days_of(found, EC2) == dict.fromkeys(days, 2.0)
    s3 = AnomalySeries("atlas", "S3", "AWS", "USD", Basis.EFFECTIVE)
    assert days_of(found, s3) == dict.fromkeys(days, 0.0) | {days[2]: -3.5}


def july(number: int, cost: Decimal = COST, **values: Any) -> dict[str, Any]:
    """A charge of a day of July, which is a billing period of its own."""
    period = {"BillingPeriodStart": "2024-07-01T00:00:00Z", "BillingPeriodEnd": "2024-08-01T00:00:00Z"}
    return row(date(2024, 7, number), cost, **period | values)


def test_missing_days_are_no_zeros(place: Place) -> None:
    """Days between what an export has delivered are missing for its series alone; without a charge, they cost 0."""
    place.company = COMPANY
    deliver(place, [july(30)])
    deliver(place, [row(FIRST + number * DAY) for number in (0, 1, 3, 4)])
    deliver(place, [row(FIRST + number * DAY, ServiceName="Run") for number in range(6)], export="other")
    found = read(place)
    days = [FIRST + number * DAY for number in range(6)]
    assert days_of(found, EC2) == {date(2024, 7, 30): 1.0} | dict.fromkeys(days[:5], 1.0) | {days[2]: 0.0}
    run = AnomalySeries("atlas", "Run", "AWS", "USD", Basis.EFFECTIVE)
    assert days_of(found, run) == dict.fromkeys(days, 1.0)


def test_an_export_that_ended_keeps_no_series_back(place: Place) -> None:
    """A renamed export's series goes on with the days of both; one that ended is known as far as its own export."""
    place.company = COMPANY
    deliver(place, [july(29), july(31), july(30, ServiceName="Run")], export="old")
    deliver(place, [row(FIRST), row(LAST)], export="new")
    found = read(place)
    both = {date(2024, 7, 29): 1.0, date(2024, 7, 30): 0.0, date(2024, 7, 31): 1.0}
    assert days_of(found, EC2) == both | {FIRST + n * DAY: float(n in (0, 6)) for n in range(7)}
    run = AnomalySeries("atlas", "Run", "AWS", "USD", Basis.EFFECTIVE)
    assert days_of(found, run) == {day: float(day.day == 30) for day in both}
    assert found.settled_through == [LAST, date(2024, 7, 31)]


def test_one_old_credit_of_another_export_hides_no_days(place: Place) -> None:
    """An export that delivered one charge long ago says nothing of the days since."""
    place.company = COMPANY
    deliver(place, [july(30, Decimal(-5))], export="credits")
    deliver(place, [july(29), july(31)])
    deliver(place, [row(FIRST + number * DAY) for number in range(7)])
    found = read(place)
    assert found.settled_through == [LAST]
    assert days_of(found, EC2) == {
        date(2024, 7, 29): 1.0,
        date(2024, 7, 30): -5.0,
        date(2024, 7, 31): 1.0,
    } | {FIRST + number * DAY: 1.0 for number in range(7)}


def test_only_settled_days_are_looked_at(place: Place) -> None:
    """Days less than three days old when they were delivered are missing; so are all where nothing has settled."""
    place.company = COMPANY
    early = datetime(2024, 9, 15, 6, tzinfo=UTC)
    deliver(place, [row(FIRST + number * DAY) for number in range(5)], now=early)
    found = read(place, early.date())
    assert list(days_of(found, EC2)) == [FIRST, FIRST + DAY, FIRST + 2 * DAY]
    assert found.settled_through == [date(2024, 9, 12)]


def test_without_bills_there_are_no_series(place: Place) -> None:
    """Nothing delivered is nothing to look at."""
    assert read(place).series == []


def asked(series: AnomalySeries, *days: date) -> Asked:
    found = tuple(FoundDay(day, Decimal(100), Decimal(10)) for day in days)
    return Asked(series, FoundAnomaly(0, True, Shape.SPIKE, found, days[0], Decimal(9), Decimal(9), None, False))


def rows_with_resources(day: date, cost: str, **values: Any) -> dict[str, Any]:
    """A charge of one usage type and resource."""
    return row(day, Decimal(cost)) | {"x_UsageType": "BoxUsage", "ResourceId": "i-1", "RegionId": "eu-west-1"} | values


def test_the_bill_names_what_caused_it(place: Place) -> None:
    """Account, region, usage type and resource that cost more than in the four weeks before; other series count not."""
    place.company = COMPANY
    spike = FIRST + 2 * DAY
    rows = [rows_with_resources(spike - number * DAY, "10") for number in range(12)]
    rows += [rows_with_resources(spike, "90", x_UsageType="DataTransfer", ResourceId="nat-7", SubAccountId="222")]
    others = {"ServiceName": "S3"}, {"SubAccountName": "Other"}, {"BillingCurrency": "EUR"}, {"ChargeCategory": "Tax"}
    rows += [rows_with_resources(spike, "900", **other) for other in others]
    deliver(place, rows, now=NOW)
    s3 = AnomalySeries("atlas", "S3", "AWS", "USD", Basis.EFFECTIVE)
    named, other = causes_of(
        [asked(EC2, spike), asked(s3, spike)], company=place.company, state=place.state, ledger=place.ledger
    )
    assert named == (
        Cause("account", "Atlas (222)", Decimal(90)),
        Cause("region", "eu-west-1", Decimal("96.0714")),
        Cause("usage type", "DataTransfer", Decimal(90)),
        Cause("resource", "nat-7", Decimal(90)),
    )
    assert {cause.excess for cause in other} == {Decimal(900)}


def test_a_share_of_what_others_pay_has_an_account_and_no_resource(place: Place) -> None:
    """What a team bears of a pool is caused by the pool's account; its rows are not the team's."""
    teams = (*COMPANY.teams, Team("pool", "Pool", scope=(Rule(sub_account_name=("Pool",)),)))
    place.company = Company(teams=teams, allocations=(Allocation("pool", "Shared", Method.EVENLY, ("atlas",)),))
    rows = [rows_with_resources(FIRST, "80", SubAccountName="Pool", SubAccountId="9"), rows_with_resources(FIRST, "1")]
    deliver(place, rows)
    shared = next(each for each in read(place).series if each.team == "atlas" and each.service == "Shared")
    [named] = causes_of([asked(shared, FIRST)], company=place.company, state=place.state, ledger=place.ledger)
    assert named == (Cause("account", "Pool (9)", Decimal(80)), Cause("region", "eu-west-1", Decimal(80)))
