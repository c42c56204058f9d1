"""The freeze of an emergency: the sponsor's decision, exceptions to it, and what its thread is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from finops.alert import Alert
from finops.company import Team
from finops.effect import Effect
from finops.freeze import Freeze, FreezeException, FreezeStatus
from finops.policy import Policy
from views import blocks
from views.alert import ASK_EXCEPTION
from views.alert_words import finding
from views.fit import message
from views.freeze_words import ICE, decision, exception
from views.message import Block, Message
from views.people import mention
from views.sentences import called_by
from views.text import escape
from views.time import day

CALLBACK, EXCEPTION_CALLBACK = "freeze", "freeze_exception"
DECISION, WHAT, UNTIL, WHY = "decision", "what", "until", "why"
"""block_ids."""
FREEZE, NONE = "freeze", "none"
"""Values of DECISION."""
GRANT, REFUSE = "freeze_grant", "freeze_refuse"
"""action_ids; the value is '<freeze id>/<exception number>'."""
USUAL = timedelta(days=14)
"""How long a freeze is proposed to last."""
MOST = 1000
"""Most characters of what is frozen, and of a reason."""
What = Literal["decided", "declined", "asked", "granted", "refused", "lifted", "expired"]


def freeze_modal(alert: Alert, team: Team, now: datetime) -> dict[str, Any]:
    """Asks the sponsor for the decision."""
    options = [("Freeze non-critical spend", FREEZE), ("No freeze", NONE)]
    return blocks.modal(
        "Decide on a freeze",
        [
            blocks.section(finding(alert, team)),
            blocks.choice_input(DECISION, "Your decision", options),
            blocks.text_input(
                WHAT,
                "What is frozen",
                hint="Services, accounts or purchases. For “No freeze” leave it empty.",
                long=True,
                optional=True,
                most=MOST,
            ),
            blocks.date_input(UNTIL, "Last day of the freeze", initial=(now + USUAL).date(), optional=True),
            blocks.text_input(WHY, "Why", hint="Kept in the record either way.", long=True, most=MOST),
        ],
        CALLBACK,
        submit="Decide",
        close="Cancel",
        metadata=json.dumps({"alert": str(alert.key)}, ensure_ascii=False),
    )


def exception_modal(freeze: Freeze, team: Team) -> dict[str, Any]:
    """Asks what is to go on in spite of a freeze."""
    until = f"The freeze itself ends on {day(freeze.until)}." if freeze.until else ""
    frozen = f"*{escape(called_by(team))}* — frozen: {escape(freeze.what, 300)}"
    return blocks.modal(
        "Ask for an exception",
        [
            blocks.section(frozen),
            blocks.text_input(WHAT, "What is to go on", long=True, most=MOST),
            blocks.date_input(UNTIL, "Until", hint=until, initial=freeze.until),
            blocks.text_input(WHY, "Why it cannot wait", long=True, most=MOST),
        ],
        EXCEPTION_CALLBACK,
        submit="Ask",
        close="Cancel",
        metadata=json.dumps({"freeze": freeze.id}),
    )


def freeze_note(freeze: Freeze, team: Team, names: Mapping[str, str], what: What, number: int | None = None) -> Message:
    """What happened to a freeze, for its alert's thread.

    Args:
        number: of the exception that was asked for, granted or refused.
    """
    asked = next((each for each in freeze.exceptions if each.number == number), None)
    if asked and what in ("asked", "granted", "refused"):
        text = _exception_said(freeze, asked, team, names, what)
    else:
        text = _freeze_said(freeze, team, names)
    return message(text, [*blocks.paragraphs(text), *_buttons(freeze, asked, what)])


def freeze_effects(
    freeze: Freeze,
    team: Team,
    place: str,
    what: What,
    number: int | None,
    names: Mapping[str, str],
    now: datetime,
    *,
    policy: Policy | None = None,
) -> list[Effect]:
    """A note in the alert's thread, and a direct message to whoever has to answer or is answered.

    Args:
        place: where the alert's message stands, empty for nowhere.
        policy: whose quiet hours the pings wait for; None for none.
    """
    note = freeze_note(freeze, team, names, what, number).as_payload()
    key = f"freeze/{freeze.id}/{what}" + (f"/{number}" if number is not None else "")
    quiet = policy.rules.quiet if policy else None
    over = quiet.over_at(now, policy.calendar) if policy and quiet else now
    reached = _reached(freeze, what, number)
    held = over if reached and over > now else None
    made = [Effect(f"{key}/{user_id}", "freeze", user_id, note, team.slug, not_before=held) for user_id in reached]
    if not place:
        return made
    announced = what in ("decided", "lifted", "expired")
    thread = f"alert/{freeze.alert}"
    told = Effect(key, "freeze", place, note, team.slug, thread_of=thread, broadcast=announced, not_before=held)
    return [told, *made]


def _reached(freeze: Freeze, what: What, number: int | None) -> list[str]:
    """Who has to answer, or is answered."""
    asked = next((each for each in freeze.exceptions if each.number == number), None)
    if asked is None:
        return []
    if what == "asked":
        return [freeze.decided_by] if freeze.decided_by != asked.asked_by else []
    return [asked.asked_by] if what in ("granted", "refused") else []


def _freeze_said(freeze: Freeze, team: Team, names: Mapping[str, str]) -> str:
    said = f"{ICE} *{escape(called_by(team))}*: {decision(freeze, names)}"
    if freeze.status is FreezeStatus.IN_FORCE:
        return f"{said}\nWhoever cannot wait until then asks for an exception; an executive sponsor answers it."
    if freeze.status is FreezeStatus.DECLINED:
        return said
    return f"{said}\nWhat was frozen may be spent again."


def _exception_said(freeze: Freeze, asked: FreezeException, team: Team, names: Mapping[str, str], what: What) -> str:
    said = f"{ICE} *{escape(called_by(team))}*: {exception(asked, names)}"
    if what != "asked":
        return f"{said}\n{mention(asked.asked_by)}, this is the answer to what you asked for."
    if freeze.decided_by == asked.asked_by:
        return f"{said}\nAnother executive sponsor answers it: nobody grants an exception to themselves."
    return f"{said}\n{mention(freeze.decided_by)}, it waits for your answer."


def _buttons(freeze: Freeze, asked: FreezeException | None, what: What) -> list[Block]:
    if what == "decided":
        return [blocks.actions(blocks.button("Ask for an exception", ASK_EXCEPTION, str(freeze.id)))]
    if what != "asked" or asked is None:
        return []
    value = f"{freeze.id}/{asked.number}"
    return [
        blocks.actions(blocks.button("Grant", GRANT, value, style="primary"), blocks.button("Refuse", REFUSE, value))
    ]
