"""What a month's report says: sums, what is missing, and what is found beside the figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.alert import Alert, AlertKey, Reading
from finops.basis import Basis
from finops.closed_month import TeamFigures
from finops.company import Team
from finops.corrective_action import ActionStage
from finops.explanation import Category, Coverage, VarianceKey, has_moved, is_settled
from finops.money import add, subtract
from finops.policy import Kind, Materiality
from finops.report_building import ROUNDED_AWAY, build_report
from finops.report_findings import Said
from finops.variance_report import Duty, Lack, VarianceReport
from tests.reports import (
    CLOSED_AT,
    COMPANY,
    OCTOBER,
    large_report,
    made_action,
    made_data,
    made_explanation,
    made_figures,
    made_report,
)
from views.report_finding_words import hidden
from views.report_words import explanation_title, missing, tier

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=18, allow_nan=False)
BUDGETS = st.none() | st.decimals(min_value=0, max_value=10**12, places=6)


def lacks(report: VarianceReport) -> list[tuple[Lack, str]]:
    return [(each.lack, each.team) for each in report.missing]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(BUDGETS, st.none() | AMOUNTS, st.sampled_from(["USD", "EUR"])), max_size=12))
def test_totals_reconcile_to_the_rows_to_the_last_digit(
    found: list[tuple[Decimal | None, Decimal | None, str]],
) -> None:
    """Budgets, actuals and variances of the rows add up to each currency's totals, and those to each other."""
    rows = [
        made_figures(
            f"t{n}", None if budget is None else str(budget), None if actual is None else str(actual), currency=of
        )
        for n, (budget, actual, of) in enumerate(found)
    ]
    report = made_report(*rows)
    assert {total.currency for total in report.totals} == {of for *_, of in found}
    for total in report.totals:
        own = [row.figures for row in report.rows if row.figures.key.currency == total.currency]
        assert total.actual == add(row.actual for row in own if row.actual is not None)
        assert total.budget == add(row.budget for row in own if row.budget is not None)
        assert total.variance == add(row.variance for row in own if row.variance is not None)
        held = subtract(total.budget, total.undelivered)
        assert total.variance == subtract(subtract(total.actual, total.unbudgeted), held)
        parts = (total.explained, total.open_over, total.open_under, total.small)
        assert total.judged == total.variance == add(parts)


@settings(deadline=None, max_examples=80)
@given(
    st.decimals(min_value=0, max_value=3000, places=2),
    st.lists(st.tuples(st.decimals(min_value=-2000, max_value=2000, places=2).filter(bool), st.booleans()), max_size=3),
)
def test_no_report_is_final_while_a_material_variance_is_open(
    actual: Decimal, portions: list[tuple[Decimal, bool]]
) -> None:
    """Whatever is explained: a final report has no row above the first tier whose unapproved part counts."""
    row = made_figures(actual=str(actual))
    told = [
        made_explanation(row, str(amount), number=number, review="approve" if approved else "")
        for number, (amount, approved) in enumerate(portions, start=1)
    ]
    report = build_report(made_data([row], told))
    approved = add(amount for amount, given_for in portions if given_for)
    explained = add(amount for amount, _ in portions)
    variance = row.explained(CLOSED_AT)
    assert variance is not None
    left = abs(variance.value - approved)
    settled = is_settled(variance, Coverage(variance.value, explained, approved), COMPANY.materiality)
    assert report.is_final == (not row.step or settled or left <= ROUNDED_AWAY)
    assert report.is_final == (not report.missing)


def test_what_is_missing_is_said() -> None:
    """An unexplained and an unapproved variance are each named with what is open; a calm team is not."""
    open_, waiting, calm = made_figures("a"), made_figures("b"), made_figures("c", actual="1001")
    report = build_report(made_data([open_, waiting, calm], [made_explanation(waiting, "150", review="")]))
    assert lacks(report) == [(Lack.UNEXPLAINED, "a"), (Lack.UNEXPLAINED, "b")]
    assert [(each.unexplained, each.waiting) for each in report.missing] == [(200, 0), (50, 150)]


def test_a_month_that_is_not_closed_is_preliminary() -> None:
    """Live rows make a report that is neither closed nor final, and a running month asks for nothing else."""
    live = made_figures(closed=False)
    assert lacks(made_report(live)) == [(Lack.NOT_CLOSED, ""), (Lack.UNEXPLAINED, "payments")]
    late = build_report(made_data([made_figures("a", actual="1001"), replace(live, step=0)]))
    assert lacks(late) == [(Lack.NOT_CLOSED, "payments")]
    running = build_report(made_data([replace(live, step=0, tier="")], has_ended=False))
    assert lacks(running) == [(Lack.RUNNING, "")]
    assert not running.is_final and not running.is_closed
    assert lacks(build_report(made_data([]))) == [(Lack.NOT_CLOSED, "")]


