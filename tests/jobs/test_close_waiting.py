"""A month that waits for late data: said, said again, closed as it stands, and closed when the data has come."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from bot.answers import Answers
from bot.cli import main
from finops.basis import Basis
from finops.errors import NotAllowed
from finops.month_close import CloseRefused
from finops.periods import Month
from finops.policy import ReportRules
from finops.report_building import build_report
from finops.variance_report import VarianceReport
from jobs import close_month, evaluate_alerts
from storage.asked import asked_for
from storage.audit import read
from storage.budgets import Budget, record_budgets
from storage.closed_months import closed_months
from storage.deliveries import TABLE as DELIVERIES
from storage.ledger.ingest import ingest
from storage.people import replace_directory
from storage.report_data import read_report_data
from tests.company import Charge, Moved, make_company, write_bill
from views.month_close import REASON
from views.report_words import missing, notes

OCTOBER = Month(2026, 10)
CLOSING = datetime(2026, 11, 6, 8, 0, tzinfo=UTC)
"""09:00 in Berlin on the fifth working day of November."""
AGAIN = CLOSING + timedelta(days=7)
BUDGETS = {"payments": "2600", "search": "1560"}
COSTS = {"payments": Decimal("100.123456789"), "search": Decimal("50.5"), "idle": Decimal(3)}
"""A day."""
ACTUAL = {"payments": COSTS["payments"] * 31, "search": COSTS["search"] * 31}


class Place:
    """The small company whose payments are billed by one provider and whose search by another, which is late."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installation = make_company(folder, clock=Moved(CLOSING), bill=False)
        self.company = replace(self.installation.company, report=ReportRules("#general"))
        self.state = self.installation.state
        with self.state.writing() as connection:
            people = [("U1", "Dave Example", "dave@example.com", ""), ("U2", "Alice Example", "alice@example.com", "")]
            replace_directory(connection, people, [("S1", "finops", "U1")], [])
        self.budget(OCTOBER)
        self.deliver("aws", "payments", date(2026, 11, 5))
        self.deliver("azure", "search", date(2026, 10, 29))

    def budget(self, month: Month) -> None:
        """Approve the budgets of a month."""
        budgets = [Budget(team, month, Decimal(amount), "USD") for team, amount in BUDGETS.items()]
        with self.state.writing() as connection:
            record_budgets(connection, budgets, source="test", by="test", now=self.installation.now)

    def deliver(self, export: str, team: str, last: date, first: date = date(2026, 10, 1), category: str = "") -> None:
        """A provider's bill of one team, of every day through one; with a charge of another category on the first."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        charges = [Charge(day, COSTS[team], team) for day in days]
        charges += [Charge(first, Decimal(500), team, category=category)] if category else []
        path = write_bill(self.folder / export / "bill.csv", charges)
        place = self.installation
        ingest([path], export, company=self.company, state=self.state, ledger=place.ledger, now=place.now)

    def close(self, now: datetime = CLOSING) -> str:
        """A run of the job."""
        return close_month.run(now=now, company=self.company, state=self.state).summary

    def send(self) -> None:
        """Slack has everything that is queued."""
        with self.state.writing() as connection:
            connection.execute(update(DELIVERIES).values(state="sent", ts=DELIVERIES.c.key, channel="C1"))

    def said(self, prefix: str = "close/") -> dict[str, tuple[int, str]]:
        """Key → revision and text of what is queued under keys that begin so."""
        query = select(DELIVERIES.c.key, DELIVERIES.c.revision, DELIVERIES.c.payload)
        with self.state.reading() as connection:
            rows = connection.execute(query.where(DELIVERIES.c.key.startswith(prefix))).all()
        return {row.key: (row.revision, row.payload["text"]) for row in rows}

    def report(self, now: datetime = CLOSING) -> VarianceReport:
        """October's report."""
        with self.state.reading() as connection:
            return build_report(read_report_data(connection, self.company, OCTOBER, self.company.today(now)))

    def decide(self, person: str = "U1", reason: str = "Azure has ended") -> Any:
        """The form of the message's button, submitted by somebody."""
        answers = Answers(self.installation, lambda: None)
        request = answers.request(person, "", "x")
        modal = answers.actions["month_close"](replace(request, value=str(OCTOBER), via="button")).modal
        carried = json.loads(modal["private_metadata"])
        return answers.submissions["month_close"](replace(request, metadata=carried, inputs={REASON: reason}))

    def terminal(self, *words: str) -> Result:
        """`finops report close --month 2026-10 …`."""
        return self.finops("report", "close", "--month", "2026-10", *words)

    def finops(self, *words: str) -> Result:
        """A line in the terminal."""
        self.installation.__dict__["company"] = self.company
        return CliRunner().invoke(main, list(words), obj=self.installation)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """When October waits to be closed."""
    made = Place(tmp_path)
    request.addfinalizer(made.state.close)
    return made


