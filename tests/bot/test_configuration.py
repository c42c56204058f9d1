"""finops.yaml: what is taken, and what is refused with file, line and column."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.configuration import load_company
from bot.demo.company import config_text
from finops.errors import ConfigurationRefused
from finops.policy import LADDER, Role


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("teams:\n  - slug: a\n    nme: x\n", "3:5: teams.0.nme: is not a key that exists; did you mean name?"),
        ("basis: foo\n", "1:1: basis: Input should be 'effective', 'billed' or 'usage-billed'."),
        ("a: 1\na: 2\n", "2:1: 'a' stands twice."),
        ("teams: [{slug: a}, {slug: a}]", "1:20: team 'a' stands twice."),
        ("teams: [{slug: unallocated}]", "1:9: team 'unallocated' is the name of what no team owns."),
        ("teams: {x: [", "not YAML"),
        ("timezone: Mars/Olympus", "1:1: timezone: 'Mars/Olympus' is not an IANA time zone"),
        ("schedules: {daily_summary: '25:00'}", "1:13: schedules.daily_summary: '25:00' is not a schedule; write"),
        ("teams_from: {tag: a, column: SubAccountId}", "teams_from takes either `tag` or `column`"),
        ("teams: [{slug: a, scope: {any: [{}]}}]", "a rule must name a sub_account_id"),
        ("tiers: [{name: note, above: 0.05}]", "tiers begin with `above: 0`"),
        ("roles: {boss: [a]}", "roles.boss"),
        ("- just a list", "Input should be a valid dictionary"),
        ("materiality: {amount: -1}", "materiality.amount"),
        ("currency: usd", "currency: 'usd' is not an ISO 4217 currency code such as USD."),
    ],
)
def test_mistakes_are_named_by_their_place(tmp_path: Path, text: str, reason: str) -> None:
    """Every mistake is refused, and the refusal says where it stands."""
    path = tmp_path / "finops.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationRefused) as refused:
        load_company(path)
    assert str(path) in str(refused.value)
    assert reason in str(refused.value)


def test_what_a_configuration_says(tmp_path: Path) -> None:
    """Percentages, single values for lists, leading zeros, own tiers and materiality are read as meant."""
    path = tmp_path / "finops.yaml"
    path.write_text(
        """
teams:
  - slug: a
    materiality: {amount: 100, ratio: 5 %, rule: or}
    scope: {any: [{sub_account_id: 0123}, {tag: {team: [x, y]}, provider: AWS}]}
teams_from: {column: SubAccountId, channel: "#cost-{slug}"}
roles: {finops: "@finops"}
tiers:
  - {name: calm, above: 0, who: [finops], duty: none}
  - {name: loud, above: 7.5 %, who: [owner, finance], duty: explain}
"""
    )
    company = load_company(path)
    [team] = company.teams
    assert team.scope[0].sub_account_id == ("0123",)
    assert dict(team.scope[1].tag) == {"team": ("x", "y")}
    assert team.materiality is not None
    assert (team.materiality.amount, team.materiality.ratio, team.materiality.both) == (100, Decimal("0.05"), False)
    assert [(tier.name, tier.above, tier.who) for tier in company.ladder] == [
        ("calm", Decimal(0), (Role.FINOPS,)),
        ("loud", Decimal("0.075"), (Role.OWNER, Role.FINANCE)),
    ]
    assert company.roles == {Role.FINOPS: ("@finops",)}


def test_an_empty_file_is_a_company_without_teams(tmp_path: Path) -> None:
    """Everything has a default."""
    path = tmp_path / "finops.yaml"
    path.write_text("")
    company = load_company(path)
    assert (company.teams, company.ladder, company.currency, company.basis) == ((), LADDER, "USD", "effective")


def test_the_demos_configuration_is_read(tmp_path: Path) -> None:
    """The commented configuration that the demo writes is one that is taken."""
    path = tmp_path / "finops.yaml"
    path.write_text(config_text())
    assert len(load_company(path).teams) == 9


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """No configuration is a refusal that names the way out."""
    with pytest.raises(ConfigurationRefused, match="--config"):
        load_company(tmp_path / "none.yaml")
