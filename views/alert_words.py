"""An alert in sentences: what was found, who must do what by when, what silence does, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from finops.alert import Alert, Callee, Reading, Status, duty_of, is_overdue
from finops.company import Team
from finops.policy import Kind, Policy, Threshold, Tier, ratio_of
from views.amounts import brief, difference, distance, month_name, share, short_day
from views.chances import chance_of_alert
from views.people import callee, person, some
from views.sentences import BASIS, STALE_AFTER, called_by
from views.text import escape
from views.tiers import ROLES, direction, listed, sign, word
from views.time import day, moment

RESOLVED, CONCLUDED = ":white_check_mark:", ":checkered_flag:"
NEXT = 5
"""Most people named of those who are called next."""


def tier_at(step: int, policy: Policy) -> Tier:
    """The ladder's tier of a signed step; one the ladder no longer has is its last."""
    return policy.ladder[min(abs(step), len(policy.ladder) - 1)]


def _threshold(step: int, policy: Policy) -> Threshold | None:
    passed = policy.rules.thresholds[: max(step, 0)]
    return passed[-1] if passed else None


def rung(kind: Kind, step: int, policy: Policy) -> str:
    """The rung in words for mrkdwn: 'emergency', 'formal (under)', '80 % of the budget', 'within budget'."""
    if not step:
        return "within budget"
    if kind is Kind.THRESHOLD:
        passed = _threshold(step, policy)
        return f"{share(passed.above, ())} of the budget" if passed else "part of the budget"
    return word(tier_at(step, policy), Decimal(step))


def rung_sign(kind: Kind, step: int, policy: Policy) -> str:
    """The emoji of a rung, never shown without the word."""
    if not step:
        return RESOLVED
    if kind is Kind.THRESHOLD:
        passed = _threshold(step, policy)
        return ":warning:" if passed and passed.above >= 1 else ":bell:"
    return sign(tier_at(step, policy), Decimal(step))


def lead(alert: Alert, team: Team, policy: Policy) -> str:
    """The finding behind its sign and rung, for mrkdwn: ':warning: *investigate* — *Payments* is heading for …'."""
    found = finding(alert, team)
    if alert.concluded:
        return f"{CONCLUDED} *concluded* — {found}"
    if not alert.step:
        return f"{RESOLVED} *resolved* — {found}"
    kind, chance = alert.key.kind, chance_of_alert(alert, policy)
    said = f"{found} {chance}" if chance else found
    return f"{rung_sign(kind, alert.step, policy)} *{rung(kind, alert.step, policy)}* — {said}"


def finding(alert: Alert, team: Team) -> str:
    """What the figures say, one or two sentences for mrkdwn."""
    name, reading = f"*{escape(called_by(team))}*", alert.reading
    if alert.key.kind is Kind.THRESHOLD:
        return _used(alert, name, reading)
    currency, when = alert.key.currency, month_name(alert.key.month)
    amount = brief(reading.amount, currency)
    if reading.is_forecast:
        said = f"{name} is heading for {amount} in {when}"
    else:
        running = alert.key.kind is not Kind.CLOSED and reading.data_through != alert.key.month.last
        said = f"{name} {'has spent' if running else 'spent'} {amount} in {when}{' so far' if running else ''}"
        said += ", credits being larger than charges" if reading.amount < 0 else ""
    said = f"{said}{_against_budget(reading, currency)}."
    if not reading.is_forecast:
        return said
    through = f" through {short_day(reading.data_through)}" if reading.data_through else ""
    return f"{said} {brief(reading.actual, currency)} is spent{through}; the rest is forecast."


def _against_budget(reading: Reading, currency: str) -> str:
    budget, variance = reading.budget, reading.variance
    if budget is None or variance is None:
        return ", with no approved budget to compare that with"
    if not variance:
        return f", exactly on its budget of {brief(budget, currency)}"
    apart = brief(abs(difference(reading.amount, budget, currency)), currency)
    by = f" ({distance(reading.ratio)})" if reading.ratio is not None else ""
    return f": {apart}{by} {direction(variance)} its budget of {brief(budget, currency)}"


