"""Every message and view over ordinary, empty and extreme input, by the name of its golden file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from made_up_action_messages import ACTION_CASES
from made_up_alert_messages import ALERT_CASES
from made_up_anomalies import ANOMALY_CASES
from made_up_budget_messages import BUDGET_CASES
from made_up_drivers import DRIVEN
from made_up_explanations import EXPLANATION_CASES
from made_up_home import HOME_CASES
from made_up_incoming import INCOMING_CASES
from made_up_month_close import CLOSE_CASES
from made_up_months import (
    AS_OF,
    LONG,
    NASTY,
    NOVEMBER,
    PAYMENTS,
    RIGHT_TO_LEFT,
    SERVICES,
    broken_down,
    ended,
    team_month,
)

from finops.basis import Basis
from finops.company import Team
from finops.errors import DeliveryRefused, NotFound
from finops.policy import LADDER, Materiality, Role
from finops.scope import UNALLOCATED
from finops.spend import Coverage
from finops.team_month import TeamMonth, rejudged
from views.daily import daily_message
from views.forecast import Service, forecast_message
from views.help import help_message, usage_message
from views.home import Waiting, home_view
from views.message import Message
from views.notes import note, old_button_message
from views.problems import (
    not_visible_message,
    problem_message,
    unexpected_message,
    unkept_message,
    unknown_command_message,
    unknown_team_message,
)
from views.teams import teams_message
from views.text import escape
from views.variance import variance_message

COMMANDS = [
    ("help", "", "What you can ask."),
    ("admin", "status", "For those who run me."),
    ("teams", "[part of a name]", "Every team's month at a glance."),
    ("variance", "<team> [YYYY-MM] [by service|account|region|category] [basis]", "One team's month in full."),
]
COVERAGES = [
    Coverage("aws", period, 2, 1200, first, last, at, at, restated)
    for period, first, last, at, restated in (
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31), datetime(2026, 11, 4, 6, tzinfo=UTC), False),
        ("2026-11", date(2026, 11, 1), date(2026, 11, 20), datetime(2026, 11, 21, 6, 5, tzinfo=UTC), True),
    )
]
STALE = {"through": date(2026, 11, 12), "settled": date(2026, 11, 9)}
MONTHS: dict[str, TeamMonth] = {
    "running": team_month(),
    "over": team_month("50000"),
    "under": team_month("90000"),
    "already_over_without_forecast": team_month("30000", settled=date(2026, 10, 5)),
    "without_forecast": team_month(settled=date(2026, 10, 5)),
    "nothing_settled": team_month(settled=None),
    "no_budget": team_month(None),
    "zero_budget": team_month("0"),
    "no_data_yet": team_month(through=None, settled=None),
    "no_data_since": team_month(through=date(2026, 10, 30)),
    "not_begun": team_month(as_of=date(2026, 10, 20), through=date(2026, 10, 19)),
    "stale": team_month(**STALE),  # type: ignore[arg-type]
    "no_spend": team_month(costs=[0] * 7),
    "credits": team_month(costs=[-5] * 7),
    "ended": ended("55000"),
    "ended_partial": ended(through=date(2026, 11, 27)),
    "ended_without_budget": ended(None),
    "ended_with_credits": ended("0", costs=[-5] * 7),
    "on_budget": ended("315.2", costs=[10] * 7),
    "restated": team_month(restated_from="41500.5"),
    "immaterial": ended("55000", materiality=Materiality(Decimal(10_000))),
    "by_invoice": team_month(by_invoice=True, basis=Basis.BILLED),
    "yen": team_month("60000", currency="JPY", basis=Basis.USAGE_BILLED),
    "dinar": team_month(currency="KWD"),
    "own_currency": team_month(currency="<Credits>"),
    "huge": team_month("1e17", scale="1.7e12"),
    "just_past_an_edge": ended("300.19", costs=[10] * 7),
}
NAMES = {
    "nasty": NASTY,
    "right_to_left": RIGHT_TO_LEFT,
    "long": LONG,
    "emoji": "🚀 支払い チーム",
    "empty": "\u202e \n",
}


def variance_cases() -> dict[str, Callable[[], Message]]:
    """Variance answers."""
    cases: dict[str, Callable[[], Message]] = {
        name: lambda month=month: variance_message(  # type: ignore[misc]
            month, PAYMENTS, lines=broken_down(month, SERVICES), former="1–20 Oct"
        )
        for name, month in MONTHS.items()
    }
    month = MONTHS["running"]
    many = [f"{name} {number}" for number in range(50) for name in (LONG, NASTY, RIGHT_TO_LEFT, "支払い")]
    cases["200_services"] = lambda: variance_message(month, PAYMENTS, lines=broken_down(month, many), former="1–20 Oct")
    cases["huge_200_services"] = lambda: variance_message(
        MONTHS["huge"], PAYMENTS, lines=broken_down(MONTHS["huge"], many), former="1–20 Oct"
    )
    cases["other_currencies"] = lambda: variance_message(
        month, PAYMENTS, other_currencies=[MONTHS["yen"], team_month(None, currency="EUR")]
    )
    cases["by_region_nothing_before"] = lambda: variance_message(
        month, PAYMENTS, lines=broken_down(month, ["eu-west-1", "us-east-1", "(none)"], compared=False), by="region"
    )
    cases["shared"] = lambda: variance_message(month, PAYMENTS, lines=broken_down(month, SERVICES), shared=True)
    cases["unallocated"] = lambda: variance_message(
        replace(MONTHS["no_budget"], team=UNALLOCATED), Team(UNALLOCATED, "Unallocated")
    )
    cases["long_slug"] = lambda: variance_message(team_month(team="a-long-slug-" * 12), PAYMENTS)
    for name, given in DRIVEN.items():
        cases[f"by_driver_{name}"] = lambda given=given: variance_message(  # type: ignore[misc]
            given[0], PAYMENTS, by="driver", drivers=given[1]
        )
    cases["by_driver_shared"] = lambda: variance_message(
        DRIVEN["running"][0], PAYMENTS, by="driver", drivers=DRIVEN["running"][1], shared=True
    )
    for name, shown in NAMES.items():
        cases[f"name_{name}"] = lambda shown=shown: variance_message(  # type: ignore[misc]
            month, Team(shown, shown), lines=broken_down(month, [shown, "S3"]), former=shown
        )
    return {f"variance_{name}": case for name, case in cases.items()}


def daily_cases() -> dict[str, Callable[[], Message]]:
    """Morning messages."""
    cases: dict[str, Callable[[], Message]] = {
        name: lambda month=month: daily_message(  # type: ignore[misc]
            month, PAYMENTS, movers=broken_down(month, SERVICES)[:3], local_day=AS_OF
        )
        for name, month in MONTHS.items()
    }
    month = MONTHS["running"]
    for name, shown in NAMES.items():
        cases[f"name_{name}"] = lambda shown=shown: daily_message(  # type: ignore[misc]
            month, Team(shown, shown), movers=broken_down(month, [shown]), local_day=AS_OF, notes=[shown]
        )
    cases["nothing_moved"] = lambda: daily_message(month, PAYMENTS, local_day=AS_OF)
    return {f"daily_{name}": case for name, case in cases.items()}


def forecast_cases() -> dict[str, Callable[[], Message]]:
    """Answers to `forecast`."""
    cases: dict[str, Callable[[], Message]] = {
        name: lambda month=month: forecast_message(month, PAYMENTS)  # type: ignore[misc]
        for name, month in MONTHS.items()
        if name not in ("zero_budget", "stale", "yen", "by_invoice", "immaterial", "just_past_an_edge")
    }
    month = MONTHS["over"]
    assert month.forecast
    by_chance = (*LADDER[:2], replace(LADDER[2], chance=Decimal("0.7")), LADDER[3])
    short = "fewer than 14 settled days are known"
    services: list[Service] = [
        Service("Amazon EC2", Decimal("20000"), replace(month.forecast, amount=month.forecast.amount - 1000)),
        Service(NASTY, Decimal("812.5"), replace(month.forecast, amount=Decimal("1000"))),
    ]
    cases["by_chance"] = lambda: forecast_message(rejudged(month, by_chance, Materiality()), PAYMENTS, ladder=by_chance)
    cases["other_currencies"] = lambda: forecast_message(month, PAYMENTS, other_currencies=[MONTHS["yen"]])
    cases["by_service"] = lambda: forecast_message(month, PAYMENTS, services=services)
    cases["by_service_none"] = lambda: forecast_message(month, PAYMENTS, services=[])
    cases["by_service_many"] = lambda: forecast_message(
        month, Team(LONG, LONG), services=[*services * 6, Service(RIGHT_TO_LEFT, Decimal(3), short)]
    )
    others = Service("", Decimal("4321.5"), replace(month.forecast, amount=Decimal("9000")), 2960)
    cases["by_service_others"] = lambda: forecast_message(month, PAYMENTS, services=[*services * 20, others])
    cases["by_service_others_young"] = lambda: forecast_message(
        month, PAYMENTS, services=[*services, Service("", Decimal(3), short, 2)]
    )
    cases["by_service_young"] = lambda: forecast_message(
        month, PAYMENTS, services=[Service("New", Decimal("3.5"), short)]
    )
    for name, shown in NAMES.items():
        cases[f"name_{name}"] = lambda shown=shown: forecast_message(month, Team(shown, shown))  # type: ignore[misc]
    return {f"forecast_{name}": case for name, case in cases.items()}


def many_teams(number: int) -> tuple[list[TeamMonth], dict[str, Team]]:
    """Months of many teams in a fixed mixture of budgets, and the teams."""
    kinds = [team_month(budget) for budget in ("64000", "59000", "56000", "40000", "90000", None, "61234.56")]
    months = [replace(kinds[n * n % 7], team=f"team-{n:05d}") for n in range(number)]
    return months, {month.team: Team(month.team, f"Team {month.team[5:]}") for month in months}


def teams_cases() -> dict[str, Callable[[], Message]]:
    """Answers to `teams`."""
    every = [replace(month, team=name) for name, month in MONTHS.items()]
    named = {name: Team(name, shown) for name, shown in NAMES.items()}
    months, teams = many_teams(10_000)
    lost = replace(MONTHS["no_budget"], team=UNALLOCATED)
    return {
        "teams_every_kind": lambda: teams_message(every, {}, month=NOVEMBER),
        "teams_names": lambda: teams_message(
            [replace(MONTHS["over"], team=name) for name in NAMES], named, month=NOVEMBER, asked=NASTY
        ),
        "teams_one": lambda: teams_message([MONTHS["over"]], {"payments": PAYMENTS}, month=NOVEMBER),
        "teams_10000": lambda: teams_message([*months, lost], teams, month=NOVEMBER),
        "teams_none": lambda: teams_message([], {}, month=NOVEMBER),
        "teams_none_found": lambda: teams_message([], {}, month=NOVEMBER, asked=NASTY),
        "teams_long_names": lambda: teams_message(
            [replace(MONTHS["huge"], team=f"{n} {LONG}") for n in range(40)], {}, month=NOVEMBER
        ),
    }


def other_cases() -> dict[str, Callable[[], Message | dict[str, Any]]]:
    """Help, problems and App Home."""
    month, faults = MONTHS["over"], tuple(f"aws.csv:{n}:7: <!channel> is no number" for n in range(20))
    instead = ["variance payments", f"variance {RIGHT_TO_LEFT}", f"variance {LONG}", "variance fourth"]
    months, teams = many_teams(30)
    return {
        "help": lambda: help_message(COMMANDS),
        "help_one": lambda: usage_message(COMMANDS[-1]),
        "help_many": lambda: help_message([(f"command{n}", LONG, f"{LONG}. {NASTY}") for n in range(120)]),
        "problem": lambda: problem_message(NotFound("'13' is not a month.", "Write it as YYYY-MM.")),
        "problem_nasty": lambda: problem_message(NotFound(NASTY * 40, NASTY)),
        "problem_delivery": lambda: problem_message(DeliveryRefused("aws.csv has faults.", faults, "Export it again.")),
        "unknown_team": lambda: unknown_team_message("paymnts", instead),
        "unknown_command": lambda: unknown_command_message(NASTY, []),
        "problem_with_code": lambda: problem_message(NotFound("I am not in here.", "Use `/invite @FinOps <x>`.")),
        "note": lambda: note(f"The chart is on its way to {NASTY}."),
        "note_old_button": old_button_message,
        "not_visible": lambda: not_visible_message(NASTY),
        "problem_unkept": lambda: unkept_message(
            "Explain a variance",
            [("Root cause", "price"), ("Why", f"Two\n\nlines, {NASTY}")],
            "Ask *FinOps*: `4f1c9a`.",
        ),
        "problem_unkept_long": lambda: unkept_message(NASTY, [(NASTY, "<&>" * 1000)] * 3, NASTY),
        "unexpected": lambda: unexpected_message("4f1c9a"),
        "home": lambda: home_view(
            [month],
            {"payments": PAYMENTS},
            waiting=[Waiting("Explain October.")],
            coverages=COVERAGES,
            commands=COMMANDS,
        ),
        "home_empty": lambda: home_view([], {}),
        "home_no_teams": lambda: home_view([], {}, coverages=COVERAGES, commands=COMMANDS),
        "home_many": lambda: home_view(
            months, teams, waiting=[Waiting(escape(NASTY))] * 40, coverages=COVERAGES, commands=COMMANDS
        ),
        "home_called": lambda: home_view([], {}, coverages=COVERAGES, roles=[Role.FINANCE, Role.EXECUTIVE_SPONSOR]),
        "home_called_never": lambda: home_view([], {}, coverages=COVERAGES, roles=[Role.FINOPS], ladder=LADDER[:1]),
        "home_names": lambda: home_view(
            [replace(month, team=name) for name in NAMES], {name: Team(name, shown) for name, shown in NAMES.items()}
        ),
    }


CASES: dict[str, Callable[[], Message | dict[str, Any]]] = {
    **variance_cases(),
    **daily_cases(),
    **forecast_cases(),
    **teams_cases(),
    **other_cases(),
    **ALERT_CASES,
    **ANOMALY_CASES,
    **ACTION_CASES,
    **BUDGET_CASES,
    **EXPLANATION_CASES,
    **HOME_CASES,
    **CLOSE_CASES,
    **INCOMING_CASES,
}
