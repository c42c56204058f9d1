"""Whatever a small FOCUS bill holds, its figures are those that Python's own arithmetic gives."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from finops import focus
from finops.basis import Basis
from finops.company import Company, DerivedTeams, Team
from finops.scope import Derived, Rule
from storage.state import State
from tests.databases import state_url
from tests.storage.bills import ADDING, Place, charge, summed, write_csv, write_parquet

COMPANY = Company(
    teams=(
        Team(slug="listed", name="Listed", scope=(Rule(sub_account_id=("1",), provider=("AWS",)),)),
        Team(slug="tagged", name="Tagged", scope=(Rule(tag={"ENV": ("prod",)}),)),
    ),
    derived_teams=DerivedTeams(Derived(tag="Team"), ""),
)
amounts = st.decimals(min_value=-(10**15), max_value=10**15, places=18) | st.sampled_from([Decimal(0), Decimal("1E+3")])
words = st.sampled_from(["", "EC2", "S3, big", 'a "b"', "line\nend", "Ünï 🚀", "x" * 300])
tags = st.dictionaries(
    st.sampled_from(["team", "Team ", "T EAM", "env", "other"]),
    st.sampled_from(["web", "prod", "Big Data", "", "a/b", "'; DROP TABLE"]),
    max_size=2,
)
charges = st.builds(
    charge,
    BilledCost=amounts,
    EffectiveCost=amounts,
    BillingCurrency=st.sampled_from(["USD", "EUR", "JPY"]),
    BillingPeriodStart=st.sampled_from(["2024-09-01T00:00:00Z", "2024-10-01T00:00:00Z"]),
    ChargePeriodStart=st.datetimes(datetime(2024, 8, 31), datetime(2024, 10, 31)).map(
        lambda moment: moment.replace(tzinfo=UTC).isoformat()
    ),
    ChargeCategory=st.sampled_from(focus.CHARGE_CATEGORIES),
    ProviderName=st.sampled_from(["AWS", "Microsoft", ""]),
    ServiceName=words,
    SubAccountId=st.sampled_from(["1", "2", ""]),
    SubAccountName=words,
    Tags=tags.map(json.dumps) | st.just(""),
)


def team(row: dict[str, Any]) -> str:
    """The team of a row by COMPANY's scopes, found the plain way."""
    if row["SubAccountId"] == "1" and row["ProviderName"] == "AWS":
        return "listed"
    found: dict[str, str] = {}
    for key, value in json.loads(row["Tags"] or "{}").items():
        plain = key.replace(" ", "").lower()
        if found.get(plain, "true") == "true":
            found[plain] = value or "true"
    if found.get("env") == "prod":
        return "tagged"
    names = {"Big Data": "big-data", "a/b": "a-b", "'; DROP TABLE": "drop-table"}
    return names.get(found.get("team", "unallocated"), found.get("team", "unallocated"))


def written(folder: Path, rows: list[dict[str, Any]]) -> list[Path]:
    """The rows as CSV, CSV.gz and two kinds of Parquet."""
    decimal, moment = pyarrow.decimal128(38, 18), pyarrow.timestamp("us", "UTC")
    typed = [
        {
            **row,
            "ChargePeriodStart": datetime.fromisoformat(row["ChargePeriodStart"]),
            "Tags": list(json.loads(row["Tags"]).items()) if row["Tags"] else None,
        }
        for row in rows
    ]
    types = {"BilledCost": decimal, "EffectiveCost": decimal, "ChargePeriodStart": moment}
    types["Tags"] = pyarrow.map_(pyarrow.string(), pyarrow.string())
    texts = [{name: str(value) for name, value in row.items()} for row in rows]
    return [
        write_csv(folder / "a.csv", rows),
        write_csv(folder / "b.csv.gz", rows, lineterminator="\r\n"),
        write_parquet(folder / "c.parquet", texts),
        write_parquet(folder / "d.parquet", typed, types),
    ]


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(rows=st.lists(charges, min_size=1, max_size=20))
def test_every_bill_adds_up_in_every_form(rows: list[dict[str, Any]]) -> None:
    """Sums by team, provider, day and currency in each basis equal Python's, and daily_spend adds up to the ledger."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state = State(state_url(folder))
        place = Place(folder, state, COMPANY)
        for path in written(folder, rows):
            place.ingest(path, export="bill-" + path.name[0])

        def key(row: dict[str, Any]) -> tuple[Any, ...]:
            day = datetime.fromisoformat(row["ChargePeriodStart"]).date()
            return team(row), row["ProviderName"] or None, day, row["BillingCurrency"]

        for basis in Basis:
            expected = summed(rows, key, basis)
            found = place.totals("export", "team", "provider", "day", basis=basis)
            assert found == {(f"bill-{form}", *group): cost for form in "abcd" for group, cost in expected.items()}
            served = {(t, p or None, d, c): cost for (t, p, d, c), cost in place.served(basis).items()}
            assert served == {group: ADDING.multiply(cost, Decimal(4)) for group, cost in expected.items()}
        state.close()
