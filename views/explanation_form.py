"""The form of an explanation, first step: the number and what moved it, then What happened and Why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finops.company import Team
from finops.explained_month import Drivers
from finops.explanation import MOST_TEXT, Category, Coverage, Explanation, Variance, VarianceKey
from finops.team_month import TeamMonth
from views import blocks
from views.amounts import brief, money, month_name
from views.driver_words import questions, what_happened
from views.drivers import driver_blocks, driver_table
from views.explanation import written
from views.explanation_words import (
    CATEGORIES,
    category_name,
    coverage_line,
    stage_words,
    variance_words,
)
from views.message import Block
from views.sentences import called_by, counted, freshness
from views.text import clip, escape, tidy
from views.tiers import sign, word

CALLBACK = "explanation"
AMOUNT, WHAT, CATEGORY = "explanation_amount", "explanation_what", "explanation_category"
STAYS, WHY = "explanation_stays", "explanation_why"
"""block_ids and action_ids, followed by '.1', '.2' … once the form has been begun anew."""
LABELS = {
    AMOUNT: "Amount explained",
    WHAT: "What happened",
    CATEGORY: "Root cause",
    STAYS: "Does it go on?",
    WHY: "Why",
}
YES, NO = "yes", "no"
"""Values of STAYS."""
GOES_ON = {YES: "Yes, in the months that follow too", NO: "No, only once"}
ANEW = "explanation_anew"
"""action_id of the button that throws a draft away."""
FORMER = 6
"""Most explanations of former months that stand beside the form."""


@dataclass(frozen=True)
class Form:
    """What an explanation is written from.

    Attributes:
        number: of the explanation that is edited, 0 for a new one.
        read: its version as it was read, 0 for a new one.
        turn: counts how often the form was begun anew.
        draft: which of the person's drafts of it the form writes: counts those submitted or thrown away before.
        standing: the month's other explanations.
        former: those of the months before, the newest first.
        drafted: whether `fields` are what somebody had typed before.
        meanwhile: the explanation as it is now, where a draft was made from an older one.
        fields: what the fields hold at first: AMOUNT, WHAT, CATEGORY, STAYS, WHY.
    """

    key: VarianceKey
    team: Team
    month: TeamMonth
    variance: Variance
    drivers: Drivers | None
    coverage: Coverage
    number: int = 0
    read: int = 0
    turn: int = 0
    draft: int = 0
    standing: Sequence[Explanation] = ()
    former: Sequence[Explanation] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    drafted: bool = False
    meanwhile: Explanation | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


def first_form(form: Form) -> dict[str, Any]:
    """Asks What happened and Why; submitting it shows the second step."""
    title = f"Edit explanation {form.number}" if form.number else "Explain a variance"
    return blocks.modal(
        title,
        [*_beside(form), *_inputs(form)],
        CALLBACK,
        submit="Next",
        close="Close",
        metadata=metadata(form.key, form.number, form.read, form.turn, form.draft),
        tells_close=True,
    )


def metadata(key: VarianceKey, number: int, read: int, turn: int, draft: int) -> str:
    """What both steps of the form carry along."""
    carried = {"key": str(key), "number": number, "read": read, "turn": turn, "draft": draft}
    return json.dumps(carried, ensure_ascii=False)


def named(block_id: str, turn: int) -> str:
    """A field's id in a form that was begun anew so many times: under the same id Slack would keep what was typed."""
    return f"{block_id}.{turn}" if turn else block_id


def in_words(team: Team, variance: Variance, key: VarianceKey, drivers: Drivers | None) -> str:
    """What happened, as far as the figures say it, for a text field."""
    name, when = tidy(called_by(team)), month_name(key.month)
    said = f"{name} in {when}: {variance_words(variance, key.currency)}."
    if drivers is None:
        return said
    if drivers.separation:
        return clip(f"{said}\n{what_happened(drivers, key.currency)}", MOST_TEXT)
    given = driver_table(drivers, key.currency)
    parts = "; ".join(f"{tidy(line.name)} {money(line.amount, key.currency, signed=True)}" for line in given.lines)
    return clip(f"{said}\nWhat moved: {parts}.", MOST_TEXT)


