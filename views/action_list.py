"""The answer to `/finops actions`: what is to be done and by whom, what is being measured, and the buttons for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from finops.company import Team
from finops.corrective_action import ActionStage, CorrectiveAction
from finops.measured_saving import LEAST, WINDOW
from views import blocks
from views.action_notes import ADD, action_buttons
from views.actions import action_line
from views.fit import message
from views.message import Block, Message
from views.sentences import called_by
from views.text import escape, literal

MOST = 10
"""Most actions that are shown; the others are counted."""


def actions_message(
    actions: Sequence[CorrectiveAction],
    teams: Mapping[str, Team],
    names: Mapping[str, str],
    todays: Mapping[str, date],
    *,
    changes: frozenset[int] = frozenset(),
    adds: str = "",
    mine: bool = False,
    dropped: bool = False,
    asked: str = "",
) -> Message:
    """Actions, open and done or dropped ones, the earliest due first, and whose turn each is.

    Args:
        teams, todays: slug → team, and its local day.
        changes: numbers of the actions that the person may change.
        adds: slug of the team for which they may plan one; empty for none.
        mine: whether only the person's own were asked for.
        dropped: whether those that were dropped were asked for, and not the others.
        asked: what else was asked for, as written; empty for all.
    """
    head = _head(actions, todays, mine, dropped, asked)
    lines, body = [head], [blocks.section(head)]
    for action in actions[:MOST]:
        team = teams[action.key.team]
        said = f"{escape(called_by(team))}: {action_line(action, names, todays[team.slug])} {turn(action)}".rstrip()
        lines.append(said)
        body.append(blocks.section(said))
        if action.number in changes:
            body.append(blocks.actions(*action_buttons(action)))
    left = len(actions) - MOST
    if left > 0:
        more = f"… and {left:,} more: ask for one team's, for `mine` or for `late`; `finops actions` shows all."
        lines.append(more)
        body.append(blocks.context(more))
    return message("\n".join(lines), [*body, *_add(adds)])


def _head(
    actions: Sequence[CorrectiveAction], todays: Mapping[str, date], mine: bool, dropped: bool, asked: str
) -> str:
    """'*Your corrective actions*: 2 open (1 overdue), none being measured.'"""
    about = f" for “{escape(asked)}”" if asked else ""
    if not actions:
        which = "None of your corrective actions" if mine else "No corrective action"
        if dropped:
            return f"*{which} is dropped*{about}."
        return f"*{which} is open*{about}, and none is being measured."
    what = "Your corrective actions" if mine else "Corrective actions"
    if dropped:
        return f"*{what}{about}*: {len(actions):,} dropped."
    late = sum(_is_late(action, todays) for action in actions)
    open_ones = sum(action.stage is ActionStage.OPEN for action in actions)
    overdue = f" ({late:,} overdue)" if late else ""
    return f"*{what}{about}*: {_count(open_ones)} open{overdue}, {_count(len(actions) - open_ones)} being measured."


def _count(number: int) -> str:
    return f"{number:,}" if number else "none"


def turn(action: CorrectiveAction) -> str:
    """Whose turn it is, where that is not its owner's."""
    if action.stage is ActionStage.OPEN:
        return "Its owner has not answered; others are called." if action.called == action.due else ""
    if action.stage is ActionStage.DONE:
        if action.measured:
            return f"Nobody's turn: it is measured anew until {WINDOW} days have settled."
        return f"Nobody's turn: it is measured once {LEAST} days have settled, and until {WINDOW} have."
    return ""


def _is_late(action: CorrectiveAction, todays: Mapping[str, date]) -> bool:
    return action.stage is ActionStage.OPEN and action.due < todays[action.key.team]


def _add(team: str) -> list[Block]:
    return [blocks.actions(blocks.button(f"Plan one for {literal(team, 40)}", ADD, team))] if team else []
