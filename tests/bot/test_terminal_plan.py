"""`finops plan`: proposed from what is stored, written to a file, edited, and taken back."""

from __future__ import annotations

import csv
import getpass
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.installation import Installation
from finops.basis import Basis
from finops.budget_request import BudgetRules, ask
from finops.explanation import Stage
from finops.money import add, plain
from finops.periods import Month
from finops.policy import Role
from storage.audit import read, verify
from storage.budget_requests import save_request
from storage.budgets import approved_budgets, parse_budgets, record_budgets
from storage.forecasts import find_forecasts, make_forecasts
from storage.history import read_history
from storage.people import replace_directory
from storage.plan_data import budget_versions, team_history
from tests.bot.policy_terminal import as_json, finops
from tests.company import make_company
from tests.planning import SEPTEMBER, acted, explained, keep, planning_company

PROPOSE = ("plan", "propose", "--quarter", "2027-Q1")
ACCEPT = ("plan", "accept", "--approved-by", "erin@example.com")
"""Erin is the executive sponsor."""


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with three final months, a one-off, a cause that stays and five corrective actions."""
    found = planning_company(tmp_path)
    keep(
        found,
        explained("92"),
        explained("61", SEPTEMBER, stays=True),
        acted("40.5", text='=HYPERLINK("http://x")', month=SEPTEMBER, explanation=1),
        acted("30", number=2, done_on=SEPTEMBER.last, measured="30.5"),
        acted("700", number=3, text="Stop the idle cluster"),
        acted("800", number=4, text="Delete snapshots", month=SEPTEMBER, explanation=1, due=date(2026, 11, 2)),
        explained("9", number=2, stage=Stage.SUBMITTED),
        acted("900", number=5, text="Buy less", explanation=2),
    )
    return found


def test_a_plan_from_what_is_stored(place: Installation) -> None:
    """Each team's months rest on August to October, and what stands behind each part is told."""
    found = as_json(place, *PROPOSE)
    assert [(row["team"], row["month"], row["amount"], row["budget"]) for row in found] == [
        ("payments", "2027-01", "3033.68", None),
        ("payments", "2027-02", "2734.25", None),
        ("payments", "2027-03", "3033.68", None),
        ("search", "2027-01", "1565.5", None),
        ("search", "2027-02", "1414", None),
        ("search", "2027-03", "1565.5", None),
        ("idle", None, None, None),
        ("unallocated", None, None, None),
    ]
    payments = found[0]
    assert payments["from_months"] == {
        "2026-08": "3103.827160459",
        "2026-09": "3003.70370367",
        "2026-10": "3103.827160459",
    }
    assert [(part["kind"], part["amount"], part["remark"]) for part in payments["parts"]] == [
        ("base", "3103.827160459", None),
        ("goes on", "21.239492753623188406", None),
        ("one-off", "-31", None),
        ("saving", "-40.5", "promised"),
        ("saving", "-19.891304347826086957", "measured"),
        ("saving", "0", "unapproved"),
        ("saving", "0", "overdue"),
        ("saving", "0", "unapproved"),
        ("rounding", "0.004651135202898551", None),
    ]
    assert add(Decimal(part["amount"]) for part in payments["parts"]) == Decimal(payments["amount"])
    assert payments["explanations"] == ["payments/2026-09/USD/1", "payments/2026-10/USD/1"]
    assert found[-2]["reason"].startswith("no spend in USD to plan from")


def test_the_table_says_why(place: Installation) -> None:
    """For people: the proposals, each reason once with its amount in each month, and who has none."""
    shown = finops(place, *PROPOSE).output
    assert "−$31.00 · −$28.00 · −$31.00: payments/2026-10/USD/1 (anomaly, +$92 in October 2026) came once" in shown
    assert "Together in USD: 2027-01 $4,599.18, 2027-02 $4,148.25, 2027-03 $4,599.18" in shown
    assert "saves $40.50 a month, promised, not measured, due Fri 20 Nov 2026" in shown
    for said in (
        "action 3 “Stop the idle cluster” saves $700.00 a month, promised, not counted: it belongs to no explanation, "
        "so nobody has approved it",
        "action 4 “Delete snapshots” saves $800.00 a month, promised, not counted: it was due Mon 2 Nov 2026 and is "
        "still open",
        "action 5 “Buy less” saves $900.00 a month, promised, not counted: payments/2026-10/USD/2, which it belongs "
        "to, is not approved",
    ):
        assert f"$0.00 · $0.00 · $0.00: {said}\n" in shown
    assert "No proposal for idle in USD: no spend in USD" in shown


