from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.configuration import load_company
from finops.anomaly_found import Minimums
from finops.anomaly_rules import AnomalyRules, TeamAnomalies
from finops.errors import ConfigurationRefused


def test_a_team_may_have_minimums_of_its_own(tmp_path: Path) -> None:
    """What a team names replaces the company's; the amount of a currency holds for teams that name none."""
    path = tmp_path / "finops.yaml"
    path.write_text(
        "anomalies: {amount: 50, amounts: {JPY: 15000}, ratio: 30 %, score: 5, review_after: 3}\n"
        "teams:\n- slug: payments\n  anomalies: {amount: 10, ratio: 50 %}\n- slug: labs\n  anomalies: {mode: off}\n"
    )
    company = load_company(path)
    rules, (payments, labs) = company.anomalies, company.teams
    assert rules == AnomalyRules("live", Decimal(50), Decimal("0.3"), Decimal(5), {"JPY": Decimal(15000)}, 3)
    assert payments.anomalies == TeamAnomalies(amount=Decimal(10), ratio=Decimal("0.5"))
    assert rules.minimums(None, "JPY") == Minimums(Decimal(15000), Decimal("0.3"), Decimal(5))
    assert rules.minimums(payments.anomalies, "JPY") == Minimums(Decimal(10), Decimal("0.5"), Decimal(5))
    assert (rules.mode_of(None), rules.mode_of(payments.anomalies), rules.mode_of(labs.anomalies)) == (
        "live",
        "live",
        "off",
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("anomalies: {score: 0}", "anomalies.score"),
        ("anomalies: {ratio: much}", "anomalies.ratio"),
        ("anomalies: {amounts: {yen: 5}}", "anomalies.amounts.yen"),
        ("anomalies: {amounts: {JPY: -5}}", "anomalies.amounts.JPY"),
        ("anomalies: {ratio: 25}", "anomalies.ratio.*less than or equal to 10"),
        ("anomalies: {ratio: -1}", "anomalies.ratio"),
        ("teams: [{slug: payments, anomalies: {ratio: .inf}}]", "teams.0.anomalies.ratio"),
        ("anomalies: {mode: loud}", "anomalies.mode"),
        ("teams: [{slug: payments, anomalies: {amount: -1}}]", "teams.0.anomalies.amount"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, place: str) -> None:
    """A value that is none is refused by its place."""
    path = tmp_path / "finops.yaml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigurationRefused, match=place):
        load_company(path)