def test_a_restatement_is_what_explanations_are_held_against() -> None:
    """An approved explanation of the closed number does not settle the one that it was restated to."""
    row = made_figures()
    told = made_explanation(row, "200")
    assert build_report(made_data([row], [told])).is_final
    now = {("payments", "USD"): made_figures(actual="1400", closed=False)}
    report = build_report(made_data([row], [told], now=now))
    assert lacks(report) == [(Lack.UNEXPLAINED, "payments")]
    [total] = report.totals
    assert (total.actual, total.now, total.variance, total.judged) == (1200, 1400, 200, 400)
    within = {("payments", "USD"): made_figures(actual="1010", closed=False)}
    assert build_report(made_data([row], now=within)).is_final


def test_an_approval_of_another_number_settles_nothing() -> None:
    """An approved explanation whose number has moved past what counts keeps the report open, however little is left."""
    row = made_figures()
    told = made_explanation(row, "200")
    now = {("payments", "USD"): made_figures(actual="1215", closed=False)}
    teams = {"payments": Team("payments", "Payments", materiality=Materiality(Decimal(100)))}
    assert lacks(build_report(made_data([row], [told], now=now, teams=teams))) == [(Lack.UNEXPLAINED, "payments")]
    near = {("payments", "USD"): made_figures(actual="1205", closed=False)}
    assert build_report(made_data([row], [told], now=near, teams=teams)).is_final


def test_what_is_delivered_anew_and_stops_early_is_not_final() -> None:
    """A closed month whose newest delivery lacks days is not final, whatever its figures look like."""
    row = made_figures(actual="1010")
    short = replace(made_figures(actual="1000", closed=False), data_through=date(2026, 10, 20))
    report = build_report(made_data([row], now={("payments", "USD"): short}))
    assert lacks(report) == [(Lack.INCOMPLETE, "payments")]
    assert missing(report) == [
        "Payments was delivered anew only through 20 Oct: its figures are not complete any more."
    ]


def test_a_teams_own_materiality_decides_what_is_left() -> None:
    """What is left open counts by the team's materiality, not by the company's."""
    row = made_figures()
    told = [made_explanation(row, "120")]
    assert not build_report(made_data([row], told)).is_final
    teams = {"payments": Team("payments", "Payments", materiality=Materiality(Decimal(100)))}
    assert build_report(made_data([row], told, teams=teams)).is_final


def test_causes_part_approved_from_waiting() -> None:
    """Money by category stands apart by whether it is approved; what was returned counts for nothing."""
    row = made_figures(actual="1500")
    told = [
        made_explanation(row, "100"),
        made_explanation(row, "50", number=2, review=""),
        made_explanation(row, "200", number=3, review="return"),
        made_explanation(row, "30", number=4, category=Category.PRICE),
    ]
    causes = build_report(made_data([row], told)).causes
    assert [(each.category, each.approved, each.waiting, each.explanations) for each in causes] == [
        (Category.GROWTH, 100, 50, 2),
        (Category.PRICE, 30, 0, 1),
    ]


def test_a_row_that_is_not_complete_keeps_it_from_being_final() -> None:
    """Overspent already, it is material and explained as any other; what fell in it hides nothing; and it is named."""
    row = made_figures(actual="1200", services={"Compute": "1200"}, former={"Compute": "700", "Storage": "900"})
    short = replace(row, data_through=date(2026, 10, 29))
    report = build_report(made_data([short], [made_explanation(row, "200")]))
    assert lacks(report) == [(Lack.CLOSED_INCOMPLETE, "payments")] and report.rows[0].is_material
    assert [line.name for line in report.rows[0].drivers] == ["Compute"]
    calm = replace(row, actual=Decimal(900), budget=Decimal(1000), tier="", step=0, data_through=date(2026, 10, 29))
    report = made_report(calm)
    assert lacks(report) == [(Lack.CLOSED_INCOMPLETE, "payments")]
    assert (report.hidden, report.rows[0].drivers, tier(calm)) == ((), (), "incomplete")
    whole = made_report(calm, now={("payments", "USD"): replace(calm, data_through=OCTOBER.last, closed_at=None)})
    assert whole.is_final


