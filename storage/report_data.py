"""Reading all that a month's report is made of: every team in a handful of set-based queries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from finops.alert import Alert, AlertKey
from finops.basis import Basis
from finops.closed_month import TeamCurrency, TeamFigures, figures_of, says_something
from finops.company import Company
from finops.corrective_action import CorrectiveAction
from finops.explanation import Explanation
from finops.freeze import Freeze
from finops.periods import Month
from finops.variance_report import EARLIER, TOLD_ON, ReportData
from storage.alerts import alert_keys, alerts_by_key
from storage.closed_months import basis_of, closed_months, is_closed, service_costs
from storage.corrective_actions import actions_in
from storage.explanations import explanations_of_month
from storage.forecast_history import told_of
from storage.freezes import TABLE as FREEZES
from storage.freezes import freezes_of
from storage.month_close import find_decision
from storage.people import names_of
from storage.publish import newest_publication
from storage.spend import coverages
from storage.team_months import team_months
from storage.teams import all_teams

Figures = dict[TeamCurrency, TeamFigures]
AT_ONCE = 500
"""Keys in one query."""


def read_report_data(
    connection: Connection, company: Company, month: Month, today: date, teams: Collection[str] | None = None
) -> ReportData:
    """All that the report of a month is made of.

    Args:
        today: the company's local day; it decides whether the month has ended, and no figure of one that has.
        teams: slugs of the teams that the report is of, None for every team.
    """
    basis = basis_of(connection, month, company.basis)
    rows, now = _rows_and_now(connection, company, month, today, basis)
    earlier, months = [], month.before(EARLIER)
    for before in months:
        explained = explanations_of_month(connection, before, teams)
        earlier.append((_figures(connection, company, before, today, basis), explained))
    wanted = {team for team, _ in rows} if teams is None else set(teams)
    told = [
        each
        for when, found in zip((month, *months), (rows, *(figures for figures, _ in earlier)), strict=True)
        for each in told_of(connection, when, basis, _final(found, wanted), TOLD_ON)
    ]
    shown = [figures for (team, _), figures in sorted(rows.items()) if team in wanted]
    explanations = explanations_of_month(connection, month, teams)
    actions = [action for action in actions_in(connection, month=month) if action.key.team in wanted]
    freezes = [freeze for freeze in _freezes(connection, month) if freeze.alert.team in wanted]
    said = [each for found in explanations.values() for each in found]
    stands = any(figures.closed_at and not figures.is_complete for figures in rows.values())
    decision = find_decision(connection, month) if stands else None
    people = _people(said, actions, freezes) | ({decision.by} if decision else set())
    return ReportData(
        month=month,
        company=company,
        teams=all_teams(connection, company),
        rows=shown,
        has_ended=today > month.last,
        now={key: figures for key, figures in now.items() if key[0] in wanted},
        earlier=earlier,
        following=_figures(connection, company, month.next, today, basis) if is_closed(connection, month.next) else {},
        explanations=explanations,
        actions=actions,
        alerts=[alert for alert in _alerts(connection, month) if alert.key.team in wanted],
        freezes=freezes,
        names=names_of(connection, people),
        at=_at(connection, shown),
        of_all=len(shown) == len(rows),
        decision=decision,
        told=told,
    )


def live_figures(
    connection: Connection, company: Company, month: Month, today: date, basis: Basis, closed_at: datetime | None = None
) -> Figures:
    """Every team's figures as they are known by now, with their services; to be closed where an instant is given."""
    months = [each for each in team_months(connection, company, month, today, basis) if says_something(each)]
    services = service_costs(connection, basis, month, today)
    former = service_costs(connection, basis, month.previous)
    publication = newest_publication(connection)
    found = {}
    for each in months:
        key = (each.team, each.currency)
        of_team = services.get(key), former.get(key)
        found[key] = figures_of(each, company.ladder, publication, *of_team, closed_at=closed_at)
    return found


def _rows_and_now(
    connection: Connection, company: Company, month: Month, today: date, basis: Basis
) -> tuple[Figures, Figures]:
    """A month's rows, and the figures of those that are known otherwise by now than they were closed with."""
    closed = closed_months(connection, month)
    if not closed:
        return live_figures(connection, company, month, today, basis), {}
    publication = newest_publication(connection)
    rows, now = dict(closed), {}
    for each in team_months(connection, company, month, today, basis):
        key = (each.team, each.currency)
        known = figures_of(each, company.ladder, publication)
        was = closed.get(key)
        if was is None and says_something(each):
            rows[key] = known
        elif was is not None and _differs(was, known):
            now[key] = known
    return rows, now


def _differs(was: TeamFigures, known: TeamFigures) -> bool:
    """Whether figures are known otherwise than they were closed with: other amounts, or what was missing has come."""
    completed = known.is_complete and not was.is_complete
    return completed or (was.actual, was.budget) != (known.actual, known.budget)


def _figures(connection: Connection, company: Company, month: Month, today: date, basis: Basis) -> Figures:
    """A month's figures in a basis: as it was closed, or as they are known now where it was closed in no such one."""
    closed = closed_months(connection, month)
    if closed and all(figures.basis is basis for figures in closed.values()):
        return closed
    return live_figures(connection, company, month, today, basis)


def _final(figures: Figures, wanted: Collection[str]) -> dict[TeamCurrency, Decimal]:
    """Actuals that were closed with all their days, of some teams."""
    return {
        key: found.actual
        for key, found in figures.items()
        if found.closed_at and found.is_complete and found.actual is not None and key[0] in wanted
    }


def _alerts(connection: Connection, month: Month) -> list[Alert]:
    keys = alert_keys(connection, month)
    found: dict[AlertKey, Alert] = {}
    for start in range(0, len(keys), AT_ONCE):
        found |= alerts_by_key(connection, keys[start : start + AT_ONCE])
    return [found[key] for key in keys if key in found]


def _freezes(connection: Connection, month: Month) -> list[Freeze]:
    """Every decision on an alert of the month, by alert, the newest first."""
    of_month = FREEZES.c.alert.contains(f"/{month}/")
    keys = sorted(set(connection.execute(select(FREEZES.c.alert).where(of_month)).scalars()))
    return [freeze for key in keys for freeze in freezes_of(connection, AlertKey.parse(key))]


def _people(
    explanations: Collection[Explanation], actions: Collection[CorrectiveAction], freezes: Collection[Freeze]
) -> set[str]:
    of_explanations = {name for each in explanations for name in (*each.authors, each.reviewer)}
    return of_explanations | {action.owner for action in actions} | {freeze.decided_by for freeze in freezes}


def _at(connection: Connection, rows: Collection[TeamFigures]) -> datetime | None:
    """When the rows were closed; where they are live, when the newest figures were delivered."""
    closed = [figures.closed_at for figures in rows if figures.closed_at]
    if closed:
        return max(closed)
    return max((each.delivered_at for each in coverages(connection).values()), default=None)
