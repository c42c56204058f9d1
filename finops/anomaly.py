"""An anomaly's life: moved by the figures, by what people say of it, and by the days that pass.

Every function takes an anomaly and gives what it becomes with what happened; nothing here reads a clock or a database.
An anomaly pings once. It does again only where an answer no longer holds: a day passes the answer's limit, also by a
restatement, or its last day is over while the anomaly lasts. This module is the way in: the values stand in
anomaly_state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from finops.anomaly_found import FoundAnomaly
from finops.anomaly_known import known_as
from finops.anomaly_state import (
    FALSE_ALARM_HOLDS,
    INVESTIGATION_HOLDS,
    LONGEST_EXPECTED,
    RAISED,
    RECENT,
    STALE,
    TOLERANCE,
    Anomaly,
    AnomalyAnswer,
    AnomalyChange,
    AnomalyEvent,
    AnomalyKey,
    AnomalyRefused,
    AnomalySeries,
    AnomalySetting,
    AnomalyStatus,
    AnomalyStep,
    AnswerKind,
    AwsFinding,
    Cause,
    answers_of,
)
from finops.money import EXACT

__all__ = [
    "RECENT",
    "Anomaly",
    "AnomalyAnswer",
    "AnomalyChange",
    "AnomalyEvent",
    "AnomalyKey",
    "AnomalyRefused",
    "AnomalySeries",
    "AnomalySetting",
    "AnomalyStatus",
    "AnomalyStep",
    "AnswerKind",
    "AwsFinding",
    "Cause",
    "answers_of",
    "ask_for_review",
    "evaluate_anomaly",
    "expect",
    "false_alarm",
    "investigate",
    "known_as",
    "ranked",
    "review",
    "undo_answer",
    "withdraw",
]


def evaluate_anomaly(
    anomaly: Anomaly | None,
    key: AnomalyKey,
    found: FoundAnomaly,
    causes: tuple[Cause, ...],
    setting: AnomalySetting,
    now: datetime,
) -> AnomalyChange:
    """Bring an anomaly to what the figures show now; None where it is new."""
    is_new = anomaly is None
    was_over = anomaly is not None and anomaly.is_over
    anomaly = Anomaly(key, found, now) if anomaly is None else anomaly
    anomaly = replace(anomaly, found=found, causes=causes)
    loud, silent_by = _loud(anomaly, setting, now)
    told = anomaly.told_at is not None
    anomaly = replace(anomaly, silent_by="" if loud or told else silent_by, told_at=now if loud else anomaly.told_at)
    events: tuple[AnomalyEvent, ...] = ()
    if is_new:
        events = (AnomalyEvent(AnomalyStep.FOUND, now, pings=loud, note=_why_silent(anomaly, setting, loud)),)
    elif loud:
        by = anomaly.answer.by if anomaly.answer else ""
        calls = (by,) if told and by else ()
        events = (AnomalyEvent(AnomalyStep.RAISED_AGAIN, now, pings=True, calls=calls),)
    if not anomaly.is_over:
        # Restated days may show that what was over lasts: its review comes when it is over for good.
        anomaly = replace(anomaly, review_on=None, review_asked=False)
    elif not was_over:
        anomaly = _with_review(anomaly, setting, now)
        note = "it is the new level" if found.is_absorbed else ""
        events += (AnomalyEvent(AnomalyStep.OVER, now, note=note),)
    return AnomalyChange(anomaly, events)


def investigate(anomaly: Anomaly, by: str, setting: AnomalySetting, now: datetime) -> AnomalyChange:
    """Somebody looks into it: nothing of its series pings while it lasts, for ten working days at most.

    When it is over they are reminded of its cost review, also where somebody else has said something of it since.

    Raises:
        AnomalyRefused: the figures do not show it any more, or somebody looks into it already.
    """
    through = setting.calendar.after_days(setting.calendar.day_of(now), INVESTIGATION_HOLDS)
    answer = AnomalyAnswer(AnswerKind.INVESTIGATING, by, now, through, None, anomaly.found.last_day)
    return _answered(anomaly, answer, setting, now)


def expect(anomaly: Anomaly, by: str, until: date, setting: AnomalySetting, now: datetime) -> AnomalyChange:
    """It was to be expected: through a day, no day of the series pings that costs up to a tenth more than its largest.

    Raises:
        AnomalyRefused: the figures do not show it any more, the day is past or too far ahead, or it was said already.
    """
    today = setting.calendar.day_of(now)
    if until < today:
        raise AnomalyRefused("That day is past.", "Choose today or a later day.")
    if until > today + timedelta(days=LONGEST_EXPECTED):
        raise AnomalyRefused(f"A cost is expected for {LONGEST_EXPECTED} days at most.", "Choose an earlier day.")
    limit = EXACT.multiply(anomaly.found.highest_cost, TOLERANCE)
    answer = AnomalyAnswer(AnswerKind.EXPECTED, by, now, until, limit, anomaly.found.last_day)
    return _answered(anomaly, answer, setting, now)


def false_alarm(anomaly: Anomaly, by: str, setting: AnomalySetting, now: datetime) -> AnomalyChange:
    """It is none: for 90 days a day of the series pings only with more than twice its largest excess.

    Raises:
        AnomalyRefused: the figures do not show it any more, or it was said already.
    """
    through = setting.calendar.day_of(now) + FALSE_ALARM_HOLDS
    limit = EXACT.multiply(abs(anomaly.found.highest_excess), RAISED)
    answer = AnomalyAnswer(AnswerKind.FALSE_ALARM, by, now, through, limit, anomaly.found.last_day)
    return _answered(anomaly, answer, setting, now)


def undo_answer(anomaly: Anomaly, by: str, now: datetime) -> AnomalyChange:
    """Take back what oneself has said: it has no effect from the next evaluation on.

    Raises:
        AnomalyRefused: nothing was said, or by somebody else.
    """
    if anomaly.answer is None:
        raise AnomalyRefused("Nothing has been said of it.", "There is nothing to take back.")
    if anomaly.answer.by != by:
        raise AnomalyRefused(f"<@{anomaly.answer.by}> said so.", "Only they can take it back; it expires by itself.")
    note = anomaly.answer.kind.value
    anomaly = replace(anomaly, answer=None)
    if not anomaly.investigator:
        anomaly = replace(anomaly, review_on=None, review_asked=False)
    return AnomalyChange(anomaly, (AnomalyEvent(AnomalyStep.UNDONE, now, by, note=note),))


def withdraw(anomaly: Anomaly, why: str, now: datetime) -> AnomalyChange:
    """The figures do not show it any more; what was said of it has no effect."""
    if anomaly.withdrawn:
        return AnomalyChange(anomaly)
    anomaly = replace(anomaly, withdrawn=why, answer=None, investigated_by="", review_on=None)
    return AnomalyChange(anomaly, (AnomalyEvent(AnomalyStep.WITHDRAWN, now, note=why),))


def ask_for_review(anomaly: Anomaly, setting: AnomalySetting, now: datetime) -> AnomalyChange:
    """Remind whoever looked into it of the post-incident cost review, once, when its day has come."""
    due = anomaly.review_on
    if not anomaly.awaits_review or due is None or anomaly.review_asked or setting.calendar.day_of(now) < due:
        return AnomalyChange(anomaly)
    calls = (anomaly.investigator,) if anomaly.investigator else ()
    event = AnomalyEvent(AnomalyStep.REVIEW_ASKED, now, calls=calls)
    return AnomalyChange(replace(anomaly, review_asked=True), (event,))


def review(anomaly: Anomaly, by: str, note: str, now: datetime) -> AnomalyChange:
    """Its cost review was held.

    Args:
        note: what came of it, a few words; may be empty.

    Raises:
        AnomalyRefused: it lasts still, nobody has looked into it, or it was held already.
    """
    if not anomaly.is_over or anomaly.review_on is None:
        raise AnomalyRefused("There is no review of it.", "One follows when an investigated anomaly is over.")
    if anomaly.reviewed_by:
        raise AnomalyRefused(f"<@{anomaly.reviewed_by}> has said so already.")
    event = AnomalyEvent(AnomalyStep.REVIEWED, now, by, note=note.strip())
    return AnomalyChange(replace(anomaly, reviewed_by=by), (event,))


def ranked(anomalies: Iterable[Anomaly]) -> list[Anomaly]:
    """By money, the largest first, within each currency; in the order of the currencies' names."""
    return sorted(anomalies, key=lambda each: (each.key.series.currency, -abs(each.found.excess), each.key))


