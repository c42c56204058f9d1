"""What the company means to spend: lines of usage, monthly fees, the commitment, and the budgets drawn from them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path

from bot.demo.catalog import SERVICES, Service, Sku
from bot.demo.company import COMPANY, Company

UNALLOCATED = "unallocated"
MANAGEMENT_ACCOUNT = ("283746501928", "birkenhain-management")
SHARED_ACCOUNT = ("945120683377", "shared-platform")
# Usage may pass its plan by 10 % (see bill.py); the commitment is bought so that it still covers such a day.
_COMMITMENT_HEADROOM = Decimal("1.12")
_GROWTH_SINCE = (2025, 11)
_UNALLOCATED_SPEND = Decimal("5600")
_UNALLOCATED_WEEKEND = Decimal("0.9")
_LOYALTY_BUDGET = Decimal("4000")


@dataclass(frozen=True)
class Line:
    """One resource's use of one SKU, billed daily.

    Attributes:
        team: slug of the team the charge should reach, or "unallocated".
        tags: as the provider exports them; None for a resource that carries none.
        monthly: planned EffectiveCost of 30 average days before growth, in the provider's currency.
    """

    team: str
    provider: str
    sub_account_id: str
    sub_account_name: str
    service: Service
    sku: Sku
    resource: int
    tags: tuple[tuple[str, str], ...] | None
    monthly: Decimal

    @property
    def resource_key(self) -> str:
        """Seventeen hexadecimal digits, the same in every delivery."""
        parts = (self.sub_account_id, self.service.name, self.sku.meter, str(self.resource), repr(self.tags))
        return sha256("/".join(parts).encode()).hexdigest()[:17]


@dataclass(frozen=True)
class Fee:
    """A fixed charge of every month; `amount` in the provider's currency, negative for a Credit."""

    team: str
    provider: str
    sub_account: tuple[str, str]
    charge_category: str
    service: Service
    description: str
    publisher: str
    day: int
    amount: Decimal


def _service(name: str, category: str, subcategory: str) -> Service:
    return Service(name, category, subcategory, "billing", ())


_SUPPORT = _service("AWS Support (Business)", "Management and Governance", "Support")
_DATADOG = _service("Datadog Pro", "Management and Governance", "Observability")
_STUDIO = _service("Visual Studio Subscription", "Developer Tools", "Development Environments")
FEES: tuple[Fee, ...] = (
    Fee(UNALLOCATED, "aws", MANAGEMENT_ACCOUNT, "Purchase", _SUPPORT, "Business support, monthly minimum",
        "Amazon Web Services, Inc.", 1, Decimal("2900")),
    Fee("checkout", "aws", ("602847195533", "checkout-prod"), "Purchase", _DATADOG, "Datadog Pro, 21 hosts",
        "Datadog, Inc.", 1, Decimal("483.00")),
    Fee("internal-tools", "azure", ("5d0a7c3e-91f4-4b62-a8d7-3e60f1c92b18", "it-workplace"), "Purchase", _STUDIO,
        "Visual Studio Professional, 6 users", "Microsoft", 1, Decimal("243.60")),
    Fee("machine-learning", "gcp", ("ml-serving-7431", "ml-serving"), "Credit", SERVICES["gcp"]["vertex"],
        "Migration programme credit", "Google Cloud", 2, Decimal("-650.00")),
    Fee(UNALLOCATED, "aws", MANAGEMENT_ACCOUNT, "Credit", SERVICES["aws"]["s3"], "Service level credit",
        "Amazon Web Services, Inc.", 2, Decimal("-118.47")),
)  # fmt: skip

