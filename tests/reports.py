"""Made-up months for tests of the variance report, straight from the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.closed_month import TeamFigures
from finops.company import Company, Team
from finops.corrective_action import ActionStage, CorrectiveAction, MeasuredSaving, Target
from finops.explanation import (
    Category,
    Explanation,
    ExplanationRules,
    Stage,
    VarianceKey,
    Wording,
    approve,
    give_back,
    submit,
)
from finops.forecast import PROBABILITIES, Forecast
from finops.forecast_judged import ToldForecast
from finops.periods import DAY, Month
from finops.policy import LADDER, Materiality, tier_of
from finops.report_building import build_report
from finops.variance_report import ReportData, VarianceReport

OCTOBER = Month(2026, 10)
CLOSED_AT = datetime(2026, 11, 6, 8, 0, tzinfo=UTC)
COMPANY = Company(name="Example", materiality=Materiality(Decimal(10)))
NASTY = "<!channel> *b* `t` _i_ & <@U123> <script>alert(1)</script> \"q\" 'a' =1+1"
FOREIGN = "Ставки Οι τιμές 価格 👩‍💻 ارتفعت צוות"


def made_figures(
    team: str = "payments",
    budget: str | None = "1000",
    actual: str | None = "1200",
    *,
    month: Month = OCTOBER,
    currency: str = "USD",
    services: Mapping[str, str] | None = None,
    former: Mapping[str, str] | None = None,
    closed: bool = True,
) -> TeamFigures:
    """A team's figures; without services the actual is one service's, as much as it was the month before."""
    spent = None if actual is None else Decimal(actual)
    found = TeamFigures(
        key=VarianceKey(team, month, currency),
        basis=Basis.EFFECTIVE,
        budget=None if budget is None else Decimal(budget),
        actual=spent,
        tier="",
        step=0,
        publication=1,
        data_through=None if actual is None else month.last,
        services={name: Decimal(cost) for name, cost in (services or {"Compute": actual or "0"}).items()},
        former={name: Decimal(cost) for name, cost in (former or {"Compute": actual or "0"}).items()},
        closed_at=CLOSED_AT if closed else None,
    )
    if found.variance is None or found.budget is None:
        return found
    tier = tier_of(found.variance, found.budget, LADDER, COMPANY.materiality)
    step = LADDER.index(tier)
    return replace(found, tier=tier.name, step=-step if found.variance < 0 else step)


def made_explanation(
    figures: TeamFigures,
    amount: str,
    *,
    number: int = 1,
    category: Category = Category.GROWTH,
    stays: bool = True,
    review: str = "approve",
    what: str = "A second cluster went live.",
    why: str = "Customers asked for it.",
    following: str = "",
) -> Explanation:
    """An explanation by U1, reviewed by U2: 'approve', 'return' or ''."""
    rules, calendar, seen = ExplanationRules(), WorkCalendar(), figures.explained(CLOSED_AT)
    assert seen is not None
    wording = Wording(Decimal(amount), category, stays, what, why, following)
    written = submit(figures.key, number, wording, "U1", seen, rules, calendar, CLOSED_AT).explanation
    if review == "approve":
        return approve(written, "U2", 0, seen, rules, CLOSED_AT).explanation
    if review == "return":
        return give_back(written, Stage.RETURNED, "Which one?", "U2", 0, rules, calendar, CLOSED_AT).explanation
    return written


def made_action(figures: TeamFigures, explanation: int = 1, service: str = "", **changes: Any) -> CorrectiveAction:
    """A corrective action that is open."""
    action = CorrectiveAction(
        1, figures.key, explanation, "Resize the nodes", "U1", date(2026, 11, 20), Decimal(100), Target(service),
        ActionStage.OPEN, "U1", CLOSED_AT,
    )  # fmt: skip
    return replace(action, **changes)


def measured(monthly: str) -> MeasuredSaving:
    """What the money showed."""
    day = date(2026, 11, 20)
    saving = Decimal(monthly)
    return MeasuredSaving(saving, saving - 5, saving + 5, day, day, day, day, 1, CLOSED_AT)


def made_told(figures: TeamFigures, amount: str, *, day: int = 15, left: int = 18, half: str = "100") -> ToldForecast:
    """A forecast of a team's month, told on a day; its 95 % interval reaches twice as far as its 80 % one."""
    assert figures.actual is not None
    month, end = figures.key.month, Decimal(amount)
    reach = {0.1: -1, 0.9: 1, 0.025: -2, 0.975: 2}
    quantiles = tuple(end + reach.get(each, 0) * Decimal(half) for each in PROBABILITIES)
    forecast = Forecast(end, Decimal(0), month.last - left * DAY, quantiles, ())
    return ToldForecast(
        figures.key.team, month, figures.key.currency, month.first + (day - 1) * DAY, forecast, figures.actual
    )


def made_data(
    rows: Sequence[TeamFigures], explanations: Sequence[Explanation] = (), company: Company = COMPANY, **changes: Any
) -> ReportData:
    """What a report of October is made of."""
    found: dict[VarianceKey, list[Explanation]] = {}
    for each in explanations:
        found.setdefault(each.key, []).append(each)
    slugs = dict.fromkeys(row.key.team for row in rows)
    data = ReportData(
        month=OCTOBER,
        company=company,
        teams={slug: Team(slug, slug.title()) for slug in slugs},
        rows=rows,
        has_ended=True,
        explanations=found,
        names={"U1": "Ada Lovelace", "U2": "Grace Hopper"},
        at=CLOSED_AT,
    )
    return replace(data, **changes)


def made_report(*rows: TeamFigures, **changes: Any) -> VarianceReport:
    """The report of some rows."""
    return build_report(made_data(rows, **changes))


def large_report(teams: int, words: str = "The second cluster went live a month early. " * 20) -> VarianceReport:
    """A report of many teams in two currencies, with names and words of every kind."""
    rows, explanations, actions = [], [], []
    for number in range(teams):
        budget = Decimal(1000 + number)
        share = ("1.3", "1.12", "0.7", "1.01", "1.07")[number % 5]
        spent = budget * Decimal(share) + Decimal("0.000000000000000123")
        row = made_figures(
            f"team-{number:04d}",
            None if number % 17 == 0 else str(budget),
            str(spent),
            currency="EUR" if number % 7 == 0 else "USD",
            services={"Compute": str(spent - 100), NASTY: "60", FOREIGN: "40"},
            former={"Compute": str(spent - 400), NASTY: "200", FOREIGN: "10"},
        )
        rows.append(row)
        if row.step and row.variance is not None and number % 4:
            half = str(row.variance / 2)
            review = ("approve", "", "return")[number % 3]
            explanations.append(made_explanation(row, half, what=words + NASTY, why=words + FOREIGN, following=words))
            explanations.append(
                made_explanation(row, half, number=2, review=review, category=list(Category)[number % 7], stays=False)
            )
            actions.append(made_action(row, text=f"{NASTY} {FOREIGN}", measured=measured("90") if number % 2 else None))
    names = {row.key.team: Team(row.key.team, f"{NASTY} {FOREIGN} {number}") for number, row in enumerate(rows)}
    return build_report(made_data(rows, explanations, actions=actions, teams=names))
