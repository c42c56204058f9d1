"""The made-up company: its people, teams, sub-accounts and channels, and the finops.yaml that says so."""

import json
from dataclasses import dataclass
from decimal import Decimal

Scope = tuple[dict[str, object], ...]


@dataclass(frozen=True)
class Person:
    """Someone in the Slack workspace; `tz` is an IANA time zone."""

    name: str
    real_name: str
    tz: str = "Europe/Berlin"

    @property
    def email(self) -> str:
        """An address in a domain that cannot exist (RFC 2606)."""
        return f"{self.name}@birkenhain.example"


@dataclass(frozen=True)
class Team:
    """One team, what of the bill is its own, and how it stands to its budget.

    Attributes:
        slug: the team's key; its channel is "cost-" + slug.
        owners, engineering_lead: names of people.
        scope: the alternatives under `any` in finops.yaml; all keys of one alternative must hold.
        ratio: planned variance / budget in every month, a fraction; None: the team has no budget.
        monthly_spend: planned EffectiveCost of an average month of 30 days, in `currency`, before growth.
        growth: of the planned spend per month, a fraction of `monthly_spend`.
        weekend: Saturday and Sunday as a fraction of a working day.
        remark: what a reader of finops.yaml should see in this team's scope.
    """

    slug: str
    name: str
    owners: tuple[str, ...]
    engineering_lead: str
    scope: Scope
    ratio: Decimal | None
    monthly_spend: Decimal
    growth: Decimal
    weekend: Decimal
    remark: str
    currency: str = "USD"

    @property
    def channel(self) -> str:
        """The channel's name, without #."""
        return f"cost-{self.slug}"


@dataclass(frozen=True)
class Company:
    """The constant facts; money and dates come from the plan and the bill.

    Attributes:
        executive_sponsor: name of the person who answers for an emergency.
        user_groups: Slack user group handle → names of its members.
    """

    name: str
    timezone: str
    currency: str
    staff: tuple[Person, ...]
    teams: tuple[Team, ...]
    user_groups: dict[str, list[str]]
    executive_sponsor: str

    @property
    def people(self) -> list[dict[str, str]]:
        """Everyone, as {"name", "real_name", "email", "tz"}."""
        return [{"name": p.name, "real_name": p.real_name, "email": p.email, "tz": p.tz} for p in self.staff]

    @property
    def channels(self) -> dict[str, list[str]]:
        """Channel name → names of its members: one per team, `finops` and `general`."""
        finops = self.user_groups["finops"]
        channels = {t.channel: sorted({*t.owners, t.engineering_lead, *finops}) for t in self.teams}
        circle = sorted({*finops, *self.user_groups["finance"], self.executive_sponsor})
        return {**channels, "finops": circle, "general": [p.name for p in self.staff]}

    def email(self, name: str) -> str:
        """The address of the person called `name`."""
        return next(p.email for p in self.staff if p.name == name)

    def team(self, slug: str) -> Team:
        """The team with this slug."""
        return next(t for t in self.teams if t.slug == slug)


def _d(text: str) -> Decimal:
    return Decimal(text)


_TEAMS = (
    Team("payments", "Payments", ("lena.hartmann",), "tomas.novak",
         ({"sub_account_id": ["418273905516", "730958124467", "096412873350", "250617394820"]},),
         ratio=_d("0.025"), monthly_spend=_d("61000"), growth=_d("0.004"), weekend=_d("0.82"),
         remark="By id: another team has a sub-account called `staging` too. Quote ids, or 096… loses its zero."),
    Team("search", "Search", ("priya.raman",), "jonas.weber",
         ({"sub_account_id": ["571904236618", "339816507242"]},
          {"provider": ["Google Cloud"], "tag": {"team": ["search"]}}),
         ratio=_d("0.075"), monthly_spend=_d("47000"), growth=_d("0.006"), weekend=_d("0.74"),
         remark="Two ways in: its AWS accounts, or what is tagged team=search at Google Cloud (both keys must hold)."),
    Team("checkout", "Checkout", ("lena.hartmann",), "tomas.novak",
         ({"sub_account_id": ["602847195533", "864920175533"]},),
         ratio=_d("0.145"), monthly_spend=_d("34000"), growth=_d("0.005"), weekend=_d("0.88"),
         remark="864920175533 is the other `staging`."),
    Team("machine-learning", "Machine Learning", ("aiko.tanaka",), "samuel.okafor",
         ({"tag": {"team": ["machine-learning", "ml"]}},),
         ratio=_d("0.26"), monthly_spend=_d("56000"), growth=_d("0.007"), weekend=_d("0.93"),
         remark="Wherever it runs: any of these values of the tag `team`."),
    Team("data-platform", "Data Platform", ("aiko.tanaka",), "samuel.okafor",
         ({"tag": {"team": ["data-platform"]}}, {"service": ["BigQuery"]}),
         ratio=_d("0.015"), monthly_spend=_d("68000"), growth=_d("0.005"), weekend=_d("0.61"),
         remark="Its tag, and all of BigQuery: nobody else queries the warehouse on their own bill."),
    Team("mobile", "Mobile", ("camille.dubois",), "diego.santos",
         ({"sub_account_name": ["mobile-prod", "mobile-dev"]},),
         ratio=_d("-0.28"), monthly_spend=_d("21000"), growth=_d("-0.002"), weekend=_d("1.16"),
         remark="By name, at whichever provider. Far under its budget: the launch slipped."),
    Team("internal-tools", "Internal Tools", ("ingrid.solberg",), "diego.santos",
         ({"provider": ["Microsoft"]},),
         ratio=_d("0.075"), monthly_spend=_d("18500"), growth=_d("0.003"), weekend=_d("0.45"),
         remark="Everything on the Azure bill, which comes in euros; so does the budget.", currency="EUR"),
    Team("sandbox-lab", "Sandbox Lab", ("ingrid.solberg",), "samuel.okafor",
         ({"sub_account_name": ["sandbox-01", "sandbox-02"]},),
         ratio=None, monthly_spend=_d("6200"), growth=_d("0.004"), weekend=_d("0.30"),
         remark="Has spend and no budget: its ratio is n/a, the amount alone decides."),
    Team("loyalty", "Loyalty", ("priya.raman",), "jonas.weber",
         ({"tag": {"team": ["loyalty"]}},),
         ratio=_d("-1"), monthly_spend=_d("0"), growth=_d("0"), weekend=_d("1"),
         remark="Has an approved budget and no spend yet."),
)  # fmt: skip

