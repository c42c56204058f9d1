"""`finops report` and `/finops report` on the small company."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.installation import Installation
from finops.company import Company
from finops.errors import NotFound
from finops.money import add
from finops.periods import Month
from handlers import report
from handlers.request import Request
from jobs import close_month
from storage.ledger.totals import ledger_totals
from storage.people import replace_directory
from tests.company import MORNING, Moved, make_company

FORMS = ("html", "pdf", "csv", "json")


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company in the middle of November, October not closed."""
    return make_company(tmp_path)


def finops(place: Installation, *words: str) -> Result:
    return CliRunner().invoke(main, list(words), obj=place, catch_exceptions=False)


def ask(place: Installation, *words: str, company: Company | None = None, user: str = "U1") -> str:
    reply = report.answer(Request(user, MORNING, words), company=company or place.company, state=place.state)
    assert reply.message is not None
    return reply.message.text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("edition", ["executive", "technical"])
def test_a_file_made_twice_is_the_same(place: Installation, tmp_path: Path, form: str, edition: str) -> None:
    """Every form of both editions, from the database on two days, is the same byte by byte; stdout has the same."""
    close_month.run(now=MORNING, company=place.company, state=place.state)
    made = []
    for number, now in enumerate((MORNING, datetime(2026, 12, 3, 5, 0, tzinfo=UTC))):
        place.clock = Moved(now)
        path = tmp_path / f"{number}.{form}"
        line = ("report", "--month", "2026-10", "--format", form, "--edition", edition)
        said = finops(place, *line, "--output", str(path))
        assert said.exit_code == 0 and "Variance report, October 2026, 3 teams. Final." in said.stdout
        made += [path.read_bytes(), finops(place, *line).stdout_bytes]
    assert len(set(made)) == 1


def test_a_terminal_gets_a_summary(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --format and --output a terminal gets no markup but what the report says first; else the file."""
    close_month.run(now=MORNING, company=place.company, state=place.state)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    first, *rest = finops(place, "report", "--month", "2026-10").stdout.splitlines()
    assert first == "Variance report, October 2026, 3 teams. Final."
    assert rest[0].startswith("  3 teams spent ") and "<" not in "".join(rest)
    assert rest[-1] == "  `finops report --month 2026-10 --output report.html` writes all of it."
    assert finops(place, "report", "--month", "2026-10", "--format", "html").stdout.startswith("<!")


def test_every_figure_is_the_ledgers(place: Installation) -> None:
    """Each team's actual and services are what DuckDB adds up over the ledger's Parquet, and so is the total."""
    close_month.run(now=MORNING, company=place.company, state=place.state)
    told = json.loads(finops(place, "report", "--month", "2026-10", "--format", "json").stdout)
    company, month = place.company, Month(2026, 10)
    totals = ledger_totals(
        ["team", "service"],
        basis=company.basis,
        company=company,
        state=place.state,
        ledger=place.ledger,
        month=month,
    )
    exact = {(each.values, each.currency): each.cost for each in totals}
    found = {
        ((row["team"], service), row["currency"]): Decimal(cost)
        for row in told["teams"]
        for service, cost in row["services"].items()
    }
    assert found == exact and exact
    assert Decimal(told["totals"][0]["actual"]) == add(exact.values())


def test_the_last_month_that_ended_is_meant(place: Installation) -> None:
    """Without a month it is the one before this; one that is not closed is preliminary and says so."""
    told = json.loads(finops(place, "report", "--format", "json").stdout)
    assert (told["month"], told["is_closed"], told["is_final"]) == ("2026-10", False, False)
    assert told["missing"][0]["sentence"] == "October 2026 is not closed: its data runs through 31 Oct."
    running = json.loads(finops(place, "report", "--month", "2026-11", "--format", "json").stdout)
    assert [each["sentence"] for each in running["missing"]] == ["November 2026 has not ended."]
    empty = json.loads(finops(place, "report", "--month", "2020-01", "--format", "json").stdout)
    assert empty["teams"] == [] and not empty["is_final"]


def test_a_month_of_nothing_has_every_form(place: Installation, tmp_path: Path) -> None:
    """A month without teams makes a file in every form and says that there is nothing."""
    for form in FORMS:
        path = tmp_path / f"empty.{form}"
        for edition in ("executive", "technical"):
            line = ("report", "--month", "2020-01", "--format", form, "--edition", edition, "--output", str(path))
            assert finops(place, *line).exit_code == 0
            assert path.stat().st_size > 0


def test_a_file_that_cannot_be_written_is_refused(place: Installation, tmp_path: Path) -> None:
    """A folder that is not there is named, with exit code 1."""
    said = finops(place, "report", "--output", str(tmp_path / "none" / "report.html"))
    assert said.exit_code == 1 and "cannot be written" in said.stderr


def test_the_command_answers_with_the_executive_edition(place: Installation) -> None:
    """The month asked for, or the last that ended; anything but a month is refused with what to write."""
    assert "October 2026" in ask(place) and "November 2026 so far" in ask(place, "2026-11")
    with pytest.raises(NotFound, match="report 2026-10"):
        ask(place, "payments")


def test_only_what_a_person_may_see_is_reported(place: Installation) -> None:
    """Where figures are kept to their teams, an owner's report has their own teams, and a stranger's none."""
    with place.state.writing() as connection:
        people = [("UALICE", "Alice", "alice@example.com", ""), ("UFRANK", "Frank", "frank@example.com", "")]
        replace_directory(connection, people, [], [])
    own = replace(place.company, visibility="own")
    assert "1 team spent $3,103.83" in ask(place, company=own, user="UALICE")
    assert "No team has a budget or spend" in ask(place, company=own, user="UFRANK")