def _used(alert: Alert, name: str, reading: Reading) -> str:
    """'82 % of the budget is used by 14 Nov, day 14 of 30 (target line: 47 %)'."""
    currency, month, through = alert.key.currency, alert.key.month, reading.data_through
    part = ratio_of(reading.actual, reading.budget)
    used = brief(reading.actual, currency) if part is None else f"{share(part)} of its budget"
    said = f"{name} has used {used} for {month_name(month)}"
    if through:
        target = ratio_of(Decimal(through.day), Decimal(len(month)))
        said += f" by {short_day(through)}, day {through.day} of {len(month)} (target line: {share(target, ())})"
    budget = "" if reading.budget is None else f" of {brief(reading.budget, currency)}"
    return f"{said}: {brief(reading.actual, currency)}{budget}."


def to_do(alert: Alert, policy: Policy, now: datetime) -> str:
    """'*To do by Wed 18 Nov:* find the driver …', said as overdue once it is; empty where nothing is to be done."""
    duty = duty_of(alert.key.kind, alert.step, policy)
    if not duty:
        return ""
    what = escape(duty, 400).rstrip(".")
    if alert.duty_done:
        return f":white_check_mark: *Done:* {what}."
    if alert.due is None or alert.step < 0:
        return f"*To do:* {what}."
    if is_overdue(alert, policy, now):
        return f":alarm_clock: *Overdue since {day(alert.due)}:* {what}."
    return f"*To do by {day(alert.due)}:* {what}."


def answer_wanted(alert: Alert) -> str:
    """'*Acknowledge by …*; after that the executive sponsor is called.': as true when it is read later as it is now."""
    if alert.answer_by is None or alert.level + 1 >= len(alert.chain):
        return ""
    who, are = roles_called(alert.chain[alert.level + 1].callees)
    return f"*Acknowledge by {moment(alert.answer_by, dated=True)}:* after that {who} {are} called."


def silence(alert: Alert, names: Mapping[str, str]) -> str:
    """'If nobody acknowledges by …, Finance is called next: Greta.'; empty where nothing is waited for."""
    if alert.answer_by is None or alert.level + 1 >= len(alert.chain):
        return ""
    following = alert.chain[alert.level + 1].callees
    who, are = roles_called(following)
    named = some([callee(each, names, pings=False) for each in following], NEXT)
    return f"If nobody acknowledges by {moment(alert.answer_by)}, {who} {are} called next: {named}."


def roles_called(callees: Sequence[Callee]) -> tuple[str, str]:
    """Their roles, and the verb that goes with them: ('FinOps and Finance', 'are')."""
    found = [role for role in ROLES if any(each.role is role for each in callees)]
    plural = len(found) > 1 or ROLES[found[0]].endswith("owners") if found else False
    return listed([ROLES[role] for role in found]) or "nobody", "are" if plural else "is"


def state_word(alert: Alert, now: datetime) -> str:
    """Where it stands in one word, as a count or a column has it: an acknowledged one whose duty is done is 'done'."""
    status = alert.status(now)
    return "done" if status is Status.ACKNOWLEDGED and alert.duty_done else str(status)


def due_words(alert: Alert, policy: Policy, now: datetime) -> str:
    """'due Wed 18 Nov', 'overdue since Wed 18 Nov'; empty where nothing is left to be done by a day."""
    if alert.due is None or alert.step < 0 or alert.duty_done:
        return ""
    return f"overdue since {day(alert.due)}" if is_overdue(alert, policy, now) else f"due {day(alert.due)}"


