"""Budget files: read whole or refused whole, every fault named by its line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finops.budget import Budget
from finops.errors import BudgetRefused
from finops.periods import Month
from storage.budgets import approved_budgets, parse_budgets, record_budgets
from tests.storage.bills import NOW, Place

HEAD = "team,month,amount,currency\n"


def parsed(text: str) -> list[Budget]:
    """Budgets of a file in which only web and data are teams."""
    return parse_budgets(text, "b.csv", lambda team: None if team in ("web", "data") else f"there is no team '{team}'.")


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "web,2024-09,1234.50,USD\n",
        "\ufeff" + HEAD + "web,2024-09,1234.50,USD",
        (HEAD + "web,2024-09,1234.50,USD\n\n").replace("\n", "\r\n"),
        " Currency , AMOUNT,Month,Team,note\nUSD, 1234.50 ,2024-09,web,ignored\n",
        HEAD + '"web","2024-09","1.2345e3","USD"\n',
        "team,month,amount,currency,\nweb,2024-09,1234.50,USD,\n",
    ],
)
def test_every_legal_form_is_read(text: str) -> None:
    """Columns in any order and case, further ones ignored, with or without a mark, quotes and either line end."""
    assert parsed(text) == [Budget("web", Month(2024, 9), Decimal("1234.5"), "USD")]


FAULTS = {
    "nobody,2024-09,1,USD": "there is no team 'nobody'.",
    ",2024-09,1,USD": "there is no team ''.",
    "web,2024-13,1,USD": "'2024-13' is not a month. Write it as YYYY-MM, for example 2026-11.",
    "web,09/2024,1,USD": "'09/2024' is not a month. Write it as YYYY-MM, for example 2026-11.",
    'web,2024-09,"1,000",USD': "'1,000' is not an amount; write it as 12345.67, without thousands separators.",
    "web,2024-09,1_000,USD": "'1_000' is not an amount; write it as 12345.67, without thousands separators.",
    "web,2024-09,NaN,USD": "'NaN' is not an amount; write it as 12345.67, without thousands separators.",
    "web,2024-09,Infinity,USD": "'Infinity' is not an amount; write it as 12345.67, without thousands separators.",
    "web,2024-09,,USD": "'' is not an amount; write it as 12345.67, without thousands separators.",
    "web,2024-09,-1,USD": "a budget of -1 is not possible; zero or more is.",
    "web,2024-09,1e20,USD": "1e20 has more digits than the 20 before and 18 after the point that are kept.",
    "web,2024-09,1e-19,USD": "1e-19 has more digits than the 20 before and 18 after the point that are kept.",
    "web,2024-09,1,usd": "'usd' is not an ISO 4217 currency code.",
    "web,2024-09,1,": "'' is not an ISO 4217 currency code.",
    "web,2024-09,1": "the number of fields is not that of the header.",
    "web,2024-09,1,USD,2": "the number of fields is not that of the header.",
    "data,2024-09,1,USD": "data 2024-09 USD stands on line 2 already.",
}


@pytest.mark.parametrize("row", FAULTS)
def test_a_bad_row_refuses_the_file(row: str) -> None:
    """One bad row refuses all, named by its line, with what is wrong with it."""
    with pytest.raises(BudgetRefused) as refusal:
        parsed(f"{HEAD}data,2024-09,1,USD\n\n{row}\nweb,2024-10,1,USD\n")
    assert str(refusal.value) == f"b.csv, line 4: {FAULTS[row]} No budget was changed."


OPEN_QUOTE = HEAD + 'web,2024-09,1,USD\nweb,2024-10,1,"USD\n'
COLUMNS = "A budget file has team, month, amount, currency."
KEPT = "No budget was changed."
FILES = {
    "": f"b.csv, line 1: no column team, month, amount, currency. {COLUMNS}",
    HEAD: f"b.csv: no budgets in it. {KEPT}",
    "team,month,amount\nweb,2024-09,1\n": f"b.csv, line 1: no column currency. {COLUMNS}",
    "team,month,amount,amount,currency\nweb,2024-09,1,2,USD\n": f"b.csv, line 1: column amount stands twice. {KEPT}",
    OPEN_QUOTE: f"b.csv, line 3: not CSV from here on (unexpected end of data). {KEPT}",
}


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_what_is_no_budget_file_is_refused(text: str) -> None:
    """A file without its columns, without rows or with an open quote is refused with its reason."""
    with pytest.raises(BudgetRefused) as refusal:
        parsed(text)
    assert str(refusal.value) == FILES[text]


def test_at_most_twenty_faults_are_named() -> None:
    """Of 25 faults 20 are named and the others counted."""
    with pytest.raises(BudgetRefused) as refusal:
        parsed(HEAD + "web,2024-09,x,USD\n" * 25)
    assert len(refusal.value.reason.splitlines()) == 20
    assert refusal.value.reason.endswith("(and 5 more)")


def test_budgets_of_one_month_and_team(place: Place) -> None:
    """Budgets are found by month and by team, each in its newest version and in every currency."""
    budgets = parsed(HEAD + "web,2024-09,1,USD\nweb,2024-09,2,EUR\nweb,2024-10,3,USD\ndata,2024-09,0,USD\n")
    with place.state.writing() as connection:
        record_budgets(connection, budgets, source="b.csv", by="me", now=NOW)
        record_budgets(connection, parsed(HEAD + "web,2024-09,5,USD\n"), source="c.csv", by="me", now=NOW)
        found = {
            "month": approved_budgets(connection, Month(2024, 9)),
            "team": approved_budgets(connection, team="web"),
        }
    changed = Budget("web", Month(2024, 9), Decimal(5), "USD", 2)
    assert {name: sorted(each, key=repr) for name, each in found.items()} == {
        "month": sorted([changed, budgets[1], budgets[3]], key=repr),
        "team": sorted([changed, budgets[1], budgets[2]], key=repr),
    }
