"""Charges of one export that another one tells apart: taken out where they were billed, and put where they were used.

What OpenCost measures is priced by lists, and is never what the nodes were billed at. So what is put is the billed cost
itself, shared out in proportion to what was measured, day by day: what is taken out and what is put add up to zero, to
the last digit, in every currency, charge category and basis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.money import EXACT, SCALE, add, plain
from finops.periods import Month
from finops.scope import Charge, Rule, parse_tags
from storage.publish import published_periods

if TYPE_CHECKING:  # DuckDB comes with them, which the web process does without
    from storage.ledger.versions import Ledger
    from storage.state import State

COLUMNS = {
    "ProviderName": "provider",
    "SubAccountId": "sub_account_id",
    "SubAccountName": "sub_account_name",
    "ServiceName": "service",
    "RegionId": "region",
    "Tags": "tags",
}
"""FOCUS column → the ledger's; what decides the team of a charge, and what it is shown by."""
NAMED = ("sub_account_id", "sub_account_name", "service", "provider")


@dataclass(frozen=True, slots=True)
class Replaced:
    """Which charges are told apart.

    Attributes:
        export: that bills them.
        rule: which of its charges.
    """

    export: str
    rule: Rule

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Replaced:
        """From `replaces:` of finops.yaml; raises ValueError, saying what is wrong with it."""
        if unknown := [key for key in given if key not in ("export", "tag", *NAMED)]:
            raise ValueError(f"replaces has no key {unknown[0]}; there are export, {', '.join(NAMED)}, tag")
        if not isinstance(given.get("export"), str):
            raise ValueError("replaces needs the key export: the one that bills the nodes")
        tags = given.get("tag") or {}
        if not isinstance(tags, Mapping):
            raise ValueError("replaces.tag takes tag keys and their values")
        lists = {name: _names(given.get(name), name) for name in NAMED}
        rule = Rule(**lists, tag={str(key): _names(value, f"tag.{key}") for key, value in tags.items()})
        if rule == Rule():
            raise ValueError(f"replaces names no charges; say which by {', '.join(NAMED)} or tag")
        return cls(given["export"], rule)


@dataclass(frozen=True, slots=True)
class Billed:
    """Charges of one day that are alike, as the ledger has them.

    Attributes:
        who: the ledger's values of COLUMNS, in their order.
        billed, effective: sums.
    """

    day: date
    currency: str
    category: str
    who: tuple[str | None, ...]
    billed: Decimal
    effective: Decimal


def version_of(state: State, export: str, month: Month) -> int | None:
    """The current version of an export's billing period, None where it has not been taken in."""
    with state.reading() as connection:
        published = published_periods(connection, export)
    return next((each.version for each in published if each.billing_period == str(month)), None)


def billed_charges(state: State, ledger: Ledger, replaced: Replaced, month: Month) -> dict[date, list[Billed]]:
    """Day of the month → the charges of its billing period that are told apart; days without one are left out."""
    from storage.engines.duckdb import DuckDBEngine, literal, parquet

    version = version_of(state, replaced.export, month)
    if version is None:
        return {}
    groups = parquet(ledger.read(replaced.export, str(month), version).groups())
    wanted = [f"strftime(day, '%Y-%m') = {literal(str(month))}"]
    for name in NAMED:
        if values := getattr(replaced.rule, name):
            wanted.append(f"{name} IN ({', '.join(map(literal, values))})")
    engine = DuckDBEngine(ledger.workspace)
    try:
        rows = engine.rows(
            f"SELECT day, currency, charge_category, {', '.join(COLUMNS.values())}, sum(billed_cost), "
            f"sum(effective_cost) FROM {groups} WHERE {' AND '.join(wanted)} GROUP BY ALL ORDER BY ALL"
        )
    finally:
        engine.close()
    found: dict[date, list[Billed]] = defaultdict(list)
    for day, currency, category, *who, billed, effective in rows:
        provider, account, account_name, service, _region, tags = who
        if replaced.rule.matches(Charge(provider, account, account_name, service, parse_tags(tags))):
            found[day].append(Billed(day, currency, category, tuple(who), billed, effective))
    return dict(found)


def shares(whole: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """An amount in proportion to weights, to the ledger's last digit, adding up to it exactly.

    Each gets its share rounded down; the units left over go to the largest remainders, of equal ones to the first.
    Source: the largest remainder method (Hamilton).

    Args:
        weights: none of them negative, and not all of them zero.
    """
    units = int(EXACT.scaleb(whole, SCALE))
    finest = max(0, *(-int(weight.as_tuple().exponent) for weight in weights))
    parts = [int(EXACT.scaleb(weight, finest)) for weight in weights]
    total = sum(parts)
    found = [units * part // total for part in parts]
    remainders = [units * part % total for part in parts]
    for number in sorted(range(len(parts)), key=lambda number: -remainders[number])[: units - sum(found)]:
        found[number] += 1
    return [EXACT.scaleb(Decimal(each), -SCALE) for each in found]


def taken_out(charge: Billed) -> dict[str, str]:
    """The columns of a charge that takes one out where it was billed."""
    return {
        **{name: value or "" for name, value in zip(COLUMNS, charge.who, strict=True)},
        "BilledCost": plain(charge.billed.copy_negate()),
        "EffectiveCost": plain(charge.effective.copy_negate()),
        "BillingCurrency": charge.currency,
        "ChargeCategory": charge.category,
    }


def put_in(charges: Sequence[Billed], weights: Sequence[Decimal]) -> Iterator[tuple[int, dict[str, str]]]:
    """(number of the weight, columns of its share) of all charges of one day, by currency and charge category."""
    together: dict[tuple[str, str], list[Billed]] = defaultdict(list)
    for charge in charges:
        together[charge.currency, charge.category].append(charge)
    for (currency, category), each in sorted(together.items()):
        billed = shares(add(charge.billed for charge in each), weights)
        effective = shares(add(charge.effective for charge in each), weights)
        for number in range(len(weights)):
            yield (
                number,
                {
                    "BilledCost": plain(billed[number]),
                    "EffectiveCost": plain(effective[number]),
                    "BillingCurrency": currency,
                    "ChargeCategory": category,
                },
            )


def _names(value: object, key: str) -> tuple[str, ...]:
    """One text or a list of texts."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(each, str) for each in listed):
        raise ValueError(f"replaces.{key} takes texts")
    return tuple(listed)
