"""The pictures of a month's report as data: bars beside a zero line, and money split by where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finops.money import ZERO, add
from finops.variance_report import VarianceReport
from views import report_words as words
from views.amounts import ratio
from views.report_message import top_rows

BARS, REST = 12, 3
"""Bars of a chart, and those of them that are kept for what no cause is named of."""
OVER, UNDER, APPROVED, WAITING, OPEN, SMALL = "over", "under", "approved", "waiting", "open", "small"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar.

    Attributes:
        kind: which colour it has: over, under, approved, waiting, open or small.
        share: of the chart's widest bar, −1 to 1.
    """

    kind: str
    share: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled bar.

    Attributes:
        value: its amount as shown.
        parts: one after the other from zero.
    """

    label: str
    value: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart.

    Attributes:
        finding: what it shows, one sentence: its heading and its text for those who do not see it.
        legend: kinds of parts and what they are, none where each bar says it.
    """

    currency: str
    title: str
    finding: str
    bars: tuple[Bar, ...]
    legend: tuple[tuple[str, str], ...] = ()

    @property
    def has_negative(self) -> bool:
        """Whether a bar goes to the left of zero."""
        return any(part.share < 0 for bar in self.bars for part in bar.parts)


def charts(report: VarianceReport, most: int = BARS) -> list[Chart]:
    """A currency's largest variances, and how far its variance is explained, for each currency that has some.

    Args:
        most: bars of the largest variances.
    """
    made = []
    for total in report.totals:
        made += [_variances(report, total.currency, most), _causes(report, total.currency, most)]
    return [chart for chart in made if len(chart.bars) > 1]


def _variances(report: VarianceReport, currency: str, most: int) -> Chart:
    rows = [row for row in top_rows(report, len(report.rows), len(report.rows)) if row.figures.key.currency == currency]
    over = [row for row in rows if row.figures.step > 0]
    under = [row for row in rows if row.figures.step < 0]
    shown = over[: most - min(len(under), most // 3)] + under[: most // 3]
    widest = max((abs(row.figures.variance or ZERO) for row in shown), default=ZERO)
    bars = []
    for row in shown:
        variance = row.figures.variance or ZERO
        value = f"{words.cash(variance, currency, signed=True)} ({ratio(row.figures.ratio)})"
        kind = OVER if variance > 0 else UNDER
        bars.append(Bar(words.name_of(report, row.figures.key.team), value, (Part(kind, _share(variance, widest)),)))
    finding = ""
    if over:
        first = over[0]
        finding = (
            f"{words.name_of(report, first.figures.key.team)} is furthest over its budget, by "
            f"{words.cash(first.figures.variance or ZERO, currency)}"
        )
    elif under:
        finding = "No team is over its budget by what counts"
    left = len(rows) - len(shown)
    finding += f"; {left:,} more in the table." if left else "."
    return Chart(currency, f"Largest variances, {currency}", finding, tuple(bars))


def _causes(report: VarianceReport, currency: str, most: int) -> Chart:
    """Money by category, approved and waiting, and what nobody has explained."""
    total = next(total for total in report.totals if total.currency == currency)
    causes = [cause for cause in report.causes if cause.currency == currency]
    few = sorted(causes, key=lambda cause: -abs(cause.approved) - abs(cause.waiting))[: max(most - REST, 1)]
    found: list[tuple[str, tuple[tuple[str, Decimal], ...]]] = [
        (words.CATEGORIES[cause.category], ((APPROVED, cause.approved), (WAITING, cause.waiting))) for cause in few
    ]
    if others := [cause for cause in causes if cause not in few]:
        approved = add(cause.approved for cause in others)
        waiting = add(cause.waiting for cause in others)
        found.append((f"{len(others)} other causes", ((APPROVED, approved), (WAITING, waiting))))
    if total.material:
        left = (
            ("Not explained, over", OPEN, total.open_over),
            ("Not explained, under", OPEN, total.open_under),
            ("Asks for none", SMALL, total.small),
        )
        found += [(label, ((kind, amount),)) for label, kind, amount in left if amount]
    widest = max((sum((abs(amount) for _, amount in parts), ZERO) for _, parts in found), default=ZERO)
    bars = tuple(
        Bar(
            label,
            words.cash(add(amount for _, amount in parts), currency, signed=True),
            tuple(Part(kind, _share(amount, widest)) for kind, amount in parts if amount),
        )
        for label, parts in found
    )
    settled, waits = words.cash(total.approved, currency), words.cash(total.waiting, currency)
    finding = f"{settled} explained and approved, {waits} waiting; not explained: {words.unexplained(total)}."
    legend = ((APPROVED, "approved"), (WAITING, "waits"), (OPEN, "not explained"), (SMALL, "asks for none"))
    return Chart(currency, f"Root causes, {currency}", finding, bars, legend)


def _share(amount: Decimal, widest: Decimal) -> float:
    """How long a bar is; pictures need no exact money."""
    return float(amount / widest) if widest else 0.0