def _loud(anomaly: Anomaly, setting: AnomalySetting, now: datetime) -> tuple[bool, str]:
    """Whether it pings now, and by whose answer to another anomaly it does not."""
    found, own, today, lasts = anomaly.found, anomaly.answer, setting.calendar.day_of(now), not anomaly.is_over
    if not (found.is_increase and setting.live):
        return False, ""
    if anomaly.told_at is not None:
        # Told once it is told again only when what was said of it since does not hold any more.
        is_history = not lasts and found.last_day < setting.settled_through - RECENT
        if own is None or anomaly.told_at > own.at or is_history:
            return False, ""
        later = [day for day in found.days if own.is_passed_by(day) or (day.day > own.seen_through and lasts)]
    elif _is_stale(anomaly, setting) or setting.former_name:
        return False, ""
    else:
        later = list(found.days)
    answers = (*setting.answers, own) if own else setting.answers
    for day in later:
        if not any(each.covers(day, today) for each in answers):
            return True, ""
    return False, next((each.by for each in setting.answers if later and each.covers(later[-1], today)), "")


def _is_stale(anomaly: Anomaly, setting: AnomalySetting) -> bool:
    return anomaly.found.last_day < setting.settled_through - STALE


def _why_silent(anomaly: Anomaly, setting: AnomalySetting, loud: bool) -> str:
    if loud:
        return ""
    if _is_stale(anomaly, setting):
        return "its last day was long past when it was looked for"
    if not anomaly.found.is_increase:
        return "a decrease pings nobody"
    if setting.former_name:
        return f"{setting.former_name} ended as it began, and cost as much"
    return "an answer to another anomaly holds" if setting.live else "nobody is pinged in shadow mode"


