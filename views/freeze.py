"""The freeze of an emergency: the sponsor's decision, exceptions to it, and what its thread is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from finops.alert import Alert
from finops.alert_rungs import heard_at
from finops.company import Team
from finops.effect import Effect
from finops.freeze import LONGEST, Freeze, FreezeException, FreezeStatus
from finops.policy import Policy
from views import blocks
from views.alert import ASK_EXCEPTION, decide_button
from views.alert_words import finding
from views.amounts import long_day
from views.fit import message
from views.freeze_words import ICE, decision, exception
from views.message import Block, Message
from views.people import NOBODY, mention, some, told_directly
from views.sentences import called_by
from views.text import escape

CALLBACK, EXCEPTION_CALLBACK = "freeze", "freeze_exception"
DECISION, WHAT, UNTIL, WHY = "decision", "what", "until", "why"
"""block_ids."""
FREEZE, NONE = "freeze", "none"
"""Values of DECISION."""
GRANT, REFUSE = "freeze_grant", "freeze_refuse"
"""action_ids; the value is '<freeze id>/<exception number>'."""
USUAL = timedelta(days=14)
"""How long a freeze is proposed to last."""
LIMIT = f"At most {LONGEST} characters."
What = Literal["decided", "declined", "asked", "granted", "refused", "ended", "lifted", "expired"]


def freeze_modal(alert: Alert, team: Team, now: datetime, newest: int = 0) -> dict[str, Any]:
    """Asks the sponsor for the decision.

    Args:
        newest: number of the newest decision on the alert, 0 for none: what is decided is decided knowing of it.
    """
    options = [("Freeze non-critical spend", FREEZE), ("No freeze", NONE)]
    return blocks.modal(
        "Decide on a freeze",
        [
            blocks.section(finding(alert, team)),
            blocks.choice_input(DECISION, "Your decision", options),
            blocks.text_input(
                WHAT,
                "What is frozen",
                hint=f"Services, accounts or purchases. For “No freeze” leave it empty. {LIMIT}",
                long=True,
                optional=True,
                most=LONGEST,
            ),
            blocks.date_input(UNTIL, "Last day of the freeze", initial=(now + USUAL).date(), optional=True),
            blocks.text_input(WHY, "Why", hint=f"Kept in the record either way. {LIMIT}", long=True, most=LONGEST),
        ],
        CALLBACK,
        submit="Decide",
        close="Cancel",
        metadata=json.dumps({"alert": str(alert.key), "newest": newest}, ensure_ascii=False),
    )


def exception_modal(freeze: Freeze, team: Team, channel: str = "") -> dict[str, Any]:
    """Asks what is to go on in spite of a freeze.

    Args:
        channel: id of the one in which it is asked for, empty for none.
    """
    until = f"The freeze itself ends on {long_day(freeze.until)}." if freeze.until else ""
    frozen = f"*{escape(called_by(team))}* — frozen: {escape(freeze.what, LONGEST)}"
    return blocks.modal(
        "Ask for an exception",
        [
            blocks.section(frozen),
            blocks.text_input(WHAT, "What is to go on", hint=LIMIT, long=True, most=LONGEST),
            blocks.date_input(UNTIL, "Until", hint=until, initial=freeze.until),
            blocks.text_input(WHY, "Why it cannot wait", hint=LIMIT, long=True, most=LONGEST),
        ],
        EXCEPTION_CALLBACK,
        submit="Ask",
        close="Cancel",
        metadata=json.dumps({"freeze": freeze.id, "channel": channel}),
    )


def freeze_note(
    freeze: Freeze,
    team: Team,
    names: Mapping[str, str],
    what: What,
    number: int | None = None,
    *,
    sponsors: Sequence[str] = (),
    emergency: Alert | None = None,
) -> Message:
    """What happened to a freeze, for its alert's thread; what asks for an answer asks no more once there is one.

    Args:
        number: of the exception that was asked for, granted, refused or ended.
        sponsors: Slack ids of the people and groups who have to answer or decide.
        emergency: the alert on which a new decision is due, None where none is.
    """
    asked = _exception(freeze, number)
    if asked and what in ("asked", "granted", "refused", "ended"):
        text = _exception_said(freeze, asked, team, names, what, sponsors)
    else:
        text = _freeze_said(freeze, team, names, sponsors, emergency)
    return message(text, [*blocks.paragraphs(text), *_buttons(freeze, asked, what, emergency)])


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
    sponsors: Sequence[str] = (),
    emergency: Alert | None = None,
    members: Mapping[str, Sequence[str]] = NOBODY,
) -> list[Effect]:
    """A note in the alert's thread, and a direct message to whoever has to answer or is answered.

    Args:
        place: where the alert's message stands, empty for nowhere.
        policy: whose quiet hours the pings wait for; None for none.
        number, sponsors, emergency: as in freeze_note.
        members: id of a user group → ids of the people in it.
    """
    note = freeze_note(freeze, team, names, what, number, sponsors=sponsors, emergency=emergency).as_payload()
    key = f"freeze/{freeze.id}/{what}" + (f"/{number}" if number is not None else "")
    reached = _reached(freeze, what, number, sponsors, emergency)
    held = heard_at(policy, now) if policy and reached else None
    made = [
        Effect(f"{key}/{user_id}", "freeze", user_id, note, team.slug, not_before=held)
        for user_id in told_directly(reached, members)
    ]
    if not place:
        return made
    announced = what in ("decided", "lifted", "expired")
    thread = f"alert/{freeze.alert}"
    told = Effect(key, "freeze", place, note, team.slug, thread_of=thread, broadcast=announced, not_before=held)
    return [told, *made]


def _reached(
    freeze: Freeze, what: What, number: int | None, sponsors: Sequence[str], emergency: Alert | None
) -> list[str]:
    """Who has to answer or decide, or is answered; a group is reached where it is mentioned, and not directly."""
    if what == "expired":
        return list(sponsors) if emergency else []
    asked = _exception(freeze, number)
    if asked is None:
        return []
    if what == "asked":
        return _asked_of(freeze, asked, sponsors)
    return [asked.asked_by] if what in ("granted", "refused", "ended") else []


def _asked_of(freeze: Freeze, asked: FreezeException, sponsors: Sequence[str]) -> list[str]:
    """The sponsors; where only groups are known, who has no direct messages, whoever decided as well."""
    alone = all(_is_group(each) for each in sponsors) and freeze.decided_by != asked.asked_by
    return [*sponsors, *([freeze.decided_by] if alone else [])]


def _exception(freeze: Freeze, number: int | None) -> FreezeException | None:
    return next((each for each in freeze.exceptions if each.number == number), None)


def _is_group(slack_id: str) -> bool:
    return slack_id.startswith("S")


def _freeze_said(
    freeze: Freeze, team: Team, names: Mapping[str, str], sponsors: Sequence[str], emergency: Alert | None
) -> str:
    said = f"{ICE} *{escape(called_by(team))}*: {decision(freeze, names)}"
    if freeze.status is FreezeStatus.IN_FORCE:
        return f"{said}\nWhoever cannot wait until then asks for an exception; an executive sponsor answers it."
    if freeze.status is FreezeStatus.DECLINED:
        return said
    if emergency is None:
        return f"{said}\nWhat was frozen may be spent again."
    due = "What was frozen may be spent again, but the emergency goes on: a new decision on a freeze is due."
    return f"{said}\n{due}\n{_turn(sponsors, 'it is yours to make.')}"


def _exception_said(
    freeze: Freeze,
    asked: FreezeException,
    team: Team,
    names: Mapping[str, str],
    what: What,
    sponsors: Sequence[str],
) -> str:
    said = f"{ICE} *{escape(called_by(team))}*: {exception(asked, names)}"
    if what == "ended":
        over = "what it let go on is frozen again" if asked.granted else "what you asked for stays frozen"
        return f"{said}\n{mention(asked.asked_by)}, {over}."
    if what != "asked":
        return f"{said}\n{mention(asked.asked_by)}, this is the answer to what you asked for."
    return f"{said}\n{_turn(_asked_of(freeze, asked, sponsors), 'it waits for your answer.')}" if asked.waits else said


def _turn(sponsors: Sequence[str], what: str) -> str:
    """Whose turn it is, or how somebody gets it."""
    if not sponsors:
        return "Nobody else is known as executive sponsor: FinOps can name one in `finops.yaml`."
    return f"{some([mention(each) for each in sponsors])}, {what}"


def _buttons(freeze: Freeze, asked: FreezeException | None, what: What, emergency: Alert | None) -> list[Block]:
    if what == "decided":
        return [blocks.actions(blocks.button("Ask for an exception", ASK_EXCEPTION, str(freeze.id)))]
    if what == "expired" and emergency:
        return [blocks.actions(decide_button(emergency))]
    if what != "asked" or asked is None or not asked.waits:
        return []
    value = f"{freeze.id}/{asked.number}"
    return [
        blocks.actions(blocks.button("Grant", GRANT, value, style="primary"), blocks.button("Refuse", REFUSE, value))
    ]
