"""A team's month as it is explained: the number now, the explanations of it, and who is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from finops.basis import Basis
from finops.company import Company, Team
from finops.explained_month import number_known, variance_of
from finops.explanation import Coverage, Explanation, Variance, VarianceKey, coverage
from finops.explanation_told import Audience
from finops.team_month import TeamMonth
from storage.closed_months import basis_of
from storage.explanation_audience import read_audience
from storage.explanations import explanations_of
from storage.publish import newest_publication
from storage.team_months import team_answer


@dataclass(frozen=True, slots=True)
class Numbers:
    """A team's month in one currency.

    Attributes:
        month: in the basis that it was closed in, or the company's; None where there is neither budget nor spend.
        number: what is to be explained of it, None without an approved budget or without data.
        others: the number in other bases that explanations are of.
    """

    month: TeamMonth | None
    number: Variance | None
    others: Mapping[Basis, Variance] = field(default_factory=dict)


def read_numbers(
    connection: Connection,
    company: Company,
    team: Team,
    key: VarianceKey,
    explanations: Iterable[Explanation],
    now: datetime,
) -> Numbers:
    """A team's month as it stands now, in its own basis and in those that its explanations are of."""
    basis = basis_of(connection, key.month, company.basis)
    publication, today = newest_publication(connection), company.today(now, team)
    months = {
        each: _month(connection, company, team, key, today, each)
        for each in {basis, *(explanation.basis for explanation in explanations)}
    }
    numbers = {
        each: seen
        for each, month in months.items()
        if month and (seen := variance_of(month, publication, now)) is not None
    }
    return Numbers(months[basis], numbers.pop(basis, None), numbers)


def read_explained(
    connection: Connection, company: Company, team: Team, key: VarianceKey, now: datetime
) -> tuple[list[Explanation], Coverage, Basis, Audience] | None:
    """Everything that the messages of a month's explanations are made from, None where nothing is explained.

    The explanations are locked, so that nobody else shows them otherwise meanwhile; needs a writing transaction.
    """
    explanations = explanations_of(connection, key, lock=True)
    found = read_numbers(connection, company, team, key, explanations, now)
    number = number_known(found.month, found.number, explanations)
    if not explanations or number is None:
        return None
    audience = read_audience(connection, company, team, key, explanations, now)
    return explanations, coverage(number.value, explanations), number.basis, audience


def _month(
    connection: Connection, company: Company, team: Team, key: VarianceKey, today: date, basis: Basis
) -> TeamMonth | None:
    """A team's month in a basis and the key's currency; None where it has neither budget nor spend in it."""
    found = team_answer(connection, company, team, key.month, today, basis)
    return next((each for each in (found.month, *found.others) if each.currency == key.currency), None)
