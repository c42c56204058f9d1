"""From a team's month to the number that is explained, to what moved it, and to how far it is explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from finops.alert_state import Alert, AlertKey
from finops.breakdown import Line, compare, group
from finops.drivers import Separation, Span
from finops.explanation import STANDING, Coverage, Explanation, Variance, VarianceKey, coverage, has_moved, is_whole
from finops.money import add, subtract
from finops.periods import DAY
from finops.policy import Kind, Materiality
from finops.spend import DaySpend, total
from finops.team_month import TeamMonth


@dataclass(frozen=True, slots=True)
class Drivers:
    """A variance in parts, each a change against the month before; together they are the variance to the last digit.

    Attributes:
        lines: by service, the largest change first; `amount` of a line is the change.
        rest: what the forecast expects for the days not yet settled, less what those days cost in the month before;
            None where there is no forecast.
        rest_days: those days, both ends inside.
        budget: the actual that is compared with, less the budget.
        days, former: the days compared, both ends inside; None where none of the month's own days can be.
        whole: whether `budget` compares the whole month before.
        separation: the same change as `lines` by what drives it; None where that is not known.
    """

    lines: tuple[Line, ...]
    rest: Decimal | None
    rest_days: tuple[date, date] | None
    budget: Decimal
    days: tuple[date, date] | None
    former: tuple[date, date] | None
    whole: bool
    separation: Separation | None = None

    @property
    def total(self) -> Decimal:
        """The variance."""
        return add((*(line.amount for line in self.lines), self.rest or Decimal(0), self.budget))


def variance_of(month: TeamMonth, publication: int, now: datetime) -> Variance | None:
    """The number that is explained: the forecast of a running month, else the actual, less the budget.

    Args:
        publication: the newest that the month was read from.

    Returns:
        None without an approved budget or without data, and while a running month within its budget has no forecast:
        what is not spent yet is no underspend.
    """
    if month.budget is None or month.reading is None or _is_early(month):
        return None
    is_forecast = month.forecast is not None and not month.over
    return Variance(month.reading, month.budget, is_forecast, month.basis, publication, now)


def _is_early(month: TeamMonth) -> bool:
    """Whether a month runs within its budget, and nothing can be said of its end yet."""
    within = month.budget is not None and month.actual is not None and month.actual <= month.budget
    return not month.over and month.forecast is None and within


def is_judged(month: TeamMonth) -> bool:
    """Whether what was said of a month is held against its figures: not while days at the end of it are missing."""
    return not (month.over and month.partial)


def number_known(
    month: TeamMonth | None, seen: Variance | None, explanations: Sequence[Explanation]
) -> Variance | None:
    """The number that explanations are held against; without one now, or while days at the end of its month are
    missing, the one that was last written of; None where there never was one.

    Args:
        seen: the number now, None where there is none.
    """
    written = max((each.explained for each in explanations), key=lambda each: each.seen_at, default=None)
    return seen if seen and (written is None or month is None or is_judged(month)) else written


def variance_key(alert: AlertKey) -> VarianceKey:
    """What an explanation of an alert's month is of."""
    return VarianceKey(alert.team, alert.month, alert.currency)


def alert_number(alert: Alert) -> Variance | None:
    """The number that an alert stands on, as explanations are held against it; None without a budget."""
    seen = alert.reading
    if seen.budget is None:
        return None
    return Variance(seen.amount, seen.budget, seen.is_forecast, seen.basis, seen.publication, seen.seen_at)


def coverage_of_alert(alert: Alert, explanations: Iterable[Explanation]) -> Coverage | None:
    """How far the variance that an alert stands on is explained.

    Args:
        explanations: of the alert's month.

    Returns:
        None where there is nothing to explain: at a threshold, which is no variance; without a budget or exactly on it;
        and once the alert is resolved, unless something is explained.
    """
    variance = alert.reading.variance
    if alert.key.kind is Kind.THRESHOLD or not variance:
        return None
    found = coverage(variance, explanations)
    return found if alert.step or found.explained else None


