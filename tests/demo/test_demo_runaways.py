"""Whatever month the demo is started in, its runaway job stands out of the bill, and says where it ran."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from bot.demo.bill import charges, runaway_days
from bot.demo.catalog import AWS, AWS_SERVICES, RUNAWAYS
from bot.demo.demo import FIRST_DAY, SEED
from bot.demo.focus_files import Charge
from bot.demo.plan import next_month
from finops.anomaly_cause import leading_causes
from finops.anomaly_detection import LEAST_HISTORY, find_anomalies
from finops.anomaly_rules import AnomalyRules
from finops.anomaly_state import Cause

MONTHS = [date(2025 + number // 12, 1 + number % 12, 1) for number in range(6, 23)]
"""July 2025 to November 2026: twelve months before each of five starts, one for every job that runs away."""
COLUMNS = {"account": "SubAccountName", "region": "RegionId", "usage type": "SkuMeter", "resource": "ResourceId"}
BEFORE = 28


def test_every_start_has_a_runaway_job_with_its_cause() -> None:
    """Each of five months in a row tells its job and every earlier one, nothing else, and all four of its causes."""
    billed = [charge for month in MONTHS for charge in charges(AWS, month, next_month(month), seed=SEED)]
    by_service: dict[str, list[Charge]] = defaultdict(list)
    for charge in billed:
        if {("team", "ml"), ("team", "machine-learning")} & _tags(charge):
            by_service[str(charge.facts["ServiceName"])].append(charge)
    services = sorted(by_service)
    for number in range(12, len(MONTHS)):
        first, month = MONTHS[number - 12], MONTHS[number]
        length = (month.replace(day=FIRST_DAY - 2) - first).days
        costs = np.array([_daily(by_service[service], first, length) for service in services])
        found = find_anomalies(costs, first, [AnomalyRules().minimums(None, "USD")] * len(services))
        told = {(each.first_day, services[each.series]) for each in found if each.is_increase}
        ran = {runaway_days(each)[0]: _service(each) for each in MONTHS[number - 12 : number + 1]}
        assert told == {(day, service) for day, service in ran.items() if (day - first).days >= LEAST_HISTORY}
        assert _causes(by_service[_service(month)], runaway_days(month)) == _job(billed, month)


def _tags(charge: Charge) -> set[tuple[str, str]]:
    return set(charge.facts.get("Tags") or ())  # type: ignore[arg-type]


def _service(month: date) -> str:
    return AWS_SERVICES[RUNAWAYS[(month.year * 12 + month.month) % len(RUNAWAYS)][0]].name


def _daily(own: list[Charge], first: date, length: int) -> list[float]:
    costs = [0.0] * length
    for charge in own:
        if 0 <= (number := (charge.start - first).days) < length:
            costs[number] += float(charge.effective)
    return costs


def _causes(own: list[Charge], days: list[date]) -> list[tuple[str, str]]:
    """The first of each dimension's causes, as the job finds them."""
    during, before = _by_column(own, days), _by_column(own, [days[0] - timedelta(1 + back) for back in range(BEFORE)])
    causes: dict[str, Cause] = {}
    for cause in leading_causes(during, before, len(days), BEFORE, is_increase=True):
        causes.setdefault(cause.dimension, cause)
    return [(each.dimension, each.value) for each in causes.values()]


def _by_column(own: list[Charge], days: list[date]) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = {name: defaultdict(Decimal) for name in COLUMNS}
    for charge in own:
        if charge.start in days:
            for name, column in COLUMNS.items():
                found[name][str(charge.facts[column])] += charge.effective
    return found


def _job(billed: list[Charge], month: date) -> list[tuple[str, str]]:
    """The account, region, usage type and resource of the month's runaway job, as billed."""
    job = ("job", f"retrain-{month:%Y-%m}")
    facts = next(each.facts for each in billed if job in _tags(each))
    return [(name, str(facts[column])) for name, column in COLUMNS.items()]
