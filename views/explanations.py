"""The answer to `/finops explanations`: what was said before, and a button that shows each whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.company import Team
from finops.explanation import Explanation
from views import blocks
from views.amounts import brief
from views.explanation import SHOW, reference
from views.explanation_words import category_name, stage_words, which
from views.fit import message
from views.message import Block, Message
from views.text import escape

MOST = 15
"""Most explanations that one answer lists."""
GLIMPSE = 200
"""Characters of Why that the list shows; the button shows all."""


def explanations_message(
    found: Sequence[Explanation],
    teams: Mapping[str, Team],
    names: Mapping[str, str],
    *,
    asked: str = "",
    more: bool = False,
) -> Message:
    """Explanations, the newest month first.

    Args:
        teams: by slug; a team that is named nowhere any more is shown by its slug.
        asked: what was looked for, as it was written; empty for all.
        more: whether there are others than those found.
    """
    of = f" with “{escape(asked, 200)}”" if asked else ""
    if not found:
        said = f"No explanation{of} was found. `/finops explain` writes one."
        return message(said, [blocks.section(said)])
    first = f"*Explanations{of}*, the newest month first:"
    body: list[Block] = [blocks.section(first)]
    lines = []
    for each in found[:MOST]:
        team = teams.get(each.key.team) or Team(each.key.team, each.key.team)
        wording = each.wording
        amount = brief(wording.amount, each.key.currency, signed=True)
        line = f"{which(each, team)}: {amount}, {category_name(wording.category)} — {escape(wording.why, GLIMPSE)}"
        line += f"\n{stage_words(each, names)}"
        lines.append(line)
        body.append(blocks.section(line, accessory=blocks.button("Show", SHOW, reference(each))))
    if more or len(found) > MOST:
        last = "There are more: name a team or further words, or use `finops explanations` in the terminal."
        lines.append(last)
        body.append(blocks.context(last))
    return message("\n".join((first, *lines)), body)