def test_an_explanation_in_another_basis_is_named_and_not_held_against_the_row() -> None:
    """It counts with its amount, its title says which cost it is of, and its number is compared with no other basis."""
    row = made_figures(actual="1200")
    told = made_explanation(row, "200")
    assert told.approved is not None
    billed = replace(told.approved, basis=Basis.BILLED, amount=Decimal(5000))
    other = replace(told, explained=billed, approved=billed)
    report = build_report(made_data([row], [other]))
    assert report.is_final and not build_report(made_data([row], [told])).missing
    title = explanation_title(report, other)
    assert title.startswith("Explanation 1: $200.00 of billed (BilledCost, all charges) cost, business-driven growth,")
    assert explanation_title(report, told).startswith("Explanation 1: $200.00, business-driven growth,")


def test_figures_of_two_bases_are_not_compared() -> None:
    """How far an effective and a billed amount are apart is no movement, so asking is a mistake of the code."""
    seen = made_figures().explained(CLOSED_AT)
    assert seen is not None
    with pytest.raises(ValueError, match="basis effective is held against one of basis billed"):
        has_moved(seen, replace(seen, basis=Basis.BILLED), Materiality())


def said(row: TeamFigures) -> str:
    """What the report of one team says that it hides."""
    report = made_report(row)
    return hidden(report, report.hidden[0])


def test_a_rise_behind_a_fall_is_found() -> None:
    """A service's rise that another's fall covers is named with where the team stands; a small rise hides nothing."""
    hiding = made_figures(
        actual="1000", services={"Compute": "700", "Storage": "300"}, former={"Compute": "400", "Storage": "650"}
    )
    [found] = made_report(hiding).hidden
    assert (found.team, found.rise, found.covered) == ("payments", 300, 300)
    assert [line.name for line in found.risen] == ["Compute"]
    assert [line.name for line in found.fallen] == ["Storage"]
    assert said(hiding).startswith("Payments is within its budget, yet Compute +$300.00 against the month before;")
    over = replace(hiding, budget=Decimal("970"))
    assert said(over).startswith("Payments is only $30.00 over its budget, too little to ask for an explanation, yet ")
    small = made_figures(
        actual="1000", services={"Compute": "440", "Storage": "560"}, former={"Compute": "400", "Storage": "600"}
    )
    assert made_report(small).hidden == ()


def test_teams_under_budget_hide_teams_over_it() -> None:
    """A total within its budget in which one team is over it by what counts says so."""
    report = made_report(made_figures("a", actual="1300"), made_figures("b", actual="800"))
    [found] = report.hidden
    assert (found.team, found.rise, found.covered) == ("", 300, 200) or found.covered == 200
    assert made_report(made_figures("a", actual="1300"), made_figures("b", actual="990")).hidden == ()


def test_the_same_cause_three_months_running() -> None:
    """A category that stands in each of three months is a repeated cause, and one that skips a month is not."""
    months = (OCTOBER, OCTOBER.previous, OCTOBER.previous.previous)
    rows = [made_figures(month=month) for month in months]
    told = [made_explanation(row, "100") for row in rows]
    earlier = [({("payments", "USD"): row}, {row.key: [each]}) for row, each in zip(rows[1:], told[1:], strict=True)]
    [found] = build_report(made_data(rows[:1], told[:1], earlier=earlier)).repeats
    assert (found.category, found.months, found.amounts) == (Category.GROWTH, months, (100, 100, 100))
    silent = [earlier[0], ({("payments", "USD"): rows[2]}, {})]
    [variance] = build_report(made_data(rows[:1], told[:1], earlier=silent)).repeats
    assert (variance.category, variance.service, variance.amounts) == (None, "", (200, 200, 200))
    calm = [earlier[0], ({("payments", "USD"): made_figures(actual="1000", month=months[2])}, {})]
    assert build_report(made_data(rows[:1], told[:1], earlier=calm)).repeats == ()


def test_the_same_service_three_months_running() -> None:
    """A service that rises in each of three months over budget is the cause that repeats."""
    months = (OCTOBER, OCTOBER.previous, OCTOBER.previous.previous)
    costs = ((1400, 1300), (1300, 1200), (1200, 1100))
    rows = [
        made_figures(month=month, actual=str(now), services={"Compute": str(now)}, former={"Compute": str(before)})
        for month, (now, before) in zip(months, costs, strict=True)
    ]
    earlier: list[tuple[dict[tuple[str, str], object], dict[VarianceKey, list[object]]]] = [
        ({("payments", "USD"): row}, {}) for row in rows[1:]
    ]
    [found] = build_report(made_data(rows[:1], earlier=earlier)).repeats
    assert (found.service, found.amounts) == ("Compute", (100, 100, 100))


