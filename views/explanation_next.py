"""The form of an explanation, second step: What next, with corrective actions, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from finops.company import Team
from finops.corrective_action import LONGEST, CorrectiveAction
from finops.explanation import VarianceKey
from views import blocks
from views.actions import action_line
from views.amounts import month_name
from views.explanation_form import metadata, named
from views.message import Block
from views.sentences import called_by
from views.text import escape, literal, tidy

NEXT_CALLBACK = "explanation_next"
FOLLOWING, TASK, OWNER, DUE = "explanation_following", "explanation_task", "explanation_owner", "explanation_due"
SAVING, SERVICE, ACCOUNT = "explanation_saving", "explanation_service", "explanation_account"
TAG, THEN = "explanation_tag", "explanation_then"
"""block_ids and action_ids, as in views.explanation_form."""
LABELS = {
    FOLLOWING: "What next",
    TASK: "What is to be done",
    OWNER: "By whom",
    DUE: "Until when",
    SAVING: "Saving a month",
    SERVICE: "Service it lowers",
    ACCOUNT: "Account it lowers",
    TAG: "Tag it lowers",
}
SUBMIT, ANOTHER = "submit", "another"
"""Values of THEN."""
TAKE_OUT = "explanation_take_out"
"""action_id; the value is the place of a corrective action that was added, from 0."""
MOST_ACTIONS = 20


@dataclass(frozen=True)
class NextForm:
    """What the second step is made from.

    Attributes:
        draft: as in views.explanation_form.Form.
        known: corrective actions of the explanation that are stored already.
        added: those added in this form, not yet stored.
        services: what the team pays for, the most expensive first.
        today: the team's local day.
        fields: what the fields hold at first.
    """

    key: VarianceKey
    team: Team
    number: int
    read: int
    turn: int
    known: Sequence[CorrectiveAction]
    added: Sequence[CorrectiveAction]
    services: Sequence[str]
    names: Mapping[str, str]
    today: date
    fields: Mapping[str, str] = field(default_factory=dict)
    draft: int = 0


def next_form(form: NextForm) -> dict[str, Any]:
    """Asks What next; submitting it submits the explanation, or adds an action and asks for another."""
    return blocks.modal(
        "What next",
        [*_beside(form), *_inputs(form)],
        NEXT_CALLBACK,
        submit="Submit",
        close="Back",
        metadata=metadata(form.key, form.number, form.read, form.turn, form.draft),
        tells_close=True,
    )


def services_shown(services: Sequence[str]) -> list[str]:
    """The services that a menu can offer."""
    return [name for name in services if name and len(name) <= blocks.OPTION_VALUE][: blocks.OPTIONS]


def _beside(form: NextForm) -> list[Block]:
    shown = [blocks.section(f"*{escape(called_by(form.team))}*, {month_name(form.key.month)}")]
    if form.known:
        lines = [f"• {action_line(action, form.names, form.today)}" for action in form.known]
        shown += blocks.paragraphs("\n".join(("*Corrective actions so far*", *lines)))
    for place, action in enumerate(form.added):
        take_out = blocks.button("Take out", TAKE_OUT, str(place))
        line = f":heavy_plus_sign: {action_line(action, form.names, form.today)}"
        first, *rest = blocks.paragraphs(line)
        shown += [first | {"accessory": take_out}, *rest]
    return shown


def _inputs(form: NextForm) -> list[Block]:
    fields, turn = form.fields, form.turn

    def given(name: str) -> str:
        return fields.get(name, "")

    def text(name: str, unit: str = "", **more: Any) -> Block:
        label = f"{LABELS[name]}{unit}"
        return blocks.text_input(named(name, turn), label, initial=given(name), optional=True, tells=True, **more)

    shown = [
        text(FOLLOWING, long=True, hint="What follows from it, in your own words."),
        blocks.header("A corrective action"),
        blocks.context("Leave it empty where none is needed. Its saving is measured from the spend that it names."),
        text(TASK, most=LONGEST),
        blocks.person_input(named(OWNER, turn), LABELS[OWNER], initial=given(OWNER), optional=True, tells=True),
        blocks.date_input(named(DUE, turn), LABELS[DUE], initial=_day(given(DUE)), optional=True, tells=True),
        text(SAVING, f", {tidy(form.key.currency)}", most=60),
    ]
    if services := services_shown(form.services):
        initial = given(SERVICE) if given(SERVICE) in services else None
        options = [(literal(name), name) for name in services]
        shown.append(
            blocks.select_input(
                named(SERVICE, turn),
                LABELS[SERVICE],
                options,
                placeholder="Any",
                initial=initial,
                optional=True,
                tells=True,
            )
        )
    shown += [
        text(ACCOUNT, most=200, hint="SubAccountId as billed."),
        text(TAG, most=300, hint="key=value as billed, for example service=checkout."),
    ]
    options = [("Submit for review", SUBMIT), ("Add this action, and another", ANOTHER)]
    if len(form.added) + 1 < MOST_ACTIONS:
        shown.append(blocks.choice_input(named(THEN, turn), "Then", options, initial=given(THEN) or SUBMIT))
    return shown


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
