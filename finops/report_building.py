"""From what is stored to a month's report: rows, totals, causes, findings, and what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from finops.closed_month import TeamCurrency, TeamFigures
from finops.company import Company
from finops.corrective_action import CorrectiveAction
from finops.explanation import (
    ROUNDED_AWAY,
    STANDING,
    Category,
    Coverage,
    Explanation,
    Stage,
    Variance,
    coverage,
    has_moved,
    is_settled,
)
from finops.forecast_judged import ToldForecast
from finops.forecast_judged import judged as judged_forecasts
from finops.money import EXACT, ZERO, add, subtract
from finops.periods import Month
from finops.policy import Materiality, ratio_of, tier_of
from finops.report_findings import (
    Contradiction,
    Hidden,
    Repeat,
    contradiction,
    drivers,
    hidden_services,
    hidden_teams,
    repeated,
)
from finops.report_undone import undone_of
from finops.variance_report import MIDDLE, Cause, Lack, Missing, ReportData, TeamReport, Total, VarianceReport

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Of a number that nobody has to have seen: it decides nothing."""


def build_report(data: ReportData) -> VarianceReport:
    """The report of a month; the same data gives the same report."""
    rows = _rows(data)
    closed = bool(rows) and all(row.figures.closed_at is not None for row in rows)
    return VarianceReport(
        month=data.month,
        company=data.company.name,
        basis=str(rows[0].figures.basis if rows else data.company.basis),
        teams={row.figures.key.team: row.name for row in rows},
        rows=rows,
        totals=tuple(_total(currency, some, data.company) for currency, some in _by_currency(rows).items()),
        causes=tuple(_causes(rows)),
        hidden=tuple(_hidden(rows, data)) if data.has_ended else (),
        repeats=_repeats(rows, data) if data.has_ended else (),
        contradictions=tuple(_contradictions(rows, data)),
        undone=undone_of(rows, data.alerts, data.company, data.teams),
        freezes=tuple(data.freezes),
        missing=tuple(_missing(rows, data)),
        names=data.names,
        at=data.at,
        is_closed=closed,
        has_ended=data.has_ended,
        of_all=data.of_all,
        decision=data.decision,
        accuracy=tuple(reversed([each for each in judged_forecasts(data.told) if not each.team])),
    )


def _rows(data: ReportData) -> tuple[TeamReport, ...]:
    actions: dict[object, list[CorrectiveAction]] = defaultdict(list)
    for action in data.actions:
        actions[action.key].append(action)
    told = {(each.team, each.currency): each for each in data.told if _is_middle(each, data.month)}
    made = [
        _row(figures, data, actions[figures.key], told.get((figures.key.team, figures.key.currency)))
        for figures in data.rows
    ]
    return tuple(sorted(made, key=lambda row: _place(row, data.company.currency)))


def _is_middle(told: ToldForecast, month: Month) -> bool:
    return told.month == month and told.made_on.day == MIDDLE


def _place(row: TeamReport, own: str) -> tuple[bool, str, bool, Decimal, str]:
    """The company's currency first; in each the worst overspend."""
    variance, currency = row.figures.variance, row.figures.key.currency
    return currency != own, currency, variance is None, EXACT.minus(variance or ZERO), row.figures.key.team


def _row(
    figures: TeamFigures, data: ReportData, actions: Sequence[CorrectiveAction], told: ToldForecast | None
) -> TeamReport:
    key, explanations = figures.key, data.explanations.get(figures.key, ())
    now = data.now.get((key.team, key.currency))
    judged = now or figures
    variance = judged.explained(data.at or SOME_TIME)
    found = None if variance is None else coverage(variance.value, explanations)
    material = bool(judged.step)
    team = data.teams.get(key.team)
    return TeamReport(
        figures=figures,
        name=(team.name if team else "") or key.team,
        now=now,
        coverage=found,
        explanations=tuple(sorted(explanations, key=lambda each: each.number)),
        actions=tuple(sorted(actions, key=lambda each: (each.due, each.number))),
        drivers=drivers(figures) if data.has_ended and (figures.is_complete or figures.step > 0) else (),
        is_material=material,
        is_open=bool(
            material
            and variance
            and found
            and not is_settled(variance, found, _materiality(data, key.team))
            and EXACT.abs(found.unapproved) > ROUNDED_AWAY
        )
        or (judged.is_complete and any(_is_of_another_number(each, variance, data) for each in explanations)),
        told=told,
    )


def _is_of_another_number(explanation: Explanation, variance: Variance | None, data: ReportData) -> bool:
    """Whether an approval is of a number that has moved since, and that nobody has voided yet.

    One that was given in another basis is held against that elsewhere, where its figures can be read.
    """
    approved = explanation.approved if explanation.stage is Stage.APPROVED else None
    if not approved or not variance or approved.basis is not variance.basis:
        return False
    return has_moved(approved, variance, data.company.explanations.moved)


def _materiality(data: ReportData, slug: str) -> Materiality:
    team = data.teams.get(slug)
    return team.materiality if team and team.materiality else data.company.materiality


def _by_currency(rows: Sequence[TeamReport]) -> dict[str, list[TeamReport]]:
    found: dict[str, list[TeamReport]] = {}
    for row in rows:
        found.setdefault(row.figures.key.currency, []).append(row)
    return found


