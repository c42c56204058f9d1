"""What a target costs by day: the same from the published rows and from the ledger, exact, of its team alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.basis import Basis
from finops.company import Company, Team
from finops.corrective_action import Target
from finops.measured_saving import TargetDays
from finops.scope import Rule
from storage.target_spend import Wanted, target_days
from tests.storage.bills import Place, charge, write_csv

DAY = timedelta(days=1)
FIRST, LAST = date(2024, 9, 10), date(2024, 9, 16)
NOW = datetime(2024, 9, 25, 6, tzinfo=UTC)
TODAY = NOW.date()
COST = Decimal("1.000000000000000001")
COMPANY = Company(teams=(Team("atlas", "Atlas", scope=(Rule(sub_account_name=("Atlas",)),)),), settled_after=3)


def row(day: date, cost: Decimal = COST, **values: Any) -> dict[str, Any]:
    """A charge of a day, tagged as test."""
    starts = {"ChargePeriodStart": f"{day}T00:00:00Z", "ChargePeriodEnd": f"{day + DAY}T00:00:00Z"}
    costs = {"EffectiveCost": str(cost), "BilledCost": str(2 * cost)}
    return charge(**({"Tags": '{"Env": "test"}'} | costs | starts | values))


def deliver(place: Place, rows: list[dict[str, Any]], export: str = "bill", now: datetime = NOW) -> None:
    """Take in charges as an export's delivery."""
    path = write_csv(Path(place.folder) / f"{export}.csv", rows)
    place.ingest(path, export=export, now=now)


def asked(place: Place, target: Target, first: date = FIRST, last: date = LAST, today: date = TODAY) -> TargetDays:
    """One target's days."""
    wanted = Wanted("atlas", "USD", target, first, last)
    [found], _ = target_days([wanted], company=place.company, state=place.state, ledger=place.ledger, today=today)
    return found


@pytest.fixture
def filled(place: Place) -> Place:
    """A week of two services in two accounts with two tags, of two teams, with tax and other currencies."""
    place.company = COMPANY
    days = [FIRST + number * DAY for number in range(7)]
    rows = [row(day) for day in days]
    rows += [row(day, 10 * COST, ServiceName="S3", Tags='{"env ": "live"}') for day in days[::2]]
    rows += [row(day, 100 * COST, SubAccountId="222", Tags='{"Team": "x"}') for day in days]
    rows += [row(day, 1000 * COST, SubAccountName="Other", SubAccountId="333") for day in days]
    rows += [row(days[0], 7 * COST, ChargeCategory="Tax"), row(days[0], 9 * COST, BillingCurrency="EUR")]
    deliver(place, rows)
    return place


def test_each_target_costs_what_its_charges_cost(filled: Place) -> None:
    """Service, account, tag and their combinations, all parts matching; the team's rows only, to the last digit."""
    days = [FIRST + number * DAY for number in range(7)]
    every, others = dict.fromkeys(days, COST), dict.fromkeys(days[::2], 10 * COST)
    cases = {
        Target(service="S3"): others,
        Target(account="222"): dict.fromkeys(days, 100 * COST),
        Target(account="333"): {},
        Target(tag="ENV", value="test"): every,
        Target(tag="env"): {day: COST + others.get(day, Decimal(0)) for day in days},
        Target(tag="env", value="nothing"): {},
        Target(service="EC2", account="111", tag="env"): every,
        Target(): {day: 101 * COST + others.get(day, Decimal(0)) for day in days},
    }
    for target, expected in cases.items():
        found = asked(filled, target)
        assert (target, found.daily) == (target, expected)
        assert found.delivered == frozenset(days)
    wanted = [Wanted("atlas", "USD", target, FIRST, LAST) for target in cases]
    together, publication = target_days(wanted, company=COMPANY, state=filled.state, ledger=filled.ledger, today=TODAY)
    assert [each.daily for each in together] == list(cases.values()) and publication == 1


def test_the_company_s_basis_is_counted(filled: Place) -> None:
    """Billed counts tax, by either way of reading."""
    filled.company = Company(teams=COMPANY.teams, basis=Basis.BILLED)
    assert asked(filled, Target("EC2"), last=FIRST).daily == {FIRST: 2 * 108 * COST}
    assert asked(filled, Target("EC2", account="111"), last=FIRST).daily == {FIRST: 2 * 8 * COST}


def test_a_day_without_charges_of_anybody_is_not_delivered(place: Place) -> None:
    """A hole in the bill is no data; a day on which only others were charged is delivered, and cost nothing."""
    place.company = COMPANY
    rows = [row(FIRST), row(FIRST + DAY, SubAccountName="Other"), row(FIRST + 3 * DAY)]
    deliver(place, rows)
    for target in (Target("EC2"), Target(account="111")):
        found = asked(place, target)
        assert found.delivered == {FIRST, FIRST + DAY, FIRST + 3 * DAY}
        assert found.daily == {FIRST: COST, FIRST + 3 * DAY: COST}


def test_only_exports_that_hold_the_target_are_waited_for(place: Place) -> None:
    """Another export that lags behind holds nothing up, unless the target stands in it."""
    place.company = COMPANY
    deliver(place, [row(FIRST + number * DAY) for number in range(7)])
    late = datetime(2024, 9, 12, 6, tzinfo=UTC)
    deliver(place, [row(FIRST, ServiceName="Run", SubAccountId="999")], export="other", now=late)
    assert asked(place, Target("EC2")).settled_through == LAST
    assert asked(place, Target(account="111")).settled_through == LAST
    for target in (Target("Run"), Target(account="999"), Target()):
        assert asked(place, target).settled_through == date(2024, 9, 9)


def test_a_redelivery_replaces_what_was_measured(filled: Place) -> None:
    """The current version counts, and the publication says which it was."""
    deliver(filled, [row(FIRST, 5 * COST)], now=NOW + DAY)
    for target in (Target("EC2"), Target(account="111")):
        wanted = [Wanted("atlas", "USD", target, FIRST, LAST)]
        [found], publication = target_days(
            wanted, company=COMPANY, state=filled.state, ledger=filled.ledger, today=TODAY
        )
        assert (found.daily, publication) == ({FIRST: 5 * COST}, 2)
