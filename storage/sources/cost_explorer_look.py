"""One look at a billing period in Cost Explorer: which requests it takes, and what their answers say.

A request groups by two dimensions at most, and a charge has four: account, service, kind of charge, and the tag. So one
request over all accounts and kinds of charges comes first, and then one for each category of charges that there is,
grouped by account and service. With a tag, usage is asked for account by account, grouped by tag and service; what is
no usage (tax, credits, fees) carries no tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from finops.focus import CHARGE_CATEGORIES
from finops.money import EXACT, add, plain, subtract
from storage.sources.source import SourceFailed

METRICS = ("UnblendedCost", "AmortizedCost")
"""BilledCost and EffectiveCost. Not NetAmortizedCost: every discount has a row of its own, as in AWS's reports, and the
sum is the same."""
CATEGORIES = {
    "Usage": ("usage", "discountedusage", "savingsplancoveredusage", "savingsplannegation"),
    "Purchase": (
        *("fee", "rifee", "upfront", "recurring", "savingsplanupfrontfee", "savingsplanrecurringfee"),
        *("support", "supportfee", "flatratesubscription", "other", "otherout-of-cyclecharges"),
    ),
    "Tax": ("tax",),
    "Credit": ("credit", "refund"),
}
"""FOCUS ChargeCategory → RECORD_TYPE in small letters without spaces; every kind of discount is an Adjustment.

Source: https://docs.aws.amazon.com/cost-management/latest/userguide/ce-filtering.html (charge types)."""
NEAR = Decimal("0.01")
"""By what the answers to several requests may differ: each rounds on its own."""

Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""A request as boto3 takes it → its answer."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of an answer on one day.

    Attributes:
        day: the first of its period.
        keys: its values of what was grouped by.
        amounts: by metric, in the order asked for.
    """

    day: date
    keys: tuple[str, ...]
    amounts: tuple[Decimal, ...]
    currency: str


@dataclass(frozen=True, slots=True)
class Query:
    """What one request, and its further pages, ask for.

    Attributes:
        account: the account that it is about, '' where it groups by account.
    """

    category: str
    record_types: tuple[str, ...]
    account: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is in a billing period.

    Attributes:
        groups: by account and kind of charge, of the whole period.
        names: account → its name.
    """

    groups: tuple[Group, ...]
    names: Mapping[str, str]

    def record_types(self, category: str) -> tuple[str, ...]:
        """The kinds of charges of a category."""
        return tuple(sorted({group.keys[1] for group in self.groups if category_of(group.keys[1]) == category}))

    def accounts(self, category: str) -> list[str]:
        """The accounts that have charges of a category."""
        return sorted({group.keys[0] for group in self.groups if category_of(group.keys[1]) == category})

    @property
    def remarks(self) -> list[str]:
        """Kinds of charges that nobody here has heard of."""
        known = {name for names in CATEGORIES.values() for name in names}
        strange = [name for name in self.record_types("Adjustment") if _plain(name) not in known]
        strange = [name for name in strange if not _plain(name).endswith("discount")]
        return [f"The kind of charge {name} is not known here and counts as an Adjustment." for name in strange]

    def difference(self, query: Query, groups: Iterable[Group]) -> list[str]:
        """A remark where the parts are not what AWS gave as their sum."""
        whole = [group for group in self.groups if group.keys[1] in query.record_types]
        whole = [group for group in whole if query.account in ("", group.keys[0])]
        missing = subtract(_billed(groups), _billed(whole))
        if abs(missing) <= NEAR:
            return []
        what = f"{query.category} of {query.account}" if query.account else query.category
        return [f"{what} differs by {plain(missing)} from AWS's own sum: it changed while it was read."]


