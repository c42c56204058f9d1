"""A policy laid open: who is called at each rung and what silence does, as the alerts' own machine has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from finops.alert import Alert, AlertKey, Callee, Level, Reading, Setting, duty_of, evaluate, rung_name
from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.company import Company, Team
from finops.directory import Directory
from finops.money import ZERO
from finops.periods import Month
from finops.policy import Kind, Materiality, Policy, Role

ANY_TEAM = Team("any-team", "any team", owners=("the owners",), engineering_lead="the engineering lead")
"""Stands for every team where none is asked for."""
_SOME_DAY = datetime(2026, 1, 7, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder in one direction, or a threshold.

    Attributes:
        step: as in finops.alert; negative for underspend.
        name: as in the record of alerts.
        above: the ratio, or for a threshold the share of the budget, over which it begins.
        up_to: where the next begins, None for the last.
        above_amount: the variance over which it begins where the budget is zero.
        chain: who is called, and then whom silence calls one after the other.
        answer_within: working hours of silence between one and the next, None for never.
        duty: what the called must do.
        due: working days for it, None for no date.
        highest: the week's most calls do not hold it back, and a freeze can be decided on it.
        chance: of ending beyond `above` from which on a forecast is on it; None where the expected amount decides.
    """

    kind: Kind
    step: int
    name: str
    above: Decimal
    up_to: Decimal | None
    above_amount: Decimal | None
    chain: tuple[Level, ...]
    answer_within: int | None
    duty: str
    due: int | None
    highest: bool
    chance: Decimal | None = None

    @property
    def calls(self) -> tuple[Callee, ...]:
        """Who is called when an alert rises to it."""
        return self.chain[0].callees


@dataclass(frozen=True, slots=True)
class Difference:
    """Where teams go by something else than the company.

    Attributes:
        teams: slugs.
        materiality, calendar: theirs, None where it is the company's.
        zone: the IANA zone of their clocks, empty where it is the company's.
    """

    teams: tuple[str, ...]
    materiality: Materiality | None
    calendar: WorkCalendar | None
    zone: str


def named_callees(company: Company, team: Team) -> dict[Role, tuple[Callee, ...]]:
    """Role → who has it in a team by the configuration alone: the name is the id, so that each is called once."""
    names = (*team.owners, team.engineering_lead, *(name for names in company.roles.values() for name in names))
    return Directory(people={name.lower(): name.lower() for name in names if name}).callees(company, team)


def rungs(company: Company, team: Team = ANY_TEAM) -> list[Rung]:
    """Every rung of a team's policy from the calmest up: overspend, then underspend, then the thresholds."""
    policy, callees = company.policy(team), named_callees(company, team)
    tiers = range(1, len(policy.ladder))
    steps = [*((Kind.FORECAST, step) for step in tiers), *((Kind.FORECAST, -step) for step in tiers)]
    if Kind.THRESHOLD in policy.rules.kinds:
        steps += [(Kind.THRESHOLD, step) for step in range(1, len(policy.rules.thresholds) + 1)]
    return [_rung(policy, callees, kind, step) for kind, step in steps]


def vacant(company: Company, team: Team = ANY_TEAM) -> frozenset[Role]:
    """Roles that nobody has in a team."""
    held = named_callees(company, team)
    return frozenset(role for role in Role if not held.get(role))


def differences(company: Company, slugs: Collection[str]) -> list[Difference]:
    """Listed teams among some with a materiality, calendar or clock of their own, those with the same together."""
    found: dict[tuple[Materiality | None, WorkCalendar | None, str], list[str]] = {}
    for team in company.teams:
        calendar = replace(team.calendar, zone=company.calendar.zone) if team.calendar else None
        own = (
            team.materiality if team.materiality != company.materiality else None,
            calendar if calendar != company.calendar else None,
            team.timezone if team.timezone != company.timezone else "",
        )
        if team.slug in slugs and any(own):
            found.setdefault(own, []).append(team.slug)
    return [Difference(tuple(teams), *own) for own, teams in found.items()]


def _rung(policy: Policy, callees: Mapping[Role, tuple[Callee, ...]], kind: Kind, step: int) -> Rung:
    number = abs(step)
    tier = policy.ladder[number] if kind is not Kind.THRESHOLD else None
    edges = [each.above for each in policy.ladder[1:]] if tier else [each.above for each in policy.rules.thresholds]
    alert = _risen(policy, callees, kind, step)
    return Rung(
        kind=kind,
        step=step,
        name=rung_name(kind, step, policy),
        above=edges[number - 1],
        up_to=edges[number] if number < len(edges) else None,
        above_amount=tier.above_amount if tier else None,
        chain=alert.chain,
        answer_within=alert.answer_within,
        duty=duty_of(kind, step, policy),
        due=tier.due if tier and alert.dues else None,
        highest=tier is not None and step == len(policy.ladder) - 1,
        chance=tier.chance if tier else None,
    )


def _risen(policy: Policy, callees: Mapping[Role, tuple[Callee, ...]], kind: Kind, step: int) -> Alert:
    """An alert that has just risen to a rung."""
    key = AlertKey(ANY_TEAM.slug, Month.of(_SOME_DAY.date()), kind, "")
    reading = Reading(0, _SOME_DAY, step, ZERO, False, ZERO, ZERO, None, Basis.EFFECTIVE, None)
    nothing = Alert(key, replace(reading, step=0, publication=-1), raised_at=_SOME_DAY)
    change = evaluate(nothing, key, reading, Setting(policy, callees), _SOME_DAY)
    return change.alert if change else nothing
