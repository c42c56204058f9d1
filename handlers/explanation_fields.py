"""What the form of an explanation holds: kept as a draft, read, and everything that is wrong with it at its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from finops.corrective_action import ActionChange, ActionRefused, Target, plan_action
from finops.errors import NotFound
from finops.explanation import MOST_TEXT, Category, VarianceKey, Wording
from finops.money import plain
from handlers.explanation_access import key_in
from handlers.request import Request
from handlers.typed_amount import NO_LESS, typed_amount
from storage.plain_json import kept
from views.amounts import rounded
from views.explanation_form import AMOUNT, CATEGORY, NO, STAYS, WHAT, WHY, YES, named
from views.explanation_next import ACCOUNT, DUE, FOLLOWING, OWNER, SAVING, SERVICE, TAG, TASK

FIRST = (AMOUNT, WHAT, CATEGORY, STAYS, WHY)
ACTION = (TASK, OWNER, DUE, SAVING, SERVICE, ACCOUNT, TAG)
SECOND = (FOLLOWING, *ACTION)
STARTED = (TASK, SAVING, SERVICE, ACCOUNT, TAG)
"""Fields that say that an action is meant; its owner and day are proposed by themselves."""
Errors = dict[str, str]


@dataclass(frozen=True, slots=True)
class Carried:
    """What a form carries along.

    Attributes:
        number: of the explanation that is edited, 0 for a new one.
        read: the version it was made from.
        turn: how often the form was begun anew.
        draft: which of the person's drafts of it the form writes: counts those submitted or thrown away before.
    """

    key: VarianceKey
    number: int
    read: int
    turn: int
    draft: int


def carried_in(request: Request) -> Carried:
    """What a form carries along; raises NotFound for one that is not ours."""
    held = request.metadata
    numbers = [held.get(name) for name in ("number", "read", "turn", "draft")]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise NotFound("This form is of an older version of me.", "Close it and use /finops explain.")
    number, read, turn, draft = (int(each or 0) for each in numbers)
    return Carried(key_in(str(held.get("key", ""))), number, read, turn, draft)


def filled_in(request: Request) -> dict[str, str]:
    """Field → what the form holds there, whatever its turn; text as every database keeps it."""
    return {name.split(".")[0]: kept(value) for name, value in request.inputs.items()}


def at_fields(errors: Errors, turn: int) -> Errors:
    """Errors by the ids that the form's fields have."""
    return {named(name, turn): said for name, said in errors.items()}


def wording_of(
    fields: Mapping[str, str], meant: Sequence[Decimal], currency: str, variance: Decimal
) -> tuple[Wording | None, Errors]:
    """What is written, or what is wrong with it by field.

    Args:
        variance: what is explained, in the currency; below zero for underspend.
        meant: exact amounts, each of which whoever writes it as it is shown means to the last digit.
    """
    errors: Errors = {}
    amount = typed_amount(fields.get(AMOUNT, ""), currency)
    if isinstance(amount, str):
        errors[AMOUNT] = f"{amount} A − stands before what is less than budgeted." if variance < 0 else amount
    elif not amount:
        errors[AMOUNT] = "Write an amount other than 0: how much of the variance this explains."
    else:
        amount = next((each for each in meant if rounded(each, currency) == amount), amount)
    for name, said in ((WHAT, "Say what happened."), (WHY, "Say why it happened.")):
        errors |= _text(name, fields.get(name, ""), said)
    category, stays = fields.get(CATEGORY, ""), fields.get(STAYS, "")
    if category not in tuple(Category):
        errors[CATEGORY] = "Choose what comes nearest."
    if stays not in (YES, NO):
        errors[STAYS] = "Choose one: the next budget goes by it."
    following = fields.get(FOLLOWING, "")
    errors |= _text(FOLLOWING, following, "")
    if errors or isinstance(amount, str):
        return None, errors
    return Wording(amount, Category(category), stays == YES, fields[WHAT], fields[WHY], following), {}


def is_started(fields: Mapping[str, str]) -> bool:
    """Whether an action is begun in the second step."""
    return any(fields.get(name, "").strip() for name in STARTED)


def plan_of(
    fields: Mapping[str, str], key: VarianceKey, number: int, by: str, today: date, now: datetime
) -> tuple[ActionChange | None, Errors]:
    """The corrective action that fields describe, or what is wrong with it by field.

    Args:
        number: of the explanation it belongs to.
        today: the team's local day.
    """
    errors: Errors = {}
    text, owner, saving = fields.get(TASK, ""), fields.get(OWNER, ""), fields.get(SAVING, "")
    if not text.strip():
        errors[TASK] = "Say what is to be done."
    if not owner:
        errors[OWNER] = "Choose who does it."
    due, promised = _day(fields.get(DUE, "")), typed_amount(saving, key.currency) if saving.strip() else None
    if due is None or due < today:
        errors[DUE] = "Choose today or a later day."
    if isinstance(promised, str):
        errors[SAVING] = promised
    elif promised is not None and promised < 0:
        errors[SAVING] = NO_LESS
    tag, found = fields.get(TAG, "").strip(), re.fullmatch(r"\s*([^=]+?)\s*=\s*(.*?)\s*", fields.get(TAG, ""))
    if tag and not found:
        errors[TAG] = "Write key=value, for example service=checkout."
    if errors or due is None or isinstance(promised, str):
        return None, errors
    name, value = (found[1], found[2]) if found else ("", "")
    target = Target(fields.get(SERVICE, ""), fields.get(ACCOUNT, "").strip(), name, value)
    try:
        return plan_action(key, number, text, owner, due, promised, target, by, now), {}
    except ActionRefused as refusal:
        return None, {TASK: str(refusal)}


def fields_of(wording: Wording, currency: str) -> dict[str, str]:
    """What the form of an explanation that is edited holds at first."""
    return {
        AMOUNT: shown(wording.amount, currency),
        WHAT: wording.what,
        CATEGORY: str(wording.category),
        STAYS: YES if wording.stays else NO,
        WHY: wording.why,
        FOLLOWING: wording.following,
    }


def shown(amount: Decimal, currency: str) -> str:
    """An amount as it is proposed in a field: '403.36'."""
    return plain(rounded(amount, currency))


def _text(name: str, text: str, missing: str) -> Errors:
    if missing and not text.strip():
        return {name: missing}
    return {name: f"At most {MOST_TEXT:,} characters."} if len(text) > MOST_TEXT else {}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
