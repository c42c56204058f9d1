"""The forms of a review: a reason for giving an explanation back, or a question."""

from __future__ import annotations

import json
from typing import Any

from finops.company import Team
from finops.explanation import Explanation
from views import blocks
from views.amounts import brief
from views.explanation import reference
from views.explanation_words import category_name, which

RETURN_CALLBACK, ASK_CALLBACK = "explanation_return", "explanation_ask"
REVIEW = "explanation_review"
"""block_id."""


def return_modal(explanation: Explanation, team: Team) -> dict[str, Any]:
    """Asks for the reason."""
    return _modal(explanation, team, "Return it", "What is missing or wrong", RETURN_CALLBACK, "Return")


def ask_modal(explanation: Explanation, team: Team) -> dict[str, Any]:
    """Asks for the question."""
    return _modal(explanation, team, "Ask its author", "Your question", ASK_CALLBACK, "Ask")


def _modal(explanation: Explanation, team: Team, title: str, label: str, callback: str, submit: str) -> dict[str, Any]:
    wording = explanation.wording
    amount = brief(wording.amount, explanation.key.currency, signed=True)
    said = f"{which(explanation, team)}: {amount}, {category_name(wording.category)}"
    return blocks.modal(
        title,
        [
            blocks.section(said),
            blocks.text_input(REVIEW, label, long=True, hint="It is shown in the thread, whole."),
        ],
        callback,
        submit=submit,
        close="Cancel",
        metadata=json.dumps({"explanation": reference(explanation)}, ensure_ascii=False),
    )
