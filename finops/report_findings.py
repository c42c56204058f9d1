"""What a month's report finds beside the figures: drivers, what hides, what repeats, what was contradicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.breakdown import Line, compare
from finops.closed_month import TeamCurrency, TeamFigures
from finops.corrective_action import CorrectiveAction
from finops.explanation import STANDING, Category, Explanation
from finops.money import EXACT, ZERO, add
from finops.periods import Month

MOST_DRIVERS = 3
RUNNING = 3
"""Months running from which on a cause is a repeated one."""
STAYED = Decimal("0.5")
"""Share of a rise that must still be there a month later for the cause to have stayed."""
NOTEWORTHY = Decimal("0.1")
"""Share of a variance that a service must have moved by to be a driver of it."""
SHORTEST_NAME = 3
"""Characters from which on a service counts as named when an explanation's words hold it."""


class Said(StrEnum):
    """What an explanation says of the months that follow."""

    ONCE = "once"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A favourable variance that hides an unfavourable one.

    Attributes:
        team: inside which services cover each other; empty for teams that cover each other in a total.
        risen, fallen: services beside the month before, or teams' actuals beside their budgets, the largest first.
        rise: what rose, or is over budget, altogether.
        covered: the part of it that the others' fall makes invisible.
        variance: of the team or the total: under zero, or too small to count.
    """

    team: str
    currency: str
    risen: tuple[Line, ...]
    fallen: tuple[Line, ...]
    rise: Decimal
    covered: Decimal
    variance: Decimal


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same cause three months running, or a variance that counts in the same direction.

    Attributes:
        category: of explanations, None where it is something else that repeats.
        service: that drove the variance, empty where it is something else.
        amounts: what was explained by the category, what the service changed, or the variance, in each of the months.
    """

    team: str
    currency: str
    category: Category | None
    service: str
    months: tuple[Month, ...]
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The month after tells otherwise than an explanation did.

    Attributes:
        said: what the explanation said of the months that follow.
        service: the driver it is about.
        before, then, after: its cost in the month before, the month explained and the month after.
    """

    explanation: Explanation
    said: Said
    service: str
    before: Decimal
    then: Decimal
    after: Decimal


def drivers(figures: TeamFigures, most: int = MOST_DRIVERS) -> tuple[Line, ...]:
    """The services that moved most in the direction of the variance, beside the month before; the largest first."""
    variance = figures.variance
    if not figures.former or not variance:
        return ()
    least = EXACT.multiply(EXACT.abs(variance), NOTEWORTHY)
    lines = compare(figures.services, figures.former)
    moved = [
        line
        for line in lines
        if ((line.change or ZERO) > 0) == (variance > 0) and EXACT.abs(line.change or ZERO) >= least
    ]
    return tuple(sorted(moved, key=lambda line: (EXACT.minus(EXACT.abs(line.change or ZERO)), line.name))[:most])


def hidden_services(figures: TeamFigures, counts: Callable[[Decimal], bool]) -> Hidden | None:
    """Services whose rise would count on its own, in a team whose overspend, if any, does not: others fell.

    Args:
        counts: whether a movement of this size counts for the team.
    """
    if figures.variance is None or figures.step > 0 or not figures.former:
        return None
    lines = compare(figures.services, figures.former)
    risen = _largest(line for line in lines if (line.change or ZERO) > 0 and counts(line.change or ZERO))
    fallen = _largest(line for line in lines if (line.change or ZERO) < 0)
    rise = add(line.change or ZERO for line in risen)
    covered = min(rise, EXACT.minus(add(line.change or ZERO for line in fallen)))
    if not risen or not fallen or not counts(covered):
        return None
    return Hidden(figures.key.team, figures.key.currency, risen, fallen, rise, covered, figures.variance)


def hidden_teams(currency: str, rows: Iterable[TeamFigures], counts: Callable[[Decimal], bool]) -> Hidden | None:
    """Teams over their budgets by what counts, in a total that does not show it because others are under theirs.

    Args:
        rows: of one currency.
        counts: whether a variance of this size counts for the total.
    """
    budgeted = [row for row in rows if row.variance is not None]
    total = add(row.variance or ZERO for row in budgeted)
    over = [row for row in budgeted if row.step > 0]
    under = [row for row in budgeted if (row.variance or ZERO) < 0]
    if not over or not under or (total > 0 and counts(total)):
        return None
    rise = add(row.variance or ZERO for row in over)
    fall = EXACT.minus(add(row.variance or ZERO for row in under))
    covered = min(rise, fall)
    return Hidden("", currency, _largest(map(_beside, over)), _largest(map(_beside, under)), rise, covered, total)


def repeated(
    found: Mapping[TeamCurrency, Sequence[tuple[TeamFigures | None, Sequence[Explanation]]]],
) -> Iterator[Repeat]:
    """Causes that were there in each of the months; where none was, variances that were.

    Args:
        found: a team and currency → its figures and explanations in each month, the latest first.
    """
    for (team, currency), seen in found.items():
        months = [_month_of(figures, explanations) for figures, explanations in seen]
        known = tuple(month for month in months if month is not None)
        if len(known) < RUNNING:
            continue
        same = [Repeat(team, currency, category, "", known, amounts) for category, amounts in _categories(seen)]
        if driving := _driven(seen):
            same.append(Repeat(team, currency, None, driving[0], known, driving[1]))
        variances = tuple(figures.variance or ZERO if figures and figures.step else ZERO for figures, _ in seen)
        if not same and (all(each > 0 for each in variances) or all(each < 0 for each in variances)):
            same.append(Repeat(team, currency, None, "", known, variances))
        yield from same


def _categories(seen: Sequence[tuple[object, Sequence[Explanation]]]) -> Iterator[tuple[Category, tuple[Decimal, ...]]]:
    """Categories that stand in each of the months, with what they explain."""
    explained = [_by_category(explanations) for _, explanations in seen]
    for category in Category:
        if all(category in each for each in explained):
            yield category, tuple(each[category] for each in explained)


def _driven(seen: Sequence[tuple[TeamFigures | None, object]]) -> tuple[str, tuple[Decimal, ...]] | None:
    """The service that drove the variance in each of the months, in one direction, with its changes."""
    tops = [_driving(figures) for figures, _ in seen]
    names = {top.name if top else "" for top in tops}
    changes = tuple(top.change or ZERO for top in tops if top)
    if len(names) > 1 or "" in names or len({change > 0 for change in changes}) > 1:
        return None
    return names.pop(), changes


def contradiction(
    figures: TeamFigures, after: TeamFigures, explanation: Explanation, actions: Sequence[CorrectiveAction]
) -> Contradiction | None:
    """What the month after makes of an explanation; None where it bears it out, or nothing can be said.

    Costs are compared by the day, as months have not the same length.

    Args:
        figures: of the month explained.
        after: of the month after it.
        actions: of the explanation.
    """
    if explanation.stage not in STANDING:
        return None
    service = _subject(figures, explanation, actions)
    if not service or not figures.former:
        return None
    month = figures.key.month
    costs = figures.former.get(service, ZERO), figures.services.get(service, ZERO), after.services.get(service, ZERO)
    spans = len(month.previous), len(month), len(month.next)
    before, then, later = (EXACT.divide(cost, Decimal(days)) for cost, days in zip(costs, spans, strict=True))
    rise = EXACT.subtract(then, before)
    # What moved against the explained amount is not what it is about.
    if not rise or (rise > 0) != (explanation.wording.amount > 0):
        return None
    left = EXACT.divide(EXACT.subtract(later, before), rise)
    said = Said.STAYS if explanation.wording.stays else Said.ONCE
    if (left >= STAYED) == (said is Said.STAYS):
        return None
    return Contradiction(explanation, said, service, *costs)


def _subject(figures: TeamFigures, explanation: Explanation, actions: Sequence[CorrectiveAction]) -> str:
    """The service an explanation is about: its corrective action's, the one that its words name, or the driver."""
    known = figures.services.keys() | figures.former.keys()
    named = [action.target.service for action in actions if action.target.service in known]
    if named:
        return named[0]
    wording = explanation.wording
    words = f"{wording.what}\n{wording.why}".casefold()
    lines = drivers(figures, len(known))
    inside = [line.name for line in lines if len(line.name) >= SHORTEST_NAME and line.name.casefold() in words]
    return (inside or [line.name for line in lines] or [""])[0]


def _driving(figures: TeamFigures | None) -> Line | None:
    """The service that drove a variance which counts."""
    if figures is None or not figures.step:
        return None
    return next(iter(drivers(figures, 1)), None)


def _by_category(explanations: Iterable[Explanation]) -> dict[Category, Decimal]:
    found: dict[Category, list[Decimal]] = {}
    for each in explanations:
        if each.stage in STANDING:
            found.setdefault(each.wording.category, []).append(each.wording.amount)
    return {category: add(amounts) for category, amounts in found.items()}


def _month_of(figures: TeamFigures | None, explanations: Sequence[Explanation]) -> Month | None:
    if figures is not None:
        return figures.key.month
    return explanations[0].key.month if explanations else None


def _beside(figures: TeamFigures) -> Line:
    return Line(figures.key.team, figures.actual or ZERO, figures.budget)


def _largest(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (EXACT.minus(EXACT.abs(line.change or ZERO)), line.name)))