COMPANY = Company(
    name="Birkenhain Commerce",
    timezone="Europe/Berlin",
    currency="USD",
    staff=(
        Person("lena.hartmann", "Lena Hartmann"),
        Person("tomas.novak", "Tomáš Novák", "Europe/Prague"),
        Person("priya.raman", "Priya Raman", "Asia/Kolkata"),
        Person("jonas.weber", "Jonas Weber"),
        Person("aiko.tanaka", "Aiko Tanaka", "Asia/Tokyo"),
        Person("samuel.okafor", "Samuel Okafor", "Europe/London"),
        Person("camille.dubois", "Camille Dubois", "Europe/Paris"),
        Person("diego.santos", "Diego Santos", "America/Sao_Paulo"),
        Person("ingrid.solberg", "Ingrid Solberg", "Europe/Oslo"),
        Person("nora.fischer", "Nora Fischer"),
        Person("ravi.menon", "Ravi Menon", "Asia/Kolkata"),
        Person("greta.lindholm", "Greta Lindholm", "Europe/Stockholm"),
        Person("victor.adler", "Victor Adler"),
    ),
    teams=_TEAMS,
    user_groups={"finops": ["nora.fischer", "ravi.menon"], "finance": ["greta.lindholm"]},
    executive_sponsor="victor.adler",
)

_HEAD = """\
# What the bot knows of the company. `finops doctor` checks this file and names line and column of what it refuses.
company: {name}
timezone: {timezone}  # of working days, due dates and the schedules below; bills stay in UTC
currency: {currency}  # of teams that name none
basis: effective  # EffectiveCost: commitments spread over the usage they cover, without Tax

# Who is asked what. A Slack user group (@handle), e-mail addresses or user ids (U…).
roles:
  finops: ["@finops"]
  finance: ["@finance"]
  executive_sponsor: [{sponsor}]

# A row of the bill belongs to the first team, from the top, one of whose `any` entries it matches.
# An entry with several keys asks for all of them. What matches nobody is shown as `unallocated`, never dropped.
# Keys: sub_account_id, sub_account_name, service, provider (lists), tag (key: list of values).
teams:
"""
_TAIL = """
# One export per provider. Paths are relative to this file.
sources:
  aws: {path: bills/aws}  # FOCUS 1.2, Parquet
  azure: {path: bills/azure}  # FOCUS 1.0, CSV
  gcp: {path: bills/gcp}  # FOCUS 1.0, CSV packed with gzip

# Where the variance report of a closed month stands.
report: {channel: "#finops"}

# Local times, in `timezone` above.
schedules:
  ingest_billing: "07:00"
  daily_summary: "08:30"

# Further keys, left at their defaults here: tiers, materiality, teams_from, visibility.
"""


def _flow(value: object) -> str:
    """YAML in flow style; strings are quoted as JSON does, which YAML reads the same."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    return json.dumps(value)


def _team_text(company: Company, team: Team) -> str:
    """One entry under `teams`."""
    lines = [
        f"  - slug: {team.slug}",
        f"    name: {team.name}",
        f'    channel: "#{team.channel}"',
        f"    owners: [{', '.join(company.email(name) for name in team.owners)}]",
        f"    engineering_lead: {company.email(team.engineering_lead)}",
        f"    currency: {team.currency}",
        f"    # {team.remark}",
        "    scope:",
        "      any:",
        *(f"        - {_flow(entry)}" for entry in team.scope),
    ]
    return "\n".join(lines) + "\n"


def config_text(company: Company = COMPANY) -> str:
    """finops.yaml for `company`, with comments for a reader."""
    head = _HEAD.format(
        name=company.name,
        timezone=company.timezone,
        currency=company.currency,
        sponsor=company.email(company.executive_sponsor),
    )
    return head + "\n".join(_team_text(company, team) for team in company.teams) + _TAIL
