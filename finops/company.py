"""The company as configured: teams, roles, policy and schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from finops.allocation import Allocation
from finops.anomaly_rules import AnomalyRules, TeamAnomalies
from finops.basis import Basis
from finops.budget_request import BudgetRules
from finops.calendar import WorkCalendar
from finops.explanation_state import ExplanationRules, Variance
from finops.incoming_alert import IncomingRules
from finops.policy import LADDER, AlertRules, Materiality, Policy, ReportRules, Role, Tier, tier_of
from finops.scope import Derived, Resolver, Rule


@dataclass(frozen=True)
class Team:
    """Who owns a budget.

    Attributes:
        slug: the name it is asked for by.
        name: as shown.
        channel: Slack channel, '#name' or id; empty where it has none.
        owners: Slack user ids, e-mails, or user groups as '@handle'.
        engineering_lead: the same, one of them or empty.
        currency: of its budgets; empty for the company's.
        scope: rules, any of which may match a bill row.
        materiality: the team's own, or None for the company's.
        timezone: the team's own IANA zone, or empty for the company's.
        calendar: its own working days and hours, or None for the company's; their zone is the team's.
        anomalies: what counts as an anomaly for it, or None for the company's.
    """

    slug: str
    name: str
    channel: str = ""
    owners: tuple[str, ...] = ()
    engineering_lead: str = ""
    currency: str = ""
    scope: tuple[Rule, ...] = ()
    materiality: Materiality | None = None
    timezone: str = ""
    calendar: WorkCalendar | None = None
    anomalies: TeamAnomalies | None = None


@dataclass(frozen=True)
class DerivedTeams:
    """Teams made from the bill: every value of a tag or column, after the listed ones.

    Attributes:
        by: the tag or column.
        channel: template, '{slug}' standing for the team's slug; empty for none.
    """

    by: Derived
    channel: str = ""


@dataclass(frozen=True, slots=True)
class BillingSource:
    """Where one export is delivered.

    Attributes:
        kind: which source reads it, by its module's name in storage/sources.
        keys: what that source is told, a list or a mapping as JSON; a path that is no URL is absolute.
    """

    kind: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Company:
    """finops.yaml, read.

    Attributes:
        name: as shown.
        timezone: IANA zone of schedules and dates where a team names none.
        currency: where a team names none.
        basis: which cost is counted where nobody asks for another.
        visibility: 'workspace' (every team's figures are open) or 'own' (to the team and the roles).
        settled_after: days after which a day's figures have stopped moving.
        roles: role → Slack user ids, e-mails, or user groups as '@handle'.
        allocations: costs of a team that others share.
        sources: export name → where it is delivered, as `ingest_billing` reads it.
        schedules: job name → 'HH:MM' in the company's zone, or 'every 15m'.
        alerts: how alerts are raised, repeated and held back.
        explanations: how explanations are reviewed.
        budgets: who asks for other budgets, and who decides on them by when.
        report: how the monthly variance report is posted.
        calendar: working days and hours where a team names none.
        incoming: where alerts of AWS come in, and whose they are.
        anomalies: what counts as an anomaly, and what follows.
    """

    name: str = "Your company"
    timezone: str = "UTC"
    currency: str = "USD"
    basis: Basis = Basis.EFFECTIVE
    visibility: str = "workspace"
    settled_after: int = 3
    teams: tuple[Team, ...] = ()
    derived_teams: DerivedTeams | None = None
    roles: dict[Role, tuple[str, ...]] = field(default_factory=dict)
    ladder: tuple[Tier, ...] = LADDER
    materiality: Materiality = field(default_factory=Materiality)
    allocations: tuple[Allocation, ...] = ()
    sources: dict[str, BillingSource] = field(default_factory=dict)
    schedules: dict[str, str] = field(default_factory=dict)
    alerts: AlertRules = field(default_factory=AlertRules)
    explanations: ExplanationRules = field(default_factory=ExplanationRules)
    budgets: BudgetRules = field(default_factory=BudgetRules)
    report: ReportRules = field(default_factory=ReportRules)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    incoming: IncomingRules = field(default_factory=IncomingRules)
    anomalies: AnomalyRules = field(default_factory=AnomalyRules)

    @cached_property
    def listed(self) -> dict[str, Team]:
        """The listed teams by slug, in their order."""
        return {team.slug: team for team in self.teams}

    @property
    def report_channel(self) -> str:
        """Where the close of a month is told and its report stands, '#name' or id; empty for nowhere.

        Figures that are kept to their teams do not go where the alerts of several teams stand.
        """
        return self.report.channel or (self.alerts.channel if self.visibility == "workspace" else "")

    def resolver(self) -> Resolver:
        """What finds the team of a charge under this configuration."""
        derived = self.derived_teams.by if self.derived_teams else None
        return Resolver(((team.slug, team.scope) for team in self.teams), derived)

    def zone(self, team: Team | None = None) -> ZoneInfo:
        """The time zone a team lives in, or the company's."""
        return ZoneInfo(team.timezone if team and team.timezone else self.timezone)

    def policy(self, team: Team) -> Policy:
        """What a team's alerts go by, its calendar on its own clock."""
        calendar = replace(team.calendar or self.calendar, zone=self.zone(team))
        return Policy(self.ladder, self.alerts, calendar)

    def explanation_rules(self, team: Team, variance: Variance) -> ExplanationRules:
        """How explanations of a team's variance are reviewed, by the tier that it falls in.

        Args:
            variance: as it is now, in the team's currency.
        """
        material = team.materiality or self.materiality
        return self.explanations.within(tier_of(variance.value, variance.budget, self.ladder, material))

    def today(self, now: datetime, team: Team | None = None) -> date:
        """The local day at an instant."""
        return now.astimezone(self.zone(team)).date()


@dataclass(frozen=True)
class Person:
    """Somebody in the Slack workspace.

    Attributes:
        user_id: Slack's id.
        email: lower case, empty where unknown.
        groups: handles of the user groups they are in, without '@', and the groups' ids.
    """

    user_id: str
    email: str = ""
    groups: frozenset[str] = frozenset()

    def is_named(self, names: Iterable[str]) -> bool:
        """Whether a list of ids, e-mails and '@group' handles names this person."""
        own = {self.user_id.lower(), self.email.lower()} - {""}
        groups = {group.lower() for group in self.groups}
        return any(name.lower() in own or name.lower().lstrip("@") in groups for name in names)


def roles_of(person: Person, company: Company, team: Team | None = None) -> frozenset[Role]:
    """The roles a person has: company-wide ones, and those in the team where one is given."""
    found = {role for role, names in company.roles.items() if person.is_named(names)}
    if team and person.is_named(team.owners):
        found.add(Role.OWNER)
    if team and team.engineering_lead and person.is_named((team.engineering_lead,)):
        found.add(Role.ENGINEERING_LEAD)
    return frozenset(found)


def may_see(person: Person, company: Company, team: Team) -> bool:
    """Whether a person may see a team's figures."""
    return company.visibility == "workspace" or bool(roles_of(person, company, team))