def test_the_next_month_contradicts() -> None:
    """'Once' is contradicted where the driver stays, 'goes on' where it went; only once that month is closed."""
    row = made_figures(services={"Compute": "1200"}, former={"Compute": "900"})
    once, on = made_explanation(row, "100", stays=False), made_explanation(row, "100", number=2)
    after = made_figures(month=OCTOBER.next, actual="1180", services={"Compute": "1180"}, former={"Compute": "1200"})
    team = ("payments", "USD")
    [stayed] = build_report(made_data([row], [once, on], following={team: after})).contradictions
    assert (stayed.explanation.number, stayed.said, stayed.service) == (1, Said.ONCE, "Compute")
    assert (stayed.before, stayed.then, stayed.after) == (900, 1200, 1180)
    gone = replace(after, services={"Compute": Decimal(880)})
    [went] = build_report(made_data([row], [once, on], following={team: gone})).contradictions
    assert (went.explanation.number, went.said) == (2, Said.STAYS)
    assert build_report(made_data([row], [once, on])).contradictions == ()
    returned = made_explanation(row, "100", stays=False, review="return")
    assert build_report(made_data([row], [returned], following={team: after})).contradictions == ()


def test_an_action_names_what_an_explanation_is_about() -> None:
    """The service of a corrective action is followed before the largest driver, and then one the words name."""
    services, former = {"Compute": "800", "Storage": "400"}, {"Compute": "400", "Storage": "200"}
    row = made_figures(services=services, former=former)
    after = made_figures(month=OCTOBER.next, services={"Compute": "400", "Storage": "410"})
    team, told = ("payments", "USD"), made_explanation(row, "200", stays=False)
    assert build_report(made_data([row], [told], following={team: after})).contradictions == ()
    actions = [made_action(row, service="Storage")]
    [found] = build_report(made_data([row], [told], following={team: after}, actions=actions)).contradictions
    assert found.service == "Storage"
    named = made_explanation(row, "200", stays=False, what="storage was copied twice")
    [found] = build_report(made_data([row], [named], following={team: after})).contradictions
    assert found.service == "Storage"


def test_undone_duties() -> None:
    """What nobody explained, reviewed or answered, an alert's duty and an action: late where it was called overdue."""
    bare, told = made_figures("bare"), made_figures("told", actual="1500")
    waits = replace(made_explanation(told, "100", review=""), reminded=date(2026, 11, 11), due=date(2026, 11, 11))
    back = made_explanation(told, "100", number=2, review="return")
    late = made_action(told, reminded=date(2026, 11, 20))
    done = made_action(told, number=2, stage=ActionStage.DONE, reminded=date(2026, 11, 20))
    key = AlertKey("bare", OCTOBER, Kind.CLOSED, "USD")
    reading = Reading(
        1, CLOSED_AT, 2, Decimal(1200), False, Decimal(1200), Decimal(1000), None, Basis.EFFECTIVE, OCTOBER.last
    )
    alert = Alert(key, reading, CLOSED_AT, dues={2: date(2026, 11, 20)}, overdue=(2,))
    report = build_report(
        made_data([bare, told], [waits, back], actions=[late, done], alerts=[alert, replace(alert, overdue=())])
    )
    assert [(each.team, each.duty, each.is_late) for each in report.undone] == [
        ("told", Duty.EXPLAIN, False),
        ("told", Duty.REVIEW, True),
        ("told", Duty.ANSWER, False),
        ("told", Duty.ACTION, True),
        ("bare", Duty.EXPLAIN, False),
        ("bare", Duty.ALERT, True),
    ]


def test_rows_without_a_budget_or_data_are_shown() -> None:
    """Spend without a budget, a budget without data and credits are rows; only what has no data keeps it from being
    final.
    """
    report = made_report(
        made_figures("a", budget=None), made_figures("b", actual=None), made_figures("c", budget="0", actual="-5")
    )
    assert [row.figures.key.team for row in report.rows] == ["c", "a", "b"]
    assert missing(report) == ["B has no data: its figures are not complete."]


def test_the_same_data_gives_the_same_report() -> None:
    """A report built twice is equal."""
    assert large_report(30) == large_report(30)
