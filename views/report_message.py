"""A month's variance report in Slack: the executive edition as a message, the teams' details for its thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from finops.explanation import Stage
from finops.money import ZERO, add
from finops.policy import LADDER, Tier
from finops.variance_report import TeamReport, Total, VarianceReport
from views import blocks
from views import report_finding_words as finding_words
from views import report_words as words
from views.amounts import ratio
from views.blocks import MESSAGE_BLOCKS
from views.fit import ROOM, TEXT, text_length
from views.message import Block, Message
from views.text import clip_markup, escape, literal
from views.tiers import NO_TIER, sign

MOST_MESSAGES = 30
"""The report's message and the pages of its thread."""
TOP_OVER, TOP_UNDER, CAUSES, LACKING, FOUND, DECIDED = 8, 3, 10, 8, 3, 5
CURRENCIES = 3
"""Most currencies whose figures stand in the message; the others are in the files."""
WORDS = 400
"""Characters shown of each of What, Why and What next; the files have them whole."""
PLAIN_ROWS = 25
"""Teams with nothing to explain, listed in one paragraph."""
LEFT_FREE = 200
"""Characters of a message kept for what is added at its end."""
MISSING = "What is missing"
LEFT_OUT = "Some parts are too long for one message: they stand in the files."


def report_messages(report: VarianceReport, ladder: Sequence[Tier] = LADDER) -> list[Message]:
    """The executive edition, and the pages of its thread, at most 30 in all."""
    return [executive_message(report, ladder), *_pages(report, ladder)]


def executive_message(report: VarianceReport, ladder: Sequence[Tier] = LADDER) -> Message:
    """Totals, top variances, causes, what is missing and what was decided, in one message."""
    body: list[Block] = [blocks.header(literal(words.title(report), 140)), blocks.section(_lead(report))]
    said = [f"*{escape(words.title(report), 140)}*", _lead(report)]
    for total in report.totals[:CURRENCIES]:
        fields = _fields(total, len(report.totals) > 1)
        body.append(blocks.section("", fields))
        said.append("; ".join(field.replace("\n", ": ").replace("*", "") for field in fields) + ".")
    if len(report.totals) > CURRENCIES:
        said.append(f"… and {len(report.totals) - CURRENCIES:,} more currencies, in the files.")
        body.append(blocks.section(said[-1]))
    for heading, lines in _parts(report, ladder):
        if lines:
            body.append(blocks.section(f"*{heading}*\n" + "\n".join(lines)))
            said.append(f"{heading}: " + " ".join(lines))
    small = [escape(line, 400) for line in words.notes(report)[:6]]
    small.append(f"All of it: `finops report --month {report.month} --format html` (or pdf, csv, json).")
    body.append(blocks.context(*small))
    text = clip_markup("\n".join([*said, *small]), TEXT)
    return Message(text, _within(body))


def _within(body: Sequence[Block]) -> list[Block]:
    """Blocks within a message's limits: those before the last give way, the longest first, and the message says so.

    What is missing never does: without it a report that is not final would not say why.
    """
    kept = list(body)
    while text_length(kept) + len(LEFT_OUT) > ROOM or len(kept) >= MESSAGE_BLOCKS:
        others = [block for block in kept[2:-1] if MISSING not in str(block)]
        if not others:
            break
        kept.remove(max(others, key=lambda block: text_length([block])))
    return kept if len(kept) == len(body) else [*kept[:-1], blocks.section(LEFT_OUT), kept[-1]]


def _lead(report: VarianceReport) -> str:
    state = words.standing(report)
    emoji = ":white_check_mark:" if report.is_final else ":hourglass_flowing_sand:" if report.is_closed else ":pencil2:"
    lines = [escape(line, 600) for line in words.headline(report)[:CURRENCIES]]
    return "\n".join([f"{emoji} *{state}*", *lines])


