"""The chance of a month to end over the edges of the ladder, in words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.alert import Alert
from finops.chance import HELD
from finops.money import EXACT, ZERO, plain
from finops.policy import LADDER, Kind, Policy, Tier
from finops.team_month import TeamMonth
from views.amounts import percent, share
from views.text import escape

LEAST = Decimal("0.01")
"""Below it, and as near to certainty, a chance is told no finer: no forecast knows."""


def chance(part: Decimal, ladder: Sequence[Tier] = ()) -> str:
    """'82 %', 'at most 1 %', 'at least 99 %'; '0 %' and '100 %' only of what is known to the end.

    Args:
        ladder: whose chances a figure beside them must not be rounded onto.
    """
    if part in (ZERO, 1):
        return f"{plain(part * 100)} %"
    if part <= LEAST:
        return f"at most {share(LEAST)}"
    if part >= 1 - LEAST:
        return f"at least {share(1 - LEAST)}"
    return share(part, [tier.chance for tier in ladder if tier.chance is not None])


def chances_of(month: TeamMonth, ladder: Sequence[Tier] = LADDER) -> str:
    """'97 % over budget, 82 % more than 5 % over, 41 % more than 10 % over'; empty where there is no forecast.

    Edges beyond the first that is hardly ever passed are left out. Of a month expected to end under its budget on a
    step of the ladder, the chance of ending under the step's edge is added.
    """
    found = [(edge, month.chance_over(edge)) for edge in (ZERO, *(tier.above for tier in ladder[1:]))]
    said = []
    for edge, part in found:
        if part is None:
            return ""
        said.append(f"{chance(part, ladder)} {_beyond(edge, 'over')}")
        if part <= LEAST:
            break
    variance, tier = month.reading_variance, month.tier
    if tier is not None and tier.above > 0 and variance is not None and variance < 0:
        under = month.chance_under(tier.above)
        said += [f"{chance(under, ladder)} {_beyond(tier.above, 'under')}"] if under is not None else []
    return ", ".join(said)


def _beyond(edge: Decimal, side: str) -> str:
    """'over budget', 'more than 10 % over'."""
    return f"more than {percent(edge)} {side}" if edge else f"{side} budget"


def chance_of_alert(alert: Alert, policy: Policy) -> str:
    """'82 % chance of ending more than 10 % over: *formal* begins at 70 %.'; empty for what no forecast has raised.

    Where steps of the ladder begin at a chance, it says which of both the alert stands on its step by.
    """
    reading, step = alert.reading, abs(alert.step)
    if not step or alert.concluded or alert.key.kind is not Kind.FORECAST or step > len(reading.chances):
        return ""
    tier = policy.ladder[min(step, len(policy.ladder) - 1)]
    part, name = reading.chances[step - 1], f"*{escape(tier.name, 40)}*"
    said = f"{_began(chance(part, policy.ladder))} chance of ending {_beyond(tier.above, _side(alert))}"
    if tier.chance is None:
        by_amount = any(each.chance is not None for each in policy.ladder)
        return f"{said}; {name} goes by the expected amount." if by_amount else f"{said}."
    if part < tier.chance:
        left = percent(EXACT.multiply(HELD, tier.chance))
        return f"{said}: {name} began at {percent(tier.chance)} and stands until that is under {left}."
    return f"{said}: {name} begins at {percent(tier.chance)}."


def _side(alert: Alert) -> str:
    return "over" if alert.step > 0 else "under"


def _began(text: str) -> str:
    return text[:1].upper() + text[1:]
