"""What the thread of an explanation is told, and who is told directly: what happened, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from finops.alert_state import Callee
from finops.company import Team
from finops.explanation import STANDING, Explanation, ExplanationEvent, Stage, Step
from views import blocks
from views.amounts import brief
from views.explanation import APPROVE, ASK, EDIT, RETURN, SHOW, reference, written
from views.explanation_words import (
    LATE,
    MEMO,
    category_name,
    stage_sign,
    stage_words,
    variance_words,
    which,
    whole,
)
from views.fit import message
from views.message import Block, Message
from views.people import callee, mention, person, some, told_directly
from views.time import day


@dataclass(frozen=True)
class Happened:
    """One event, with what is needed to say it.

    Attributes:
        explanation: as it is after the change that the event is part of.
        reviewers: who may review it.
        names: Slack id → real name, or '@handle' of a group.
        members: id of a user group → ids of the people in it.
    """

    explanation: Explanation
    event: ExplanationEvent
    team: Team
    reviewers: Sequence[Callee]
    names: Mapping[str, str]
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)


def event_note(given: Happened) -> Message:
    """One event as a note in the thread; it mentions whose turn it is and names everybody else."""
    lines = [_SAID[given.event.step](given), *_quoted(given), _turn(given)]
    text = "\n".join(line for line in lines if line)
    return message(text, blocks.paragraphs(text))


def reached(given: Happened) -> list[str]:
    """Ids of the people whom an event is told directly; groups are mentioned in the thread besides."""
    step, explanation = given.event.step, given.explanation
    if step is Step.APPROVED or (explanation.stage in (Stage.ASKED, Stage.RETURNED, Stage.VOIDED)):
        return [] if step is Step.NOTED else [each for each in explanation.authors if each != given.event.by]
    if explanation.stage is Stage.SUBMITTED and step in (Step.SUBMITTED, Step.EDITED, Step.OVERDUE):
        return told_directly((each.id for each in given.reviewers), given.members, explanation.authors)
    return []


def direct_message(given: Happened) -> Message:
    """What one of those people is told: what happened, the words themselves, and buttons to answer."""
    explanation = given.explanation
    lines = [f"{which(explanation, given.team)}:", _SAID[given.event.step](given), *_quoted(given)]
    lines.append(_asked(given))
    text = "\n".join(line for line in lines if line)
    words = written(explanation) if explanation.stage is Stage.SUBMITTED else []
    body = [*blocks.paragraphs(text), blocks.actions(*_buttons(explanation))]
    body += [block for part in words for block in blocks.paragraphs(part)]
    return message("\n".join((text, *words)), body)


def answered_message(explanation: Explanation, team: Team, names: Mapping[str, str]) -> Message:
    """What stands in the place of a direct message that asks for nothing any more."""
    text = f"{which(explanation, team)}: {stage_words(explanation, names)}"
    show = blocks.button("Show", SHOW, reference(explanation))
    return message(text, [*blocks.paragraphs(text), blocks.actions(show)])


def pings(given: Happened) -> bool:
    """Whether the note of an event mentions anybody."""
    return bool(_called(given))


def _buttons(explanation: Explanation) -> list[Block]:
    value = reference(explanation)
    show = blocks.button("Show", SHOW, value)
    if explanation.stage is Stage.SUBMITTED:
        return [
            blocks.button("Approve", APPROVE, value, style="primary"),
            blocks.button("Return", RETURN, value),
            blocks.button("Ask", ASK, value),
            show,
        ]
    return [show] if explanation.stage is Stage.APPROVED else [blocks.button("Edit", EDIT, value), show]


def _by(given: Happened) -> str:
    return person(given.event.by, given.names)


def _amount(given: Happened) -> str:
    wording, currency = given.explanation.wording, given.explanation.key.currency
    return f"{brief(wording.amount, currency, signed=True)} ({category_name(wording.category)})"


def _submitted(given: Happened) -> str:
    variance = variance_words(given.explanation.explained, given.explanation.key.currency)
    return f"{MEMO} {_by(given)} *explained* {_amount(given)} of the variance: {variance}."


def _edited(given: Happened) -> str:
    was = " It was approved; the new words are to be reviewed again." if given.event.was is Stage.APPROVED else ""
    return f"{MEMO} {_by(given)} *wrote explanation {given.explanation.number} anew*: {_amount(given)}.{was}"


def _asked_said(given: Happened) -> str:
    return f"{stage_sign(Stage.ASKED)} {_by(given)} *asks* about explanation {given.explanation.number}:"


def _returned(given: Happened) -> str:
    return f"{stage_sign(Stage.RETURNED)} {_by(given)} *returned* explanation {given.explanation.number}:"


def _approved(given: Happened) -> str:
    what = f"explanation {given.explanation.number}: {_amount(given)}"
    return f"{stage_sign(Stage.APPROVED)} {_by(given)} *approved* {what}."


def _moved(given: Happened) -> str:
    was, became = given.event.moved or (Decimal(0), Decimal(0))
    currency = given.explanation.key.currency
    return f"from {brief(was, currency, signed=True)} to {brief(became, currency, signed=True)}"


def _voided(given: Happened) -> str:
    what = "its approval is" if given.event.was is Stage.APPROVED else "it is"
    return (
        f"{stage_sign(Stage.VOIDED)} *The variance has moved {_moved(given)}* since explanation "
        f"{given.explanation.number} was {'approved' if given.event.was is Stage.APPROVED else 'written'}: {what} void."
    )


def _noted(given: Happened) -> str:
    stands = f"explanation {given.explanation.number} stands"
    return f":information_source: The variance has moved {_moved(given)}: too little to count, {stands}."


def _withdrawn(given: Happened) -> str:
    what = f"explanation {given.explanation.number}; its words are kept"
    return f"{stage_sign(Stage.WITHDRAWN)} {_by(given)} *withdrew* {what}."


def _overdue(given: Happened) -> str:
    due = f" since {day(given.explanation.due)}" if given.explanation.due else ""
    what = "review" if given.explanation.stage is Stage.SUBMITTED else "answer"
    return f"{LATE} *Explanation {given.explanation.number}: the {what} is overdue{due}.*"


_SAID: dict[Step, Callable[[Happened], str]] = {
    Step.SUBMITTED: _submitted,
    Step.EDITED: _edited,
    Step.ASKED: _asked_said,
    Step.RETURNED: _returned,
    Step.APPROVED: _approved,
    Step.VOIDED: _voided,
    Step.NOTED: _noted,
    Step.WITHDRAWN: _withdrawn,
    Step.OVERDUE: _overdue,
}


def _quoted(given: Happened) -> list[str]:
    return [f"“{whole(given.event.note)}”"] if given.event.note else []


def _called(given: Happened) -> list[str]:
    """Who has the turn by an event, as mentions; none where nobody has to do anything."""
    explanation, step = given.explanation, given.event.step
    if step in (Step.NOTED, Step.WITHDRAWN, Step.APPROVED):
        return []
    if explanation.stage is Stage.SUBMITTED:
        return [callee(each, given.names, pings=True) for each in given.reviewers]
    return [mention(explanation.author)] if explanation.stage in (Stage.ASKED, Stage.RETURNED, Stage.VOIDED) else []


def _turn(given: Happened) -> str:
    called, explanation = _called(given), given.explanation
    if called:
        return f"{some(called)}, {_asked(given, small=True)}"
    if explanation.stage is Stage.SUBMITTED and given.event.step in (Step.SUBMITTED, Step.EDITED, Step.OVERDUE):
        return "Nobody else is known who may review it: FinOps can name one in `finops.yaml`."
    if given.event.step is Step.WITHDRAWN and explanation.stage not in STANDING:
        return "What it explained is open again."
    return ""


def _asked(given: Happened, small: bool = False) -> str:
    """What whoever has the turn is to do by when."""
    explanation = given.explanation
    by = f" by {day(explanation.due)}" if explanation.due and given.event.step is not Step.OVERDUE else ""
    said = {
        Stage.SUBMITTED: f"it is yours to review{by}: approve it, return it with a reason, or ask.",
        Stage.ASKED: f"please answer{by}: edit the explanation.",
        Stage.RETURNED: f"please write it anew{by}: edit the explanation.",
        Stage.VOIDED: f"please explain the new number{by}: edit the explanation.",
    }.get(explanation.stage, "")
    if given.event.step in (Step.NOTED, Step.WITHDRAWN):
        return ""
    return said if small else said[:1].upper() + said[1:]