def _fields(total: Total, named: bool) -> list[str]:
    """A currency's sums."""
    currency = total.currency

    def shown(amount: Decimal, signed: bool = False) -> str:
        return escape(words.cash(amount, currency, signed), 60)

    behind = f" {escape(currency, 20)}" if named else ""
    return [
        f"*Budget{behind}*\n{shown(total.budget)}",
        f"*Actual{behind}*\n{shown(total.actual)}",
        f"*Variance{behind}*\n{shown(total.variance, True)} ({ratio(total.ratio)})",
        f"*Over and under*\n{shown(total.over, True)} and {shown(total.under, True)}",
        f"*Explained*\n{shown(total.explained)}, approved {shown(total.approved)}",
        f"*Not explained*\n{escape(words.unexplained(total), 120)}",
    ]


def _parts(report: VarianceReport, ladder: Sequence[Tier]) -> Iterator[tuple[str, list[str]]]:
    """Heading and lines of each part, mrkdwn; a part without lines is left out."""
    yield MISSING, _listed(words.missing(report), LACKING)
    yield "Largest variances", [_row_line(row, report, ladder) for row in top_rows(report)]
    yield "Causes", _causes(report)
    found = [
        *_listed((finding_words.hidden(report, each) for each in report.hidden), FOUND),
        *_listed((finding_words.repeat(report, each) for each in report.repeats), FOUND),
        *_listed((finding_words.contradiction(report, each) for each in report.contradictions), FOUND),
    ]
    yield "What stands out", found
    late = [each for each in report.undone if each.is_late]
    yield "Overdue", _listed((finding_words.undone(report, each) for each in late), FOUND)
    yield "Decisions", _listed((finding_words.decision(report, freeze) for freeze in report.freezes), DECIDED)
    yield "Corrective actions", [f"• {escape(line, 400)}" for line in promised(report)]
    yield words.FORECASTS, [f"• {escape(line, 320)}" for line in words.forecasts(report)]


def _listed(lines: Iterable[str], most: int) -> list[str]:
    return [f"• {escape(line, 320)}" for line in words.counted(lines, most, " in the thread and the files.")]


def top_rows(report: VarianceReport, over: int = TOP_OVER, under: int = TOP_UNDER) -> list[TeamReport]:
    """The largest overspends that count, then the largest underspends; the company's currency first."""
    order = {total.currency: number for number, total in enumerate(report.totals)}
    material = [row for row in report.rows if row.figures.variance is not None and row.figures.step]
    found = sorted(
        material,
        key=lambda row: (
            order[row.figures.key.currency],
            -abs(row.figures.variance or ZERO),
            row.figures.key.team,
        ),
    )
    first = [row for row in found if row.figures.step > 0][:over]
    return first + [row for row in found if row.figures.step < 0][:under]


def _row_line(row: TeamReport, report: VarianceReport, ladder: Sequence[Tier]) -> str:
    figures, currency = row.figures, row.figures.key.currency
    variance = escape(words.cash(figures.variance or ZERO, currency, signed=True), 60)
    said = f"{_sign(row, ladder)} *{_name(row, report)}* {variance} ({ratio(figures.ratio)}): "
    return f"{said}{escape(words.tier(figures), 50)} — {_state(row)}"


def _state(row: TeamReport) -> str:
    """How far it is explained."""
    if not row.is_material:
        return "nothing to be explained"
    return escape(words.coverage(row), 200) + ("" if row.is_open else ", settled")


def _sign(row: TeamReport, ladder: Sequence[Tier]) -> str:
    tier = next((tier for tier in ladder if tier.name == row.figures.tier), None)
    return sign(tier, row.figures.variance) if tier else NO_TIER


def _name(row: TeamReport, report: VarianceReport) -> str:
    return escape(words.name_of(report, row.figures.key.team), 60)


def _causes(report: VarianceReport) -> list[str]:
    lines = []
    for cause in report.causes[:CAUSES]:
        approved = words.cash(cause.approved, cause.currency)
        waiting = f", {words.cash(cause.waiting, cause.currency)} waiting" if cause.waiting else ""
        number = "1 explanation" if cause.explanations == 1 else f"{cause.explanations:,} explanations"
        said = f"{words.CATEGORIES[cause.category]}: {approved} approved{waiting} ({number})"
        lines.append(f"• {escape(said, 200)}")
    return lines


