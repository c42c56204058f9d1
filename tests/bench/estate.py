"""The made-up estate behind the bill: which resources there are, whose they are, and what they cost an hour."""

from __future__ import annotations

import json
from random import Random

import pyarrow as pa

SUB_ACCOUNTS, TEAMS_PER_SUB_ACCOUNT = 2_000, 5
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-1", "sa-east-1")
ENVIRONMENTS = ("production", "production", "production", "staging", "development")
SERVICES = tuple(
    (f"{area} {kind}", area)
    for area in ("Compute", "Storage", "Databases", "Networking", "Analytics", "Messaging")
    for kind in (
        "Standard",
        "Premium",
        "Serverless",
        "Managed",
        "Gateway",
        "Cache",
        "Backup",
        "Transfer",
        "Edge",
        "Logs",
    )
)
"""60 services as (ServiceName, ServiceCategory)."""
ALWAYS_ON, OFFICE_HOURS = 0.4, range(8, 18)
"""Share of resources that run around the clock, two of five; the rest run on weekdays at these hours."""
COMMITTED = 0.3
"""Share of resources under a commitment: BilledCost 0, EffectiveCost 70 % of the list."""
UNTAGGED = 0.02
"""Share of resources without tags, so that some spend is unallocated."""


def team_name(number: int) -> str:
    """The tag's value, which is the team's slug too."""
    return f"team-{number:05d}"


def resources(count: int, teams: int, seed: int) -> pa.Table:
    """One row a resource: every team has at least one, the first ones have many, and each uses 1 to 4 services.

    Args:
        count: of resources, not less than `teams`.
        teams: of teams.
        seed: the same one gives the same estate.
    """
    random = Random(seed)
    sub_accounts = max(1, min(SUB_ACCOUNTS, teams // TEAMS_PER_SUB_ACCOUNT))
    used = [random.sample(range(len(SERVICES)), random.randint(1, 4)) for _ in range(teams)]
    home = [random.randrange(len(REGIONS)) for _ in range(teams)]
    rows = []
    for number in range(count):
        team = number if number < teams else int(teams * random.random() ** 2)
        service, category = SERVICES[random.choice(used[team])]
        sub_account = (team + random.choice((0, 0, 0, 1))) % sub_accounts
        region = REGIONS[home[team] if random.random() < 0.8 else random.randrange(len(REGIONS))]
        tags = {
            "team": team_name(team),
            "environment": random.choice(ENVIRONMENTS),
            "component": f"component-{number % 97:02d}",
        }
        rows.append(
            {
                "number": number,
                "resource": f"arn:aws:x:{region}:{sub_account:012d}:resource/{random.getrandbits(64):016x}",
                "service": service,
                "category": category,
                "sub_account": f"{100_000_000_000 + sub_account}",
                "sub_account_name": f"account-{sub_account:04d}",
                "region": region,
                "tags": json.dumps(tags) if random.random() >= UNTAGGED else None,
                "always_on": number % 5 in (1, 2),
                "committed": random.random() < COMMITTED,
                "price": int(random.lognormvariate(0, 1.2) * 5e8),
            }
        )
    return pa.Table.from_pylist(rows)
