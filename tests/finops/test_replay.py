"""A policy run over stored days: what it would have said, whom it would have called, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from finops.calendar import WorkCalendar
from finops.company import Company
from finops.evaluation import CLOSED_OVER, readings
from finops.history import Mornings
from finops.money import plain
from finops.periods import DAY
from finops.policy import AlertRules, Kind, Role
from finops.replay import Replay, Tally, tally
from finops.replay_course import Course, Said
from tests.finops.made_up_days import (
    AUGUST,
    COMPANY,
    JULY,
    JUNE,
    NOVEMBER,
    OCTOBER,
    PAYMENTS,
    SEPTEMBER,
    flat,
    history,
    run,
)


def lines(said: list[Said], company: Company = COMPANY) -> list[str]:
    """One line for each, on the company's clock."""
    return [
        " ".join(
            filter(
                None,
                (
                    f"{each.at.astimezone(company.zone()):%m-%d %H:%M}",
                    f"{each.key.month}/{each.key.kind}",
                    f"{each.action}: {each.tier}",
                    plain(each.amount),
                    ", ".join(callee.name.partition("@")[0] or callee.name for callee in each.calls),
                    ", ".join(f"({callee.name.partition('@')[0] or callee.name})" for callee in each.folded),
                ),
            )
        )
        for each in said
    ]


def test_a_month_that_is_answered() -> None:
    """$3,000 against $2,850 is 5.3 % over: whoever is called first answers at once, and is asked again in time."""
    stored = history(flat(JULY, SEPTEMBER), {SEPTEMBER: 2850})
    assert lines(run(stored, last=OCTOBER)) == [
        # On the first morning nothing of September is delivered; from the second on August's days make a forecast.
        "09-02 08:00 2026-09/forecast raised: investigate 3000 alice, @finops, bob",
        "09-07 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "09-09 17:00 2026-09/forecast duty overdue: investigate 3000 alice, @finops, bob",
        "09-10 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "09-15 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "09-16 08:00 2026-09/threshold raised: 50 % 1500",
        "09-18 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "09-23 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "09-24 08:00 2026-09/threshold rose: 80 % 2300",
        "09-28 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "09-30 08:00 2026-09/threshold rose: 100 % 2900",
        "10-01 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "10-06 17:00 2026-09/forecast acknowledgement expired: investigate 3000 alice",
        "10-07 08:00 2026-09/closed raised: investigate 3000 alice, @finops, bob",
        "10-07 08:00 2026-09/forecast concluded: investigate 3000",
        "10-07 08:00 2026-09/threshold concluded: 100 % 3000",
        "10-12 17:00 2026-09/closed acknowledgement expired: investigate 3000 alice",
        "10-14 17:00 2026-09/closed duty overdue: investigate 3000 alice, @finops, bob",
        "10-15 17:00 2026-09/closed acknowledgement expired: investigate 3000 alice",
        "10-20 17:00 2026-09/closed acknowledgement expired: investigate 3000 alice",
        "10-23 17:00 2026-09/closed acknowledgement expired: investigate 3000 alice",
        "10-28 17:00 2026-09/closed acknowledgement expired: investigate 3000 alice",
    ]


def test_a_month_that_nobody_answers() -> None:
    """Silence calls the next after 16 working hours each time, at the moment at which they have passed."""
    stored = history(flat(JULY, SEPTEMBER), {SEPTEMBER: 2850})
    said = run(stored, last=OCTOBER, silent=True)
    assert lines(said) == [
        "09-02 08:00 2026-09/forecast raised: investigate 3000 alice, @finops, bob",
        "09-03 17:00 2026-09/forecast escalated: investigate 3000 dave",
        "09-07 17:00 2026-09/forecast escalated: investigate 3000 erin",
        "09-09 17:00 2026-09/forecast duty overdue: investigate 3000 alice, @finops, bob",
        "09-16 08:00 2026-09/threshold raised: 50 % 1500",
        "09-24 08:00 2026-09/threshold rose: 80 % 2300",
        "09-30 08:00 2026-09/threshold rose: 100 % 2900",
        "10-07 08:00 2026-09/closed raised: investigate 3000 alice, @finops, bob",
        "10-07 08:00 2026-09/forecast concluded: investigate 3000",
        "10-07 08:00 2026-09/threshold concluded: 100 % 3000",
        "10-08 17:00 2026-09/closed escalated: investigate 3000 dave",
        "10-12 17:00 2026-09/closed escalated: investigate 3000 erin",
        "10-14 17:00 2026-09/closed duty overdue: investigate 3000 alice, @finops, bob",
    ]
    counted = {role: 4 for role in (Role.OWNER, Role.FINOPS, Role.ENGINEERING_LEAD)}
    counted |= {Role.FINANCE: 2, Role.EXECUTIVE_SPONSOR: 2}
    assert tally(said) == Tally(3, counted, 0)
    assert tally(said).all_calls == 16 and (tally(said) + tally(said)).alerts == 6


