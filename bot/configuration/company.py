"""From finops.yaml's keys to the Company that everything else goes by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.configuration.file import File, SourceKeys, TeamKeys, TeamsFromKeys
from finops.allocation import Allocation
from finops.company import BillingSource, Company, DerivedTeams, Team
from finops.policy import LADDER, Role
from finops.scope import Derived, Rule

OTHERWISE_NAMED = {"company": "name", "tiers": "ladder", "teams_from": "derived_teams"}
"""Keys of the file that are called otherwise in Company."""
PATHS = ("path", "rules")
"""Keys of a source that name a file or folder, relative to finops.yaml where they are no URL."""


def company_of(file: File, folder: Path) -> Company:
    """The company that a file describes; paths in it are relative to a folder."""
    zone = ZoneInfo(file.timezone)
    return Company(
        name=file.company,
        timezone=file.timezone,
        currency=file.currency,
        basis=file.basis,
        visibility=file.visibility,
        settled_after=file.settled_after,
        teams=tuple(_team(team, ZoneInfo(team.timezone) if team.timezone else zone) for team in file.teams),
        derived_teams=_derived(file.teams_from) if file.teams_from else None,
        roles={Role(role): names for role, names in file.roles.items()},
        ladder=tuple(tier.value() for tier in file.tiers) or LADDER,
        materiality=file.materiality.value(),
        alerts=file.alerts.value(),
        explanations=file.explanations.value(),
        budgets=file.budgets.value(),
        report=file.report.value(),
        calendar=replace(file.calendar.value(), zone=zone),
        allocations=_allocations(file),
        sources={export: _source(source, folder) for export, source in file.sources.items()},
        schedules=dict(file.schedules),
        incoming=file.incoming.value(),
        anomalies=file.anomalies.value(),
    )


def laid_over(current: Company, file: File, folder: Path) -> Company:
    """What a file says where it says something, and the current company for the rest.

    A file that names teams is a whole finops.yaml, in which what is left out has its default.
    """
    own = company_of(file, folder)
    if file.model_fields_set & {"teams", "teams_from"}:
        return own
    names = {OTHERWISE_NAMED.get(key, key) for key in file.model_fields_set}
    return replace(current, **{name: getattr(own, name) for name in names})


def _allocations(file: File) -> tuple[Allocation, ...]:
    names = {team.slug: team.name or team.slug for team in file.teams}
    return tuple(each.value(names.get(each.team, each.team)) for each in file.allocations)


def _source(source: SourceKeys, folder: Path) -> BillingSource:
    keys = {name: _text(value) for name, value in (source.model_extra or {}).items()}
    paths = {name: str(folder / keys[name]) for name in PATHS if name in keys and "://" not in keys[name]}
    return BillingSource(source.kind, {**keys, **paths})


def _text(value: object) -> str:
    """A key's value as a source is given it."""
    return json.dumps(value) if isinstance(value, list | Mapping) else str(value)


def _derived(teams: TeamsFromKeys) -> DerivedTeams:
    return DerivedTeams(Derived(tag=teams.tag, column=teams.column), teams.channel)


def _team(team: TeamKeys, zone: ZoneInfo) -> Team:
    rules = tuple(
        Rule(rule.sub_account_id, rule.sub_account_name, rule.service, rule.provider, dict(rule.tag))
        for rule in team.scope.any
    )
    return Team(
        slug=team.slug,
        name=team.name or team.slug,
        channel=team.channel,
        owners=team.owners,
        engineering_lead=team.engineering_lead,
        currency=team.currency,
        scope=rules,
        materiality=team.materiality.value() if team.materiality else None,
        timezone=team.timezone,
        calendar=replace(team.calendar.value(), zone=zone) if team.calendar else None,
        anomalies=team.anomalies.value() if team.anomalies else None,
    )
