"""A month's variance report as PDF: one page for executives, or everything."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.explanation import Explanation
from finops.money import add
from finops.variance_report import TeamReport, Total, VarianceReport
from views import report_finding_words as finding_words
from views import report_words as words
from views.amounts import ratio
from views.report_charts import charts
from views.report_message import promised, speaks, top_rows
from views.report_pdf_page import Page
from views.text import clip

ROOMS = (
    (5, 5, 6, 3, 8),
    (5, 4, 5, 2, 8),
    (5, 3, 4, 2, 6),
    (3, 2, 4, 2, 6),
    (2, 2, 3, 1, 4),
    (1, 1, 2, 1, 3),
    (1, 1, 1, 1, 2),
)
"""Most lacks, findings, overspends, underspends and bars of the executive edition: the first that stays on one page."""
BRIEF, LONGEST, BRIEF_NAME = 200, 2000, 36
"""Characters of a sentence in the executive and in the technical edition, and of a name in the former."""
TEAM_COLUMNS = (22.0, 14, 14, 14, 10.5, 19, 14, 15)


def report_pdf(report: VarianceReport, executive: bool = False) -> bytes:
    """The whole report, or its one page for executives; the same report gives the same bytes."""
    page = _begun(report)
    if not executive:
        _technical(page, report)
        return bytes(page.output())
    for room in ROOMS:
        page = _begun(report)
        _executive(page, report, room)
        if page.pages_count == 1:
            break
    return bytes(page.output())


def _begun(report: VarianceReport) -> Page:
    page = Page(words.title(report), report.company, report.at)
    page.title_line(report.company, words.title(report), words.standing(report))
    for said in words.headline(report):
        page.said(said)
    return page


def _ended(page: Page, report: VarianceReport) -> None:
    page.ln(2)
    for said in words.notes(report):
        page.small(said)


def _executive(page: Page, report: VarianceReport, room: tuple[int, int, int, int, int]) -> None:
    lacking, found, over, under, bars = room
    _part(page, "What is missing for a final report", words.missing(report), lacking, BRIEF)
    _totals(page, report)
    own = report.totals[0].currency if report.totals else ""
    page.pictures([chart for chart in charts(report, bars) if chart.currency == own])
    _teams(page, "Largest variances", top_rows(report, over, under), report)
    findings = [
        *(finding_words.hidden(report, each) for each in report.hidden),
        *(finding_words.repeat(report, each) for each in report.repeats),
        *(finding_words.contradiction(report, each) for each in report.contradictions),
    ]
    _part(page, "What stands out", findings, found, BRIEF)
    decided = [finding_words.decision(report, freeze) for freeze in report.freezes]
    _part(page, "What follows", [*promised(report), *decided], found, BRIEF)
    page.ln(1)
    page.small(f"{words.FORECASTS}: {clip(words.forecasts(report)[0], BRIEF)}")
    _ended(page, report)


def _technical(page: Page, report: VarianceReport) -> None:
    every = len(report.rows) * 10
    _part(page, "What is missing for a final report", words.missing(report), every)
    _totals(page, report)
    page.pictures(charts(report))
    _found(page, report, every)
    _part(page, "Undone", [finding_words.undone(report, each) for each in report.undone], every)
    _part(page, "Decisions", [finding_words.decision(report, freeze) for freeze in report.freezes], every)
    _causes(page, report)
    for total in report.totals:
        rows = [row for row in report.rows if row.figures.key.currency == total.currency]
        _teams(page, f"Every team, {total.currency}", rows, report, total)
    _actions(page, report)
    _part(page, words.FORECASTS, words.forecasts(report), every + 1)
    told = [row for row in report.rows if speaks(row)]
    if told:
        page.heading("What, Why, What next")
    for row in told:
        _told(page, row, report)
    _ended(page, report)


def _part(page: Page, heading: str, said: Sequence[str], most: int, longest: int = LONGEST) -> None:
    if said:
        page.heading(heading)
        page.listed(clip(line, longest) for line in words.counted(said, most, ", all in the technical edition."))


def _found(page: Page, report: VarianceReport, most: int) -> None:
    hidden = [finding_words.hidden(report, each) for each in report.hidden]
    _part(page, "Favourable variances that hide unfavourable ones", hidden, most)
    repeats = [finding_words.repeat(report, each) for each in report.repeats]
    _part(page, "The same cause three months running", repeats, most)
    contradicted = [finding_words.contradiction(report, each) for each in report.contradictions]
    _part(page, "Explanations that the month after contradicts", contradicted, most)


def _totals(page: Page, report: VarianceReport) -> None:
    if not report.totals:
        return
    page.heading("Totals")
    sums = ("Currency", "Budget", "Actual", "Without a budget", "Variance", "Ratio", "Over", "Under")
    page.rows(sums, [_sums(total) for total in report.totals], (12, 15, 15, 15, 15, 9, 15, 15))
    if report.has_ended:
        page.ln(2)
        told = (
            "Currency",
            "Variance",
            "Approved",
            "Waiting",
            "Not explained, over",
            "Not explained, under",
            "Asks for none",
        )
        page.rows(told, [_explained(total) for total in report.totals], (12, 15, 15, 15, 17, 17, 15))


def _sums(total: Total) -> list[str]:
    currency = total.currency
    return [
        currency,
        *(words.cash(amount, currency) for amount in (total.budget, total.actual, total.unbudgeted)),
        words.cash(total.variance, currency, signed=True),
        ratio(total.ratio),
        *(words.cash(amount, currency, signed=True) for amount in (total.over, total.under)),
    ]


def _explained(total: Total) -> list[str]:
    parts = (total.judged, total.approved, total.waiting, total.open_over, total.open_under, total.small)
    return [total.currency, *(words.cash(amount, total.currency, signed=True) for amount in parts)]


def _causes(page: Page, report: VarianceReport) -> None:
    if not report.causes:
        return
    page.heading("Root causes")
    rows = [
        [
            words.CATEGORIES[cause.category],
            f"{cause.explanations:,}",
            words.cash(cause.approved, cause.currency, signed=True),
            words.cash(cause.waiting, cause.currency, signed=True),
            words.cash(add((cause.approved, cause.waiting)), cause.currency, signed=True),
        ]
        for cause in report.causes
    ]
    page.rows(("Cause", "Explanations", "Approved", "Waiting", "Together"), rows, (30, 15, 18, 18, 18))


def _teams(
    page: Page, heading: str, rows: Sequence[TeamReport], report: VarianceReport, total: Total | None = None
) -> None:
    if not rows:
        return
    page.heading(heading)
    head = ("Team", "Budget", "Actual", "Variance", "Ratio", "Tier", "Approved", "Not explained")
    shown = [_row(row, report) for row in rows]
    if total is None:
        shown = [[clip(name, BRIEF_NAME), *others] for name, *others in shown]
    else:
        shown.append(["Together", *_sums(total)[1:3], *_sums(total)[4:6], "", "", ""])
    page.rows(head, shown, TEAM_COLUMNS, (0, 5), summed=total is not None)


def _row(row: TeamReport, report: VarianceReport) -> list[str]:
    figures, currency = row.figures, row.figures.key.currency
    asked = row.coverage if row.is_material else None
    return [
        words.name_of(report, figures.key.team),
        _amount(figures.budget, currency, "none"),
        _amount(figures.actual, currency, "no data"),
        _amount(figures.variance, currency, "–", signed=True),
        ratio(figures.ratio) if figures.variance is not None else "–",
        words.tier(figures),
        _amount(asked.approved if asked else None, currency, ""),
        _amount(asked.open if asked else None, currency, ""),
    ]


def _amount(amount: Decimal | None, currency: str, otherwise: str, signed: bool = False) -> str:
    return otherwise if amount is None else words.cash(amount, currency, signed)


def _actions(page: Page, report: VarianceReport) -> None:
    if not report.actions:
        return
    page.heading("Corrective actions")
    rows = [
        [
            words.name_of(report, action.key.team),
            action.text,
            words.person(report, action.owner),
            action.due.isoformat(),
            str(action.stage),
            _amount(action.promised, action.key.currency, "–"),
            _amount(action.measured.monthly if action.measured else None, action.key.currency, "–"),
        ]
        for action in report.actions
    ]
    head = ("Team", "Corrective action", "Owner", "Due", "Stage", "Promised", "Measured")
    page.rows(head, rows, (16, 32, 16, 12, 11, 13, 13), (0, 1, 2, 3, 4))


def _told(page: Page, row: TeamReport, report: VarianceReport) -> None:
    """A team's What, Why and What next."""
    figures, currency = row.figures, row.figures.key.currency
    page.heading(words.name_of(report, figures.key.team), size=10, marked=False)
    _, budget, actual, variance, of_budget, tier, *_ = _row(row, report)
    page.said(f"Actual {actual}, budget {budget}, variance {variance} ({of_budget}), {tier}.")
    page.said(words.covered(row))
    page.said(words.restated_row(report, row))
    if row.drivers:
        page.told("Drivers", "\n".join(words.driver(line, currency) for line in row.drivers))
    for each in row.explanations:
        _explanation(page, each, row, report)
    known = {each.number for each in row.explanations}
    page.listed(words.action_line(report, action) for action in row.actions if action.explanation not in known)
    if row.is_material and not row.explanations:
        page.said("Nobody has explained it.")


def _explanation(page: Page, each: Explanation, row: TeamReport, report: VarianceReport) -> None:
    wording = each.wording
    page.said(words.explanation_title(report, each), bold=True)
    page.told("What happened", wording.what)
    page.told("Why", wording.why)
    own = [words.action_line(report, action) for action in row.actions if action.explanation == each.number]
    page.told("What next", "\n".join([wording.following, *own]))
    if each.review:
        page.told("Review", f"{words.person(report, each.reviewer)}: {each.review}")
