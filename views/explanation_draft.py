"""What somebody has typed of an explanation, to be read, copied and deleted while it cannot be submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finops.company import Team
from finops.explanation import Category, VarianceKey
from views import blocks
from views.amounts import month_name
from views.explanation_form import ANEW, CATEGORY, GOES_ON, LABELS, STAYS, metadata
from views.explanation_next import LABELS as NEXT_LABELS
from views.explanation_next import OWNER
from views.explanation_words import category_name
from views.message import Block
from views.sentences import called_by
from views.text import escape, prose

DRAFT_CALLBACK = "explanation_draft"


@dataclass(frozen=True)
class Draft:
    """A draft that cannot be submitted now.

    Attributes:
        number, read, draft: as in views.explanation_form.Form.
        fields: what both steps hold, by their fields.
        added: corrective actions that were added, by the fields of each.
        names: Slack id → real name.
    """

    key: VarianceKey
    team: Team
    number: int
    read: int
    draft: int
    fields: Mapping[str, str]
    added: Sequence[Mapping[str, str]] = ()
    names: Mapping[str, str] | None = None


def draft_modal(given: Draft, why: str) -> dict[str, Any]:
    """The draft as it was typed.

    Args:
        why: what keeps it from being submitted, and what to do about it, whole sentences.
    """
    said = f"{_which(given.team, given.key)}: {prose(why, 1000)}"
    kept = (
        "So what you typed cannot be submitted now. It is kept, and the form holds it again once it can be. Until then "
        "you can copy it here, or delete it."
    )
    shown: list[Block] = [blocks.section(said), blocks.section(kept)]
    for name, label in (LABELS | NEXT_LABELS).items():
        if text := _in_words(name, given.fields.get(name, ""), given.names or {}):
            shown += [blocks.section(f"*{label}*"), *blocks.as_typed(text)]
    if given.added:
        actions = "\n\n".join(_action(fields, given.names or {}) for fields in given.added)
        shown += [blocks.section("*Corrective actions that you added*"), *blocks.as_typed(actions)]
    sure = blocks.confirm("Delete the draft?", "What you typed is gone then, for good.", "Delete it")
    shown.append(blocks.actions(blocks.button("Delete the draft", ANEW, style="danger", confirm=sure)))
    carried = metadata(given.key, given.number, given.read, 0, given.draft)
    return blocks.modal("Your draft", shown, DRAFT_CALLBACK, metadata=carried)


def deleted_modal(team: Team, key: VarianceKey, why: str) -> dict[str, Any]:
    """What stands there once it is deleted."""
    said = f"The draft is deleted. {_which(team, key)}: {prose(why, 1000)}"
    return blocks.modal("Your draft", [blocks.section(said)], DRAFT_CALLBACK)


def _which(team: Team, key: VarianceKey) -> str:
    return f"*{escape(called_by(team))}*, {month_name(key.month)}"


def _action(fields: Mapping[str, str], names: Mapping[str, str]) -> str:
    lines = ((label, _in_words(name, fields.get(name, ""), names)) for name, label in NEXT_LABELS.items())
    return "\n".join(f"{label}: {text}" for label, text in lines if text)


def _in_words(name: str, held: str, names: Mapping[str, str]) -> str:
    """What a field holds, as people read it."""
    if name == CATEGORY and held in tuple(Category):
        return category_name(Category(held))
    if name == STAYS:
        return GOES_ON.get(held, held)
    return names.get(held, held) if name == OWNER else held
