"""A month's variance report as CSV: one row per team and explanation, plain decimals, no cell a spreadsheet runs."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from finops.explanation import Explanation
from finops.forecast_judged import ToldForecast
from finops.money import plain
from finops.variance_report import TeamReport, VarianceReport
from views import report_words as words

COLUMNS = (
    "month", "team", "name", "currency", "basis", "budget", "actual", "variance", "ratio", "tier", "restated_actual",
    "restated_budget", "explained", "approved", "open", "material", "settled", "explanation", "stage", "category",
    "amount", "goes_on", "what", "why", "what_next", "author", "reviewer", "actions", "closed_at", "forecast_told_on",
    "forecast", "forecast_low_80", "forecast_high_80", "forecast_error",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet take a cell for a formula, also in its full-width likeness."""


def report_csv(report: VarianceReport) -> str:
    """Every team; its figures stand in the row of each of its explanations, an explanation's in its own alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in report.rows:
        for explanation in row.explanations or (None,):
            writer.writerow(_cells(report, row, explanation))
    return text.getvalue()


def _cells(report: VarianceReport, row: TeamReport, explanation: Explanation | None) -> list[str]:
    figures, found = row.figures, row.coverage
    own = [
        str(report.month),
        safe(figures.key.team),
        safe(row.name),
        safe(figures.key.currency),
        str(figures.basis),
        *map(_amount, (figures.budget, figures.actual, figures.variance, figures.ratio)),
        safe(words.tier(figures) if figures.tier else ""),
        _amount(row.now.actual if row.now else None),
        _amount(row.now.budget if row.now else None),
        *map(_amount, (found.explained, found.approved, found.open) if found else (None, None, None)),
        "yes" if row.is_material else "no",
        "no" if row.is_open else "yes",
    ]
    closed = figures.closed_at.isoformat() if figures.closed_at else ""
    return [*own, *_explained(report, row, explanation), closed, *_told(row.told)]


def _told(told: ToldForecast | None) -> list[str]:
    """The forecast of the 15th beside the actual: when it was told, its amount, its 80 % interval and its error."""
    if told is None:
        return [""] * 5
    forecast = told.forecast
    return [told.made_on.isoformat(), *map(_amount, (forecast.amount, forecast.low, forecast.high, told.error))]


def _explained(report: VarianceReport, row: TeamReport, each: Explanation | None) -> list[str]:
    number = each.number if each else 0
    # Actions of no explanation stand beside the first.
    first = each is None or each is row.explanations[0]
    known = {found.number for found in row.explanations}
    actions = [a for a in row.actions if a.explanation == number or (first and a.explanation not in known)]
    said = safe("\n".join(words.action_line(report, action) for action in actions))
    if each is None:
        return ["", "", "", "", "", "", "", "", "", "", said]
    wording = each.wording
    return [
        str(number),
        str(each.stage),
        str(wording.category),
        _amount(wording.amount),
        "yes" if wording.stays else "no",
        *map(safe, (wording.what, wording.why, wording.following)),
        safe(words.person(report, each.author)),
        safe(words.person(report, each.reviewer)) if each.reviewer else "",
        said,
    ]


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else plain(amount)


def safe(text: str) -> str:
    """Free text that no spreadsheet takes for a formula: an apostrophe goes before what would begin one."""
    text = text.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) else text