def _beside(form: Form) -> list[Block]:
    """What there is to know while one writes."""
    currency = form.key.currency
    tier, name = form.month.tier, escape(called_by(form.team))
    rung = f" — {sign(tier, form.variance.value)} *{word(tier, form.variance.value)}*" if tier else ""
    when = month_name(form.key.month)
    shown = [blocks.section(f"*{name}*, {when}: {variance_words(form.variance, currency)}{rung}")]
    shown.append(blocks.context(counted(form.month), freshness(form.month)))
    shown += _drivers(form)
    shown.append(blocks.section(f"{coverage_line(form.coverage, currency)}."))
    shown += _lines("Explanations of this month", form.standing, form)
    shown += _lines("What was said of the months before", form.former[:FORMER], form)
    if form.drafted:
        said = ":pencil2: The fields hold what you had typed before."
        shown.append(blocks.section(said, accessory=blocks.button("Start anew", ANEW)))
    if form.meanwhile is not None:
        shown += _meanwhile(form.meanwhile, form.names)
    return [*shown, blocks.divider()]


def _drivers(form: Form) -> list[Block]:
    if form.drivers is None:
        before = month_name(form.key.month.previous)
        return [
            blocks.context(f"What moved it cannot be said by service: there is no spend in {before} to compare with.")
        ]
    return driver_blocks(form.drivers, form.key.currency)


def _lines(title: str, explanations: Sequence[Explanation], form: Form) -> list[Block]:
    """Explanations in a few words each, under a heading."""
    if not explanations:
        return []
    lines = []
    for each in explanations:
        amount = brief(each.wording.amount, each.key.currency, signed=True)
        when = "" if each.key.month == form.key.month else f"{month_name(each.key.month)}: "
        said = f"• {when}{amount}, {category_name(each.wording.category)} — {escape(each.wording.why, 200)}"
        lines.append(f"{said} ({stage_words(each, form.names)})")
    return blocks.paragraphs("\n".join((f"*{title}*", *lines)))


def _meanwhile(explanation: Explanation, names: Mapping[str, str]) -> list[Block]:
    """What it says now, for who had written over an older version of it."""
    said = ":warning: *It has been changed since you began to write.* This is what it says now:"
    text = "\n".join((said, stage_words(explanation, names), *written(explanation)))
    return blocks.paragraphs(text)


def _inputs(form: Form) -> list[Block]:
    fields, currency = form.fields, form.key.currency

    def given(name: str) -> str:
        return fields.get(name, "")

    categories = [(category_name(each), str(each)) for each in CATEGORIES]
    chosen = given(CATEGORY) if given(CATEGORY) in tuple(Category) else None
    hint = f"Of the variance of {money(form.variance.value, currency, signed=True)}; less where it has several causes."
    return [
        blocks.text_input(
            named(AMOUNT, form.turn),
            f"{LABELS[AMOUNT]}, {tidy(currency)}",
            hint=hint,
            initial=given(AMOUNT),
            most=60,
            tells=True,
        ),
        blocks.text_input(named(WHAT, form.turn), LABELS[WHAT], initial=given(WHAT), long=True, tells=True),
        blocks.select_input(
            named(CATEGORY, form.turn),
            LABELS[CATEGORY],
            categories,
            placeholder="Choose one",
            initial=chosen,
            tells=True,
        ),
        blocks.choice_input(
            named(STAYS, form.turn),
            LABELS[STAYS],
            [(label, value) for value, label in GOES_ON.items()],
            initial=given(STAYS) or None,
            tells=True,
        ),
        blocks.text_input(
            named(WHY, form.turn), LABELS[WHY], hint=_why(form), initial=given(WHY), long=True, tells=True
        ),
    ]


def _why(form: Form) -> str:
    """What to ask oneself about the largest parts; nothing once somebody has written why."""
    if form.drivers is None or form.drivers.separation is None or form.fields.get(WHY):
        return ""
    parts = form.drivers.separation.parts
    return " ".join(questions(parts, form.variance.value))