def standing(alert: Alert, policy: Policy, names: Mapping[str, str], now: datetime) -> str:
    """Where it stands, who put it there and until when, as a line of mrkdwn."""
    status, given, asleep = alert.status(now), alert.acknowledgement, alert.snooze
    if alert.concluded:
        return f"*Concluded:* {because(alert.concluded)}"
    if status is Status.RESOLVED:
        return f"*Resolved:* {because(alert.reading.why)}"
    if status is Status.SNOOZED and asleep:
        rest = until_then(alert, asleep.step, policy, asleep=True)
        return f"*Snoozed* by {person(asleep.by, names)} until {moment(asleep.until)}: {quoted(asleep.why)}. {rest}"
    if done := alert.duty_done:
        how = f", {quoted(done.what)}" if done.what else ""
        beyond = rise_beyond(alert.key.kind, alert.step, policy)
        rest = f"Nobody is called any more{f', unless {beyond}' if beyond else ''}."
        return f"*Done* by {person(done.by, names)}, {moment(done.at)}{how}. {rest}"
    if status is Status.ACKNOWLEDGED and given:
        rest = until_then(alert, given.step, policy)
        who = f"{person(given.by, names)}, {moment(given.at)}"
        return f"*Acknowledged* by {who}; it holds until {moment(given.until)}. {rest}"
    return f"*Open*, raised {moment(alert.raised_at)}: nobody has acknowledged it yet."


def until_then(alert: Alert, step: int, policy: Policy, *, asleep: bool = False) -> str:
    """What an answer on a step holds back, and what it does not: a rise, and, unless asleep, a duty not done."""
    beyond = rise_beyond(alert.key.kind, step, policy)
    unless = [beyond] if beyond else []
    if not asleep and alert.due and alert.step > 0 and alert.step not in alert.overdue and not alert.duty_done:
        unless.append(f"what is due on {day(alert.due)} is not done")
    return f"Until then nobody is called{', unless ' if unless else ''}{' or '.join(unless)}."


def rise_beyond(kind: Kind, step: int, policy: Policy) -> str:
    """'it rises above *formal*': the rise that no answer on a step holds back; empty where there is none."""
    if step < 0:
        return "the gap grows or turns into overspend"
    last = len(policy.rules.thresholds) if kind is Kind.THRESHOLD else len(policy.ladder) - 1
    return f"it rises above *{rung(kind, step, policy)}*" if step < last else ""


def held_line(call_at: datetime) -> str:
    """Why nobody is called yet."""
    return f"Nobody is called before {moment(call_at)}, when quiet hours are over."


def folded_line(policy: Policy) -> str:
    """Why somebody whom the ladder names is not called."""
    number = policy.rules.most_pings
    used = f"the week's {number:,} calls are used up" if number else "no calls are allowed in a week"
    return f"Not called: {used}; gathered in the digest."


def because(why: str) -> str:
    """A reason as the end of a sentence."""
    return f"{escape(why.rstrip('.'), 300) if why.strip() else 'nothing is left to do'}."


def quoted(why: str) -> str:
    """What somebody wrote, between quotation marks."""
    return f"“{escape(why.strip().rstrip('.'), 300)}”"


def small_print(alert: Alert, policy: Policy, now: datetime) -> list[str]:
    """Which cost is counted, how far the data reaches, and how final it is."""
    return [_reach(alert, policy, now), f"Basis: {BASIS[alert.reading.basis]}; days in UTC."]


def _reach(alert: Alert, policy: Policy, now: datetime) -> str:
    through, month = alert.reading.data_through, alert.key.month
    if through is None:
        return "No data yet."
    if alert.concluded:
        return f"Data through {short_day(through)}."
    today = policy.calendar.day_of(now)
    if today > month.last:
        if through < month.last:
            return f"Data through {short_day(through)}. Partial: the days up to {short_day(month.last)} are missing."
        return f"Data through {short_day(through)}. The month is over and complete."
    if today - through > STALE_AFTER:
        return (
            f":hourglass: No data since {short_day(through)}: the days after it are missing, not free of cost. "
            "Ask FinOps whether the billing export still arrives."
        )
    return f"Data through {short_day(through)}, its last days provisional. The month is still running."
