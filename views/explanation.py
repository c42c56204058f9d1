"""The message of an explanation: what is explained, What, Why and What next as they were written, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from finops.basis import Basis
from finops.company import Team
from finops.corrective_action import CorrectiveAction
from finops.explanation import REVIEWABLE, Coverage, Explanation, Stage
from views import blocks
from views.actions import action_line
from views.amounts import brief
from views.explanation_words import (
    category_name,
    coverage_line,
    goes_on,
    stage_sign,
    stage_words,
    variance_words,
    which,
    whole,
)
from views.fit import ROOM, message, text_length
from views.message import Block, Message
from views.people import person, some
from views.sentences import BASIS

APPROVE, RETURN, ASK = "explanation_approve", "explanation_return", "explanation_ask"
EDIT, WITHDRAW, SHOW = "explanation_edit", "explanation_withdraw", "explanation_show"
"""action_ids; the value is reference()."""


def reference(explanation: Explanation) -> str:
    """What a button carries: which explanation, and the version that was looked at."""
    return f"{explanation.id}@{explanation.version}"


def explanation_message(
    explanation: Explanation,
    team: Team,
    coverage: Coverage,
    actions: Sequence[CorrectiveAction],
    names: Mapping[str, str],
    today: date,
    *,
    late: bool = False,
    basis: Basis | None = None,
) -> Message:
    """An explanation as it stands; edited in place, it says at any time what is true then.

    Args:
        coverage: of its team's month.
        actions: its own.
        names: Slack id → real name.
        today: the team's local day.
        late: whether the day by which somebody was to act is over.
        basis: of the coverage's variance, None for the explanation's own.
    """
    headline = f"{stage_sign(explanation.stage)} {which(explanation, team)} — *{explanation.stage}*"
    first = f"{headline}\n{_what(explanation, names)}"
    said = written(explanation)
    planned = [f"• {action_line(action, names, today)}" for action in actions]
    tasks = "\n".join(("*Corrective actions*", *planned)) if planned else ""
    where = "\n".join(
        (stage_words(explanation, names, late=late), *_review(explanation), _covered(explanation, coverage))
    )
    small = f"Basis: {_basis(explanation, basis or explanation.basis)}; days in UTC."
    texts = [block for part in (*said, tasks) if part for block in blocks.paragraphs(part)]
    status = [*blocks.paragraphs(where), blocks.context(small), blocks.actions(*_buttons(explanation))]
    lead = blocks.paragraphs(first)
    # The buttons are never left to what goes on in the thread.
    fits = text_length([*lead, *texts, *status]) <= ROOM
    body = [*lead, *texts, *status] if fits else [*lead, *status, *texts]
    return message("\n".join(part for part in (first, where, small, *said, tasks) if part), body)


def written(explanation: Explanation) -> list[str]:
    """What happened, Why and What next, each under its heading and whole; mrkdwn."""
    wording = explanation.wording
    parts = [("What happened", wording.what), ("Why", wording.why), ("What next", wording.following)]
    return [f"*{name}*\n{whole(text)}" for name, text in parts if text.strip()]


def _what(explanation: Explanation, names: Mapping[str, str]) -> str:
    wording, currency = explanation.wording, explanation.key.currency
    who = some([person(each, names) for each in explanation.authors])
    amount = brief(wording.amount, currency, signed=True)
    return (
        f"{who}: {amount} of the variance, as it was then: {variance_words(explanation.explained, currency)}. "
        f"Category: {category_name(wording.category)}; {goes_on(wording.stays)}."
    )


def _basis(explanation: Explanation, counted: Basis) -> str:
    """Of what was explained, and of the month's variance where that is counted otherwise."""
    own = BASIS[explanation.basis]
    return own if counted is explanation.basis else f"{own} of what was explained, {BASIS[counted]} of what is open"


def _review(explanation: Explanation) -> list[str]:
    """The reason or the question that it was given back with."""
    if explanation.stage not in (Stage.ASKED, Stage.RETURNED) or not explanation.review:
        return []
    return [f"“{whole(explanation.review)}”"]


def _covered(explanation: Explanation, coverage: Coverage) -> str:
    return f"{coverage_line(coverage, explanation.key.currency)}."


def _buttons(explanation: Explanation) -> list[Block]:
    """What can be done about it."""
    value = reference(explanation)
    edit = blocks.button("Edit", EDIT, value)
    if explanation.stage is Stage.WITHDRAWN:
        return [blocks.button("Write it anew", EDIT, value)]
    if explanation.stage not in REVIEWABLE:
        return [edit] if explanation.stage is Stage.APPROVED else [edit, _withdraw(value)]
    return [
        blocks.button("Approve", APPROVE, value, style="primary"),
        blocks.button("Return", RETURN, value),
        blocks.button("Ask", ASK, value),
        edit,
        _withdraw(value),
    ]


def _withdraw(value: str) -> Block:
    sure = blocks.confirm("Withdraw it?", "It explains nothing any more; its words are kept.", "Withdraw it")
    return blocks.button("Withdraw", WITHDRAW, value, confirm=sure)