def test_one_team(place: Installation) -> None:
    """One team's plan; a mistyped one gets the nearest."""
    assert {row["team"] for row in as_json(place, *PROPOSE, "--team", "search")} == {"search"}
    refused = finops(place, *PROPOSE, "--team", "serch")
    assert refused.exit_code == 1 and "Did you mean search?" in refused.output
    assert finops(place, "plan", "propose", "--quarter", "2027-5").output == (
        "finops: '2027-5' is not a quarter. Write it as YYYY-Qn, for example 2027-Q1.\n"
    )


def edited(path: Path, **amounts: str) -> None:
    """Read a file as a spreadsheet does, give some rows ('payments_2027_01') another amount, and write it again."""
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    for row in rows:
        row["amount"] = amounts.get(f"{row['team']}_{row['month']}".replace("-", "_"), row["amount"])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def budgets_of(place: Installation) -> dict[tuple[str, str], tuple[Decimal, int]]:
    """Every budget of 2027: amount and version."""
    with place.state.reading() as connection:
        found = approved_budgets(connection)
    return {(b.team, str(b.month)): (b.amount, b.version) for b in found if b.month.year == 2027}


def test_unedited_and_back(place: Installation, tmp_path: Path) -> None:
    """A file taken back as it was gives the proposed amounts, as version 1, from the plan, on record."""
    path = tmp_path / "plan.csv"
    assert finops(place, *PROPOSE, "--output", str(path)).exit_code == 0
    assert finops(place, *PROPOSE, "--output", str(path)).output.startswith(f"finops: {path} is there already.")
    done = finops(place, *ACCEPT, str(path), "--yes")
    assert done.exit_code == 0 and done.output.endswith("Plan 2027-Q1: 6 new, 0 changed, 0 as before.\n")
    proposed = {(r["team"], r["month"]): (Decimal(r["amount"]), 1) for r in as_json(place, *PROPOSE) if r["month"]}
    assert budgets_of(place) == proposed
    with place.state.reading() as connection:
        *recorded, last = [each.entry for each in read(connection)][-7:]
        assert {version.source for version in budget_versions(connection, months=[Month(2027, 1)])} == {"plan 2027-Q1"}
        assert verify(connection) == []
    assert {(each.action, each.note) for each in recorded} == {("budget.recorded", "plan 2027-Q1")}
    assert (last.action, last.subject, last.who) == ("plan.accepted", "plan/2027-Q1", getpass.getuser())
    assert last.became and (last.became["edited"], last.became["approved_by"]) == ({}, "erin@example.com")
    again = finops(place, *ACCEPT, str(path))
    assert again.exit_code == 0 and "nothing is changed" in again.output


def test_what_was_edited_is_shown_and_asked_for(place: Installation, tmp_path: Path) -> None:
    """The difference to the proposal and to the budget of today with who set it; a no changes nothing."""
    path = tmp_path / "plan.csv"
    finops(place, *PROPOSE, "--output", str(path))
    finops(place, *ACCEPT, str(path), "--yes")
    edited(path, payments_2027_01="3100")
    before = budgets_of(place)
    refused = CliRunner().invoke(main, [*ACCEPT, str(path)], obj=place, input="n\n")
    assert refused.exit_code == 1 and "The plan was not accepted." in refused.output
    assert budgets_of(place) == before
    shown = refused.output.replace(" ", "")
    who = getpass.getuser()
    row = f"│payments│2027-01│$3,033.68│$3,100.00│+$66.32│$3,033.68│{who},plan2027-Q1│+$66.32│"
    assert row in shown and "6budgets:5asproposed,1notastheyaretoday." in shown
    agreed = CliRunner().invoke(main, [*ACCEPT, str(path)], obj=place, input="y\n")
    assert agreed.output.endswith("Plan 2027-Q1: 0 new, 1 changed, 5 as before.\n")
    assert budgets_of(place) == before | {("payments", "2027-01"): (Decimal(3100), 2)}
    with place.state.reading() as connection:
        last = [each.entry for each in read(connection, subject="plan/2027-Q1")][-1]
    assert last.became and last.became["edited"] == {
        "payments/2027-01/USD": {"proposed": "3033.68", "accepted": "3100"}
    }


