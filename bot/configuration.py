"""finops.yaml: read, checked, and turned into a Company; every refusal names file, line and column."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from finops.basis import Basis
from finops.company import Company, DerivedTeams, Team
from finops.errors import ConfigurationRefused
from finops.names import nearest
from finops.policy import LADDER, Materiality, Role, Tier
from finops.scope import UNALLOCATED, Derived, Rule

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Position = tuple[int, int]
Path_ = tuple[str | int, ...]


def _fraction(value: Any) -> Any:
    """'5 %' as 0.05."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return Decimal(value.strip().rstrip("% ")) / 100
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _known_zone(value: str) -> str:
    if value and value not in available_timezones():
        raise ValueError(f"'{value}' is not an IANA time zone such as Europe/Berlin")
    return value


def _known_schedule(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|every [1-9]\d*[mh]|off", value):
        raise ValueError(f"'{value}' is not a schedule; write HH:MM, every 15m, every 2h or off")
    return value


def _known_currency(value: str) -> str:
    if not re.fullmatch("[A-Z]{3}", value):
        raise ValueError(f"'{value}' is not an ISO 4217 currency code such as USD")
    return value


Fraction = Annotated[Decimal, BeforeValidator(_fraction)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Slug = Annotated[str, Field(pattern=r"^[^\W_]+(-[^\W_]+)*$")]
Schedule = Annotated[str, AfterValidator(_known_schedule)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class _Rule(_Model):
    sub_account_id: Names = ()
    """FOCUS SubAccountId, as billed"""
    sub_account_name: Names = ()
    """FOCUS SubAccountName, as billed; several sub-accounts may share one"""
    service: Names = ()
    """FOCUS ServiceName, as billed"""
    provider: Names = ()
    """FOCUS ServiceProviderName (ProviderName before 1.3), as billed"""
    tag: dict[str, Names] = {}
    """tag key → accepted values, `*` for any; case and spaces of the key do not count"""

    @model_validator(mode="after")
    def _names_something(self) -> _Rule:
        if not any((self.sub_account_id, self.sub_account_name, self.service, self.provider, self.tag)):
            raise ValueError("a rule must name a sub_account_id, sub_account_name, service, provider or tag")
        return self


class _Scope(_Model):
    any: tuple[_Rule, ...]
    """rules, any of which may match a row; all that one rule names must hold"""


class _Materiality(_Model):
    amount: Decimal = Field(default=Decimal(0), ge=0)
    """least variance that climbs the ladder, in the team's currency"""
    ratio: Fraction = Field(default=Decimal(0), ge=0)
    """least ratio that does, `5 %` or 0.05"""
    rule: Literal["and", "or"] = "and"
    """whether both must be reached or either is enough"""

    def value(self) -> Materiality:
        return Materiality(self.amount, self.ratio, self.rule == "and")


class _Team(_Model):
    slug: Slug
    """what the team is asked for by; required"""
    name: str = ""
    """as shown; the slug by default"""
    channel: str = ""
    """where its summary goes, `#name` or a channel id"""
    owners: Names = ()
    """Slack e-mails, user ids or `@groups`"""
    engineering_lead: str = ""
    """the same, one of them"""
    currency: Currency | Literal[""] = ""
    """of its budgets; the company's by default"""
    scope: _Scope = _Scope(any=())
    """which bill rows are its own; the first listed team that matches has the row"""
    materiality: _Materiality | None = None
    """its own, instead of the company's"""
    timezone: Zone = ""
    """its own IANA zone, instead of the company's"""


class _TeamsFrom(_Model):
    tag: str | None = None
    """tag key: every value becomes a team, after the listed ones"""
    column: Literal["SubAccountId", "SubAccountName", "ServiceName", "ServiceProviderName", "ProviderName"] | None = (
        None
    )
    """instead of a tag, a column"""
    channel: str = ""
    """their channel, `#cost-{slug}`"""

    @model_validator(mode="after")
    def _one_of_both(self) -> _TeamsFrom:
        if (self.tag is None) == (self.column is None):
            raise ValueError("teams_from takes either `tag` or `column`")
        return self


class _Tier(_Model):
    name: str
    """as shown"""
    above: Fraction
    """the ratio over which the step begins, `5 %` or 0.05; the edge belongs to the step below"""
    who: tuple[Role, ...] = ()
    """whom it calls"""
    duty: str = ""
    """what they must do on overspend"""
    duty_under: str = "update the forecast"
    """what they must do on underspend"""
    above_amount: Decimal | None = None
    """the variance over which the step begins where the budget is zero"""


class _Source(_Model):
    path: str
    """file or folder that `ingest_billing` reads, relative to this file"""


class _File(_Model):
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
    teams: tuple[_Team, ...] = ()
    """the listed teams; order decides which of two that match has a row"""
    teams_from: _TeamsFrom | None = None
    """teams made from the bill"""
    roles: dict[Literal["finops", "finance", "executive_sponsor"], Names] = {}
    """role → Slack e-mails, user ids or `@groups`"""
    tiers: tuple[_Tier, ...] = ()
    """the escalation ladder, from the calmest step up; the runbook's by default"""
    materiality: _Materiality = _Materiality()
    """below which a variance does not climb the ladder"""
    sources: dict[str, _Source] = {}
    """export name → where it is delivered"""
    schedules: dict[str, Schedule] = {}
    """job → `HH:MM`, `every 15m`, `every 2h` or `off`"""


def load_company(path: Path) -> Company:
    """Read finops.yaml.

    Raises:
        ConfigurationRefused: the file is missing, is not YAML, repeats a key, or holds what is not understood.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationRefused(
            f"There is no configuration file {path}.", "Write one (docs/tutorial.md), or name it with --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationRefused(f"{path} cannot be read: {error}.") from None
    positions: dict[Path_, Position] = {}
    data = _parsed(path, text, positions)
    try:
        file = _File.model_validate(data or {})
    except ValidationError as error:
        raise ConfigurationRefused(_first_fault(path, error, positions)) from None
    _refuse_repeats(path, file, positions)
    return _company(file, path.parent)


def configuration_schema() -> dict[str, Any]:
    """The configuration file's JSON Schema."""
    return _File.model_json_schema()


def _parsed(path: Path, text: str, positions: dict[Path_, Position]) -> Any:
    try:
        root = yaml.compose(text, Loader=LOADER)
        return None if root is None else _plain(root, (), positions, path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ConfigurationRefused(f"{where}: not YAML, {error.problem}.") from None
    except yaml.YAMLError as error:
        raise ConfigurationRefused(f"{path}: not YAML, {str(error).splitlines()[0]}.") from None


def _plain(node: yaml.Node, at: Path_, positions: dict[Path_, Position], path: Path) -> Any:
    """A node as Python data; scalars stay text, so that a sub-account 0123 keeps its zero."""
    positions[at] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, number), positions, path) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.value in found:
                mark = key.start_mark
                raise ConfigurationRefused(f"{path}:{mark.line + 1}:{mark.column + 1}: '{key.value}' stands twice.")
            found[key.value] = _plain(value, (*at, key.value), positions, path)
            positions[(*at, key.value)] = (key.start_mark.line + 1, key.start_mark.column + 1)
        return {name: value for name, value in found.items() if value is not None}
    return None if node.tag == "tag:yaml.org,2002:null" else node.value


def _first_fault(path: Path, error: ValidationError, positions: dict[Path_, Position]) -> str:
    fault = error.errors()[0]
    place = tuple(step for step in fault["loc"] if step != "[key]")
    # The deepest place that stands in the file: a missing key is reported at what should hold it.
    known = next(place[:length] for length in range(len(place), -1, -1) if place[:length] in positions or not length)
    line, column = positions.get(known, (1, 1))
    dotted = ".".join(str(step) for step in place) or "file"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        near = nearest(str(place[-1]), _known_keys(), 1)
        message = "is not a key that exists" + (f"; did you mean {near[0]}?" if near else "")
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{path}:{line}:{column}: {dotted}: {message.rstrip('.?')}{'?' if message.endswith('?') else '.'}{more}"


def _known_keys() -> set[str]:
    """Every key that stands anywhere in the file."""
    schema = configuration_schema()
    parts = [schema, *schema["$defs"].values()]
    return {name for part in parts for name in part.get("properties", {})}


def _refuse_repeats(path: Path, file: _File, positions: dict[Path_, Position]) -> None:
    seen: set[str] = {UNALLOCATED}
    for number, team in enumerate(file.teams):
        if team.slug in seen:
            line, column = positions[("teams", number)]
            reason = "is the name of what no team owns" if team.slug == UNALLOCATED else "stands twice"
            raise ConfigurationRefused(f"{path}:{line}:{column}: team '{team.slug}' {reason}.")
        seen.add(team.slug)
    edges = [tier.above for tier in file.tiers]
    if file.tiers and (edges != sorted(set(edges)) or edges[0] != 0):
        line, column = positions[("tiers",)]
        raise ConfigurationRefused(f"{path}:{line}:{column}: tiers begin with `above: 0` and rise from step to step.")


def _company(file: _File, folder: Path) -> Company:
    ladder = tuple(
        Tier(tier.name, tier.above, tier.who, tier.duty, tier.duty_under, tier.above_amount) for tier in file.tiers
    )
    return Company(
        name=file.company,
        timezone=file.timezone,
        currency=file.currency,
        basis=file.basis,
        visibility=file.visibility,
        settled_after=file.settled_after,
        teams=tuple(_team(team) for team in file.teams),
        derived_teams=_derived(file.teams_from) if file.teams_from else None,
        roles={Role(role): names for role, names in file.roles.items()},
        ladder=ladder or LADDER,
        materiality=file.materiality.value(),
        sources={export: str(folder / source.path) for export, source in file.sources.items()},
        schedules=dict(file.schedules),
    )


def _derived(teams: _TeamsFrom) -> DerivedTeams:
    return DerivedTeams(Derived(tag=teams.tag, column=teams.column), teams.channel)


def _team(team: _Team) -> Team:
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
    )
