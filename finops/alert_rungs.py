"""What a rung asks for: its name, its duty and by when, whom it calls one after the other, and how long they have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from finops.alert_state import Alert, Callee, Level, Reading, Setting, Status, covers
from finops.chance import HELD
from finops.money import EXACT, plain
from finops.policy import Kind, Policy, Role, Threshold, Tier


def rung_name(kind: Kind, step: int, policy: Policy) -> str:
    """The tier's name, or the threshold as '80 %'; 'within budget' for 0."""
    if not step:
        return "within budget"
    if kind is Kind.THRESHOLD:
        passed = _threshold(step, policy)
        return f"{plain(passed.above * 100)} %" if passed else f"threshold {step}"
    name = _tier(step, policy).name
    return f"{name} (under)" if step < 0 else name


def stands_on(reading: Reading, before: int, policy: Policy) -> int:
    """The rung that an alert stands on by a reading: the reading's own, or a higher one that it still holds.

    A rung that is reached by chance is held while the chance is four fifths of what reaches it (finops.chance.HELD).

    Args:
        before: the rung it stood on.
    """
    if not reading.chances or reading.variance is None or before * reading.variance <= 0:
        return reading.step
    steps = min(abs(before), len(reading.chances), len(policy.ladder) - 1)
    for step in range(steps, abs(reading.step), -1):
        chance = policy.ladder[step].chance
        if chance is not None and reading.chances[step - 1] >= EXACT.multiply(HELD, chance):
            return step if before > 0 else -step
    return reading.step


def duty_of(kind: Kind, step: int, policy: Policy) -> str:
    """What the called must do, one sentence; empty for none. Nobody can mend the forecast of a month that is closed."""
    if kind is Kind.THRESHOLD or not step:
        return ""
    tier = _tier(step, policy)
    if kind is Kind.CLOSED:
        return tier.duty_closed if step > 0 else ""
    return tier.duty if step > 0 else tier.duty_under


def is_overdue(alert: Alert, policy: Policy, now: datetime) -> bool:
    """Whether the working day on which its duty was to be done has ended."""
    if alert.due is None or alert.step <= 0 or alert.duty_done:
        return False
    return policy.calendar.end_of(alert.due) <= now


def with_due(alert: Alert, setting: Setting, now: datetime) -> Alert:
    """The alert with a due day for its rung's duty, kept while it lies ahead: going down and up again wins no time.

    A day that passed while the alert stood elsewhere was nobody's to keep; the rung gets a new one.
    """
    if alert.step <= 0 or alert.key.kind is Kind.THRESHOLD:
        return alert
    lapsed = is_overdue(alert, setting.policy, now) and alert.step not in alert.overdue
    days = _tier(alert.step, setting.policy).due
    if days is None or (alert.step in alert.dues and not lapsed):
        return alert
    calendar = setting.policy.calendar
    day = calendar.after_days(calendar.day_of(now), days)
    if calendar.end_of(day) <= now:
        day = calendar.after_days(day, 1)
    return replace(alert, dues=alert.dues | {alert.step: day})


def with_chain(alert: Alert, setting: Setting) -> Alert:
    """The alert with the chain of its rung, as it stands now, from its first link on."""
    timed = alert.key.kind is not Kind.THRESHOLD and alert.step > 0
    within = _tier(alert.step, setting.policy).answer_within if timed else None
    chain = _chain(alert, setting)
    return replace(alert, chain=chain, chain_step=alert.step, level=0, answer_within=within, answer_by=None)


def without_chain(alert: Alert) -> Alert:
    """The alert waiting for nobody, with nothing to be done by a day."""
    alert = replace(alert, chain=(), chain_step=0, level=0, answer_within=None, answer_by=None, call_at=None)
    return replace(alert, dues={}, done=(), overdue=(), folded=False)