def promised(report: VarianceReport) -> list[str]:
    """What corrective actions promise and have been measured to save, one plain line a currency."""
    lines = []
    for currency in dict.fromkeys(action.key.currency for action in report.actions):
        actions = [action for action in report.actions if action.key.currency == currency]
        saving = add(action.promised for action in actions if action.promised)
        seen = [action.measured.monthly for action in actions if action.measured]
        number = "1 corrective action" if len(actions) == 1 else f"{len(actions):,} corrective actions"
        measured = f"; {len(seen):,} measured, {words.cash(add(seen), currency)} a month" if seen else ""
        lines.append(f"{number}: {words.cash(saving, currency)} a month promised{measured}.")
    return lines


def _pages(report: VarianceReport, ladder: Sequence[Tier]) -> list[Message]:
    """The teams with something to say, each a paragraph; then the others by name and figure."""
    spoken = [row for row in report.rows if speaks(row)]
    calm = [row for row in report.rows if not speaks(row)]
    sections = [_details(row, report, ladder) for row in spoken]
    for start in range(0, len(calm), PLAIN_ROWS):
        lines = [_figures(row, report) for row in calm[start : start + PLAIN_ROWS]]
        sections.append("\n".join(lines))
    counts = [1] * len(spoken) + [len(calm[start : start + PLAIN_ROWS]) for start in range(0, len(calm), PLAIN_ROWS)]
    return _paged(sections, counts, report)


def speaks(row: TeamReport) -> bool:
    """Whether there is more to say of a team than its figures."""
    return bool(row.is_material or row.explanations or row.actions or row.now)


def _paged(sections: Sequence[str], counts: Sequence[int], report: VarianceReport) -> list[Message]:
    pages: list[list[str]] = []
    held, said = 0, 0
    for section, number in zip(sections, counts, strict=True):
        if not pages or held + len(section) > ROOM - LEFT_FREE or len(pages[-1]) >= MESSAGE_BLOCKS - 1:
            if len(pages) == MOST_MESSAGES - 1:
                left = sum(counts) - said
                more = f"… and {left:,} more teams: `finops report --month {report.month} --format html` has them."
                pages[-1].append(more)
                break
            pages.append([])
            held = 0
        pages[-1].append(section)
        held, said = held + len(section), said + number
    return [Message(clip_markup("\n".join(page), TEXT), [blocks.section(text) for text in page]) for page in pages]


def _details(row: TeamReport, report: VarianceReport, ladder: Sequence[Tier]) -> str:
    """A team's row with What, Why and What next, in at most 2,900 characters of mrkdwn."""
    figures, currency = row.figures, row.figures.key.currency
    lines = [f"{_sign(row, ladder)} {_figures(row, report)}"]
    lines += [escape(words.restated_row(report, row), 400)] if row.now else []
    lines += [escape(words.covered(row), 240)] if row.is_material else []
    if row.drivers:
        named = "; ".join(words.driver(line, currency) for line in row.drivers)
        lines.append(f"Drivers: {escape(named, 500)}.")
    for each in row.explanations:
        if each.stage is not Stage.WITHDRAWN:
            wording = each.wording
            lines.append(f"*{escape(words.explanation_title(report, each), 300)}*")
            lines.append(f"What: {escape(wording.what, WORDS)} Why: {escape(wording.why, WORDS)}")
            if wording.following:
                lines.append(f"What next: {escape(wording.following, WORDS)}")
    lines += [f"• {escape(words.action_line(report, action), 300)}" for action in row.actions]
    if figures.closed_at is None and report.is_closed:
        lines.append("It came in after the month was closed.")
    return clip_markup("\n".join(lines), 2_900)


def _figures(row: TeamReport, report: VarianceReport) -> str:
    """'*Payments* $1,120.00 of $1,000.00, +$120.00 (+12.0 %): formal'."""
    figures, currency = row.figures, row.figures.key.currency

    def shown(amount: Decimal | None, signed: bool = False) -> str:
        return "none" if amount is None else escape(words.cash(amount, currency, signed), 60)

    name = f"*{_name(row, report)}*"
    if figures.actual is None:
        return f"{name} no data; budget {shown(figures.budget)}"
    if figures.budget is None or figures.variance is None:
        return f"{name} {shown(figures.actual)}, no approved budget"
    said = f"{name} {shown(figures.actual)} of {shown(figures.budget)}, {shown(figures.variance, True)}"
    return f"{said} ({ratio(figures.ratio)}): {escape(words.tier(figures), 50)}"
