"""The small company with four months of bills behind it, and what was explained and is being done about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from bot.installation import Installation
from finops.basis import Basis
from finops.corrective_action import ActionStage, CorrectiveAction, MeasuredSaving, Target
from finops.explanation import Category, Explanation, ExplanationChange, Stage, Variance, VarianceKey, Wording
from finops.periods import Month
from storage.budgets import parse_budgets, record_budgets
from storage.corrective_actions import save_action
from storage.explanations import save_explanation
from tests.company import Moved, make_company, take_in, usual_charges, write_bill

AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (Month(2026, number) for number in (8, 9, 10, 11))
AT = datetime(2026, 11, 4, 9, tzinfo=UTC)
BUDGETS = "".join(
    f"{team},2026-{month:02d},{amount},USD\n"
    for month in (8, 9, 10, 11, 12)
    for team, amount in (("payments", 2900), ("search", 1500), ("idle", 100))
)


def planning_company(folder: Path, *, clock: Moved | None = None) -> Installation:
    """The small company on 12 November, with its bills from August on and budgets through December."""
    installation = make_company(folder, clock=clock, bill=False)
    add_months(installation, folder)
    return installation


def add_months(installation: Installation, folder: Path) -> None:
    """Bills from 1 August through 11 November, and budgets through December."""
    write_bill(folder / "bills" / "bill.csv", usual_charges(date(2026, 8, 1), date(2026, 11, 11)))
    take_in(installation)
    with installation.state.writing() as connection:
        budgets = parse_budgets(f"team,month,amount,currency\n{BUDGETS}", "budgets.csv", lambda _team: None)
        record_budgets(connection, budgets, source="budgets.csv", by="test", now=installation.now)


def explained(
    amount: str,
    month: Month = OCTOBER,
    *,
    stays: bool = False,
    number: int = 1,
    team: str = "payments",
    category: Category = Category.ANOMALY,
    stage: Stage = Stage.APPROVED,
    basis: Basis = Basis.EFFECTIVE,
) -> Explanation:
    """An explanation of a part of a month's variance, approved unless said otherwise."""
    seen = Variance(Decimal(3100), Decimal(2900), False, basis, 1, AT)
    wording = Wording(Decimal(amount), category, stays, "what", "why")
    key = VarianceKey(team, month, "USD")
    approved = seen if stage is Stage.APPROVED else None
    return Explanation(key, number, ("U1",), wording, stage, AT, seen, approved=approved)


def acted(
    promised: str | None = "100",
    *,
    due: date = date(2026, 11, 20),
    done_on: date | None = None,
    measured: str | None = None,
    number: int = 1,
    explanation: int = 0,
    month: Month = OCTOBER,
    team: str = "payments",
    text: str = "Rightsize the cluster",
    stage: ActionStage | None = None,
) -> CorrectiveAction:
    """A corrective action: open, done where a day is given, measured where a saving is."""
    saving = None
    if measured is not None:
        monthly = Decimal(measured)
        day = done_on or due
        saving = MeasuredSaving(monthly, monthly - 1, monthly + 1, day, day, day, day, 1, AT)
    usual = ActionStage.MEASURED if measured else ActionStage.DONE if done_on else ActionStage.OPEN
    return CorrectiveAction(
        number=number,
        key=VarianceKey(team, month, "USD"),
        explanation=explanation,
        text=text,
        owner="U1",
        due=due,
        promised=None if promised is None else Decimal(promised),
        target=Target(),
        stage=stage or usual,
        created_by="U1",
        created_at=AT,
        done_on=done_on,
        measured=saving,
    )


def keep(installation: Installation, *things: Explanation | CorrectiveAction) -> None:
    """Store explanations and corrective actions as they are."""
    with installation.state.writing() as connection:
        for thing in things:
            if isinstance(thing, Explanation):
                save_explanation(connection, ExplanationChange(thing), AT)
            else:
                save_action(connection, replace(thing, number=0), AT)
