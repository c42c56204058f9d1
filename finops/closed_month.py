"""A team's figures of a month: frozen when the month is closed, and as they are known now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from finops.basis import Basis
from finops.explanation import Variance, VarianceKey
from finops.money import subtract
from finops.policy import Tier, ratio_of
from finops.team_month import TeamMonth

Services = Mapping[str, Decimal]
"""Service as billed → cost, exact; '(none)' where the bill names none."""
TeamCurrency = tuple[str, str]
"""A team's slug and a currency."""


@dataclass(frozen=True)
class TeamFigures:
    """A team's figures of a month in one basis and currency.

    Attributes:
        budget: approved amount, None where there is none.
        actual: exact; None where no delivery reaches into the month.
        tier: name of the ladder's step, empty where there is nothing to compare, the month has not ended, or days are
            missing that an underspend may be of.
        step: signed number of that step: negative for underspend, 0 within the first edge.
        publication: the newest publication of figures it was read from.
        data_through: the last delivered day inside the month.
        services, former: of this month, adding up to the actual, and of the month before.
        closed_at: when the month was closed, None while these are live.
    """

    key: VarianceKey
    basis: Basis
    budget: Decimal | None
    actual: Decimal | None
    tier: str
    step: int
    publication: int
    data_through: date | None
    services: dict[str, Decimal] = field(default_factory=dict)
    former: dict[str, Decimal] = field(default_factory=dict)
    closed_at: datetime | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every day of the month was delivered."""
        return self.actual is not None and self.data_through == self.key.month.last

    @property
    def variance(self) -> Decimal | None:
        """actual − budget, positive = overspend; None without either."""
        return None if self.actual is None or self.budget is None else subtract(self.actual, self.budget)

    @property
    def ratio(self) -> Decimal | None:
        """variance / budget, a fraction; None without a budget over zero."""
        return None if self.variance is None else ratio_of(self.variance, self.budget)

    def explained(self, seen_at: datetime) -> Variance | None:
        """The number that explanations are held against; None where there is no variance."""
        if self.actual is None or self.budget is None:
            return None
        return Variance(self.actual, self.budget, False, self.basis, self.publication, seen_at)


def figures_of(
    month: TeamMonth,
    ladder: Sequence[Tier],
    publication: int,
    services: Services | None = None,
    former: Services | None = None,
    closed_at: datetime | None = None,
) -> TeamFigures:
    """A team's month as figures; closed where an instant is given.

    Days that are missing at the end of a month were not free: without them an overspend is known, and no underspend.
    """
    negative = month.variance is not None and month.variance < 0
    tier = month.tier if month.over and not (month.partial and negative) else None
    step = ladder.index(tier) if tier and tier in ladder else 0
    return TeamFigures(
        key=VarianceKey(month.team, month.month, month.currency),
        basis=month.basis,
        budget=month.budget,
        actual=month.actual,
        tier=tier.name if tier else "",
        step=-step if negative else step,
        publication=publication,
        data_through=month.data_through,
        services=dict(sorted((services or {}).items())),
        former=dict(sorted((former or {}).items())),
        closed_at=closed_at,
    )


def says_something(month: TeamMonth) -> bool:
    """Whether a team's month has a budget or a cost, so that it is in the report."""
    return month.budget is not None or bool(month.actual) or any(month.daily.values())


def unfinished(months: Iterable[TeamMonth]) -> list[TeamMonth]:
    """The team months whose data is not complete, so that their month cannot be closed yet."""
    return [month for month in months if not month.over or month.partial or month.actual is None]
