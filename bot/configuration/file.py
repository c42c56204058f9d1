"""finops.yaml as a file: its keys, what they take, and their defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from bot.configuration.anomaly_keys import AnomalyKeys, TeamAnomalyKeys
from bot.configuration.incoming_keys import IncomingKeys
from bot.configuration.policy_keys import (
    AlertKeys,
    BudgetKeys,
    CalendarKeys,
    ExplanationKeys,
    Keys,
    MaterialityKeys,
    ReportKeys,
    TierKeys,
)
from bot.configuration.values import Currency, Fraction, Names, Schedule, Slug, Zone
from bot.sources import source_kinds
from finops.allocation import Allocation, Method
from finops.basis import Basis


class RuleKeys(Keys):
    """One of a scope's rules."""

    sub_account_id: Names = ()
    """FOCUS SubAccountId, as billed"""
    sub_account_name: Names = ()
    """FOCUS SubAccountName, as billed; several sub-accounts may share one"""
    service: Names = ()
    """FOCUS ServiceName, as billed"""
    provider: Names = ()
    """FOCUS ServiceProviderName (ProviderName before 1.3), as billed"""
    tag: dict[str, Names] = Field(default_factory=dict)
    """tag key → accepted values, `*` for any; case and spaces of the key do not count"""

    @model_validator(mode="after")
    def _names_something(self) -> RuleKeys:
        if not any((self.sub_account_id, self.sub_account_name, self.service, self.provider, self.tag)):
            raise ValueError("a rule must name a sub_account_id, sub_account_name, service, provider or tag")
        return self


class ScopeKeys(Keys):
    """`scope:` of a team."""

    any: tuple[RuleKeys, ...]
    """rules, any of which may match a row; all that one rule names must hold"""


class TeamKeys(Keys):
    """One of `teams:`."""

    slug: Slug
    """what the team is asked for by; required"""
    name: str = ""
    """as shown; the slug by default"""
    channel: str = ""
    """where its summary and alerts go, `#name` or a channel id"""
    owners: Names = ()
    """Slack e-mails, user ids or `@groups`"""
    engineering_lead: str = ""
    """the same, one of them"""
    currency: Currency | Literal[""] = ""
    """of its budgets; the company's by default"""
    scope: ScopeKeys = ScopeKeys(any=())
    """which bill rows are its own; the first listed team that matches has the row"""
    materiality: MaterialityKeys | None = None
    """its own, instead of the company's"""
    timezone: Zone = ""
    """its own IANA zone, instead of the company's"""
    calendar: CalendarKeys | None = None
    """its own, instead of the company's"""
    anomalies: TeamAnomalyKeys | None = None
    """its own, instead of the company's"""


class TeamsFromKeys(Keys):
    """`teams_from:`."""

    tag: str | None = None
    """tag key: every value becomes a team, after the listed ones"""
    column: Literal["SubAccountId", "SubAccountName", "ServiceName", "ServiceProviderName", "ProviderName"] | None = (
        None
    )
    """instead of a tag, a column"""
    channel: str = ""
    """their channel, `#cost-{slug}`"""

    @model_validator(mode="after")
    def _one_of_both(self) -> TeamsFromKeys:
        if (self.tag is None) == (self.column is None):
            raise ValueError("teams_from takes either `tag` or `column`")
        return self


