"""A policy in plain words for the terminal: from when on who is called, what they must do by when, and then whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from finops.alert import Level
from finops.calendar import QuietHours, WorkCalendar
from finops.chance import HELD
from finops.company import Company
from finops.explanation import ExplanationRules
from finops.money import EXACT, plain
from finops.periods import Month
from finops.policy import Kind, Materiality, Role, Tier
from finops.policy_check import ANY_TEAM, Difference, Rung
from views.amounts import month_name, percent
from views.tiers import ROLES, listed
from views.time import day

HOLIDAYS_AHEAD = timedelta(days=92)
"""About three months."""
MOST_NAMED = 8
"""Most teams named where teams differ; the others are counted."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def policy_lines(
    company: Company,
    rungs: Sequence[Rung],
    vacant: frozenset[Role],
    differences: Sequence[Difference],
    doubts: Sequence[str],
    today: date,
    *,
    of: str,
) -> Iterator[str]:
    """A policy, line by line.

    Args:
        vacant: roles that nobody has.
        of: whose policy it is, as the heading has it.
    """
    yield f"The policy of {of}, for amounts in each team's currency and times on each team's clock."
    if not company.alerts.live:
        yield "SHADOW MODE: alerts are evaluated and recorded; none is posted, and nobody is called."
    sections = (
        ("What is judged", _judged(company, today)),
        ("Overspend", _tiers(company, rungs, vacant, over=True)),
        ("Underspend", _tiers(company, rungs, vacant, over=False)),
        ("Parts of the budget", _thresholds(company, rungs, vacant)),
        ("Answers, repeats and silence", _rules(company)),
        ("Working time", _working_time(company.calendar, today, company.timezone)),
        ("Teams that differ", _differing(differences, today)),
        ("Warnings", iter(doubts)),
    )
    for heading, lines in sections:
        found = list(lines)
        if found:
            yield ""
            yield heading
            yield from (f"  {line}" for line in found)


def materiality_words(materiality: Materiality) -> str:
    """What a variance must reach to count, as a sentence."""
    amount, ratio = f"an amount of {plain(materiality.amount)}", f"a ratio of {percent(materiality.ratio)}"
    if not materiality.amount and not materiality.ratio:
        return "Every variance counts: no materiality is set."
    if materiality.both:
        needed = " and ".join([amount] * bool(materiality.amount) + [ratio] * bool(materiality.ratio))
        return f"A variance counts from {needed} on; a smaller one stays in the first step."
    if not materiality.amount or not materiality.ratio:
        return "Every variance counts: `or` with a least amount or ratio of zero lets everything in."
    return f"A variance counts from {amount} or {ratio} on; a smaller one stays in the first step."


def _judged(company: Company, today: date) -> Iterator[str]:
    kinds, rules = company.alerts.kinds, company.alerts
    if Kind.FORECAST in kinds:
        yield "A running month by its forecast against the approved budget (kind forecast)."
    if Kind.THRESHOLD in kinds:
        yield "A running month by the part of the budget that its actual has used (kind threshold)."
    if Kind.CLOSED in kinds:
        month = Month.of(today)
        closing = company.calendar.nth_working_day(month.next, rules.close_on)
        yield (
            f"An ended month by its final actual (kind closed), from working day {rules.close_on} of the next on: "
            f"{month_name(month)} from {day(closing)} {closing.year}."
        )
    yield materiality_words(company.materiality)


def _tiers(company: Company, rungs: Sequence[Rung], vacant: frozenset[Role], *, over: bool) -> Iterator[str]:
    found = [rung for rung in rungs if rung.kind is not Kind.THRESHOLD and (rung.step > 0) == over]
    first = company.ladder[0]
    edge = f", up to {percent(found[0].above)}" if found else ""
    said = f" ({first.duty if over else first.duty_under})" if (first.duty if over else first.duty_under) else ""
    yield f"{first.name}{edge}: nobody is called{said}."
    if over:
        yield from (f"  {line}" for line in _explained(company, first))
    for rung in found:
        until = f" up to {percent(rung.up_to)}" if rung.up_to is not None else ""
        tier = company.ladder[abs(rung.step)]
        yield f"{tier.name}, over {percent(rung.above)}{until}:"
        yield from (f"  {line}" for line in _by_chance(rung))
        yield from (f"  {line}" for line in _called(rung, vacant))
        if over:
            yield from (f"  {line}" for line in _explained(company, tier))
    if over and found:
        yield _without_ratio(company, found)


def _by_chance(rung: Rung) -> Iterator[str]:
    """From which chance on a running month is on a step, and below which an alert leaves it."""
    if rung.chance is not None:
        left, side = percent(EXACT.multiply(HELD, rung.chance)), "over" if rung.step > 0 else "under"
        yield (
            f"while the month runs: from a chance of {percent(rung.chance)} on to end more than {percent(rung.above)} "
            f"{side}, whatever is expected; left below {left}"
        )


def _explained(company: Company, tier: Tier) -> Iterator[str]:
    """By when an explanation is reviewed and answered, where the tier has days of its own; underspend has the same."""
    if tier.explanation_review_within or tier.explanation_answer_within:
        yield f"explanations, also of underspend: {_reviewed(company.explanations.within(tier))}"


def _reviewed(rules: ExplanationRules) -> str:
    return f"reviewed within {_days(rules.review_within)}, answered by their author within {_days(rules.answer_within)}"