def _answered(anomaly: Anomaly, answer: AnomalyAnswer, setting: AnomalySetting, now: datetime) -> AnomalyChange:
    if anomaly.withdrawn:
        raise AnomalyRefused("The figures do not show it any more.", "There is nothing to answer.")
    held = anomaly.answer
    in_force = held is not None and held.through >= setting.calendar.day_of(now)
    same = held is not None and (held.kind, held.through, held.limit) == (answer.kind, answer.through, answer.limit)
    if held is not None and in_force and held.kind is answer.kind:
        if held.by != answer.by:
            raise AnomalyRefused(f"<@{held.by}> has said so already.", "It needs no second answer.")
        if same or answer.kind is AnswerKind.INVESTIGATING:
            return AnomalyChange(anomaly)
    before = anomaly.investigator
    if answer.kind is AnswerKind.INVESTIGATING or before in ("", answer.by):
        anomaly = replace(anomaly, answer=answer, investigated_by="", review_on=None, review_asked=False)
        anomaly = _with_review(anomaly, setting, now) if anomaly.is_over else anomaly
    else:
        anomaly = replace(anomaly, answer=answer, investigated_by=before)
    return AnomalyChange(anomaly, (AnomalyEvent(AnomalyStep.ANSWERED, now, answer.by, note=answer.kind.value),))


def _with_review(anomaly: Anomaly, setting: AnomalySetting, now: datetime) -> Anomaly:
    """With the day of its review, where it is over and somebody has looked into it."""
    if not anomaly.investigator or anomaly.reviewed_by:
        return anomaly
    today = setting.calendar.day_of(now)
    return replace(anomaly, review_on=setting.calendar.after_days(today, setting.review_after))