class AllocationKeys(Keys):
    """One of `allocations:`: a team's cost that others share, by exactly one of three rules."""

    team: Slug
    """listed team whose cost is shared; what no share covers stays with it; required"""
    name: str = ""
    """service that the others get it as; the team's name by default"""
    evenly: Names = ()
    """listed teams that share it alike"""
    shares: dict[str, Fraction] = Field(default_factory=dict)
    """listed team → its share, `60 %` or 0.6; at most 100 % together"""
    proportionally: Names = ()
    """listed teams that share it by what they cost themselves, in the same export and billing period"""

    @model_validator(mode="after")
    def _by_one_rule(self) -> AllocationKeys:
        rules = [name for name in ("evenly", "shares", "proportionally") if getattr(self, name)]
        if len(rules) != 1:
            raise ValueError("an allocation takes exactly one of `evenly`, `shares` and `proportionally`")
        if any(share <= 0 for share in self.shares.values()) or sum(self.shares.values()) > 1:
            raise ValueError("shares are above 0 and at most 100 % together")
        receivers = self.receivers
        if self.team in receivers or len(set(receivers)) < len(receivers):
            raise ValueError("an allocation names each of the other teams once")
        return self

    @property
    def receivers(self) -> tuple[str, ...]:
        """Who shares it."""
        return (*self.evenly, *self.shares, *self.proportionally)

    def value(self, name: str) -> Allocation:
        """As the ledger applies it.

        Args:
            name: of the team.
        """
        method = Method.EVENLY if self.evenly else Method.SHARES if self.shares else Method.PROPORTIONALLY
        return Allocation(self.team, self.name or name, method, self.receivers, tuple(self.shares.values()))


class SourceKeys(Keys):
    """One of `sources:`."""

    model_config = ConfigDict(extra="allow")

    kind: str = "folder"
    """which source reads it; each has keys of its own (sources.md)"""

    @model_validator(mode="after")
    def _is_known(self) -> SourceKeys:
        kinds = source_kinds()
        if self.kind not in kinds:
            raise ValueError(f"'{self.kind}' is no kind of source; there are {', '.join(kinds)}")
        if fault := kinds[self.kind].fault(self.model_extra or {}):
            raise ValueError(f"a source of the kind {self.kind} {fault}")
        return self


class File(Keys):
    """The whole of finops.yaml."""

    company: str = "Your company"
    """name, as shown"""
    timezone: Zone = "UTC"
    """IANA zone of schedules and dates"""
    currency: Currency = "USD"
    """of teams that name none"""
    basis: Basis = Basis.EFFECTIVE
    """which cost is counted where nobody asks for another"""
    visibility: Literal["workspace", "own"] = "workspace"
    """who may see a team's figures: everybody, or its own people and the roles"""
    settled_after: int = Field(default=3, ge=0, le=31)
    """days after which a day's figures have stopped moving"""
    teams: tuple[TeamKeys, ...] = ()
    """the listed teams; order decides which of two that match has a row"""
    teams_from: TeamsFromKeys | None = None
    """teams made from the bill"""
    roles: dict[Literal["finops", "finance", "executive_sponsor"], Names] = Field(default_factory=dict)
    """role → Slack e-mails, user ids or `@groups`"""
    tiers: tuple[TierKeys, ...] = ()
    """the escalation ladder, from the calmest step up; the runbook's by default"""
    materiality: MaterialityKeys = MaterialityKeys()
    """below which a variance does not climb the ladder"""
    alerts: AlertKeys = AlertKeys()
    """how alerts are raised, repeated and held back"""
    explanations: ExplanationKeys = ExplanationKeys()
    """how explanations are reviewed"""
    budgets: BudgetKeys = BudgetKeys()
    """who asks for other budgets, and who decides on them"""
    report: ReportKeys = ReportKeys()
    """how the monthly variance report is posted"""
    calendar: CalendarKeys = CalendarKeys()
    """working days and hours of teams that name none"""
    allocations: tuple[AllocationKeys, ...] = ()
    """costs of a team that others share"""
    sources: dict[str, SourceKeys] = Field(default_factory=dict)
    """export name → where it is delivered"""
    incoming: IncomingKeys = IncomingKeys()
    """alerts of AWS Budgets and AWS Cost Anomaly Detection"""
    anomalies: AnomalyKeys = AnomalyKeys()
    """what counts as an anomaly"""
    schedules: dict[str, Schedule] = Field(default_factory=dict)
    """job → `HH:MM`, `every 15m`, `every 2h` or `off`"""


def configuration_schema() -> dict[str, Any]:
    """The configuration file's JSON Schema."""
    return File.model_json_schema()
