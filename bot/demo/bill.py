"""The bills: what each provider has delivered by a given morning, charge by charge, the same for the same seed."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import NamedTuple

from bot.demo.catalog import AWS, AWS_SERVICES, PROVIDERS, RUNAWAYS, Provider, Service
from bot.demo.focus_files import (
    Charge,
    Facts,
    account_facts,
    commitment_facts,
    delivery_path,
    fee_facts,
    focus_columns,
    line_facts,
    purchase_facts,
    unused_facts,
    write_delivery,
)
from bot.demo.plan import (
    FEES,
    Line,
    days_of,
    hourly_commitment,
    next_month,
    planned_day,
    usage_lines,
)

MONTHS = 13
# A closed month is complete on the 3rd, and AWS delivers it once more, corrected, on the 5th.
COMPLETE_ON = 3
RESTATED_ON = 5
_CENT = Decimal("0.01")
_MICRO = Decimal("0.000001")
# Shares of a day's usage that the bill holds one and two mornings later.
_COMPLETENESS = {1: Decimal("0.80"), 2: Decimal("0.97")}
# Per mille of the planned usage: a whole team's good or bad day, and each line's own. Together at most 9.5 %, which
# the commitment's headroom covers.
_TEAM_NOISE, _LINE_NOISE = 25, 68
_RUNAWAY_LENGTH = 3
_RUNAWAY_HOURS = Decimal(72)
_TAX = Service("Tax", "Other", "Other (Other)", "billing", ())
# Usage metered late or twice: team, service, sign, days of the month, units a day. See `restatement`.
_LATE = ("search", "opensearch", (18, 19), Decimal(410))
_DOUBLE = ("data-platform", "glue", (11, 12), Decimal("512.5"))
# Corrections of the month before, on this month's invoice: team, service, day of that month, amount in US dollars.
CORRECTIONS: tuple[tuple[str, str, int, Decimal], ...] = (
    ("checkout", "lambda", 20, Decimal("-187.350000")),
    ("checkout", "dynamodb", 21, Decimal("-23.0041")),
    ("mobile", "cloudfront", 20, Decimal("64.10725")),
)


class _Priced(NamedTuple):
    """A line ready to be billed: its constant columns, unit prices, and smallest quantity."""

    facts: Facts
    listed: Decimal
    contracted: Decimal
    committed: Decimal | None
    quantum: Decimal


def _priced(line: Line) -> _Priced:
    provider, sku = PROVIDERS[line.provider], line.sku
    facts = line_facts(line)
    if sku.committed_unit_price:
        facts = {**facts, **commitment_facts("Used")}
    contracted = sku.contracted_unit_price(provider.discount)
    quantum = Decimal(1) if sku.list_unit_price < _MICRO * 10 else _MICRO
    return _Priced(facts, sku.list_unit_price, contracted, sku.committed_unit_price, quantum)


def _usage(priced: _Priced, day: date, quantity: Decimal) -> Charge:
    """A day's Usage row; what the commitment covers is invoiced with the commitment, so its BilledCost is 0."""
    contracted = quantity * priced.contracted
    effective = contracted if priced.committed is None else quantity * priced.committed
    return Charge(
        facts=priced.facts,
        start=day,
        end=day + timedelta(days=1),
        billed=contracted if priced.committed is None else Decimal(0),
        effective=effective,
        listed=quantity * priced.listed,
        contracted=contracted,
        quantity=quantity,
        committed=None if priced.committed is None else effective,
    )


def _completeness(day: date, delivered: date) -> Decimal:
    """The share of the day's usage that a bill of the morning of `delivered` holds."""
    return _COMPLETENESS.get((delivered - day).days, Decimal(1))


def _metered(provider: Provider, days: list[date], delivered: date, seed: int) -> Iterator[Charge]:
    """The planned usage, with noise that depends on seed, provider and day alone."""
    lines = [(line, _priced(line)) for line in usage_lines(provider.slug)]
    teams = sorted({line.team for line, _ in lines})
    for day in days:
        draw = Random(f"{seed}/{provider.slug}/{day}").randint
        mood = {team: 1000 + draw(-_TEAM_NOISE, _TEAM_NOISE) for team in teams}
        share = _completeness(day, delivered)
        for line, priced in lines:
            amount = planned_day(line, day) * (mood[line.team] + draw(-_LINE_NOISE, _LINE_NOISE)) / 1000 * share
            quantity = (amount / (priced.committed or priced.contracted)).quantize(priced.quantum)
            yield _usage(priced, day, quantity)