def test_the_period_begins_with_the_alerts_that_stood() -> None:
    """The month before is run and not listed: its closed alert falls into the period, its own first calls do not."""
    stored = history(flat(JUNE, SEPTEMBER), {JULY: 2700, AUGUST: 2900})
    assert lines(run(stored, silent=True)) == [
        "09-07 08:00 2026-08/closed raised: investigate 3100 alice, @finops, bob",
        "09-07 08:00 2026-08/forecast concluded: investigate 3100",
        "09-07 08:00 2026-08/threshold concluded: 100 % 3100",
        "09-08 17:00 2026-08/closed escalated: investigate 3100 dave",
        "09-10 17:00 2026-08/closed escalated: investigate 3100 erin",
        "09-14 17:00 2026-08/closed duty overdue: investigate 3100 alice, @finops, bob",
    ]


def test_a_month_closed_within_its_budget_ends_its_alerts() -> None:
    """Thresholds that were passed ask nobody any more once the month is closed, though no closed alert rises."""
    stored = history(flat(JULY, OCTOBER), {SEPTEMBER: 2990})
    said = run(stored, last=NOVEMBER)
    assert lines(said)[-2:] == [
        "10-01 08:00 2026-09/threshold rose: 100 % 3000 alice, bob",
        "10-07 08:00 2026-09/threshold concluded: 100 % 3000",
    ]


def test_the_weeks_calls_are_used_up_and_come_back_on_monday() -> None:
    """What is more than the week's most calls goes to the digest; the next week calls again."""
    company = replace(COMPANY, alerts=AlertRules(most_pings=1))
    stored = history(flat(JULY, SEPTEMBER), {SEPTEMBER: 2850})
    assert lines(run(stored, company=company, silent=True))[:4] == [
        "09-02 08:00 2026-09/forecast raised: investigate 3000 alice, @finops, bob",
        "09-03 17:00 2026-09/forecast escalated: investigate 3000 (dave)",
        "09-07 17:00 2026-09/forecast escalated: investigate 3000 erin",
        "09-09 17:00 2026-09/forecast duty overdue: investigate 3000 (alice), (@finops), (bob)",
    ]
    assert tally(run(stored, company=company, silent=True)).folded == 4


def test_shadow_mode_counts_as_live() -> None:
    """A policy that is only watched yet is tried as if it were not."""
    stored = history(flat(JULY, SEPTEMBER), {SEPTEMBER: 2850})
    shadow = replace(COMPANY, alerts=AlertRules(live=False))
    assert run(stored, company=shadow) == run(stored)


def test_nothing_later_than_now_is_run() -> None:
    """A running month is replayed up to now."""
    stored = history(flat(JULY, SEPTEMBER), {SEPTEMBER: 2850})
    now = datetime(2026, 9, 9, 12, tzinfo=UTC)
    replay = Replay(COMPANY, Mornings(stored, COMPANY), SEPTEMBER, NOVEMBER, now)
    assert [each.at for each in replay.team(PAYMENTS)] == [
        datetime(2026, 9, 2, 6, tzinfo=UTC),
        datetime(2026, 9, 7, 15, tzinfo=UTC),
    ]


def test_holidays_and_calendars_of_the_policy_are_waited_for() -> None:
    """Duties and silence of a replay go by the team's own calendar."""
    off = frozenset(date(2026, 9, 1) + number * DAY for number in range(20))
    company = replace(COMPANY, teams=(replace(PAYMENTS, calendar=WorkCalendar(days_off=off)),))
    stored = history(flat(JULY, SEPTEMBER), {SEPTEMBER: 2850})
    assert lines(run(stored, company=company, silent=True))[:3] == [
        "09-02 08:00 2026-09/forecast raised: investigate 3000 alice, @finops, bob",
        "09-16 08:00 2026-09/threshold raised: 50 % 1500",
        "09-22 17:00 2026-09/forecast escalated: investigate 3000 dave",
    ]


def test_a_team_without_budget_or_spend() -> None:
    """Without a budget nothing rises; a budget without spend is underspend once its month is over."""
    assert run(history(flat(JULY, SEPTEMBER), {})) == []
    idle = replace(PAYMENTS, slug="idle")
    stored = history(flat(JULY, SEPTEMBER), {})
    stored = replace(stored, budgets={"idle": {SEPTEMBER: {"USD": Decimal(100)}}})
    said = run(stored, last=OCTOBER, company=replace(COMPANY, teams=(idle,)), silent=True)
    assert lines(said) == [
        "10-01 08:00 2026-09/forecast raised: emergency (under) 0 alice, @finops",
        "10-07 08:00 2026-09/closed raised: emergency (under) 0 alice, @finops",
        "10-07 08:00 2026-09/forecast concluded: emergency (under) 0",
    ]


def test_the_end_of_a_month_says_why() -> None:
    """What a closed month ends carries the reason that the alerts themselves carry."""
    course = Course(COMPANY, PAYMENTS, silent=True)
    stored = history(flat(JULY, SEPTEMBER), {SEPTEMBER: 2850})
    mornings = Mornings(stored, COMPANY)
    for day in (date(2026, 9, 20), date(2026, 10, 7)):
        found = mornings.team_months(PAYMENTS, SEPTEMBER, day)
        course.evaluate(readings(found, COMPANY, 0, mornings.at(day)), mornings.at(day))
    ended = {key.kind: alert.concluded for key, alert in course._alerts.items()}
    assert ended == {Kind.FORECAST: CLOSED_OVER, Kind.THRESHOLD: CLOSED_OVER, Kind.CLOSED: ""}
