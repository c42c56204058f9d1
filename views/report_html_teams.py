"""The teams of the report one by one: What happened, Why, What next."""

from __future__ import annotations

from finops.corrective_action import CorrectiveAction
from finops.explanation import Explanation
from finops.variance_report import TeamReport, VarianceReport
from views import report_words as words
from views.amounts import ratio
from views.report_markup import lines, safe, value, whole
from views.report_message import speaks


def articles(report: VarianceReport) -> str:
    """Every team with more to say than its figures."""
    told = [_article(row, report) for row in report.rows if speaks(row)]
    return f"<section><h2>What, Why, What next</h2>{''.join(told)}</section>" if told else ""


def _article(row: TeamReport, report: VarianceReport) -> str:
    figures, key = row.figures, row.figures.key
    said = [f"<article><h3>{safe(words.name_of(report, key.team))}</h3><p class=figures>{_figures(row)}</p>"]
    if covered := words.covered(row):
        said.append(f"<p>{safe(covered)}</p>")
    if restated := words.restated_row(report, row):
        said.append(f"<p>{safe(restated)}</p>")
    if figures.closed_at is None and report.is_closed:
        said.append("<p>It came in after the month was closed.</p>")
    if row.drivers:
        named = [words.driver(line, key.currency) for line in row.drivers]
        said.append(f"<h4>Drivers, beside the month before</h4>{lines(named)}")
    said += [_explanation(each, row, report) for each in row.explanations]
    known = {each.number for each in row.explanations}
    alone = [action for action in row.actions if action.explanation not in known]
    if alone:
        said.append(f"<h4>Corrective actions</h4>{_actions(alone, report)}")
    if row.is_material and not row.explanations:
        said.append("<p>Nobody has explained it.</p>")
    return "".join([*said, "</article>"])


def _figures(row: TeamReport) -> str:
    figures, currency = row.figures, row.figures.key.currency
    if figures.actual is None:
        return "No data."
    spent = f"Actual {value(figures.actual, currency)}"
    if figures.budget is None or figures.variance is None:
        return f"{spent}, without an approved budget."
    variance = f"{value(figures.variance, currency, signed=True)} ({safe(ratio(figures.ratio))})"
    return f"{spent} of {value(figures.budget, currency)}: {variance}, {safe(words.tier(figures))}."


def _explanation(each: Explanation, row: TeamReport, report: VarianceReport) -> str:
    wording = each.wording
    parts = [("What happened", whole(wording.what)), ("Why", whole(wording.why))]
    own = [action for action in row.actions if action.explanation == each.number]
    following = whole(wording.following) + (_actions(own, report) if own else "")
    parts.append(("What next", following or "–"))
    if each.review:
        parts.append(("Review", whole(f"{words.person(report, each.reviewer)}: {each.review}")))
    told = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in parts)
    return f"<h4>{safe(words.explanation_title(report, each))}</h4><dl class=said>{told}</dl>"


def _actions(actions: list[CorrectiveAction], report: VarianceReport) -> str:
    return lines([words.action_line(report, action) for action in actions])
