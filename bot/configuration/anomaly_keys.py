"""The keys of finops.yaml that say what counts as an anomaly."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from bot.configuration.policy_keys import Keys
from bot.configuration.values import Currency, Fraction
from finops.anomaly_rules import AnomalyRules, TeamAnomalies

RULES = AnomalyRules()


class TeamAnomalyKeys(Keys):
    """`anomalies:` of a team."""

    mode: Literal["live", "shadow", "off"] | None = None
    """its own, instead of the company's; so the following"""
    amount: Decimal | None = Field(default=None, ge=0)
    """in the currency of what is billed, whichever it is"""
    ratio: Fraction | None = Field(default=None, ge=0, le=10)
    """share of the expected cost, `25 %` or 0.25, 10 at most"""
    score: Decimal | None = Field(default=None, ge=1, le=100)
    """distance from the expected cost"""

    def value(self) -> TeamAnomalies:
        """As the company has it."""
        return TeamAnomalies(self.mode, self.amount, self.ratio, self.score)


class AnomalyKeys(Keys):
    """`anomalies:`."""

    mode: Literal["live", "shadow", "off"] = "live"
    """`shadow` finds and records anomalies and pings nobody, `off` looks for none and withdraws what is open"""
    amount: Decimal = Field(default=RULES.amount, ge=0)
    """least cost over what was expected, all days of the anomaly together, in every currency that `amounts` lacks"""
    amounts: dict[Currency, Annotated[Decimal, Field(ge=0)]] = Field(default_factory=dict)
    """currency → least amount in it, `{JPY: 15000}`"""
    ratio: Fraction = Field(default=RULES.ratio, ge=0, le=10)
    """least share of the expected cost that it is above it on its first day, `25 %` or 0.25, 10 at most"""
    score: Decimal = Field(default=RULES.score, ge=1, le=100)
    """least distance of its first day from the expected cost, in units of what is ordinary for that service; higher \
for fewer anomalies"""
    review_after: int = Field(default=RULES.review_after, ge=1, le=60)
    """working days after an investigated anomaly is over until its cost review is asked for"""

    def value(self) -> AnomalyRules:
        """As the company has it."""
        return AnomalyRules(self.mode, self.amount, self.ratio, self.score, dict(self.amounts), self.review_after)
