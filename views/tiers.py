"""A tier in words: a sign and a word, the direction, and who must do what."""

from __future__ import annotations

from decimal import Decimal

from finops.policy import Role, Tier
from views.text import escape

ROLES = {
    Role.OWNER: "the owners",
    Role.ENGINEERING_LEAD: "the engineering lead",
    Role.FINOPS: "FinOps",
    Role.FINANCE: "Finance",
    Role.EXECUTIVE_SPONSOR: "the executive sponsor",
}
# By where a step begins and not by its name, because the policy in the config may name its steps as it likes.
_SIGNS = (
    (Decimal(0), ":white_check_mark:"),
    (Decimal("0.05"), ":warning:"),
    (Decimal("0.10"), ":large_orange_circle:"),
)
_HIGHEST = ":rotating_light:"
UNDER = ":arrow_down:"
NO_TIER = ":white_circle:"


def direction(variance: Decimal) -> str:
    """'over', 'under' or 'on' budget."""
    return "over" if variance > 0 else "under" if variance < 0 else "on"


def sign(tier: Tier | None, variance: Decimal | None = None) -> str:
    """The emoji of a tier, as a Slack short name; never shown without the word.

    Args:
        variance: what the tier judges, whose sign tells overspend from underspend.
    """
    if tier is None:
        return NO_TIER
    if tier.above > 0 and variance is not None and variance < 0:
        return UNDER
    return next((emoji for most, emoji in _SIGNS if tier.above <= most), _HIGHEST)


def word(tier: Tier | None, variance: Decimal | None = None) -> str:
    """The tier's name for mrkdwn: 'investigate', 'investigate (under)', 'no tier'."""
    if tier is None:
        return "no tier"
    under = tier.above > 0 and variance is not None and variance < 0
    return escape(tier.name, 40) + (" (under)" if under else "")


def called(tier: Tier) -> str:
    """The roles that a tier calls: 'FinOps, Finance and the engineering lead'."""
    names = [ROLES[role] for role in tier.who]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def duty(tier: Tier, variance: Decimal | None) -> str:
    """Who must do what, as a sentence for mrkdwn: 'FinOps and the engineering lead: find the driver …'."""
    what = tier.duty_under if variance is not None and variance < 0 else tier.duty
    who = called(tier)
    sentence = f"{who[:1].upper()}{who[1:]}: {escape(what, 400)}" if who else escape(what, 400).capitalize()
    return sentence if sentence.endswith(".") else sentence + "."