@pytest.mark.parametrize(
    ("approver", "said"),
    [
        ("alice", "alice takes the plan in, and somebody else has to approve it. No budget was changed."),
        ("UALICE", "alice takes the plan in, and somebody else has to approve it. No budget was changed."),
        ("Alice@example.com", "alice takes the plan in, and somebody else has to approve it. No budget was changed."),
        ("@finops", "@finops is a group. No budget was changed. Name the person of it who approved the plan."),
        (
            "bob@example.com",
            "bob@example.com may not decide on the budget of payments, search. No budget was changed. By "
            "`budgets.approvers` of finops.yaml these may: Finance and the executive sponsor.",
        ),
    ],
)
def test_a_plan_needs_a_second_person(
    place: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, approver: str, said: str
) -> None:
    """Nobody approves the plan that they take in, nor does a group, or somebody without the role."""
    monkeypatch.setattr(getpass, "getuser", lambda: "alice")
    with place.state.writing() as connection:
        replace_directory(connection, [("UALICE", "Alice Example", "alice@example.com", "UTC")], [], [])
    path = tmp_path / "plan.csv"
    finops(place, *PROPOSE, "--output", str(path))
    refused = finops(place, "plan", "accept", str(path), "--approved-by", approver, "--yes")
    assert refused.exit_code == 1 and refused.output.endswith(f"finops: {said}\n")
    assert budgets_of(place) == {}


def test_who_approves_a_plan_is_configured(place: Installation, tmp_path: Path) -> None:
    """With a role of the team as approver, each changed team needs the one who has it; nobody named is a wrong use."""
    path = tmp_path / "plan.csv"
    finops(place, *PROPOSE, "--output", str(path))
    assert finops(place, "plan", "accept", str(path), "--yes").exit_code == 2
    object.__setattr__(place.company, "budgets", BudgetRules(approvers=(Role.ENGINEERING_LEAD,)))
    lead = ("plan", "accept", str(path), "--yes", "--approved-by", "bob@example.com")
    assert "bob@example.com may not decide on the budget of search." in finops(place, *lead).output
    path.write_text("team,month,amount,currency\npayments,2027-01,3000,USD\n")
    assert finops(place, *lead).output.endswith("Plan 2027-Q1: 1 new, 0 changed, 0 as before.\n")


def test_faults_refuse_the_file(place: Installation, tmp_path: Path) -> None:
    """What cannot be a budget is named by its line, and nothing is recorded; so are months of two quarters."""
    path = tmp_path / "plan.csv"
    finops(place, *PROPOSE, "--output", str(path))
    edited(path, payments_2027_02="2,734.25", search_2027_03="-1")
    refused = finops(place, *ACCEPT, str(path), "--yes")
    assert refused.exit_code == 1 and refused.output == (
        "finops: plan.csv, line 3: '2,734.25' is not an amount; write it as 12345.67, without thousands separators.\n"
        "plan.csv, line 7: a budget of -1 is not possible; zero or more is. No budget was changed.\n"
    )
    for text, said in (
        ("payments,2027-03,1,USD\npayments,2027-04,1,USD\n", "holds months of 2027-Q1 and 2027-Q2"),
        ("payments,2026-09,1,USD\n", "2026-Q3 is over"),
    ):
        path.write_text(f"team,month,amount,currency\n{text}")
        assert said in finops(place, *ACCEPT, str(path), "--yes").output
    assert budgets_of(place) == {}


def test_no_cell_is_a_formula(place: Installation, tmp_path: Path) -> None:
    """Whatever somebody wrote as corrective action, no cell of the file begins a formula."""
    keep(place, acted("1", number=6, text="=1+1", team="search"))
    path = tmp_path / "plan.csv"
    finops(place, *PROPOSE, "--output", str(path))
    cells = [cell for row in csv.reader(io.StringIO(path.read_text())) for cell in row]
    assert len(cells) == 42 and not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_too_short_a_history(tmp_path: Path) -> None:
    """With one whole month nothing is proposed, and why is said; the file has its head line alone."""
    place = make_company(tmp_path)
    found = as_json(place, *PROPOSE)
    assert [row["amount"] for row in found] == [None] * 4
    assert found[0]["reason"] == (
        "a proposal needs 3 whole months with final figures, and there is October 2026: "
        "its first known charge is of Thu 1 Oct 2026"
    )
    result = finops(place, *PROPOSE, "--format", "csv")
    assert result.stdout == "team,month,amount,currency,reason,explanations\n"


