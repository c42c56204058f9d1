"""The job that closes months, on the small company's own bill."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.installation import Installation
from finops.company import Company
from finops.explanation import Category, Wording, approve, submit
from finops.periods import Month
from finops.policy import ReportRules
from finops.report_building import build_report
from finops.variance_report import VarianceReport
from jobs import close_month
from storage.budgets import Budget, record_budgets
from storage.closed_months import closed_months
from storage.deliveries import TABLE as DELIVERIES
from storage.explanations import save_explanation
from storage.forecasts import make_forecasts
from storage.report_data import read_report_data
from tests.company import Charge, make_company, take_in, usual_charges, write_bill

OCTOBER = Month(2026, 10)
EVE = datetime(2026, 11, 6, 7, 59, tzinfo=UTC)
"""08:59 in Berlin on the fifth working day of November."""
CLOSING = datetime(2026, 11, 6, 8, 0, tzinfo=UTC)
ACTUAL = Decimal("100.123456789") * 31


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with budgets for October: payments is over its, search within it."""
    installation = make_company(tmp_path)
    give_budget(installation, "2600", "payments")
    give_budget(installation, "1560", "search")
    return installation


def give_budget(place: Installation, amount: str, team: str) -> None:
    with place.state.writing() as connection:
        record_budgets(
            connection, [Budget(team, OCTOBER, Decimal(amount), "USD")], source="test", by="test", now=place.now
        )


def close(
    place: Installation, now: datetime = CLOSING, channel: str = "#general", company: Company | None = None
) -> str:
    company = replace(company or place.company, report=ReportRules(channel))
    return close_month.run(now=now, company=company, state=place.state).summary


def report(place: Installation, now: datetime = CLOSING) -> VarianceReport:
    with place.state.reading() as connection:
        return build_report(read_report_data(connection, place.company, OCTOBER, place.company.today(now)))


def sent(place: Installation) -> dict[str, tuple[str, str, int]]:
    """Key → place, thread and revision of every message queued."""
    with place.state.reading() as connection:
        rows = connection.execute(select(DELIVERIES).where(DELIVERIES.c.key.startswith("report/"))).all()
    return {row.key: (row.destination, row.thread_of, row.revision) for row in rows}


def text(place: Installation, key: str = "report/2026-10") -> str:
    with place.state.reading() as connection:
        return str(connection.execute(select(DELIVERIES.c.payload).where(DELIVERIES.c.key == key)).scalar_one()["text"])


def test_a_month_is_closed_on_its_working_day(place: Installation) -> None:
    """Not before work begins on the fifth working day; then every team's figures are frozen with its services."""
    assert close(place, EVE) == "nothing to close"
    assert close(place) == "October 2026 closed with 3 teams; report of October 2026: 2 messages new or changed"
    with place.state.reading() as connection:
        found = closed_months(connection, OCTOBER)
    assert set(found) == {("payments", "USD"), ("search", "USD"), ("unallocated", "USD")}
    payments = found["payments", "USD"]
    assert (payments.budget, payments.actual, payments.variance) == (2600, ACTUAL, ACTUAL - 2600)
    assert (payments.tier, payments.step, payments.closed_at) == ("formal", 2, CLOSING)
    assert (payments.services, payments.former) == ({"Compute": ACTUAL}, {})
    assert close(place) == "nothing to close"


def test_an_incomplete_month_is_not_closed(tmp_path: Path) -> None:
    """Where a bill ends before the month does, the outcome says whose and where, and nothing is frozen."""
    place = make_company(tmp_path, bill=False)
    write_bill(tmp_path / "bills" / "bill.csv", usual_charges(date(2026, 10, 1), date(2026, 10, 29)))
    take_in(place)
    said = close(place)
    assert said.startswith("October 2026 is not closed: payments has data through 29 Oct, search has data through")
    with place.state.reading() as connection:
        assert closed_months(connection, OCTOBER) == {}
    assert not report(place).is_closed and sent(place) == {}


