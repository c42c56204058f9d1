"""The answer to `/finops alerts`: what is open, how it stands, and what is frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from finops.alert import Alert, Status
from finops.company import Team
from finops.freeze import Freeze
from finops.policy import Kind, Policy
from views import blocks
from views.alert_calls import SHOW
from views.alert_words import due_words, lead, quoted, roles_called, rung, state_word
from views.fit import lines_that_fit, message
from views.freeze_words import ICE, decision
from views.message import Block, Message
from views.people import person
from views.sentences import called_by, withheld_of
from views.text import escape
from views.time import moment

SHOWN = 20
"""Most alerts that are named, the worst first."""
FREEZES = 10
_STATES = ("open", "acknowledged", "done", "snoozed", "resolved")
_PLACES = {"over": 0, "threshold": 1, "under": 2, "ended": 3}


def alerts_message(
    alerts: Sequence[Alert],
    teams: Mapping[str, Team],
    policies: Mapping[str, Policy],
    freezes: Sequence[Freeze],
    names: Mapping[str, str],
    now: datetime,
    *,
    asked: str = "",
    withheld: int = 0,
    scope: str = "",
) -> Message:
    """Alerts that are not resolved, overspend before thresholds before underspend, the highest rung first.

    Args:
        teams, policies: slug → team, and what its alerts go by.
        freezes: in force.
        asked: the team that was asked for, as written; empty for all.
        withheld: alerts that the person may not see.
        scope: whose alerts these are, as shown ('your teams'); empty for everybody's.
    """
    shown = sorted(alerts, key=_order)[:SHOWN]
    about = (f" for “{escape(asked)}”" if asked else "") + (f", {escape(scope)}" if scope else "")
    first = [_counted(alerts, policies, now, about), *_frozen(freezes, teams, names)]
    lines = [_line(each, teams, policies[each.key.team], names, now) for each in shown]
    kept = withheld_of(withheld, "alert", "alerts")
    last = [text for text in (_more(len(alerts) - len(shown)), kept) if text]
    body: list[Block] = [*blocks.paragraphs("\n".join(first))]
    for each, line in zip(shown, lines, strict=True):
        body.append(blocks.section(line, accessory=blocks.button("Show", SHOW, str(each.key))))
    body += [blocks.context(*last)] if last else []
    return message(_text(first, lines, kept, len(alerts)), body)


def _order(alert: Alert) -> tuple[int, int, str]:
    """Overspend, then thresholds, then underspend, whose duties are milder."""
    if not alert.step:
        place = "ended"
    elif alert.key.kind is Kind.THRESHOLD:
        place = "threshold"
    else:
        place = "over" if alert.step > 0 else "under"
    return _PLACES[place], -abs(alert.step), str(alert.key)


def _counted(alerts: Sequence[Alert], policies: Mapping[str, Policy], now: datetime, about: str) -> str:
    if not alerts:
        return f":white_check_mark: *No alert is open*{about}."
    ordered = sorted(alerts, key=_order)
    rungs = Counter(rung(each.key.kind, each.step, policies[each.key.team]) for each in ordered)
    states = Counter(state_word(each, now) for each in alerts)
    said = ", ".join(f"{number:,} at {words}" for words, number in rungs.items())
    stand = ", ".join(f"{states[state]:,} {state}" for state in _STATES if states[state])
    noun = "alert" if len(alerts) == 1 else "alerts"
    return f"*{len(alerts):,} {noun}*{about}: {said} ({stand})."


def _frozen(freezes: Sequence[Freeze], teams: Mapping[str, Team], names: Mapping[str, str]) -> list[str]:
    lines = []
    for freeze in freezes[:FREEZES]:
        waiting = len(freeze.waiting)
        noun = "exception waits" if waiting == 1 else "exceptions wait"
        asked = f" {waiting:,} {noun} for an answer." if waiting else ""
        lines.append(f"{ICE} *{_name(freeze.alert.team, teams)}*: {decision(freeze, names)}{asked}")
    left = len(freezes) - FREEZES
    return lines + ([f"… and {left:,} more freezes."] if left > 0 else [])


def _name(slug: str, teams: Mapping[str, Team]) -> str:
    return escape(called_by(teams[slug]) if slug in teams else slug)


def _line(alert: Alert, teams: Mapping[str, Team], policy: Policy, names: Mapping[str, str], now: datetime) -> str:
    """The finding, and below it where the alert stands and what comes next."""
    team = teams.get(alert.key.team) or Team(alert.key.team, alert.key.team)
    parts = [part for part in (_standing(alert, names, now), due_words(alert, policy, now)) if part]
    return f"{lead(alert, team, policy)}\n{'; '.join(parts)}."


def _standing(alert: Alert, names: Mapping[str, str], now: datetime) -> str:
    status, given, asleep = alert.status(now), alert.acknowledgement, alert.snooze
    if status is Status.SNOOZED and asleep:
        return f"Snoozed by {person(asleep.by, names)} until {moment(asleep.until)}: {quoted(asleep.why)}"
    if status is Status.ACKNOWLEDGED and (done := alert.duty_done):
        return f"Done by {person(done.by, names)}, {moment(done.at)}"
    if status is Status.ACKNOWLEDGED and given:
        return f"Acknowledged by {person(given.by, names)} until {moment(given.until)}"
    if status is Status.RESOLVED:
        return "Resolved"
    if alert.answer_by and alert.level + 1 < len(alert.chain):
        who, are = roles_called(alert.chain[alert.level + 1].callees)
        return f"Open; {who} {are} called {moment(alert.answer_by)}"
    return "Open"


def _more(left: int) -> str:
    return f"… and {left:,} more, all counted above: `/finops alerts` and a team shows that one's." if left > 0 else ""


def _text(first: Sequence[str], lines: Sequence[str], withheld: str, number: int) -> str:
    """All of it while it fits; whatever does not is counted."""
    text, said = lines_that_fit("\n".join(first), lines)
    return "\n".join(part for part in (text, _more(number - said), withheld) if part)
