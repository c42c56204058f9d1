"""The answer to `/finops freeze`: what is frozen, what waits for a sponsor, and the buttons for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.alert import Alert
from finops.company import Team
from finops.freeze import Freeze, FreezeException
from finops.policy import Policy
from views import blocks
from views.alert import ASK_EXCEPTION, LIFT, decide_button
from views.alert_words import lead
from views.fit import message
from views.freeze import GRANT, REFUSE
from views.freeze_words import decision, exception
from views.message import Block, Message
from views.sentences import called_by
from views.text import escape

MOST, EXCEPTIONS = 5, 2
"""Most freezes and most undecided emergencies that are shown, and most waiting exceptions of each freeze."""


def freezes_message(
    freezes: Sequence[Freeze],
    undecided: Sequence[Alert],
    teams: Mapping[str, Team],
    policies: Mapping[str, Policy],
    names: Mapping[str, str],
    *,
    decides: frozenset[str] = frozenset(),
    user_id: str = "",
    asked: str = "",
) -> Message:
    """Every freeze in force, and every emergency on which none has been decided.

    Args:
        teams, policies: slug → team, and what its alerts go by.
        decides: slugs of the teams for which the person who asked may decide.
        user_id: theirs; nobody answers their own exception.
        asked: the team that was asked for; empty for all.
    """
    about = f" for “{escape(asked)}”" if asked else ""
    lines: list[str] = []
    body: list[Block] = []
    for alert in undecided[:MOST]:
        said = f"A freeze is to be decided: {lead(alert, teams[alert.key.team], policies[alert.key.team])}"
        lines.append(said)
        body.append(blocks.section(said, accessory=decide_button(alert) if alert.key.team in decides else None))
    for freeze in freezes[:MOST]:
        said = f"*{escape(called_by(teams[freeze.alert.team]))}*: {decision(freeze, names)}"
        lines.append(said)
        body += [blocks.section(said), blocks.actions(*_buttons(freeze, freeze.alert.team in decides))]
        for each in freeze.waiting[:EXCEPTIONS]:
            lines.append(exception(each, names))
            body += _waiting(freeze, each, names, freeze.alert.team in decides and user_id != each.asked_by)
        lines += _more(len(freeze.waiting) - EXCEPTIONS, "more exceptions wait for an answer.", body)
    left = max(len(undecided) - MOST, 0) + max(len(freezes) - MOST, 0)
    lines += _more(left, "more: `/finops freeze` and a team shows that one's.", body)
    if not lines:
        return _nothing(f":white_check_mark: *Nothing is frozen*{about}, and no emergency waits for a decision.")
    return message("\n".join(lines), body)


def _buttons(freeze: Freeze, decides: bool) -> list[Block]:
    ask = blocks.button("Ask for an exception", ASK_EXCEPTION, str(freeze.id))
    if not decides:
        return [ask]
    sure = blocks.confirm("Lift the freeze?", "It ends at once, and its thread is told.", "Lift it")
    return [ask, blocks.button("Lift the freeze", LIFT, str(freeze.id), confirm=sure)]


def _waiting(freeze: Freeze, asked: FreezeException, names: Mapping[str, str], answers: bool) -> list[Block]:
    said = blocks.section(exception(asked, names))
    if not answers:
        return [said]
    value = f"{freeze.id}/{asked.number}"
    grant = blocks.button("Grant", GRANT, value, style="primary")
    return [said, blocks.actions(grant, blocks.button("Refuse", REFUSE, value))]


def _more(left: int, what: str, body: list[Block]) -> list[str]:
    """'… and 3 more …', put below what is shown too."""
    if left <= 0:
        return []
    body.append(blocks.context(f"… and {left:,} {what}"))
    return [f"… and {left:,} {what}"]


def _nothing(said: str) -> Message:
    return message(said, [blocks.section(said)])
