"""A month's variance report as JSON: every figure as text in full precision, days and instants in ISO 8601."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from finops.closed_month import TeamFigures
from finops.forecast_judged import Judged, ToldForecast
from finops.money import plain
from finops.periods import Month
from finops.variance_report import TeamReport, Total, VarianceReport
from views import report_finding_words as finding_words
from views import report_words as words


def report_json(report: VarianceReport, executive: bool = False) -> str:
    """The report; in the executive edition without the teams' rows."""
    whole: dict[str, Any] = {
        "company": report.company,
        "month": str(report.month),
        "basis": report.basis,
        "is_closed": report.is_closed,
        "is_final": report.is_final,
        "of_all_teams": report.of_all,
        "closed_as_it_stands": plainly(report.decision),
        "at": plainly(report.at),
        "summary": words.headline(report),
        "missing": [
            plainly(each) | {"sentence": said} for each, said in zip(report.missing, words.missing(report), strict=True)
        ],
        "totals": [_total(total) for total in report.totals],
        "causes": plainly(report.causes),
        "hidden": [plainly(each) | {"sentence": finding_words.hidden(report, each)} for each in report.hidden],
        "repeats": [plainly(each) | {"sentence": finding_words.repeat(report, each)} for each in report.repeats],
        "contradictions": [
            plainly(each) | {"explanation": each.explanation.id, "sentence": finding_words.contradiction(report, each)}
            for each in report.contradictions
        ],
        "undone": [plainly(each) | {"sentence": finding_words.undone(report, each)} for each in report.undone],
        "freezes": plainly(report.freezes),
        "forecasts": [_judged(each) for each in report.accuracy],
    }
    if not executive:
        whole["teams"] = [_row(row) for row in report.rows]
        whole["names"] = plainly(dict(sorted(report.names.items())))
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _judged(each: Judged) -> dict[str, Any]:
    return {
        "days_left_from": each.band[0],
        "days_left_through": each.band[1],
        "forecasts": each.forecasts,
        "mean_error": plainly(each.error),
        "held_80": plain(each.held_80),
        "held_95": plain(each.held_95),
    }


def _told(told: ToldForecast | None) -> dict[str, Any] | None:
    if told is None:
        return None
    forecast = told.forecast
    names = ("amount", "low", "high", "lowest", "highest")
    return {
        "told_on": told.made_on.isoformat(),
        "settled_through": forecast.settled_through.isoformat(),
        **{name: plain(getattr(forecast, name)) for name in names},
        "error": plainly(told.error),
    }


def _total(total: Total) -> dict[str, Any]:
    own: dict[str, Any] = plainly(total)
    more = {"variance": total.variance, "waiting": total.waiting}
    return own | {name: plain(amount) for name, amount in more.items()}


def _row(row: TeamReport) -> dict[str, Any]:
    figures = row.figures
    return {
        "team": figures.key.team,
        "name": row.name,
        **_figures(figures),
        "restated": None if row.now is None else _figures(row.now),
        "is_material": row.is_material,
        "is_open": row.is_open,
        "coverage": None
        if row.coverage is None
        else plainly(row.coverage) | {"open": plain(row.coverage.open), "unapproved": plain(row.coverage.unapproved)},
        "drivers": [plainly(line) | {"change": plainly(line.change)} for line in row.drivers],
        "explanations": plainly(row.explanations),
        "actions": plainly(row.actions),
        "forecast": _told(row.told),
    }


def _figures(figures: TeamFigures) -> dict[str, Any]:
    return {
        "currency": figures.key.currency,
        "budget": plainly(figures.budget),
        "actual": plainly(figures.actual),
        "variance": plainly(figures.variance),
        "ratio": plainly(figures.ratio),
        "tier": figures.tier or None,
        "step": figures.step,
        "data_through": plainly(figures.data_through),
        "is_complete": figures.is_complete,
        "publication": figures.publication,
        "closed_at": plainly(figures.closed_at),
        "services": plainly(figures.services),
        "services_of_the_month_before": plainly(figures.former),
    }


def plainly(value: Any) -> Any:
    """A value as JSON has it: amounts as text, named parts as objects."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Month):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value):
        return {field.name: plainly(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plainly(inner) for name, inner in value.items()}
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plainly(each) for each in value]
    return value