def runaway_days(month: date) -> list[date]:
    """The days of the month's runaway job: something of team machine-learning that nobody stopped."""
    first = 6 + month.month % 3
    return days_of(month)[first - 1 : first - 1 + _RUNAWAY_LENGTH]


def _runaway(month: date, days: list[date], delivered: date) -> Iterator[Charge]:
    tags = (("team", "ml"), ("env", "prod"), ("job", f"retrain-{month:%Y-%m}"))
    service, sku = RUNAWAYS[(month.year * 12 + month.month) % len(RUNAWAYS)]
    account = ("523718064429", "ml-training")
    priced = _priced(Line("machine-learning", "aws", *account, AWS_SERVICES[service], sku, 0, tags, Decimal(0)))
    for day in runaway_days(month):
        if day in days:
            yield _usage(priced, day, (_RUNAWAY_HOURS * _completeness(day, delivered)).quantize(_MICRO))


def _metered_wrongly(error: tuple[str, str, tuple[int, ...], Decimal], days: list[date]) -> Iterator[Charge]:
    """Rows that a restatement adds (`_LATE`) or takes away (`_DOUBLE`)."""
    team, service, on_days, quantity = error
    line = next(line for line in usage_lines("aws") if (line.team, line.service) == (team, AWS_SERVICES[service]))
    return (_usage(_priced(line), day, quantity) for day in days if day.day in on_days)


def restatement(month: date) -> dict[str, Decimal]:
    """Team → what the AWS re-delivery of `month` on the 5th changes in its EffectiveCost, in US dollars.

    The Correction rows come on top: they lie in the next month's file, see `CORRECTIONS`.
    """
    late = sum((charge.effective for charge in _metered_wrongly(_LATE, days_of(month))), Decimal(0))
    double = sum((charge.effective for charge in _metered_wrongly(_DOUBLE, days_of(month))), Decimal(0))
    return {_LATE[0]: late, _DOUBLE[0]: -double}


def _corrections(month: date) -> Iterator[Charge]:
    """Rows on the invoice of `month` for usage of the month before."""
    before = (month.replace(day=1) - timedelta(days=1)).replace(day=1)
    for team, service, day, amount in CORRECTIONS:
        line = next(line for line in usage_lines("aws") if (line.team, line.service) == (team, AWS_SERVICES[service]))
        facts = line_facts(line) | {"ChargeClass": "Correction", "ChargeDescription": "Correction of metered usage"}
        # A correction has no quantity of its own, so it has no unit either.
        facts |= dict.fromkeys(("ConsumedUnit", "PricingUnit", "ListUnitPrice", "ContractedUnitPrice"))
        start = before.replace(day=day)
        yield Charge(facts, start, start + timedelta(days=1), amount, amount, amount, amount)


def _commitment(month: date, used: list[Charge], delivered: date) -> Iterator[Charge]:
    """The savings plan: the month's Purchase (invoiced, EffectiveCost 0), and each day's unused rest (the reverse).

    Over a complete month the EffectiveCost of used and unused adds up to the Purchase's BilledCost.
    """
    hourly = hourly_commitment()
    hours = Decimal(24 * len(days_of(month)))
    fee = hourly * hours
    yield Charge(purchase_facts(), month, next_month(month), fee, Decimal(0), fee, fee, hours, fee)
    spent: defaultdict[date, Decimal] = defaultdict(Decimal)
    for charge in used:
        if charge.facts.get("CommitmentDiscountStatus") == "Used":
            spent[charge.start] += charge.effective
    idle, nothing = unused_facts(), Decimal(0)
    for day, amount in spent.items():
        rest = hourly * 24 * _completeness(day, delivered) - amount
        yield Charge(idle, day, day + timedelta(days=1), nothing, rest, nothing, nothing, nothing, rest)


def _fees(provider: Provider, month: date, delivered: date) -> Iterator[Charge]:
    """Support, licences and credits whose day has come."""
    for fee in FEES:
        start = month.replace(day=fee.day)
        if fee.provider == provider.slug and start < delivered:
            purchase = fee.charge_category == "Purchase"
            end = next_month(month) if purchase else start + timedelta(days=1)
            yield Charge(fee_facts(fee), start, end, *(fee.amount,) * 4, Decimal(1) if purchase else None)