# team, provider, sub-account id and name, value of the tag `team` (- for no such tag), share of the team's spend,
# resources per SKU, and the services with their shares of this sub-account. A team's shares need not add up to 100.
_HOLDINGS = """
payments         aws   418273905516 payments-prod    -                52 3 ec2:20,ec2-base:17,ebs:6,rds:30,dynamodb:12,redis:7,cloudwatch:8
payments         aws   096412873350 payments-pci     -                26 2 ec2-base:22,rds:38,ebs:7,lambda:18,cloudwatch:15
payments         aws   730958124467 payments-dev     -                12 1 ec2:46,rds:38,s3:10,cloudwatch:6
payments         aws   250617394820 staging          -                10 1 ec2:42,rds:44,ebs:14
search           aws   571904236618 search-prod      -                48 3 opensearch:58,ec2:16,ec2-base:14,s3:6,cloudwatch:6
search           aws   339816507242 search-index     -                22 2 opensearch:50,ec2:30,ebs:12,s3:8
search           gcp   birkenhain-search-prod search-ranking  search  24 2 gke:52,gce:32,gcs:16
search           gcp   birkenhain-search-lab  search-lab      search   6 1 gke:60,run:40
checkout         aws   602847195533 checkout-prod    -                80 3 ec2:22,ec2-base:16,lambda:18,dynamodb:20,redis:10,cloudfront:14
checkout         aws   864920175533 staging          -                20 1 ec2:56,lambda:22,redis:22
machine-learning aws   523718064429 ml-training      ml               58 3 sagemaker:62,ec2:16,ebs:6,s3:12,bedrock:4
machine-learning aws   945120683377 shared-platform  machine-learning 22 1 ec2:48,s3:24,bedrock:28
machine-learning gcp   ml-serving-7431 ml-serving    machine-learning 20 2 vertex:66,gke:26,gcs:8
data-platform    aws   187305926641 data-lake        data-platform    44 3 s3:34,glue:36,redshift:30
data-platform    aws   945120683377 shared-platform  data-platform    14 1 ec2:44,s3:30,cloudwatch:26
data-platform    gcp   birkenhain-warehouse warehouse -               30 3 bigquery:100
data-platform    gcp   birkenhain-streaming streaming data-platform   12 2 dataflow:82,gcs:18
mobile           gcp   mobile-prod-5520 mobile-prod  -                62 2 run:42,firestore:38,gcs:20
mobile           aws   690283714455 mobile-prod      -                26 2 lambda:46,cloudfront:54
mobile           gcp   mobile-dev-1184 mobile-dev    -                12 1 run:58,firestore:42
internal-tools   azure 5d0a7c3e-91f4-4b62-a8d7-3e60f1c92b18 it-workplace   internal-tools 50 4 vm:48,sql:30,blob:12,monitor:10
internal-tools   azure a94e2f71-06bd-4c85-b3e9-7d1f28c05a46 it-build       internal-tools 34 4 vm:76,blob:16,monitor:8
internal-tools   azure 1c7b5e90-d38a-4f12-9a64-e20b8d73f5c9 it-archive     -              16 2 blob:82,sql:18
sandbox-lab      aws   774390152280 sandbox-01       -                60 1 ec2:52,bedrock:20,s3:14,rds:14
sandbox-lab      aws   118264903357 sandbox-02       -                40 1 ec2:60,sagemaker:24,lambda:16
unallocated      aws   945120683377 shared-platform  -                64 2 ec2:40,ebs:22,s3:20,cloudwatch:18
unallocated      gcp   birkenhain-network common-network -            36 1 gce:70,gcs:30
"""  # noqa: E501


def _tags(tagged: str, account: str, resource: int) -> tuple[tuple[str, str], ...] | None:
    """Tags as people set them: the team's where the sub-account is tagged, others mostly, none now and then."""
    environment = "prod" if not account.endswith(("dev", "lab", "staging")) else "dev"
    if tagged != "-":
        return (("team", tagged), ("env", environment), ("Cost Center", f"CC-{1000 + len(tagged) * 10}"))
    return None if resource % 3 == 2 else (("env", environment), ("Owner", account))


def _holding_lines(holding: str) -> Iterator[Line]:
    """The lines of one row of the table, whose `monthly` is a share (percent of percent), not yet money."""
    team, provider, account_id, account, tagged, share, resources, mix = holding.split()
    for part in mix.split(","):
        key, weight = part.split(":")
        service = SERVICES[provider][key]
        pieces = [(sku, number) for sku in service.skus for number in range(int(resources))]
        for sku, number in pieces:
            piece = Decimal(int(share) * int(weight)) / len(pieces)
            yield Line(team, provider, account_id, account, service, sku, number, _tags(tagged, account, number), piece)