def test_what_is_closed_never_changes(place: Installation) -> None:
    """A restated bill and a new budget leave the frozen figures; the report says both numbers."""
    close(place)
    before = report(place)
    charges = [
        *usual_charges(date(2026, 10, 1), date(2026, 11, 11)),
        Charge(date(2026, 10, 9), Decimal(500), "payments"),
    ]
    write_bill(place.config_path.parent / "bills" / "bill.csv", charges)
    take_in(place)
    give_budget(place, "2700", "payments")
    assert close(place) == "report of October 2026: 2 messages new or changed"
    after = report(place)
    frozen = [row.figures for row in before.rows]
    assert [row.figures for row in after.rows] == frozen
    payments = after.rows[0]
    assert payments.now is not None
    assert (payments.now.actual, payments.now.budget) == (ACTUAL + 500, 2700)
    assert "restated since it was closed: from $3,103.83 to $3,603.83" in text(place).replace("∶", ":")
    assert "given another budget since: from $2,600.00 to $2,700.00" in text(place).replace("∶", ":")


def test_a_team_that_comes_later_is_frozen_when_it_comes(place: Installation) -> None:
    """A later delivery brings a team that had nothing: it is frozen then, and the others stay."""
    close(place)
    charges = [*usual_charges(date(2026, 10, 1), date(2026, 11, 11)), Charge(date(2026, 10, 9), Decimal(5), "idle")]
    write_bill(place.config_path.parent / "bills" / "bill.csv", charges)
    take_in(place)
    assert [each.team for each in report(place).missing if each.lack == "not closed"] == ["idle"]
    later = datetime(2026, 11, 7, 8, 0, tzinfo=UTC)
    assert close(place, later).startswith("October 2026 closed with 1 teams")
    with place.state.reading() as connection:
        found = closed_months(connection, OCTOBER)
    assert (found["idle", "USD"].closed_at, found["payments", "USD"].closed_at) == (later, CLOSING)


def test_the_report_is_edited_until_it_is_final(place: Installation) -> None:
    """Posted once with its thread; an approval changes the same message, and a run without news changes nothing."""
    close(place)
    assert sent(place) == {
        "report/2026-10": ("#general", "", 1),
        "report/2026-10/1": ("#general", "report/2026-10", 1),
    }
    assert "Not final" in text(place)
    with place.state.writing() as connection:
        figures = closed_months(connection, OCTOBER)["payments", "USD"]
        seen, company = figures.explained(CLOSING), place.company
        assert seen is not None
        wording = Wording(seen.value, Category.GROWTH, True, "A second cluster.", "Customers asked for it.")
        told = submit(figures.key, 1, wording, "U1", seen, company.explanations, company.calendar, CLOSING)
        save_explanation(connection, told, CLOSING)
        given = approve(replace(told.explanation, version=1), "U2", 1, seen, company.explanations, CLOSING)
        save_explanation(connection, given, CLOSING)
    assert close(place) == "report of October 2026: 2 messages new or changed"
    assert report(place).is_final and "*Final*" in text(place)
    assert {key: revision for key, (_, _, revision) in sent(place).items()} == {
        "report/2026-10": 2,
        "report/2026-10/1": 2,
    }
    assert close(place) == "nothing to close"


def test_figures_kept_to_their_teams_are_not_posted_where_alerts_go(place: Installation) -> None:
    """Without a channel of its own the report goes where alerts go, unless figures are kept to the teams."""
    alerts = replace(place.company.alerts, channel="#cost-search")
    own = replace(place.company, alerts=alerts, visibility="own")
    close(place, channel="", company=own)
    assert sent(place) == {}
    close(place, channel="", company=replace(own, visibility="workspace"))
    assert sent(place)["report/2026-10"][0] == "#cost-search"


def test_a_report_without_a_channel_is_not_posted(place: Installation) -> None:
    """A company that names no channel has its months closed and nothing posted."""
    assert close(place, channel="") == "October 2026 closed with 3 teams"
    assert sent(place) == {}


def test_forecasts_are_held_against_what_came_true(tmp_path: Path) -> None:
    """Once October is closed, those told on the 15th and the 22nd stand in its report beside the closed actual."""
    place = make_company(tmp_path, bill=False)
    write_bill(tmp_path / "bills" / "bill.csv", usual_charges(date(2026, 9, 1), date(2026, 11, 11)))
    take_in(place)
    for day in (15, 16, 22):
        make_forecasts(company=place.company, state=place.state, now=datetime(2026, 10, day, 9, tzinfo=UTC))
    assert report(place).accuracy == ()
    close(place)
    made = report(place)
    assert [(each.band, each.forecasts) for each in made.accuracy] == [((15, 21), 3), ((8, 14), 3)]
    told = {row.figures.key.team: row.told for row in made.rows}
    assert {team: found and (found.made_on, found.actual) for team, found in told.items()} == {
        row.figures.key.team: (date(2026, 10, 15), row.figures.actual) for row in made.rows
    }
