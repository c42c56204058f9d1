"""A month's variance report as one HTML file: no script, nothing from elsewhere, light and dark, phone and print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files

from finops.money import add
from finops.variance_report import TeamReport, Total, VarianceReport
from views import report_finding_words as finding_words
from views import report_words as words
from views.amounts import ratio
from views.report_charts import charts
from views.report_html_teams import articles
from views.report_markup import lines, safe, table, value
from views.report_message import promised, top_rows
from views.report_svg import chart_svg

LACKING, STANDING_OUT, TOP_OVER, TOP_UNDER = 10, 4, 8, 4
"""Most lines of each part in the executive edition, which is one page."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
Parts = Iterable[str]


def report_html(report: VarianceReport, executive: bool = False) -> str:
    """The whole report, or its one page for executives."""
    heading = words.title(report)
    body = "".join([*_head(report, heading), *(_executive(report) if executive else _technical(report)), _foot(report)])
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe(heading)} – {safe(report.company)}</title><style>{_style()}</style></head>"
        f"<body>{body}</body></html>\n"
    )


@cache
def _style() -> str:
    return (files("views") / "report.css").read_text(encoding="utf-8")


def _head(report: VarianceReport, heading: str) -> Parts:
    state = words.standing(report)
    kind = "final" if report.is_final else "open"
    yield f'<header><div class="company">{safe(report.company)}</div>'
    yield f'<h1>{safe(heading)} <span class="badge {kind}">{safe(state)}</span></h1>'
    yield "".join(f"<p>{safe(said)}</p>" for said in words.headline(report))
    yield "</header><main>"


def _foot(report: VarianceReport) -> str:
    return f'</main><footer class="small">{"".join(f"<p>{safe(said)}</p>" for said in words.notes(report))}</footer>'


def _executive(report: VarianceReport) -> Parts:
    yield _missing(report, LACKING)
    yield _totals(report)
    yield _charts(report)
    yield _rows("Largest variances", top_rows(report, TOP_OVER, TOP_UNDER), report, foot=False)
    yield _found(report, STANDING_OUT)
    yield _part("Decisions", [finding_words.decision(report, freeze) for freeze in report.freezes], STANDING_OUT)
    yield _part("Corrective actions", promised(report), STANDING_OUT)
    yield _part(words.FORECASTS, words.forecasts(report), STANDING_OUT)


def _technical(report: VarianceReport) -> Parts:
    yield _missing(report, len(report.missing))
    yield _totals(report)
    yield _charts(report)
    yield _found(report, len(report.rows) * 3)
    yield _part("Undone", [finding_words.undone(report, each) for each in report.undone], len(report.undone))
    yield _part("Decisions", [finding_words.decision(report, freeze) for freeze in report.freezes], len(report.freezes))
    yield _causes(report)
    for total in report.totals:
        rows = [row for row in report.rows if row.figures.key.currency == total.currency]
        yield _rows(f"Every team, {safe(total.currency)}", rows, report, foot=True)
    yield _actions(report)
    yield _part(words.FORECASTS, words.forecasts(report), len(report.accuracy) + 1)
    yield articles(report)


def _missing(report: VarianceReport, most: int) -> str:
    """What keeps it from being final, in a box of its own."""
    if report.is_final:
        return ""
    said = words.counted(words.missing(report), most, ", all in the technical edition.")
    return f'<section class="missing"><h2>What is missing for a final report</h2>{lines(said)}</section>'


def _part(heading: str, said: Sequence[str], most: int) -> str:
    if not said:
        return ""
    shown = words.counted(said, most, ", all in the technical edition.")
    return f"<section><h2>{safe(heading)}</h2>{lines(shown)}</section>"


def _found(report: VarianceReport, most: int) -> str:
    """Each kind of finding under a heading of its own."""
    hidden = [finding_words.hidden(report, each) for each in report.hidden]
    repeats = [finding_words.repeat(report, each) for each in report.repeats]
    contradicted = [finding_words.contradiction(report, each) for each in report.contradictions]
    kinds = (
        ("Favourable variances that hide unfavourable ones", hidden),
        ("The same cause three months running", repeats),
        ("Explanations that the month after contradicts", contradicted),
    )
    return "".join(_part(heading, said, most) for heading, said in kinds)


