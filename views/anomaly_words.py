"""An anomaly in sentences: what its message, its notes and the lists say in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from finops.anomaly import Anomaly, AnomalyAnswer, AnswerKind, AwsFinding, Cause
from finops.anomaly_state import FALSE_ALARM_HOLDS, INVESTIGATION_HOLDS, RAISED, TOLERANCE
from finops.company import Team
from finops.money import EXACT
from finops.policy import ratio_of
from views.amounts import brief, days, long_day, ratio, short_day
from views.people import person
from views.sentences import called_by
from views.text import escape, literal
from views.tiers import listed
from views.time import day as named

GLASS = ":mag:"
NAME, REASON = 100, 200
"""Most characters of a name as billed, and of a reason."""


def lead(anomaly: Anomaly, team: Team) -> str:
    """'*Payments*: Compute (AWS) cost $600 more than expected on 9–11 Nov: $900 instead of $300 (+200.0 %).'"""
    found, currency = anomaly.found, anomaly.key.series.currency
    more = "more" if found.is_increase else "less"
    apart = brief(EXACT.abs(found.excess), currency)
    part = ratio(ratio_of(found.excess, found.expected)) if found.expected > 0 else ""
    both = f"{brief(found.cost, currency)} instead of {brief(found.expected, currency)}"
    return (
        f"*{escape(called_by(team))}*: {service(anomaly)} cost *{apart} {more} than expected* on "
        f"{days(found.first_day, found.last_day)}: {both}{f' ({part})' if part else ''}."
    )


def service(anomaly: Anomaly) -> str:
    """'Compute (AWS)'."""
    series = anomaly.key.series
    of = f" ({escape(series.provider, NAME)})" if series.provider else ""
    return f"{escape(series.service or '(no service)', NAME)}{of}"


def standing(anomaly: Anomaly, names: Mapping[str, str], today: date) -> list[str]:
    """Where it stands, and what was said of it with its effect."""
    if anomaly.withdrawn:
        return [f"*Withdrawn*: {escape(anomaly.withdrawn, REASON)}."]
    return [_state(anomaly), *_answered(anomaly, names, today), *_review(anomaly, names)]


def effects(anomaly: Anomaly) -> dict[AnswerKind, str]:
    """What each answer does, with its expiry."""
    found, currency = anomaly.found, anomaly.key.series.currency
    raised = brief(EXACT.multiply(EXACT.abs(found.highest_excess), RAISED), currency)
    usual = brief(EXACT.multiply(found.highest_cost, TOLERANCE), currency)
    looked_into = "the one who says so is asked for a cost review; as it is over, it keeps nothing silent"
    if not anomaly.is_over:
        looked_into = (
            f"nobody is pinged about this service for {INVESTIGATION_HOLDS} working days, or until it is over; a cost "
            "review follows"
        )
    return {
        AnswerKind.INVESTIGATING: looked_into,
        AnswerKind.EXPECTED: f"until the day that you choose, days that cost up to {usual} ping nobody",
        AnswerKind.FALSE_ALARM: (
            f"for {FALSE_ALARM_HOLDS.days} days only a day that is more than {raised} over what is expected pings"
        ),
    }


def cause_lines(anomaly: Anomaly) -> list[str]:
    """'• Account: `production (0012)` (+$900)', one line a dimension; none where the bill names no cause."""
    currency = anomaly.key.series.currency
    named: dict[str, list[str]] = {}
    for cause in anomaly.causes:
        named.setdefault(cause.dimension, []).append(_cause(cause, currency))
    return [f"• {dimension.capitalize()}: {listed(values)}" for dimension, values in named.items()]


def aws_lines(anomaly: Anomaly) -> list[str]:
    """What AWS Cost Anomaly Detection says of it, one line a finding."""
    return [_aws(each) for each in anomaly.aws]


def _cause(cause: Cause, currency: str) -> str:
    return f"`{literal(cause.value, NAME)}` ({brief(cause.excess, currency, signed=True)})"


def _aws(finding: AwsFinding) -> str:
    figures, currency = finding.figures, finding.currency
    more = "less" if figures.impact < 0 else "more"
    apart = f"{brief(EXACT.abs(figures.impact), currency)} {more} than expected"
    known = ((figures.actual, "spent"), (figures.expected, "expected"))
    both = ", ".join(f"{brief(amount, currency)} {what}" for amount, what in known if amount is not None)
    when = ""
    if figures.begins:
        when = f" on {days(figures.begins, max(figures.ends or figures.begins, figures.begins))}"
    return (
        f"*AWS Cost Anomaly Detection* says: {apart}{when}{f' ({both})' if both else ''}; it counts net unblended cost."
    )


def _state(anomaly: Anomaly) -> str:
    found = anomaly.found
    if found.over_on is None:
        return f"It lasts: {short_day(found.last_day)} is its latest settled day."
    if found.is_absorbed:
        return f"*Over* since {short_day(found.over_on)}: it is the new level, and expected from now on."
    return f"*Over* since {short_day(found.over_on)}: the cost is as expected again."


def _answered(anomaly: Anomaly, names: Mapping[str, str], today: date) -> list[str]:
    answer = anomaly.answer
    if anomaly.silent_by and answer is None:
        return [f"It pings nobody: what {person(anomaly.silent_by, names)} said of another one of this service holds."]
    if answer is None:
        return ["*Open*: nobody has said what it is."] if anomaly.found.is_increase else []
    return [_said(anomaly, answer, names, anomaly.holds(today))]


def _said(anomaly: Anomaly, answer: AnomalyAnswer, names: Mapping[str, str], holds: bool) -> str:
    who, until = person(answer.by, names), long_day(answer.through)
    amount = "" if answer.limit is None else brief(answer.limit, anomaly.key.series.currency)
    if answer.kind is AnswerKind.INVESTIGATING:
        first = f"*Investigating*: {who} looks into it"
        effect = f"until {until}, or until it is over, nobody is pinged about this service"
    elif answer.kind is AnswerKind.EXPECTED:
        first, effect = f"*Expected*, says {who}", f"until {until} days that cost up to {amount} ping nobody"
    else:
        first = f"*False alarm*, says {who}"
        effect = f"until {until} only a day that is more than {amount} over what is expected pings"
    if anomaly.is_over and answer.kind is AnswerKind.INVESTIGATING:
        return f"*Investigated* by {who}."
    return f"{first}: {effect}." if holds else f"{first}; that ended on {until}."


def _review(anomaly: Anomaly, names: Mapping[str, str]) -> Sequence[str]:
    if anomaly.reviewed_by:
        return [f"*Cost review held*, says {person(anomaly.reviewed_by, names)}."]
    who = person(anomaly.investigator, names) if anomaly.investigator else "whoever looked into it"
    if anomaly.is_over and anomaly.review_on:
        return [f"*Cost review*: {who} holds it by {named(anomaly.review_on)}, and says so with *Review held*."]
    return [f"*Cost review*: {who} looked into it, and holds one once it is over."] if anomaly.investigated_by else []