def is_explained(
    number: Variance, explanations: Sequence[Explanation], material: Materiality, moved: Materiality
) -> bool:
    """Whether what nobody has explained of a number is too small to count.

    Where the whole was explained it stays so while the number has moved by less than what voids an explanation.

    Args:
        number: as it is now.
        moved: the movement that voids what was said of a number.
    """
    if is_whole(coverage(number.value, explanations), number.budget, material):
        return True
    standing = [each for each in explanations if each.stage in STANDING and each.basis is number.basis]
    if not standing or any(has_moved(each.approved or each.explained, number, moved) for each in standing):
        return False
    # Who wrote last saw what the others had left open.
    written = max((each.explained for each in standing), key=lambda each: each.seen_at)
    return is_whole(coverage(written.value, explanations), written.budget, material)


def known_through(month: TeamMonth) -> date | None:
    """The last day that is compared with the month before: of a forecast what has settled, else what is delivered."""
    through, forecast = month.data_through, month.forecast if not month.over else None
    return min(forecast.settled_through, through) if forecast and through else through


def span_of(month: TeamMonth) -> Span | None:
    """The days of a month that are compared, and as many of the month before; None where no day is known yet."""
    first, known, before = month.month.first, known_through(month), month.month.previous
    if known is None or known < first:
        return None
    until = before.last if known == month.month.last else min(before.first + (known - first), before.last)
    return Span((first, known), (before.first, until))


def fits(separation: Separation, month: TeamMonth, spend: Iterable[DaySpend]) -> bool:
    """Whether parts are of a month's figures as they are now.

    Args:
        spend: rows of the month's currency, of it and of the month before.
    """
    span, rows = span_of(month), list(spend)
    if span is None or separation.span != span:
        return False
    now, former = (
        total((row for row in rows if first <= row.day <= last), month.basis)
        for first, last in (span.current, span.former)
    )
    return separation.total == subtract(now, former)


def drivers_of(month: TeamMonth, spend: Iterable[DaySpend], separation: Separation | None = None) -> Drivers | None:
    """What moved a month's variance: a budget has no parts by service, so the month before stands in for them.

    Args:
        spend: rows of the month's currency, of it and of the month before.
        separation: of the month as it is known; one that was told of other figures is left out.

    Returns:
        None where there is nothing to compare with: no number, no data, or no spend in the month before.
    """
    through, reading, first = month.data_through, month.reading, month.month.first
    if month.budget is None or through is None or reading is None or _is_early(month):
        return None
    forecast = month.forecast if not month.over else None
    # At the beginning of a month nothing of a forecast is known.
    known = known_through(month) or through
    rows = list(spend)
    before = [row for row in rows if row.day in month.month.previous]
    if not before:
        return None
    begins, ends = month.month.previous.first, month.month.previous.last
    until = ends if known == month.month.last else min(begins + (known - first), ends)
    same = [row for row in before if row.day <= until]
    now = group((row for row in rows if first <= row.day <= known), _service, lambda row: row.cost(month.basis))
    former = group(same, _service, lambda row: row.cost(month.basis))
    changes = [Line(line.name, subtract(line.amount, line.former or Decimal(0))) for line in compare(now, former)]
    lines = sorted((line for line in changes if line.amount), key=lambda line: (-abs(line.amount), line.name))
    against, rest = total(same, month.basis), None
    if forecast:
        every = total(before, month.basis)
        rest = subtract(subtract(reading, add(now.values())), subtract(every, against))
        against = every
    whole = forecast is not None or until == ends
    span = span_of(month)
    return Drivers(
        lines=tuple(lines),
        rest=rest,
        rest_days=(max(known + DAY, first), month.month.last) if forecast and known < month.month.last else None,
        budget=subtract(against, month.budget),
        days=span.current if span else None,
        former=span.former if span else None,
        whole=whole,
        separation=separation if separation and fits(separation, month, rows) else None,
    )


def _service(row: DaySpend) -> str:
    return row.service
