"""The made-up company: who works there, and the finops.yaml and budgets it hands to the bot."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo.company import COMPANY, config_text
from bot.demo.plan import planned_month, usage_lines, write_budgets


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    """finops.yaml as a reader parses it."""
    parsed: dict[str, Any] = yaml.safe_load(config_text(COMPANY))
    return parsed


def test_the_config_has_the_fixed_shape(config: dict[str, Any]) -> None:
    """finops.yaml parses to the agreed keys, with one source per provider and times as text."""
    assert list(config) == [
        "company",
        "timezone",
        "currency",
        "basis",
        "roles",
        "teams",
        "sources",
        "report",
        "schedules",
    ]
    assert (config["timezone"], config["currency"], config["basis"]) == ("Europe/Berlin", "USD", "effective")
    assert config["sources"] == {name: {"path": f"bills/{name}"} for name in ("aws", "azure", "gcp")}
    assert config["schedules"] == {"ingest_billing": "07:00", "daily_summary": "08:30"}
    assert set(config["roles"]) == {"finops", "finance", "executive_sponsor"}
    keys = {"slug", "name", "channel", "owners", "engineering_lead", "currency", "scope"}
    assert all(set(team) == keys for team in config["teams"])


def test_everyone_named_exists(config: dict[str, Any]) -> None:
    """Every address and group in the config, and every member of a channel or group, is one of the company."""
    addresses = {person["email"] for person in COMPANY.people}
    names = {person["name"] for person in COMPANY.people}
    for team in config["teams"]:
        assert {*team["owners"], team["engineering_lead"]} <= addresses
    for members in config["roles"].values():
        assert all(member in addresses or member.removeprefix("@") in COMPANY.user_groups for member in members)
    for members in (*COMPANY.channels.values(), *COMPANY.user_groups.values()):
        assert set(members) <= names


def test_every_team_has_its_channel(config: dict[str, Any]) -> None:
    """Each team's channel is in the workspace, its owners and lead are members, and there are two common channels."""
    for team in COMPANY.teams:
        assert {*team.owners, team.engineering_lead} <= set(COMPANY.channels[team.channel])
    wanted = {team["channel"].removeprefix("#") for team in config["teams"]}
    assert set(COMPANY.channels) == wanted | {"finops", "general"}


def test_scopes_are_a_mix_that_keeps_ids_as_text(config: dict[str, Any]) -> None:
    """All five kinds of rule are used, ids stay strings, and one name belongs to sub-accounts of two teams."""
    entries = [entry for team in config["teams"] for entry in team["scope"]["any"]]
    kinds = {key for entry in entries for key in entry}
    assert kinds == {"sub_account_id", "sub_account_name", "tag", "service", "provider"}
    ids = [value for entry in entries for value in entry.get("sub_account_id", [])]
    assert all(isinstance(value, str) and len(value) == 12 for value in ids)
    staging = {(line.team, line.sub_account_id) for line in usage_lines("aws") if line.sub_account_name == "staging"}
    assert len(staging) == 2 == len({team for team, _ in staging})


def test_budgets_follow_the_plan(tmp_path: Path) -> None:
    """Every budgeted team has one amount a month, its planned spend over 1 + ratio, to the nearest hundred."""
    write_budgets(tmp_path / "one.csv", COMPANY, date(2026, 1, 1), date(2027, 2, 14))
    write_budgets(tmp_path / "two.csv", COMPANY, date(2026, 1, 31), date(2027, 2, 28))
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    with (tmp_path / "one.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["team", "month", "amount", "currency"]
    budgeted = {team.slug: team for team in COMPANY.teams if team.ratio is not None}
    assert "sandbox-lab" not in budgeted
    assert {(row["team"], row["currency"]) for row in rows} == {(slug, t.currency) for slug, t in budgeted.items()}
    assert len(rows) == 14 * len(budgeted)
    for row in rows:
        team, month = budgeted[row["team"]], date.fromisoformat(row["month"] + "-01")
        if team.slug == "loyalty":
            assert planned_month(team.slug, month) == 0 < Decimal(row["amount"])
        else:
            exact = planned_month(team.slug, month) / (1 + (team.ratio or 0))
            assert abs(Decimal(row["amount"]) - exact) <= 50
