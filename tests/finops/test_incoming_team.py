"""Whose an alert of AWS is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from finops.company import Company, DerivedTeams, Team
from finops.incoming_alert import IncomingAlert, IncomingRule, IncomingRules, Origin
from finops.incoming_team import team_of
from finops.scope import UNALLOCATED, Derived, Rule

AT = datetime(2026, 11, 12, tzinfo=UTC)
ALERT = IncomingAlert(Origin.BUDGETS, "1", AT, AT.date(), "", "")
TEAMS = (
    Team("payments", "Payments", scope=(Rule(sub_account_id=("111111111111",)),)),
    Team("search", "Search", scope=(Rule(service=("Amazon Athena",), provider=("Amazon Web Services",)),)),
    Team("web", "Web", scope=(Rule(tag={"Team": ("web",)}), Rule(sub_account_name=("website",)))),
)
COMPANY = Company(
    teams=TEAMS,
    derived_teams=DerivedTeams(Derived(column="SubAccountId")),
    incoming=IncomingRules(
        map=(
            IncomingRule("search", account=("111111111111", "222222222222"), budget=("Athena", "Presto")),
            IncomingRule("web", service=("Amazon CloudFront",)),
        )
    ),
)
KNOWN = {team.slug: team for team in (*TEAMS, Team("333333333333", ""), Team(UNALLOCATED, ""))}


@pytest.mark.parametrize(
    ("said", "team"),
    [
        ({"account": "111111111111", "budget": "Presto"}, "search"),
        ({"account": "111111111111", "budget": "Other"}, "payments"),
        ({"account": "999999999999", "budget": "Presto"}, ""),
        ({"service": "Amazon CloudFront"}, "web"),
        ({"account": "111111111111", "budget": " PAYMENTS "}, "payments"),
        ({"account": "111111111111", "budget": "Search"}, "search"),
        ({"account": "111111111111", "dimension": "web"}, "web"),
        ({"account": "111111111111"}, "payments"),
        ({"service": "Amazon Athena"}, "search"),
        ({"tags": {"team": "web"}}, "web"),
        ({"account_name": "website"}, "web"),
        ({"account": "333333333333"}, "333333333333"),
        ({"account": "444444444444"}, ""),
        ({"budget": UNALLOCATED}, ""),
        ({}, ""),
    ],
)
def test_whose_it_is(said: dict[str, object], team: str) -> None:
    """The map comes first, then a team that is called like the budget, then the scopes; a team nobody knows is none."""
    assert team_of(replace(ALERT, **said), COMPANY, KNOWN) == team  # type: ignore[arg-type]