def _called(rung: Rung, vacant: frozenset[Role]) -> Iterator[str]:
    yield f"calls {_level(rung.chain[0], vacant)}"
    if rung.duty:
        when = "" if rung.due is None else f", within {_days(rung.due)}" if rung.due else ", the same working day"
        yield f"to do: {rung.duty}{when}"
    if rung.answer_within is not None and len(rung.chain) > 1:
        first, *others = (_level(level, vacant) for level in rung.chain[1:])
        more = "".join(f", then as long again: {other}" for other in others)
        yield f"no answer in {_hours(rung.answer_within)}: calls {first}{more}"
    else:
        yield "silence calls nobody further"
    if rung.highest:
        sponsor = (
            "nobody has the role to decide" if Role.EXECUTIVE_SPONSOR in vacant else "the executive sponsor decides"
        )
        yield f"in addition: {sponsor} on a freeze of spend, and the week's most calls do not hold it back"


def _without_ratio(company: Company, found: Sequence[Rung]) -> str:
    amounts = [(rung, rung.above_amount) for rung in found if rung.above_amount is not None]
    if not amounts:
        return f"A budget of zero has no ratio: any variance that counts is {found[0].name}."
    steps = listed([f"{rung.name} over {plain(amount)}" for rung, amount in amounts])
    return f"A budget of zero has no ratio, the variance decides: {steps}."


def _thresholds(company: Company, rungs: Sequence[Rung], vacant: frozenset[Role]) -> Iterator[str]:
    found = [rung for rung in rungs if rung.kind is Kind.THRESHOLD]
    for rung in found:
        whom = f"calls {_level(rung.chain[0], vacant)}" if rung.chain[0].roles else "is said, and calls nobody"
        yield f"past {rung.name}: {whom}"
    if found and Kind.FORECAST in company.alerts.kinds:
        yield "While the month's forecast alert is alive, this stands in its thread and calls nobody."


def _rules(company: Company) -> Iterator[str]:
    rules = company.alerts
    yield (
        f"An acknowledgement holds for {_days(rules.holds)}; then whoever gave it and the owners are asked again. "
        f"A snooze lasts {_counted(rules.longest_snooze, 'day')} at most."
    )
    again = _span(rules.realert_after)
    yield f"A rise within {again} of the alert's last call is only noted, where that call went to all it would call."
    yield (
        f"A team is called {_counted(rules.most_pings, 'time')} a week at most, Monday to Sunday; what is more stands "
        f"in one digest. {company.ladder[-1].name} is never held back."
    )
    own = any(each.explanation_review_within or each.explanation_answer_within for each in company.ladder)
    yield f"Explanations are {_reviewed(company.explanations)}{', unless their tier says otherwise' if own else ''}."
    yield _quiet(rules.quiet)
    if rules.channel:
        yield f"Alerts of teams without a channel go to {rules.channel}."
    else:
        yield "A team without a channel has no place for its alerts: only whom they call hears of them."


def _quiet(quiet: QuietHours | None) -> str:
    spans = []
    if quiet and quiet.begins != quiet.ends:
        spans.append(f"from {quiet.begins:%H:%M} to {quiet.ends:%H:%M}")
    if quiet and quiet.days_off:
        spans.append("on weekends and holidays")
    if not spans:
        return "There are no quiet hours: a call is made whenever its reason arises."
    return f"Nobody is called {listed(spans)}; what rises then is said afterwards."


def _working_time(calendar: WorkCalendar, today: date, zone: str = "") -> Iterator[str]:
    working = [name for number, name in enumerate(WEEKDAYS) if number not in calendar.weekend]
    clock = f", {zone}" if zone else ""
    yield f"{listed(working)}, {calendar.begins:%H:%M} to {calendar.ends:%H:%M}{clock}."
    yield _holidays(calendar, today)


def _holidays(calendar: WorkCalendar, today: date) -> str:
    last = today + HOLIDAYS_AHEAD
    found = calendar.holidays(today, last)
    days = [f"{day(when)} {when.year}{f' ({name})' if name else ''}" for when, name in found]
    place = f"of {'-'.join(filter(None, (calendar.country, calendar.subdivision)))} " if calendar.country else ""
    if not calendar.country and not found:
        return f"No holidays are known up to {day(last)} {last.year}: calendar.country is not set."
    return f"Holidays {place}up to {day(last)} {last.year}: {listed(days) or 'none on a working day'}."


def _differing(differences: Sequence[Difference], today: date) -> Iterator[str]:
    for difference in differences:
        teams = difference.teams
        more = len(teams) - MOST_NAMED
        yield f"{listed(teams if more <= 0 else [*teams[:MOST_NAMED], f'{more:,} more'])}:"
        if difference.zone:
            yield f"  clock: {difference.zone}"
        if difference.materiality:
            yield f"  {materiality_words(difference.materiality)}"
        if difference.calendar:
            yield from (f"  {line}" for line in _working_time(difference.calendar, today))


def _level(level: Level, vacant: frozenset[Role]) -> str:
    """Roles with the people who have them: 'the owners, FinOps (@finops) and Finance (nobody)'."""
    shown = []
    for role in level.roles:
        names = [callee.name for callee in level.callees if callee.role is role]
        if role in vacant:
            shown.append(f"{ROLES[role]} (nobody)")
        elif names and not set(names) & {*ANY_TEAM.owners, ANY_TEAM.engineering_lead}:
            shown.append(f"{ROLES[role]} ({', '.join(names)})")
        elif names:
            shown.append(ROLES[role])
    return listed(shown) or "nobody"


def _days(number: int) -> str:
    return _counted(number, "working day")


def _hours(number: int) -> str:
    return _counted(number, "working hour")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _span(span: timedelta) -> str:
    hours, rest = divmod(int(span.total_seconds()), 3600)
    return _counted(hours, "hour") if not rest else _counted(hours * 60 + rest // 60, "minute")
