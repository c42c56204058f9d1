"""A freeze in lines: what is frozen until when, by whom and why, and its exceptions."""

from __future__ import annotations

from collections.abc import Mapping

from finops.freeze import LONGEST, Freeze, FreezeException, FreezeStatus
from views.alert_words import quoted
from views.amounts import long_day
from views.people import person
from views.text import escape
from views.time import moment

ICE = ":snowflake:"
MOST = 5
"""Most exceptions that are listed; the others are counted."""


def freeze_lines(freeze: Freeze, names: Mapping[str, str]) -> list[str]:
    """The decision and, while it is in force, its exceptions; one line of mrkdwn each."""
    lines = [f"{ICE} {decision(freeze, names)}"]
    if freeze.status is not FreezeStatus.IN_FORCE:
        return lines
    held = [each for each in freeze.exceptions if each.waits or each.holds]
    lines += [f"• {exception(each, names)}" for each in held[:MOST]]
    return lines + ([f"• … and {len(held) - MOST:,} more exceptions."] if len(held) > MOST else [])


def decision(freeze: Freeze, names: Mapping[str, str]) -> str:
    """'*Freeze in force* until Mon 30 Nov, decided by Eva: new GPU capacity — “until the plan is approved”.'"""
    by, why = person(freeze.decided_by, names), quoted(freeze.why)
    what = escape(freeze.what, LONGEST)
    if freeze.status is FreezeStatus.DECLINED:
        return f"*No freeze*, decided by {by}: {why}."
    if freeze.status is FreezeStatus.IN_FORCE:
        until = f" until {long_day(freeze.until)}" if freeze.until else ""
        return f"*Freeze in force*{until}, decided by {by}: {what} — {why}."
    at = f" {moment(freeze.ended_at)}" if freeze.ended_at else ""
    if freeze.status is FreezeStatus.LIFTED:
        return f"*Freeze lifted* by {person(freeze.ended_by, names)}{at}: {what}."
    last = f", its last day was {long_day(freeze.until)}" if freeze.until else ""
    return f"*Freeze over*{last}: {what}."


def exception(asked: FreezeException, names: Mapping[str, str]) -> str:
    """'Exception 1, granted by Eva, until Fri 20 Nov: the release — “customers wait”, asked by Bob.'"""
    if asked.answered_by:
        state = f"{'granted' if asked.granted else 'refused'} by {person(asked.answered_by, names)}"
    else:
        state = "answered by nobody" if asked.ended_at else "waiting for an answer"
    over = " and over" if asked.ended_at else ""
    return (
        f"Exception {asked.number}, {state}, until {long_day(asked.until)}{over}: {escape(asked.what, LONGEST)} — "
        f"{quoted(asked.why)}, asked by {person(asked.asked_by, names)}."
    )
