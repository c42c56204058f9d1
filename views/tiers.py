"""A tier in words: a sign and a word, the direction, and who must do what."""

from __future__ import annotations

from collections.abc import Sequence
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


def called(tier: Tier, under: bool = False) -> str:
    """The roles that a tier calls: 'FinOps, Finance and the engineering lead'.

    Args:
        under: on underspend.
    """
    return listed([ROLES[role] for role in (tier.who_under if under else tier.who)])


def listed(names: Sequence[str]) -> str:
    """'Ada', 'Ada and Bob', 'Ada, Bob and Cleo'."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def within(working_days: int | None) -> str:
    """'within 5 working days', 'within 2 weeks' (of five working days each); empty for no date."""
    if working_days is None:
        return ""
    if not working_days:
        return "on the same working day"
    weeks, rest = divmod(working_days, 5)
    if weeks > 1 and not rest:
        return f"within {weeks} weeks"
    return f"within {working_days} working {'day' if working_days == 1 else 'days'}"


def duty(tier: Tier, variance: Decimal | None) -> str:
    """Who must do what by when, as a sentence for mrkdwn: 'FinOps and Finance: find the driver within 5 working days.'

    Args:
        variance: what the tier judges; underspend has the milder duty, which no date is set for.
    """
    under = variance is not None and variance < 0
    what = escape(tier.duty_under if under else tier.duty, 400)
    when = "" if under else within(tier.due)
    if when:
        what = f"{what.rstrip('.')} {when}"
    who = called(tier, under)
    sentence = f"{who[:1].upper()}{who[1:]}: {what}" if who else f"{what[:1].upper()}{what[1:]}"
    return sentence if sentence.endswith(".") else sentence + "."
