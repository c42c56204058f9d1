"""What drives a change of cost: price, volume, mix and what else moved it, in parts that add up to it exactly.

finops.driver_parts makes them; formulas and their source: docs/howto/read-the-drivers.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import ZERO, add, subtract
from finops.periods import Month

_MONTHLY = re.compile(r"(?<![a-z])(months?|mos?)(?![a-z])", re.IGNORECASE)
"""A unit that counts months, as 'GB-Months', 'GB-Mo' or '1 GB/Month': its quantity is a part of the month's days."""


class Driver(StrEnum):
    """What a part of a change comes from."""

    PRICE = "price"
    VOLUME = "volume"
    MIX = "mix"
    RESOURCES = "resources"
    COMMITMENT = "commitment"
    CREDITS = "credits"
    CALENDAR = "calendar"
    TAX = "tax"
    UNALLOCATED = "unallocated"
    NOT_SEPARABLE = "not separable"


class Caveat(StrEnum):
    """What the bill does not tell, and so the parts do not either."""

    CONTRACTED_COST = "contracted cost"
    QUANTITIES = "quantities"
    RESOURCES = "resources"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are compared, both ends of each inside."""

    current: tuple[date, date]
    former: tuple[date, date]

    def growth(self, unit: str) -> tuple[int, int]:
        """By how much the days alone multiply a quantity, as numerator and denominator.

        By their number; a quantity that counts months by the part of the month that they are.
        """
        days, before = ((last - first).days + 1 for first, last in (self.current, self.former))
        if _MONTHLY.search(unit):
            return days * len(Month.of(self.former[0])), before * len(Month.of(self.current[0]))
        return days, before


@dataclass(frozen=True, slots=True)
class Charges:
    """What the charges that share a key cost in one of the two periods; a key may stand in several.

    Attributes:
        is_current: whether they are of the later period.
        account: the sub-account, as shown.
        sku: what is priced: SkuId, else SkuPriceId, else ChargeDescription; empty for none of them.
        unit: PricingUnit, empty for none.
        resource: ResourceId, empty for none.
        name: of the SKU, as shown.
        category: FOCUS ChargeCategory.
        cost: exact, in the basis that is counted.
        quantity: PricingQuantity; None where a row lacks it or has one below zero.
        contracted: ContractedCost; None where a row lacks it.
        is_correction: ChargeClass is Correction.
        is_committed: under a commitment discount, or the purchase of one.
        is_unused: commitment that was paid and not used.
        is_shared: given by an allocation, `name` telling which.
    """

    is_current: bool
    cost: Decimal
    provider: str = ""
    account: str = ""
    service: str = ""
    sku: str = ""
    unit: str = ""
    resource: str = ""
    name: str = ""
    category: str = "Usage"
    quantity: Decimal | None = None
    contracted: Decimal | None = None
    is_correction: bool = False
    is_committed: bool = False
    is_unused: bool = False
    is_shared: bool = False

    @property
    def saved(self) -> Decimal:
        """Cost less what it had been without the commitment: zero or less, and zero where the bill does not tell."""
        tells = self.is_committed and self.contracted is not None
        return subtract(self.cost, self.contracted) if tells and self.contracted is not None else ZERO


@dataclass(frozen=True, slots=True)
class Contributor:
    """Where a part comes from.

    Attributes:
        name: of the SKU, credit or allocation; empty where it is all of a service, or several in one.
        amount: its share of the part, exact.
        was, now: what moved: quantities of volume and mix (the former as if it had as many days), unit prices of price,
            of resources how many ended and are new; None where nothing was counted.
        unit: of `was` and `now`.
        others: how many smaller contributors it is, 0 where it is one.
    """

    name: str
    service: str
    account: str
    amount: Decimal
    was: Decimal | None = None
    now: Decimal | None = None
    unit: str = ""
    others: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One driver's part of a change.

    Attributes:
        contributors: the largest first; their amounts add up to the part's.
    """

    driver: Driver
    amount: Decimal
    contributors: tuple[Contributor, ...]

    def shortened(self, most: int) -> Part:
        """With the smaller contributors in one that says how many they are, so that there are no more than `most`."""
        if len(self.contributors) <= most:
            return self
        kept, others = self.contributors[: most - 1], self.contributors[most - 1 :]
        number = sum(each.others or 1 for each in others)
        rest = Contributor("", "", "", add(each.amount for each in others), others=number)
        return replace(self, contributors=(*kept, rest))


@dataclass(frozen=True, slots=True)
class Separation:
    """A change in parts.

    Attributes:
        parts: the largest first, without those that are nothing; together the change to the last digit.
        caveats: what the bill does not tell.
    """

    span: Span
    parts: tuple[Part, ...]
    caveats: frozenset[Caveat] = frozenset()

    @property
    def total(self) -> Decimal:
        """Cost of the later period less that of the former."""
        return add(part.amount for part in self.parts)
