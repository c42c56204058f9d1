"""Forms of corrective actions: what is to be done, that it is done, and that it will not be."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from finops.company import Team
from finops.corrective_action import LONGEST, CorrectiveAction, Target
from finops.money import plain
from views import blocks
from views.message import Block
from views.sentences import called_by
from views.text import escape, literal

PLAN_CALLBACK, DONE_CALLBACK, DROP_CALLBACK = "action_plan", "action_done", "action_drop"
TEXT, OWNER, DUE, PROMISED = "text", "owner", "due", "promised"
SERVICE, ACCOUNT, TAG = "service", "account", "tag"
ON, WHY = "on", "why"
"""block_ids."""
LONGEST_NAME = 200
"""Most characters of a service, an account or a tag."""


def plan_modal(team: Team, currency: str, owner: str, due: date, action: CorrectiveAction | None = None) -> Any:
    """Asks what is to be done, by whom and until when, and which spend is to show it.

    Args:
        owner, due: proposed for a new one.
        action: the one that is edited, None for a new one.
    """
    target = action.target if action else Target()
    promised = plain(action.promised) if action and action.promised is not None else ""
    metadata: dict[str, Any] = {"team": team.slug, "currency": currency}
    metadata |= {"number": action.number, "version": action.version} if action else {}
    body = [
        blocks.section(f"*{escape(called_by(team))}*"),
        blocks.text_input(TEXT, "What is to be done", initial=action.text if action else "", long=True, most=LONGEST),
        blocks.person_input(OWNER, "Who does it", initial=action.owner if action else owner),
        blocks.date_input(DUE, "By which day", initial=action.due if action else due),
        blocks.text_input(
            PROMISED,
            f"Promised saving a month, in {literal(currency, 20)}",
            hint="A number such as 1,200. Leave it empty where none is promised.",
            initial=promised,
            optional=True,
            most=40,
        ),
        *_target_inputs(target),
    ]
    title = f"Edit action #{action.number}" if action else "A corrective action"
    return blocks.modal(
        title, body, PLAN_CALLBACK, submit="Save", close="Cancel", metadata=json.dumps(metadata, ensure_ascii=False)
    )


def tag_words(target: Target) -> str:
    """'env=test', 'env' for a tag of any value, empty for none."""
    return f"{target.tag}={target.value}" if target.value else target.tag


def done_modal(action: CorrectiveAction, today: date) -> dict[str, Any]:
    """Asks from which day on the money is to show it."""
    return blocks.modal(
        f"Action #{action.number} is done",
        [
            blocks.section(f"*{escape(action.text, LONGEST)}*"),
            blocks.date_input(
                ON,
                "Done on",
                hint="From this day on the spend is compared with before.",
                initial=action.done_on or today,
            ),
        ],
        DONE_CALLBACK,
        submit="Done",
        close="Cancel",
        metadata=_of(action),
    )


def drop_modal(action: CorrectiveAction) -> dict[str, Any]:
    """Asks why it will not be done."""
    return blocks.modal(
        f"Drop action #{action.number}",
        [
            blocks.section(f"*{escape(action.text, LONGEST)}*"),
            blocks.text_input(WHY, "Why it will not be done", hint="Kept in the record.", long=True, most=LONGEST),
        ],
        DROP_CALLBACK,
        submit="Drop it",
        close="Cancel",
        metadata=_of(action),
    )


def _of(action: CorrectiveAction) -> str:
    return json.dumps({"number": action.number, "version": action.version})


def _target_inputs(target: Target) -> list[Block]:
    """The spend that it lowers: all that is given must match; nothing given is the team's whole spend."""
    hint = "As the bill writes it. Of service, account and tag, all that you fill in must match."
    fields = ((SERVICE, "Service that it lowers", target.service, hint), (ACCOUNT, "Account", target.account, ""))
    made = [
        blocks.text_input(name, label, hint=said, initial=value, optional=True, most=LONGEST_NAME)
        for name, label, value, said in fields
    ]
    tag = blocks.text_input(
        TAG, "Tag", hint="key=value, or only the key.", initial=tag_words(target), optional=True, most=2 * LONGEST_NAME
    )
    return [*made, tag]