class Look:
    """Requests about some days of one month, up to a ceiling.

    Args:
        ask: sends one.
        begins, ends: the first day, and the first day after.
        most: requests that may be made.
    """

    def __init__(self, ask: Ask, begins: date, ends: date, most: int) -> None:
        self._ask, self._begins, self._ends, self._most = ask, begins, ends, most
        self._made = 0

    def overview(self) -> Overview:
        """Ask what there is."""
        asked = request(self._begins, self._ends, "MONTHLY", [_dimension("LINKED_ACCOUNT"), _dimension("RECORD_TYPE")])
        groups: list[Group] = []
        names: dict[str, str] = {}
        for answer in self._pages(asked):
            groups += groups_of(answer)
            for value in answer.get("DimensionValueAttributes", ()):
                names[value["Value"]] = value.get("Attributes", {}).get("description", "")
        return Overview(tuple(groups), names)

    def queries(self, found: Overview, tag: str) -> list[Query]:
        """What to ask next; raises SourceFailed where it takes more requests than may be made."""
        queries: list[Query] = []
        for category in CHARGE_CATEGORIES:
            if not (record_types := found.record_types(category)):
                continue
            if tag and category == "Usage":
                queries += [Query(category, record_types, account, tag) for account in found.accounts(category)]
            else:
                queries.append(Query(category, record_types))
        if self._made + len(queries) > self._most:
            raise self._too_many(self._made + len(queries))
        return queries

    def groups(self, query: Query) -> Iterator[Group]:
        """Ask for the days of one category."""
        wanted = [_filter("RECORD_TYPE", *query.record_types)]
        grouped = [_dimension("LINKED_ACCOUNT"), _dimension("SERVICE")]
        if query.account:
            wanted.append(_filter("LINKED_ACCOUNT", query.account))
            grouped = [{"Type": "TAG", "Key": query.tag}, _dimension("SERVICE")]
        asked = request(self._begins, self._ends, "DAILY", grouped)
        asked["Filter"] = {"And": wanted} if len(wanted) > 1 else wanted[0]
        for answer in self._pages(asked):
            yield from groups_of(answer)

    def _pages(self, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        token = ""
        while True:
            if self._made == self._most:
                raise self._too_many(self._made + 1)
            self._made += 1
            answer = self._ask({**asked, "NextPageToken": token} if token else asked)
            yield answer
            token = answer.get("NextPageToken") or ""
            if not token:
                return

    def _too_many(self, needed: int) -> SourceFailed:
        return SourceFailed(
            f"{self._begins:%Y-%m} takes {needed} requests or more, and most_requests is {self._most}.",
            "Raise most_requests, or leave out the tag, which takes a request for each account.",
        )


def category_of(record_type: str) -> str:
    """The ChargeCategory of a kind of charge."""
    return next((name for name, types in CATEGORIES.items() if _plain(record_type) in types), "Adjustment")


def groups_of(answer: Mapping[str, Any], metrics: tuple[str, ...] = METRICS) -> Iterator[Group]:
    """The groups of an answer; its Total is empty wherever anything was grouped by.

    Raises:
        SourceFailed: an amount is none, or amounts of one group have several currencies.
    """
    for period in answer["ResultsByTime"]:
        day = date.fromisoformat(period["TimePeriod"]["Start"][:10])
        for group in period["Groups"]:
            found = [group["Metrics"][metric] for metric in metrics]
            units = {each["Unit"] for each in found}
            amounts = tuple(amount_of(each["Amount"], f" of {day}") for each in found)
            if len(units) > 1:
                raise SourceFailed(f"Cost Explorer gives amounts of {day} in {' and '.join(sorted(units))}.")
            yield Group(day, tuple(group["Keys"]), amounts, units.pop())


def request(begins: date, ends: date, granularity: str, grouped: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """A request as boto3 takes it, its end exclusive."""
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": str(begins), "End": str(ends)},
        "Granularity": granularity,
        "Metrics": list(METRICS),
    }
    return {**asked, "GroupBy": list(grouped)} if grouped else asked


def amount_of(text: str, what: str = "") -> Decimal:
    """An amount as Cost Explorer writes it; raises SourceFailed where it is none, with ` of …` as given."""
    try:
        amount = EXACT.create_decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise SourceFailed(f"Cost Explorer gives {text!r} as an amount{what}.")
    return amount


def _plain(record_type: str) -> str:
    return record_type.replace(" ", "").lower()


def _billed(groups: Iterable[Group]) -> Decimal:
    return add(group.amounts[0] for group in groups)


def _dimension(key: str) -> dict[str, str]:
    return {"Type": "DIMENSION", "Key": key}


def _filter(key: str, *values: str) -> dict[str, Any]:
    return {"Dimensions": {"Key": key, "Values": list(values)}}
