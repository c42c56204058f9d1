"""What counts as an anomaly in which team, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from finops.anomaly_found import Minimums


@dataclass(frozen=True, slots=True)
class TeamAnomalies:
    """What a team has of its own instead of the company's rules, None where it has nothing.

    Attributes:
        mode: 'live', 'shadow' or 'off'.
        amount: in the team's currency.
    """

    mode: str | None = None
    amount: Decimal | None = None
    ratio: Decimal | None = None
    score: Decimal | None = None


@dataclass(frozen=True)
class AnomalyRules:
    """When a cost is an anomaly, and what follows.

    Attributes:
        mode: 'live', 'shadow' (found and recorded, nobody is pinged) or 'off'.
        amount, ratio, score: what it reaches at least, see Minimums; the amount in every currency not named below.
        amounts: currency → least amount in it.
        review_after: working days after an investigated anomaly is over until its cost review is asked for.
    """

    mode: str = "live"
    amount: Decimal = Decimal(100)
    ratio: Decimal = Decimal("0.25")
    score: Decimal = Decimal(4)
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    review_after: int = 5

    def mode_of(self, own: TeamAnomalies | None) -> str:
        """Whether a team's anomalies are found, and told."""
        return own.mode if own and own.mode is not None else self.mode

    def minimums(self, own: TeamAnomalies | None, currency: str) -> Minimums:
        """What an anomaly of a team's series in a currency reaches at least."""
        own = own or TeamAnomalies()
        amount = self.amounts.get(currency, self.amount)
        return Minimums(
            amount if own.amount is None else own.amount,
            self.ratio if own.ratio is None else own.ratio,
            self.score if own.score is None else own.score,
        )
