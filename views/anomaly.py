"""The message of an anomaly: how much of what, what caused it, whose turn it is, and what each answer does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from finops.alert import Callee
from finops.anomaly import Anomaly, AnswerKind
from finops.anomaly_state import LONGEST_EXPECTED
from finops.calendar import WorkCalendar
from finops.company import Team
from views import blocks
from views.amounts import short_day
from views.anomaly_words import GLASS, aws_lines, cause_lines, effects, lead, standing
from views.fit import message
from views.message import Block, Message
from views.people import called_lines
from views.sentences import BASIS
from views.time import day

SHOW = "anomaly_show"
INVESTIGATE, EXPECT, FALSE_ALARM = "anomaly_investigate", "anomaly_expect", "anomaly_false_alarm"
UNDO, REVIEW = "anomaly_undo", "anomaly_review"
"""action_ids; the value is the anomaly's number."""
EXPECT_CALLBACK, REVIEW_CALLBACK = "anomaly_expect", "anomaly_review"
UNTIL, NOTE = "until", "note"
"""block_ids."""
LABELS = {
    AnswerKind.INVESTIGATING: ("Investigating", INVESTIGATE),
    AnswerKind.EXPECTED: ("Expected …", EXPECT),
    AnswerKind.FALSE_ALARM: ("False alarm", FALSE_ALARM),
}
USUAL = timedelta(days=30)
"""For so long something is proposed to be expected."""
MOST_NOTE = 500


def anomaly_message(
    anomaly: Anomaly,
    team: Team,
    callees: Sequence[Callee],
    names: Mapping[str, str],
    calendar: WorkCalendar,
    today: date,
) -> Message:
    """An anomaly as it stands; edited in place, it says at any time what is true then.

    Args:
        callees: whose turn it is while nobody has said what it is, as they are called now.
        names: Slack id → real name, or '@handle' of a group.
        calendar: the team's.
        today: its local day.
    """
    first = f"{GLASS} {lead(anomaly, team)}"
    caused = cause_lines(anomaly)
    if caused:
        found = short_day(calendar.day_of(anomaly.found_at))
        caused = [f"*What caused it*, as it stood when it was found on {found}:", *caused]
    turn = _turn(anomaly, callees, names, calendar, today)
    where = standing(anomaly, names, today)
    small = f"Basis: {BASIS[anomaly.key.series.basis]}; settled days, in UTC."
    parts = ["\n".join(part) for part in ([first, *aws_lines(anomaly)], caused, turn, where) if part]
    body: list[Block] = [block for part in parts for block in blocks.paragraphs(part)]
    said = _effects(anomaly, today)
    buttons = _buttons(anomaly, today)
    body += [blocks.actions(*buttons)] if buttons else []
    body.append(blocks.context(*said, small))
    return message("\n".join((*parts, *said, small)), body)


def expect_modal(anomaly: Anomaly, team: Team, today: date) -> dict[str, Any]:
    """Asks until which day it is to be expected."""
    last = today + timedelta(days=LONGEST_EXPECTED)
    effect = effects(anomaly)[AnswerKind.EXPECTED].removeprefix("until the day that you choose, ")
    return blocks.modal(
        "Expected",
        [
            blocks.section(f"{GLASS} {lead(anomaly, team)}"),
            blocks.date_input(
                UNTIL,
                "Expected until",
                hint=f"The last day on which it is; {LONGEST_EXPECTED} days ahead at most ({day(last)} {last.year}).",
                initial=today + USUAL,
            ),
            blocks.section(f"Until then {effect}. A day that costs more pings, and so does one after it."),
        ],
        EXPECT_CALLBACK,
        submit="It is expected",
        close="Cancel",
        metadata=json.dumps({"anomaly": anomaly.number}),
    )


def review_modal(anomaly: Anomaly, team: Team) -> dict[str, Any]:
    """Asks what came of the cost review."""
    return blocks.modal(
        "Cost review held",
        [
            blocks.section(f"{GLASS} {lead(anomaly, team)}"),
            blocks.text_input(
                NOTE, "What came of it", hint="Kept in the record.", long=True, optional=True, most=MOST_NOTE
            ),
        ],
        REVIEW_CALLBACK,
        submit="Review held",
        close="Cancel",
        metadata=json.dumps({"anomaly": anomaly.number}),
    )


def _turn(
    anomaly: Anomaly, callees: Sequence[Callee], names: Mapping[str, str], calendar: WorkCalendar, today: date
) -> list[str]:
    """Who must do what by when; empty where nothing is to be done."""
    if anomaly.told_at is None or not anomaly.asks(today):
        return []
    by = calendar.after_days(calendar.day_of(anomaly.told_at), 1)
    who = called_lines(callees, names, pings=True)
    missing = "Nobody is named to be asked: FinOps can name owners in `finops.yaml`."
    return [f"*To do by {day(by)}*: say with a button what it is.", *(who or [missing])]


def _offered(anomaly: Anomaly, today: date) -> list[AnswerKind]:
    """The answers that can be given now."""
    if anomaly.withdrawn or not anomaly.found.is_increase:
        return []
    given = anomaly.answer.kind if anomaly.answer and anomaly.holds(today) else None
    return [kind for kind in LABELS if kind is not given or kind is AnswerKind.EXPECTED]


def _buttons(anomaly: Anomaly, today: date) -> list[Block]:
    number, asks = str(anomaly.number), anomaly.asks(today)
    made = []
    if anomaly.awaits_review:
        made.append(blocks.button("Review held", REVIEW, number, style="primary"))
    for kind in _offered(anomaly, today):
        label, action = LABELS[kind]
        first = kind is AnswerKind.INVESTIGATING and asks
        made.append(blocks.button(label, action, number, style="primary" if first else None))
    if anomaly.holds(today) and not anomaly.withdrawn:
        made.append(blocks.button("Take back", UNDO, number))
    return made


def _effects(anomaly: Anomaly, today: date) -> list[str]:
    """What each button does, one line each."""
    said = effects(anomaly)
    return [f"*{LABELS[kind][0].removesuffix(' …')}*: {said[kind]}." for kind in _offered(anomaly, today)]