def test_budgets_that_change_while_asked(place: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded between the question and its answer refuses the plan: nobody is overwritten unseen."""
    path = tmp_path / "plan.csv"
    finops(place, *PROPOSE, "--output", str(path))

    def agree(_question: str) -> bool:
        text = "team,month,amount,currency\npayments,2027-02,1,USD\n"
        with place.state.writing() as connection:
            budgets = parse_budgets(text, "other.csv", lambda _team: None)
            record_budgets(connection, budgets, source="other.csv", by="other", now=place.now)
        return True

    monkeypatch.setattr(click, "confirm", agree)
    refused = finops(place, *ACCEPT, str(path))
    assert refused.exit_code == 1 and "Budgets of 2027-Q1 have changed meanwhile." in refused.output
    assert budgets_of(place) == {("payments", "2027-02"): (Decimal(1), 1)}


def test_one_team_and_all(place: Installation) -> None:
    """One team's days are the same read alone or with all, to the last digit."""
    first, last = date(2026, 7, 4), date(2026, 10, 31)
    with place.state.reading() as connection:
        alone = team_history(connection, Basis.EFFECTIVE, "payments", first, last)
        every = read_history(connection, Basis.EFFECTIVE, first, last)
    assert alone.spent["payments"] == every.spent["payments"]
    assert alone.budgets["payments"] == every.budgets["payments"]


def test_accuracy(place: Installation) -> None:
    """Budget, actual and the forecast that was told on the 16th, with their errors as fractions; none told is null."""
    company, day = place.company, datetime(2026, 10, 16, 9, tzinfo=UTC)
    make_forecasts(company=company, state=place.state, now=day)
    with place.state.reading() as connection:
        told = find_forecasts(connection, Month(2026, 10), company.basis, day.date(), "payments")["payments", "USD"]
    found = as_json(place, "plan", "accuracy", "--team", "payments")
    assert [(row["month"], row["budget"], row["actual"]) for row in found] == [
        ("2026-08", "2900", "3103.827160459"),
        ("2026-09", "2900", "3003.70370367"),
        ("2026-10", "2900", "3103.827160459"),
    ]
    assert found[0]["budget_error"] == "0.07028522774448275862068965517" and found[0]["planned"] is None
    names = ("forecast", "forecast_low", "forecast_high", "forecast_settled_through", "forecast_error")
    assert [found[0][name] for name in names] == [found[1][name] for name in names] == [None] * 5
    amounts = [plain(amount) for amount in (told.amount, told.low, told.high)]
    assert [found[2][name] for name in names[:4]] == [*amounts, "2026-10-13"]
    assert found[2]["forecast_error"] is not None
    last = as_json(place, "plan", "accuracy", "--team", "search", "--months", "1")
    assert [row["month"] for row in last] == ["2026-10"]
    shown = finops(place, "plan", "accuracy").output
    assert "payments in USD, mean of 3: budget off by 5.9 %, forecast off by 0.0 %." in shown
    assert "Forecasts are those that were told on the 16th, as they were stored." in shown
    assert finops(place, "plan", "accuracy", "--team", "payments").output.count("none was told") == 2
    assert finops(place, "plan", "accuracy", "--team", "serch").exit_code == 1


def test_accuracy_of_nothing(tmp_path: Path) -> None:
    """Without a final month it is said what is missing."""
    shown = finops(make_company(tmp_path, bill=False), "plan", "accuracy").output
    assert shown.startswith("No month has final figures yet: all its days delivered, and settled or the month closed.")


def test_requests_are_listed(place: Installation) -> None:
    """Who asked for what, and whether it waits; with a hint where there is none."""
    assert "`/finops budget` in Slack makes one" in finops(place, "budgets", "requests").output
    month = Month(2026, 12)
    made = ask(
        "payments",
        "USD",
        Decimal("3400.50"),
        month,
        month,
        "a second region",
        {month: Decimal(2900)},
        by="U1",
        rules=place.company.budgets,
        calendar=place.company.calendar,
        now=place.now,
    )
    with place.state.writing() as connection:
        save_request(connection, made, place.now)
    assert as_json(place, "budgets", "requests", "--team", "payments", "--waiting") == [
        {
            "request": 1,
            "team": "payments",
            "months": "2026-12",
            "amount": "3400.5",
            "former": "2900",
            "currency": "USD",
            "exception_until": "2026-12",
            "stage": "asked",
            "asked_by": "U1",
            "why": "a second region",
            "due": "2026-11-17",
            "answered_by": None,
            "reason": None,
        }
    ]
    assert as_json(place, "budgets", "requests", "--team", "search") == []
