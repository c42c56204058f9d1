"""Whose an incoming alert is: by `incoming.map`, by a name that is a team's, and by the scopes."""

from __future__ import annotations

from collections.abc import Mapping

from finops.company import Company, Team
from finops.incoming_alert import IncomingAlert
from finops.scope import UNALLOCATED, Charge, slug

PROVIDERS = ("AWS", "Amazon Web Services")
"""How bills name the provider whose alerts these are."""


def team_of(alert: IncomingAlert, company: Company, teams: Mapping[str, Team]) -> str:
    """The slug of the team that owns an alert, empty where nobody does.

    Args:
        teams: every team by slug.
    """
    for rule in company.incoming.map:
        if rule.matches(alert):
            return rule.team
    for name in (alert.budget, alert.dimension):
        if name and _is_team(slug(name), teams):
            return slug(name)
    resolver = company.resolver()
    for provider in PROVIDERS:
        charge = Charge(
            provider, alert.account or None, alert.account_name or None, alert.service or None, dict(alert.tags)
        )
        found, _ = resolver.resolve(charge)
        if _is_team(found, teams):
            return found
    return ""


def _is_team(found: str, teams: Mapping[str, Team]) -> bool:
    """Whether it is somebody: what no team owns is nobody, and so is a team that the bill has never named."""
    return found in teams and found != UNALLOCATED