def test_finops_is_told_once_and_again_after_a_week(place: Place) -> None:
    """Where the report would stand FinOps reads whose data is missing since when; a new message comes every five
    working days, and none beside it.
    """
    assert place.close(CLOSING - timedelta(minutes=1)) == "nothing to close" and place.said() == {}
    assert place.close() == "October 2026 is not closed: search has data through 29 Oct"
    first = (
        ":hourglass_flowing_sand: *October 2026 cannot be closed yet*, as data of it is missing. It was to be closed "
        "on Fri 6 Nov.\n• Export `azure`: no data since Thu 29 Oct\n• Search: no data since Thu 29 Oct\n<!subteam^S1>: "
        "please have the data delivered, and the month is closed by itself; or close it as it stands. The report then "
        "says which figures are not complete, and is not final until they are. While it stays so, this is said again "
        "on Fri 13 Nov.\nIn the terminal: `finops report close --month 2026-10 --as-it-stands --reason …`"
    )
    assert place.said() == {"close/2026-10/2026-11-06": (1, first)}
    for hours in (1, 24, 7 * 24 - 1):
        place.close(CLOSING + timedelta(hours=hours))
    assert place.said() == {"close/2026-10/2026-11-06": (1, first)}
    place.close(AGAIN)
    place.close(AGAIN + timedelta(hours=1))
    second = first.replace("Fri 13 Nov", "Fri 20 Nov")
    assert place.said() == {"close/2026-10/2026-11-06": (1, first), "close/2026-10/2026-11-13": (1, second)}
    assert place.said("report/") == {}


def test_the_newest_message_is_kept_true(place: Place) -> None:
    """A delivery that brings some of the missing days changes the message that was sent last, and sends none."""
    place.close()
    place.deliver("azure", "search", date(2026, 10, 30))
    place.close(CLOSING + timedelta(hours=1))
    [(revision, text)] = place.said().values()
    assert revision == 2 and "• Search: no data since Fri 30 Oct\n" in text


def test_it_closes_by_itself_once_the_data_has_come(place: Place) -> None:
    """Whole figures are frozen, the report is posted, and what was asked for says that it is done."""
    place.close()
    place.close(AGAIN)
    place.send()
    place.deliver("azure", "search", date(2026, 11, 5))
    later = AGAIN + timedelta(hours=1)
    assert place.close(later) == "October 2026 closed with 2 teams; report of October 2026: 2 messages new or changed"
    with place.state.reading() as connection:
        found = closed_months(connection, OCTOBER)
    assert {team: figures.actual for (team, _), figures in found.items()} == ACTUAL
    done = ":white_check_mark: *October 2026 is closed*: its data is complete."
    assert {text for _, text in place.said().values()} == {done}
    before = place.said("")
    assert place.close(later + timedelta(hours=1)) == "nothing to close" and place.said("") == before


def test_finops_closes_it_as_it_stands(place: Place) -> None:
    """The decision is recorded, the month is frozen with what there is, and its report names what is not complete."""
    place.close()
    reply = place.decide()
    assert reply.message.text == "October 2026 is being closed as it stands: its report follows within seconds."
    with place.state.reading() as connection:
        assert asked_for(connection, ["close_month"], CLOSING + timedelta(hours=1)) == [
            ("close_month", "close/2026-10")
        ]
        [entry] = [each.entry for each in read(connection, subject="month/2026-10")]
    assert (entry.who, entry.action, entry.note) == ("U1", "month.closed as it stands", "Azure has ended")
    assert entry.became == {"incomplete": {"search": "2026-10-29"}, "late": {"azure": "2026-10-29"}}
    said = "October 2026 closed as it stands with 2 teams; report of October 2026: 2 messages new or changed"
    place.send()
    assert place.close() == said
    [(_, done)] = place.said().values()
    assert done == ":white_check_mark: *October 2026 is closed* as it stands, by Dave Example: “Azure has ended”"
    report = place.report()
    assert report.is_closed and not report.is_final
    assert "Search has data only through 29 Oct: its figures are not complete." in missing(report)
    assert "Closed as it stands, although data was missing, by Dave Example: “Azure has ended”" in notes(report)
    assert "Search has data only through 29 Oct" in place.said("report/")["report/2026-10"][1].replace("∶", ":")
    search = next(row for row in report.rows if row.name == "Search")
    assert (search.figures.actual, search.figures.tier, search.is_material) == (Decimal("50.5") * 29, "", False)
    assert place.close(CLOSING + timedelta(hours=1)) == "nothing to close"


