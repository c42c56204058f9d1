"""Explanations in words: categories, where one stands, how far a variance is explained, and long texts kept whole."""

from __future__ import annotations

from collections.abc import Mapping

from finops.company import Team
from finops.explanation import Category, Coverage, Explanation, Stage, Variance
from views.amounts import brief, difference, distance, month_name, rounded
from views.people import person
from views.sentences import called_by
from views.text import escape
from views.tiers import direction
from views.time import day

MEMO = ":memo:"
LATE = ":alarm_clock:"
CATEGORIES = {
    Category.GROWTH: "business-driven growth",
    Category.OPTIMISATION: "optimisation",
    Category.INFRASTRUCTURE: "infrastructure change",
    Category.PRICE: "price or rate change",
    Category.ANOMALY: "anomaly",
    Category.ALLOCATION: "allocation or tagging error",
    Category.TIMING: "timing",
}
_SIGNS = {
    Stage.SUBMITTED: MEMO,
    Stage.ASKED: ":question:",
    Stage.RETURNED: ":leftwards_arrow_with_hook:",
    Stage.APPROVED: ":white_check_mark:",
    Stage.VOIDED: ":warning:",
    Stage.WITHDRAWN: ":wastebasket:",
}
_PIECE = 2_800
"""Most characters of a piece of one line: short enough to be one paragraph, whatever is escaped in it."""


def category_name(category: Category) -> str:
    """'business-driven growth'."""
    return CATEGORIES[category]


def stage_sign(stage: Stage) -> str:
    """The emoji of a stage, never shown without the word."""
    return _SIGNS[stage]


def coverage_line(coverage: Coverage, currency: str) -> str:
    """'Explained $3,000 of $4,200 · approved $0 · open $1,200', for mrkdwn; what is shown adds up as shown."""
    left = difference(coverage.variance, coverage.explained, currency)
    return (
        f"Explained {brief(coverage.explained, currency)} of {brief(coverage.variance, currency)} · "
        f"approved {brief(coverage.approved, currency)} · open {brief(left, currency)}"
    )


def stage_words(explanation: Explanation, names: Mapping[str, str], *, late: bool = False) -> str:
    """Where an explanation stands, who put it there and whose turn it is by when, as a line of mrkdwn.

    Args:
        late: whether the day by which somebody was to act is over.
    """
    by = f" by {person(explanation.reviewer, names)}" if explanation.reviewer else ""
    said = {
        Stage.SUBMITTED: "*Submitted.*",
        Stage.ASKED: f"*A question was asked*{by}.",
        Stage.RETURNED: f"*Returned*{by}: it explains nothing until it is written anew.",
        Stage.APPROVED: f"*Approved*{by}.",
        Stage.VOIDED: "*Void*, as its number has moved: it is to be written for the new one.",
        Stage.WITHDRAWN: f"*Withdrawn* by {person(explanation.author, names)}.",
    }[explanation.stage]
    return f"{stage_sign(explanation.stage)} {said}{_until(explanation, late)}"


def _until(explanation: Explanation, late: bool) -> str:
    if explanation.due is None:
        return ""
    what = "review" if explanation.stage is Stage.SUBMITTED else "answer"
    if late:
        return f" {LATE} *The {what} is overdue since {day(explanation.due)}.*"
    return f" The {what} is due on {day(explanation.due)}."


def which(explanation: Explanation, team: Team) -> str:
    """'*Payments*, November 2026, explanation 1', for mrkdwn."""
    return f"*{escape(called_by(team))}*, {month_name(explanation.key.month)}, explanation {explanation.number}"


def variance_words(variance: Variance, currency: str) -> str:
    """'$400 (13.8 %) over the budget of $2,900, by the forecast of $3,300', for mrkdwn and plain text."""
    amount, budget = rounded(variance.amount, currency), rounded(variance.budget, currency)
    by = f"by the {'forecast' if variance.is_forecast else 'actual'} of {brief(amount, currency)}"
    if not variance.value:
        return f"exactly on the budget of {brief(budget, currency)}, {by}"
    apart = brief(abs(difference(amount, budget, currency)), currency)
    part = f" ({distance(variance.ratio)})" if variance.ratio is not None else ""
    return f"{apart}{part} {direction(variance.value)} the budget of {brief(budget, currency)}, {by}"


def goes_on(stays: bool) -> str:
    """Whether a cause goes on."""
    return "it goes on" if stays else "only once"


def whole(text: str) -> str:
    """What somebody wrote, made safe for mrkdwn, its lines kept and none of it left out."""
    return "\n".join(escape(piece, _PIECE * 2) if piece.strip() else "" for piece in _pieces(text.strip()))


def _pieces(text: str) -> list[str]:
    """A text in its lines, a line too long for one paragraph parted between words where it has any."""
    found = []
    for line in text.splitlines():
        while len(escape(line, len(line) + 1)) > _PIECE:
            most = _PIECE
            while len(escape(line[:most], most)) > _PIECE:
                most = most * 3 // 4
            cut = line.rfind(" ", most // 2, most) + 1 or most
            found.append(line[:cut])
            line = line[cut:]
        found.append(line)
    return found
