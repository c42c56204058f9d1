"""Tell what drives the months that people are asked about, for the web process, which has no ledger."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from finops.closed_month import TeamCurrency
from finops.company import Company
from finops.explained_month import span_of
from finops.periods import Month
from finops.team_month import TeamMonth
from jobs.job import Job, Outcome
from storage.alerts import alert_keys
from storage.closed_months import basis_of
from storage.drivers import save_drivers, told_from
from storage.explanations import explanations_of_month
from storage.ledger.versions import Ledger
from storage.publish import publications
from storage.spend import coverages
from storage.state import State
from storage.team_drivers import reaches, team_drivers
from storage.team_months import team_months
from storage.teams import all_teams

TEAMS_AT_ONCE = 100
"""Teams of one transaction: others write beside it."""


def run(*, now: datetime, company: Company, state: State, ledger: Ledger) -> Outcome:
    """Tell the month that runs and the two before, of every team with an alert or an explanation of it.

    What was told stays as it is until one of its days or of the billing periods that have charges on them is another.
    """
    month = Month.of(company.today(now))
    told = sum(_tell(each, now, company, state, ledger) for each in (month, month.previous, month.previous.previous))
    return Outcome(f"{told} told" if told else "nothing to tell")


def _tell(month: Month, now: datetime, company: Company, state: State, ledger: Ledger) -> int:
    """One month's teams; returns how many were told anew."""
    with state.reading() as connection:
        asked = {(key.team, key.currency) for key in alert_keys(connection, month)}
        asked |= {(key.team, key.currency) for key in explanations_of_month(connection, month)}
        if not asked:
            return 0
        basis = basis_of(connection, month, company.basis)
        known, periods, published = told_from(connection, month, basis), coverages(connection), publications(connection)
        teams = all_teams(connection, company)
        # As it is looked at in each team's own time zone, where the same hour may be another day.
        days = {key: company.today(now, teams.get(key[0])) for key in asked}
        months: dict[TeamCurrency, TeamMonth] = {
            (each.team, each.currency): each
            for day in set(days.values())
            for each in team_months(connection, company, month, day, basis)
            if days.get((each.team, each.currency)) == day
        }
    spans = {key: span for key, each in months.items() if (span := span_of(each))}
    marks = {
        key: (max((published[number] for number, each in periods.items() if reaches(each, span)), default=0), last)
        for key, span in spans.items()
        for last in span.current[1:]
    }
    due = [months[key] for key, mark in marks.items() if known.get(key) != mark]
    # Versions are never changed: what is read of them belongs to the publications that were newest above.
    found = team_drivers(due, periods.values(), company=company, ledger=ledger)
    told: set[TeamCurrency] = set()
    while some := list(islice(found, TEAMS_AT_ONCE)):
        with state.writing() as connection:
            save_drivers(connection, month, basis, some, marks, now)
        told.update(key for key, _ in some)
    # Without a mark of their own these would have the ledger read again every hour.
    if nothing := [((each.team, each.currency), None) for each in due if (each.team, each.currency) not in told]:
        with state.writing() as connection:
            save_drivers(connection, month, basis, nothing, marks, now)
    return len(told)


JOB = Job("tell_drivers", "every 1h", run, shows_figures=True)