def waiting(alert: Alert, setting: Setting, now: datetime, *, anew: bool) -> Alert:
    """The alert with the instant at which silence calls the next; left as it is where it waits already, unless anew."""
    last = alert.level + 1 >= len(alert.chain)
    if alert.status(now) is not Status.OPEN or last or alert.answer_within is None:
        return replace(alert, answer_by=None)
    if alert.answer_by and not anew:
        return alert
    heard = heard_at(setting.policy, now)
    return replace(alert, answer_by=setting.policy.calendar.after_hours(heard, alert.answer_within))


def heard_at(policy: Policy, now: datetime) -> datetime:
    """When somebody who is called now hears it: at once, or when quiet hours are over."""
    quiet = policy.rules.quiet
    return quiet.over_at(now, policy.calendar) if quiet else now


def was_called(alert: Alert) -> bool:
    """Whether anybody was ever called for its rung, or for a higher one."""
    return any(covers(step, alert.step) for step in alert.called)


def with_call(alert: Alert, setting: Setting, now: datetime) -> Alert:
    """The alert with a call to come where it is open and its rung has called nobody yet; left as it is elsewhere."""
    if alert.call_at or alert.beside or was_called(alert) or alert.status(now) is not Status.OPEN:
        return alert
    nobody = alert.chain_step == alert.step and not (alert.chain and alert.chain[0].callees)
    return alert if nobody else replace(alert, call_at=heard_at(setting.policy, now))


def was_just_called(alert: Alert, policy: Policy, now: datetime) -> bool:
    """Whether every role that its rung calls first was called a moment ago, for this rung or a higher one."""
    again, kind = policy.rules.realert_after, alert.key.kind
    recent = [step for step, at in alert.called.items() if covers(step, alert.step) and now - at < again]
    told = {role for step in recent for role in _first_roles(kind, step, policy)}
    return bool(recent) and told.issuperset(_first_roles(kind, alert.step, policy))


def once(callees: Iterable[Callee]) -> tuple[Callee, ...]:
    """Each person or group once, for the first role they are called for; the unknown by their names."""
    found: dict[str, Callee] = {}
    for callee in callees:
        found.setdefault(callee.id or callee.name, callee)
    return tuple(found.values())


def is_highest(alert: Alert, policy: Policy) -> bool:
    """Whether it stands on the ladder's last tier for overspend."""
    return alert.key.kind is not Kind.THRESHOLD and alert.step >= len(policy.ladder) - 1


def _tier(step: int, policy: Policy) -> Tier:
    """The tier of a rung; the highest there is where the ladder has become shorter since."""
    return policy.ladder[min(abs(step), len(policy.ladder) - 1)]


def _threshold(step: int, policy: Policy) -> Threshold | None:
    """The threshold of a rung, the highest where there are fewer by now; None where there are none any more."""
    passed = policy.rules.thresholds[:step]
    return passed[-1] if passed else None


def _first_roles(kind: Kind, step: int, policy: Policy) -> tuple[Role, ...]:
    """Roles that a rung calls at once."""
    if kind is Kind.THRESHOLD:
        passed = _threshold(step, policy)
        return passed.who if passed else ()
    tier = _tier(step, policy)
    return (Role.OWNER, *(tier.who if step > 0 else tier.who_under))


def _chain(alert: Alert, setting: Setting) -> tuple[Level, ...]:
    """Who is called one after the other from a rung on: its roles, each higher rung's, and whoever is left below."""
    ladder, step = setting.policy.ladder, alert.step
    groups = [_first_roles(alert.key.kind, step, setting.policy)]
    if alert.key.kind is not Kind.THRESHOLD and step > 0:
        groups += [tier.who for tier in ladder[step + 1 :]]
        groups.append(tuple(role for tier in ladder[1:step] for role in tier.who))
    levels: list[Level] = []
    seen: set[Role] = set()
    known: set[str] = set()
    for group in groups:
        roles = tuple(role for role in dict.fromkeys(group) if role not in seen)
        seen.update(roles)
        named = once(callee for role in roles for callee in setting.callees.get(role, ()))
        callees = tuple(callee for callee in named if callee.id not in known)
        known.update(callee.id for callee in callees if callee.id)
        if callees or not levels:
            levels.append(Level(roles, callees))
    return tuple(levels)
