"""Direct messages to those the ladder calls, and the digest of the calls that a full week held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from finops.alert import Action, Alert, AlertKey, Callee, Event, Status
from finops.company import Team
from finops.freeze import Freeze
from finops.freeze_decision import is_undecided
from finops.policy import Policy, Role
from views import blocks
from views.alert import ACKNOWLEDGE, DRIVERS, decide_button
from views.alert_words import answer_wanted, lead, to_do
from views.amounts import days, month_name
from views.fit import message
from views.freeze_words import ICE, decision
from views.message import Block, Message
from views.people import AS, callee, person, some
from views.sentences import called_by
from views.text import escape, literal
from views.time import day

SHOW = "alerts_show"
"""action_id; the value is the alert's key."""
MOST = 15
"""Most alerts that one direct message names, and most calls that a digest lists."""
KINDS = {"threshold": "budget used", "forecast": "forecast", "closed": "closed month"}


@dataclass(frozen=True)
class Call:
    """Somebody is called for an alert.

    Attributes:
        alert: as it is after the event.
        callee: whom this call reaches.
    """

    alert: Alert
    event: Event
    callee: Callee
    team: Team
    policy: Policy
    freeze: Freeze | None = None


@dataclass(frozen=True, slots=True)
class FoldedCall:
    """A call that was not made, because the team's week was full.

    Attributes:
        tier: the rung as it was recorded.
        people: who would have been called.
    """

    at: datetime
    key: AlertKey
    action: str
    tier: str
    people: tuple[Callee, ...]


def call_message(calls: Sequence[Call], names: Mapping[str, str], now: datetime) -> Message:
    """What one person is told directly: why they are called, the finding, and what to do by when.

    Args:
        calls: all to the same person, at least one.
    """
    by_alert: dict[AlertKey, list[Call]] = {}
    for call in calls:
        by_alert.setdefault(call.alert.key, []).append(call)
    if len(by_alert) == 1:
        return _single(calls, names, now)
    first = f"*You are called for {len(by_alert):,} alerts:*"
    body: list[Block] = [blocks.section(first)]
    said = []
    for of_one in list(by_alert.values())[:MOST]:
        text = "\n".join(_lines(of_one, names, now))
        body.append(blocks.section(text, accessory=blocks.button("Show", SHOW, str(of_one[0].alert.key))))
        said.append(text)
    left = len(by_alert) - MOST
    more = f"… and {left:,} more: `/finops alerts` shows them." if left > 0 else ""
    body += [blocks.section(more)] if more else []
    return message("\n\n".join(part for part in (first, *said, more) if part), body)


def _single(calls: Sequence[Call], names: Mapping[str, str], now: datetime) -> Message:
    call = calls[0]
    text = "\n".join(_lines(calls, names, now))
    buttons = [blocks.button("Drivers", DRIVERS, str(call.alert.key))]
    if call.alert.status(now) is Status.OPEN:
        buttons.insert(0, blocks.button("Acknowledge", ACKNOWLEDGE, str(call.alert.key), style="primary"))
    undecided = is_undecided(call.alert, [call.freeze] if call.freeze else [], call.policy)
    if undecided and call.callee.role is Role.EXECUTIVE_SPONSOR:
        buttons.append(decide_button(call.alert))
    return message(text, [*blocks.paragraphs(text), blocks.actions(*buttons)])


def _lines(calls: Sequence[Call], names: Mapping[str, str], now: datetime) -> list[str]:
    """One alert's part: the finding, why this person, what to do by when, and what silence does."""
    alert, team, policy = calls[0].alert, calls[0].team, calls[0].policy
    why = " ".join(dict.fromkeys(_why(call, names) for call in calls))
    lines = [lead(alert, team, policy), why, to_do(alert, policy, now)]
    lines.append(f"{ICE} {decision(calls[0].freeze, names)}" if calls[0].freeze else "")
    lines.append(answer_wanted(alert) if alert.status(now) is Status.OPEN else "")
    return [line for line in lines if line]


def _why(call: Call, names: Mapping[str, str]) -> str:
    role, action, away = AS[call.callee.role], call.event.action, call.callee.stands_in_for
    if away:
        role += f", in place of {person(away, names)}, who is on leave"
    if action is Action.ESCALATED:
        return f"Nobody has acknowledged it in time, so you are called next, as {role}."
    if action is Action.CALLED:
        return f"You are called as {role}."
    if action is Action.EXPIRED:
        return "Its acknowledgement has expired: if you work on it, acknowledge it again."
    if action is Action.OVERDUE:
        return f"You are reminded as {role}: what was to be done is overdue."
    return f"You are called as {role}."


def digest_message(
    team: Team, monday: date, folded: Sequence[FoldedCall], policy: Policy, names: Mapping[str, str]
) -> Message:
    """The week's calls that were not made, one line each; it pings nobody.

    Args:
        monday: the first day of the ISO week.
        folded: oldest first.
    """
    number = len(folded)
    noun = "call was" if number == 1 else "calls were"
    week = days(monday, monday + timedelta(days=6))
    first = (
        f":inbox_tray: *{escape(called_by(team))}*, week of {week}: {number:,} {noun} not made, because the week's "
        f"{policy.rules.most_pings:,} were used up."
    )
    lines = [_folded(call, policy, names) for call in folded[-MOST:]]
    if number > MOST:
        lines.insert(0, f"• … and {number - MOST:,} earlier ones.")
    last = f"`/finops alerts {literal(team.slug, 200)}` shows where they stand."
    text = "\n".join((first, *lines))
    return message(f"{text}\n{last}", [*blocks.paragraphs(text), blocks.context(last)])


def _folded(call: FoldedCall, policy: Policy, names: Mapping[str, str]) -> str:
    who = some([callee(each, names, pings=False) for each in call.people])
    what = f"{month_name(call.key.month)}, {KINDS[call.key.kind]}, {escape(call.key.currency, 20)}"
    on = day(policy.calendar.day_of(call.at))
    return f"• {on}: *{escape(call.tier, 60)}*, {escape(call.action, 40)} ({what}) — {who}"