@cache
def usage_lines(provider: str) -> tuple[Line, ...]:
    """Every line of the provider ("aws", "azure", "gcp"), with its planned monthly money."""
    lines = [line for row in _HOLDINGS.strip().splitlines() for line in _holding_lines(row)]
    spend = {team.slug: team.monthly_spend for team in COMPANY.teams} | {UNALLOCATED: _UNALLOCATED_SPEND}
    total = {slug: sum((line.monthly for line in lines if line.team == slug), Decimal(0)) for slug in spend}
    return tuple(
        Line(**{**vars(line), "monthly": spend[line.team] * line.monthly / total[line.team]})
        for line in lines
        if line.provider == provider
    )


@cache
def rhythm(team: str, weekend_day: bool) -> Decimal:
    """A day's planned spend as a multiple of the team's average day."""
    weekend = _UNALLOCATED_WEEKEND if team == UNALLOCATED else COMPANY.team(team).weekend
    return (weekend if weekend_day else Decimal(1)) * 7 / (5 + 2 * weekend)


@cache
def growth(team: str, year: int, month: int) -> Decimal:
    """The month's planned spend as a multiple of the base month's; a straight line, so it stays believable for long."""
    months = (year - _GROWTH_SINCE[0]) * 12 + month - _GROWTH_SINCE[1]
    return Decimal(1) if team == UNALLOCATED else 1 + COMPANY.team(team).growth * months


def planned_day(line: Line, day: date) -> Decimal:
    """Planned EffectiveCost of the line on `day`; usage under the commitment is steady and does not grow."""
    amount = line.monthly / 30 * rhythm(line.team, day.weekday() >= 5)
    return amount if line.sku.committed_unit_price else amount * growth(line.team, day.year, day.month)


@cache
def hourly_commitment() -> Decimal:
    """US dollars an hour of the savings plan: enough for the busiest planned day of the usage it covers."""
    covered = [line for line in usage_lines("aws") if line.sku.committed_unit_price]
    busiest = max(sum(planned_day(line, date(2026, 6, day)) for line in covered) for day in range(1, 8))
    return (busiest * _COMMITMENT_HEADROOM / 24).quantize(Decimal("0.01"), rounding=ROUND_CEILING)


def days_of(month: date) -> list[date]:
    """Every day of the month that `month` lies in."""
    first = month.replace(day=1)
    return [first + timedelta(days=n) for n in range((next_month(first) - first).days)]


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def planned_month(team: str, month: date) -> Decimal:
    """Planned EffectiveCost of the team in the month, without noise, runaway jobs and restatements; its currency."""
    lines = [line for provider in SERVICES for line in usage_lines(provider) if line.team == team]
    usage = sum((planned_day(line, day) for day in days_of(month) for line in lines), Decimal(0))
    return usage + sum((fee.amount for fee in FEES if fee.team == team), Decimal(0))


def write_budgets(path: Path, company: Company, first_month: date, last_month: date) -> None:
    """Write the budgets of every month from `first_month` to `last_month`, both included, as CSV.

    Columns team, month (YYYY-MM), amount (in the team's currency, to the nearest 100), currency; one row per team and
    month. A budget is the month's planned spend over (1 + the team's ratio), so a team keeps its tier in every month.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("team", "month", "amount", "currency"))
        month = first_month.replace(day=1)
        while month <= last_month:
            for team in company.teams:
                if team.ratio is not None:
                    amount = planned_month(team.slug, month) / (1 + team.ratio) if team.ratio > -1 else _LOYALTY_BUDGET
                    hundreds = (amount / 100).quantize(Decimal(1)) * 100
                    writer.writerow((team.slug, f"{month:%Y-%m}", f"{hundreds:.2f}", team.currency))
            month = next_month(month)