def _taxes(provider: Provider, month: date, charges: list[Charge]) -> Iterator[Charge]:
    """The invoice's Tax: one row, or one for each sub-account where the provider does so."""
    groups: defaultdict[tuple[str, str] | None, list[Charge]] = defaultdict(list)
    for charge in charges:
        account = (str(charge.facts["SubAccountId"]), str(charge.facts["SubAccountName"]))
        groups[account if provider.tax_by_sub_account else None].append(charge)
    for sub_account, taxed in groups.items():
        costs = zip(*((c.billed, c.effective, c.listed, c.contracted) for c in taxed), strict=True)
        tax = [(sum(cost, Decimal(0)) * provider.tax_rate).quantize(_CENT) for cost in costs]
        facts = account_facts(provider, sub_account, _TAX) | {
            "ChargeCategory": "Tax",
            "ChargeDescription": f"VAT {provider.tax_rate:.0%}",
            "ChargeFrequency": "Recurring",
        }
        yield Charge(facts, month, next_month(month), *tax)


def charges(provider: Provider, month: date, delivered: date, *, seed: int = 7) -> list[Charge]:
    """The rows of the billing `month` (its first day) as the provider delivers them on the morning of `delivered`."""
    days = [day for day in days_of(month) if day < delivered]
    rows = list(_metered(provider, days, delivered, seed))
    if provider is AWS:
        restated = delivered >= next_month(month).replace(day=RESTATED_ON)
        rows += _commitment(month, rows, delivered)
        rows += _runaway(month, days, delivered)
        rows += _metered_wrongly(_LATE if restated else _DOUBLE, days)
        rows += _corrections(month) if delivered >= month.replace(day=RESTATED_ON) else ()
    rows += _fees(provider, month, delivered)
    invoiced = delivered >= next_month(month).replace(day=COMPLETE_ON)
    return rows + (list(_taxes(provider, month, rows)) if invoiced else [])


def edition(provider: Provider, month: date, as_of: date) -> date:
    """The morning on which the provider last delivered the billing `month` (its first day), not after `as_of`."""
    complete = next_month(month).replace(day=COMPLETE_ON)
    restated = next_month(month).replace(day=RESTATED_ON)
    if provider is AWS and as_of >= restated:
        return restated
    return min(as_of, complete)


def _window(as_of: date) -> list[date]:
    """First days of the 13 months up to as_of's own, which is left out on the 1st: nothing is delivered of it yet."""
    months = [as_of.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return [month for month in reversed(months) if month < as_of]


def _deliver_one(folder: Path, provider: Provider, month: date, delivered: date, seed: int) -> Path:
    path = folder / delivery_path(provider.slug, month)
    invoiced = delivered >= next_month(month).replace(day=COMPLETE_ON)
    shared: Facts = {
        "BillingPeriodStart": month,
        "BillingPeriodEnd": next_month(month),
        "InvoiceId": f"EUINDE{month:%y%m}-{provider.slug.upper()}" if invoiced else None,
    }
    rows = charges(provider, month, delivered, seed=seed)
    write_delivery(path, provider.slug, focus_columns(provider.focus_version, rows, shared))
    return path


def deliver(
    folder: Path, as_of: date, *, seed: int = 7, on_progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Bring `folder` to what the providers have delivered by the morning of `as_of`: 13 months, up to the day before.

    `folder`/delivered.json remembers which edition of each file lies there, so that only changed months are written.
    Time only moves on: an `as_of` before an earlier one leaves the later months' files where they are.

    Args:
        seed: the same seed and as_of make the same bytes.
        on_progress: called after every file with (files done, files in all).

    Returns:
        The files written, oldest month first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "delivered.json"
    known: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    due: list[tuple[Provider, date, date]] = []
    for month in _window(as_of):
        for provider in PROVIDERS.values():
            name = delivery_path(provider.slug, month)
            latest = edition(provider, month, as_of)
            if known.get(str(name)) != f"{latest} seed {seed}" or not (folder / name).exists():
                due.append((provider, month, latest))
                known[str(name)] = f"{latest} seed {seed}"
    written: list[Path] = []
    for provider, month, latest in due:
        written.append(_deliver_one(folder, provider, month, latest, seed))
        if on_progress:
            on_progress(len(written), len(due))
    record.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return written