def _total(currency: str, rows: Sequence[TeamReport], company: Company) -> Total:
    variances = [row.figures.variance for row in rows if row.figures.variance is not None]
    coverages: list[Coverage] = [row.coverage for row in rows if row.coverage]
    over, under = add(each for each in variances if each > 0), add(each for each in variances if each < 0)
    asked = [row.coverage.open for row in rows if row.coverage and row.is_material]
    held = add(row.figures.budget or ZERO for row in rows if row.figures.variance is not None)
    total = add(variances)
    tier = tier_of(total, held, company.ladder, company.materiality) if variances else None
    step = company.ladder.index(tier) if tier else 0
    return Total(
        currency=currency,
        teams=len(rows),
        budget=add(row.figures.budget or ZERO for row in rows),
        actual=add(row.figures.actual or ZERO for row in rows),
        unbudgeted=add(row.figures.actual or ZERO for row in rows if row.figures.budget is None),
        undelivered=add(row.figures.budget or ZERO for row in rows if row.figures.actual is None),
        over=over,
        under=under,
        explained=add(each.explained for each in coverages),
        approved=add(each.approved for each in coverages),
        open_over=add(each for each in asked if each > 0),
        open_under=add(each for each in asked if each < 0),
        small=add(row.coverage.open for row in rows if row.coverage and not row.is_material),
        judged=add(each.variance for each in coverages),
        now=add(row.judged.actual or ZERO for row in rows),
        ratio=ratio_of(total, held),
        tier=tier.name if tier else "",
        step=-step if total < 0 else step,
        material=sum(row.is_material for row in rows),
        open=sum(row.is_open for row in rows),
    )


def _causes(rows: Sequence[TeamReport]) -> Iterator[Cause]:
    """Standing explanations of rows with a variance, so that causes and what is unexplained add up to the total."""
    for currency, some in _by_currency(rows).items():
        standing: dict[Category, list[Explanation]] = defaultdict(list)
        for row in some:
            for each in row.explanations if row.coverage else ():
                if each.stage in STANDING:
                    standing[each.wording.category].append(each)
        for category in Category:
            if found := standing[category]:
                approved = add(each.wording.amount for each in found if each.stage is Stage.APPROVED)
                waiting = add(each.wording.amount for each in found if each.stage is not Stage.APPROVED)
                yield Cause(category, currency, approved, waiting, len(found))


def _hidden(rows: Sequence[TeamReport], data: ReportData) -> Iterator[Hidden]:
    for currency, some in _by_currency(rows).items():
        budget = add(row.figures.budget or ZERO for row in some if row.figures.variance is not None)
        # Where days are missing, what fell need not have fallen.
        complete = [row.figures for row in some if row.figures.is_complete]
        if across := hidden_teams(currency, complete, _counting(data, budget, data.company.materiality)):
            yield across
        for figures in complete:
            counts = _counting(data, figures.budget or ZERO, _materiality(data, figures.key.team))
            if inside := hidden_services(figures, counts):
                yield inside


def _counting(data: ReportData, budget: Decimal, material: Materiality) -> Callable[[Decimal], bool]:
    """Whether an amount would stand above the ladder's first step, were it a variance from this budget."""
    ladder = data.company.ladder
    return lambda amount: bool(amount) and tier_of(amount, budget, ladder, material) != ladder[0]


def _repeats(rows: Sequence[TeamReport], data: ReportData) -> tuple[Repeat, ...]:
    explained = [{(key.team, key.currency): some for key, some in found.items()} for _, found in data.earlier]
    found: dict[TeamCurrency, list[tuple[TeamFigures | None, Sequence[Explanation]]]] = {}
    for row in rows:
        team = (row.figures.key.team, row.figures.key.currency)
        found[team] = [(row.figures, row.explanations)]
        for (figures, _), of_month in zip(data.earlier, explained, strict=True):
            found[team].append((figures.get(team), of_month.get(team, ())))
    return tuple(repeated(found))


def _contradictions(rows: Sequence[TeamReport], data: ReportData) -> Iterator[Contradiction]:
    for row in rows:
        after = data.following.get((row.figures.key.team, row.figures.key.currency))
        comparable = after and after.is_complete and row.figures.is_complete
        for explanation in row.explanations if comparable else ():
            own = [action for action in row.actions if action.explanation == explanation.number]
            if after and (found := contradiction(row.figures, after, explanation, own)):
                yield found


def _missing(rows: Sequence[TeamReport], data: ReportData) -> Iterator[Missing]:
    if not rows:
        yield Missing(Lack.NOT_CLOSED)
        return
    if not data.has_ended:
        yield Missing(Lack.RUNNING)
    elif all(row.figures.closed_at is None for row in rows):
        through = [row.figures.data_through for row in rows if row.figures.data_through]
        yield Missing(Lack.NOT_CLOSED, through=min(through, default=None))
    else:
        for row in rows:
            if row.figures.closed_at is None:
                key = row.figures.key
                yield Missing(Lack.NOT_CLOSED, key.team, key.currency, through=row.figures.data_through)
    for row in rows:
        if row.figures.closed_at is not None and not row.judged.is_complete:
            key, anew = row.figures.key, row.figures.is_complete
            lack = Lack.INCOMPLETE if anew else Lack.CLOSED_INCOMPLETE
            yield Missing(lack, key.team, key.currency, through=row.judged.data_through)
    for row in rows:
        if row.is_open and row.coverage:
            key, judged = row.figures.key, row.judged
            yield Missing(
                Lack.UNEXPLAINED,
                key.team,
                key.currency,
                judged.variance,
                judged.ratio,
                row.coverage.open,
                subtract(row.coverage.explained, row.coverage.approved),
            )