def test_nobody_is_asked_once_it_is_decided(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """FinOps decides while the job looks at what is missing: nobody is asked any more for what is decided."""
    say = close_month._say_waiting
    monkeypatch.setattr(close_month, "_say_waiting", lambda *given: (place.decide(), say(*given)))
    place.close()
    assert place.said() == {}


def test_what_comes_before_it_is_closed_as_it_stands(place: Place) -> None:
    """Where all of the data comes between the decision and the close, neither message nor report says it is missing."""
    place.close()
    place.send()
    place.decide()
    place.deliver("azure", "search", date(2026, 11, 5))
    assert place.close().startswith("October 2026 closed with 2 teams;")
    [(_, text)] = place.said().values()
    assert text == ":white_check_mark: *October 2026 is closed*: its data is complete."
    report = place.report()
    assert report.decision is None and not any("as it stands" in said for said in notes(report))


def test_a_reason_of_any_characters(place: Place) -> None:
    """What no database keeps stands as � in the reason, and stops nobody from closing a month."""
    place.close()
    place.decide(reason="Azure \0has \ud83dended")
    place.close()
    decision = place.report().decision
    assert decision and decision.reason == "Azure \ufffdhas \ufffdended"


def test_what_comes_later_completes_it(place: Place) -> None:
    """Figures that were frozen as they stood stay; the whole ones stand beside them, and then nothing is missing."""
    place.close()
    place.decide()
    place.close()
    place.deliver("azure", "search", date(2026, 11, 5))
    assert "report of October 2026" in place.close(CLOSING + timedelta(days=1))
    report = place.report()
    search = next(row for row in report.rows if row.name == "Search")
    assert search.figures.actual == Decimal("50.5") * 29 and search.now is not None
    assert search.now.actual == ACTUAL["search"] and search.now.is_complete
    assert not [said for said in missing(report) if "Search" in said]


def test_days_without_cost_complete_it_too(place: Place) -> None:
    """Where the days that were missing cost nothing, the figures stay as they were and are complete."""
    place.close()
    place.decide()
    place.close()
    charges = [Charge(date(2026, 10, 1) + timedelta(days=n), COSTS["search"], "search") for n in range(29)]
    bill = write_bill(place.folder / "azure" / "bill.csv", [*charges, Charge(date(2026, 10, 31), Decimal(0), "search")])
    installation = place.installation
    ingest(
        [bill],
        "azure",
        company=place.company,
        state=place.state,
        ledger=installation.ledger,
        now=installation.now,
    )
    report = place.report()
    assert not [said for said in missing(report) if "data only" in said]
    assert "Search was delivered whole since it was closed, and its figures stay as they were." in notes(report)


def test_only_finops_decides_and_once(place: Place) -> None:
    """Others are refused, a reason is asked for, and of two who decide the second is told who did."""
    place.close()
    with pytest.raises(NotAllowed, match="Only FinOps"):
        place.decide("U2")
    assert place.decide(reason=" ").errors == {REASON: "Say why, for those who read the report."}
    place.decide()
    with pytest.raises(CloseRefused, match="Dave Example has October 2026 closed as it stands already"):
        place.decide()
    place.close()
    with pytest.raises(CloseRefused, match="October 2026 is closed already"):
        place.decide()


def test_nothing_is_decided_before_its_time_or_without_need(place: Place) -> None:
    """Before its working day and with all data a month is not closed as it stands."""
    place.installation.clock = Moved(CLOSING - timedelta(hours=1))
    with pytest.raises(CloseRefused, match="October 2026 is closed on Fri 6 Nov 2026 at the earliest"):
        place.decide()
    place.installation.clock = Moved(CLOSING)
    place.deliver("azure", "search", date(2026, 11, 5))
    with pytest.raises(CloseRefused, match="Nothing of October 2026 is missing"):
        place.decide()


def test_an_old_month_is_closed_when_its_data_comes(place: Place) -> None:
    """A month with a budget is looked at however old it is, said to be waiting, and closed and reported at last."""
    late = datetime(2027, 5, 12, 10, 0, tzinfo=UTC)
    assert "October 2026 is not closed: search has data through 29 Oct" in place.close(late)
    [(key, (_, text))] = place.said().items()
    assert key.startswith("close/2026-10/2027-05-") and "It was to be closed on Fri 6 Nov." in text
    place.deliver("azure", "search", date(2026, 11, 5))
    assert place.close(late + timedelta(hours=1)).startswith("October 2026 closed with 2 teams; report of October 2026")
    assert "report/2026-10" in place.said("report/")


def test_months_before_the_first_bill_wait_for_nothing(place: Place) -> None:
    """A budget of a month that ended before anything was delivered asks for no data that will never come."""
    place.budget(Month(2026, 9))
    place.close()
    assert list(place.said()) == ["close/2026-10/2026-11-06"]


def test_without_a_channel_nobody_is_told(place: Place) -> None:
    """A company that names no channel reads in the job's outcome what is missing."""
    place.company = replace(place.company, report=ReportRules())
    assert place.close() == "October 2026 is not closed: search has data through 29 Oct"
    assert place.said() == {}


def test_the_terminal_closes_it_too(place: Place) -> None:
    """`finops report close` says what is missing, asks for a reason, and closes with one."""
    refused = place.terminal()
    assert refused.exit_code == 1
    assert refused.stdout.splitlines()[:2] == [
        "• Export `azure`: no data since Thu 29 Oct",
        "• Search: no data since Thu 29 Oct",
    ]
    assert "October 2026 cannot be closed: data of it is missing. Have it delivered, or close it with" in refused.stderr
    unclosed = place.finops("report", "--month", "2026-10", "--output", str(place.folder / "report.html"))
    assert "  `finops report close --month 2026-10` says what it waits for." in unclosed.stdout.splitlines()
    assert place.finops("report", "--month", "2026-10", "close", "--month", "2026-10").exit_code == 2
    assert "--reason: Say why" in place.terminal("--as-it-stands").stderr
    done = place.terminal("--as-it-stands", "--reason", "Azure has ended")
    assert done.exit_code == 0
    assert done.stdout.startswith("October 2026 closed as it stands with 2 teams; report of October 2026: 2 messages")
    assert place.terminal().stdout == "October 2026 is closed already, and its report is as it was.\n"


def test_a_closed_month_keeps_its_basis(place: Place) -> None:
    """After the company counts by another basis a closed month stays in its own, with teams that come later."""
    place.deliver("azure", "search", date(2026, 11, 5), category="Purchase")
    place.close()
    before = place.report()
    assert before.basis == "effective" and {row.name: row.figures.actual for row in before.rows} == {
        "Payments": ACTUAL["payments"],
        "Search": ACTUAL["search"] + 500,
    }
    place.company = replace(place.company, basis=Basis.USAGE_BILLED)
    assert place.report() == before
    assert place.close(CLOSING + timedelta(days=1)) == "nothing to close"
    place.deliver("gcp", "idle", date(2026, 11, 5), category="Purchase")
    assert place.close(CLOSING + timedelta(days=2)).startswith("October 2026 closed with 1 teams")
    rows = {row.name: row.figures for row in place.report().rows}
    assert (rows["Idle"].basis, rows["Idle"].actual) == (Basis.EFFECTIVE, 31 * Decimal(3) + 500)
    assert [row.now for row in place.report().rows] == [None, None, None]


def test_a_report_compares_months_in_its_own_basis(place: Place) -> None:
    """The months beside one that was closed in another basis are read in the report's own."""
    place.deliver("azure", "search", date(2026, 11, 30), category="Purchase")
    place.deliver("aws", "payments", date(2026, 11, 30))
    place.close()
    place.company = replace(place.company, basis=Basis.USAGE_BILLED)
    closing = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)
    assert place.close(closing).startswith("November 2026 closed with 2 teams")
    today, search = place.company.today(closing), ("search", "USD")
    with place.state.reading() as connection:
        of_october = read_report_data(connection, place.company, OCTOBER, today)
        of_november = read_report_data(connection, place.company, OCTOBER.next, today)
        closed = closed_months(connection, OCTOBER)[search]
    assert {each.basis for each in of_october.following.values()} == {Basis.EFFECTIVE}
    assert {each.basis for each in of_november.rows} == {Basis.USAGE_BILLED}
    before = of_november.earlier[0][0][search]
    assert (before.basis, before.actual) == (Basis.USAGE_BILLED, ACTUAL["search"])
    assert (closed.basis, closed.actual) == (Basis.EFFECTIVE, ACTUAL["search"] + 500)


def test_alerts_of_a_closed_month_stay_in_its_basis(place: Place) -> None:
    """Where the company counts by another basis than a month was closed in, its alerts do not move by that."""
    place.deliver("azure", "search", date(2026, 11, 5), category="Purchase")
    place.close()
    said = evaluate_alerts.run(now=CLOSING, company=place.company, state=place.state).summary
    assert "raised" in said
    place.company = replace(place.company, basis=Basis.USAGE_BILLED)
    later = CLOSING + timedelta(hours=1)
    assert evaluate_alerts.run(now=later, company=place.company, state=place.state).summary == "nothing changed"
