"""Every team's month at a glance."""

import re
import time
from dataclasses import replace
from decimal import Decimal

from made_up_messages import MONTHS, many_teams
from made_up_months import NOVEMBER

from finops.money import ZERO, add
from finops.scope import UNALLOCATED
from finops.team_month import TeamMonth
from views.amounts import money
from views.message import Message
from views.teams import teams_message


def shown_teams(made: Message) -> list[str]:
    """Names in the order they are listed."""
    return re.findall(r"^:\w+: \*(.+?)\*:", made.text, re.MULTILINE)


def test_totals_are_over_all_teams() -> None:
    """The totals of 10,000 teams add up exactly, though only thirty are listed, and the rest is counted."""
    months, teams = many_teams(10_000)
    made = teams_message(months, teams, month=NOVEMBER)
    actual, budget = add(month.actual or ZERO for month in months), add(month.budget or ZERO for month in months)
    assert f"{money(actual, 'USD')} spent so far, {money(budget, 'USD')} budgeted" in made.text
    assert len(shown_teams(made)) == 30
    assert "… and 9,970 more, all counted in the totals." in made.text


def test_currencies_are_never_added() -> None:
    """Each currency has its own total, and the teams' counts are by currency."""
    months = [MONTHS["running"], MONTHS["yen"], replace(MONTHS["yen"], team="tokyo")]
    made = teams_message(months, {}, month=NOVEMBER)
    yen = add(month.actual or ZERO for month in months[1:])
    assert f"All in JPY, 2 teams: {money(yen, 'JPY')} spent" in made.text
    assert f"All in USD, 1 team: {money(MONTHS['running'].actual or ZERO, 'USD')} spent" in made.text


def test_the_worst_stand_first() -> None:
    """Overspend stands by tier, then by variance; then what nobody can judge, underspend, and the rest."""
    kinds = ("running", "over", "under", "no_budget", "no_data_yet", "already_over_without_forecast", "on_budget")
    months = [replace(MONTHS[kind], team=kind) for kind in kinds]
    assert shown_teams(teams_message(months, {}, month=NOVEMBER)) == [
        "already_over_without_forecast",
        "over",
        "no_budget",
        "no_data_yet",
        "under",
        "running",
        "on_budget",
    ]


def test_unallocated_is_always_there() -> None:
    """Unallocated spend has its line even where thirty teams are worse."""
    lost = replace(MONTHS["no_budget"], team=UNALLOCATED, actual=Decimal("0.01"), forecast=None)
    months = [replace(MONTHS["over"], team=f"team-{number}") for number in range(40)]
    made = teams_message([*months, lost], {}, month=NOVEMBER)
    assert shown_teams(made)[-1] == UNALLOCATED
    assert "… and 10 more" in made.text


def test_nothing_is_dropped_from_a_long_text() -> None:
    """Teams whose lines have no room in `text` are counted there and stand in the blocks."""
    months = [replace(MONTHS["huge"], team=f"{number} " + "x" * 80) for number in range(30)]
    made = teams_message(months, {}, month=NOVEMBER)
    said = re.search(r"and (\d+) more", made.text)
    assert said and len(shown_teams(made)) + int(said[1]) == 30


def test_it_is_fast() -> None:
    """10,000 teams take less than 50 ms of the processor, at the best of some runs."""
    months, teams = many_teams(10_000)
    taken: list[float] = []
    for _ in range(7):
        begun = time.process_time()
        teams_message(months, teams, month=NOVEMBER)
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.05


def test_one_team_with_two_currencies_is_one_team() -> None:
    """A team counts once, however many currencies it spends."""
    months: list[TeamMonth] = [MONTHS["running"], MONTHS["yen"]]
    assert teams_message(months, {}, month=NOVEMBER).text.startswith("*1 team* in November 2026")


def test_underspend_is_counted_apart() -> None:
    """A team far under its budget is not counted among the emergencies."""
    months = [replace(MONTHS[kind], team=kind) for kind in ("over", "under", "running")]
    assert "1 emergency, 1 emergency (under), 1 note." in teams_message(months, {}, month=NOVEMBER).text