def _totals(report: VarianceReport) -> str:
    """Each currency's sums, and how far they are explained; both add up from left to right."""
    if not report.totals:
        return ""
    sums = ("Currency", "Budget", "Actual", "Without a budget", "Variance", "Ratio", "Over", "Under")
    told = (
        "Currency",
        "Variance",
        "Approved",
        "Waiting",
        "Not explained, over",
        "Not explained, under",
        "Asks for none",
    )
    first = table("All teams together.", sums, [_sums(total) for total in report.totals])
    second = table(
        "How far the variance is explained; what is within the ladder's first step asks for no explanation.",
        told,
        [_told(total) for total in report.totals],
    )
    return f"<section><h2>Totals</h2>{first}{second if report.has_ended else ''}</section>"


def _sums(total: Total) -> list[str]:
    currency = total.currency
    teams = "1 team" if total.teams == 1 else f"{total.teams:,} teams"
    return [
        f'{safe(currency)} <span class="small">{teams}</span>',
        *(value(amount, currency) for amount in (total.budget, total.actual, total.unbudgeted)),
        value(total.variance, currency, signed=True),
        safe(ratio(total.ratio)),
        value(total.over, currency, signed=True),
        value(total.under, currency, signed=True),
    ]


def _told(total: Total) -> list[str]:
    parts = (total.judged, total.approved, total.waiting, total.open_over, total.open_under, total.small)
    return [safe(total.currency), *(value(amount, total.currency, signed=True) for amount in parts)]


def _charts(report: VarianceReport) -> str:
    drawn = [chart_svg(chart, number) for number, chart in enumerate(charts(report), start=1)]
    return f'<div class="charts">{"".join(drawn)}</div>' if drawn else ""


def _causes(report: VarianceReport) -> str:
    head = ("Cause", "Explanations", "Approved", "Waiting", "Together")
    rows = [
        [
            safe(words.CATEGORIES[cause.category]),
            f"{cause.explanations:,}",
            value(cause.approved, cause.currency, signed=True),
            value(cause.waiting, cause.currency, signed=True),
            value(add((cause.approved, cause.waiting)), cause.currency, signed=True),
        ]
        for cause in report.causes
    ]
    if not rows:
        return ""
    return f"<section><h2>Root causes</h2>{table('Explained money by category.', head, rows)}</section>"


def _rows(heading: str, rows: Sequence[TeamReport], report: VarianceReport, foot: bool) -> str:
    """Teams as the runbook's table has them; the foot adds them up."""
    if not rows:
        return ""
    head = ("Team", "Budget", "Actual", "Variance", "Ratio", "Tier", "Approved", "Not explained")
    shown = [_row(row, report) for row in rows]
    last = _sum(next(t for t in report.totals if t.currency == rows[0].figures.key.currency)) if foot else None
    caption = "Budget against actual, the largest overspend first."
    return f"<section><h2>{heading}</h2>{table(caption, head, shown, last)}</section>"


def _row(row: TeamReport, report: VarianceReport) -> list[str]:
    figures, currency, found = row.figures, row.figures.key.currency, row.coverage
    asked = found if row.is_material else None
    return [
        safe(words.name_of(report, figures.key.team)),
        _amount(figures.budget, currency, "none"),
        _amount(figures.actual, currency, "no data"),
        _amount(figures.variance, currency, "–", signed=True),
        safe(ratio(figures.ratio)) if figures.variance is not None else "–",
        safe(words.tier(figures)),
        _amount(asked.approved if asked else None, currency, ""),
        _amount(asked.open if asked else None, currency, ""),
    ]


def _sum(total: Total) -> list[str]:
    currency = total.currency
    return [
        "Together",
        value(total.budget, currency),
        value(total.actual, currency),
        value(total.variance, currency, signed=True),
        safe(ratio(total.ratio)),
        "",
        "",
        "",
    ]


def _amount(amount: Decimal | None, currency: str, otherwise: str, signed: bool = False) -> str:
    return otherwise if amount is None else value(amount, currency, signed)


def _actions(report: VarianceReport) -> str:
    head = ("Team", "Corrective action", "Owner", "Due", "Stage", "Promised", "Measured")
    rows = [
        [
            safe(words.name_of(report, action.key.team)),
            safe(action.text),
            safe(words.person(report, action.owner)),
            action.due.isoformat(),
            str(action.stage),
            _amount(action.promised, action.key.currency, "–"),
            _amount(action.measured.monthly if action.measured else None, action.key.currency, "–"),
        ]
        for action in report.actions
    ]
    if not rows:
        return ""
    caption = "What is done about it; savings are a month's."
    return f"<section><h2>Corrective actions</h2>{table(caption, head, rows, words=(1, 2, 4))}</section>"
