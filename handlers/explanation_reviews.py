"""Reviewing an explanation: approved, given back with a reason, or asked about; and withdrawn by who wrote it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from finops.company import Company
from finops.explanation import (
    REVIEWABLE,
    ChangedMeanwhile,
    Explanation,
    ExplanationChange,
    Stage,
    approve,
    give_back,
    withdraw,
)
from handlers.alert_access import Asker
from handlers.explanation_access import (
    Subject,
    find_explanation_in,
    find_subject,
    reference_in,
    require_author,
    require_reviewer,
)
from handlers.explanation_changes import audience_of, commit_explanation
from handlers.explanation_forms import open_form
from handlers.request import Reply, Request
from storage.people import names_of
from storage.state import State
from views import blocks
from views.explanation_effects import DIRECT, Told, message_of
from views.explanation_review import REVIEW, ask_modal, return_modal
from views.explanation_words import stage_words, which
from views.fit import message
from views.message import Message
from views.text import escape


@dataclass(frozen=True)
class Reviewed:
    """An explanation as somebody looked at it.

    Attributes:
        read: the version they looked at.
    """

    company: Company
    subject: Subject
    explanation: Explanation
    read: int
    request: Request


Decide = Callable[[Reviewed], ExplanationChange]
"""What becomes of an explanation."""


def approved(request: Request, *, company: Company, state: State) -> Reply:
    """Somebody else stands for it."""
    return _decided(request, company, state, _approve)


def withdrawn(request: Request, *, company: Company, state: State) -> Reply:
    """Whoever wrote it takes it back."""
    return _decided(request, company, state, _withdraw, reviews=False)


def open_return(request: Request, *, company: Company, state: State) -> Reply:
    """Ask a reviewer for the reason."""
    return _open(request, company, state, _give_back)


def open_ask(request: Request, *, company: Company, state: State) -> Reply:
    """Ask a reviewer for the question."""
    return _open(request, company, state, _ask)


def returned(request: Request, *, company: Company, state: State) -> Reply:
    """Give it back with a reason."""
    return _written(request, company, state, _give_back, "Say what is missing or wrong: its author reads it.")


def asked(request: Request, *, company: Company, state: State) -> Reply:
    """Ask its author."""
    return _written(request, company, state, _ask, "Write your question: its author reads it.")


def show(request: Request, *, company: Company, state: State) -> Reply:
    """An explanation as it is now, whole and with its buttons, for the person alone."""
    with state.reading() as connection:
        found = _found(connection, company, request, request.value)
        return Reply(_message(connection, found.company, found.subject, found.explanation, request))


def open_edit(request: Request, *, company: Company, state: State) -> Reply:
    """Show the form with what is written."""
    key, number, _ = reference_in(request.value)
    with state.reading() as connection:
        return Reply(modal=open_form(connection, company, request, key, number))


def _found(connection: Connection, company: Company, request: Request, text: str, *, lock: bool = False) -> Reviewed:
    """The explanation that a button or a form means, if the person may see it."""
    key, number, read = reference_in(text)
    subject = find_subject(connection, company, Asker(connection, company, request), key, request, lock=lock)
    return Reviewed(company, subject, find_explanation_in(subject, number), read, request)


def _decided(request: Request, company: Company, state: State, decide: Decide, *, reviews: bool = True) -> Reply:
    """Find it, decide, write, and say what the person does not see by themselves."""
    with state.writing() as connection:
        found = _found(connection, company, request, request.value, lock=True)
        _require(connection, found, reviews)
        try:
            change = decide(found)
        except ChangedMeanwhile:
            return Reply(_standing(connection, found))
        after = commit_explanation(connection, company, found.subject, change, request.now)
        seen = request.message == f"explanation/{found.explanation.id}"
        if seen or request.message.startswith(f"{DIRECT}/{found.explanation.id}/"):
            return Reply()
        explanation = find_explanation_in(after, found.explanation.number)
        return Reply(_message(connection, company, after, explanation, request))


def _open(request: Request, company: Company, state: State, decide: Decide) -> Reply:
    """Show a reviewer's form, unless it could not be submitted."""
    with state.reading() as connection:
        found = _found(connection, company, request, request.value)
        _require(connection, found, True)
        try:
            decide(_with_text(found, "-"))
        except ChangedMeanwhile:
            return Reply(_standing(connection, found))
    modal = return_modal if decide is _give_back else ask_modal
    return Reply(modal=modal(found.explanation, found.subject.team))


def _written(request: Request, company: Company, state: State, decide: Decide, missing: str) -> Reply:
    """Take a reviewer's form."""
    with state.writing() as connection:
        found = _found(connection, company, request, str(request.metadata.get("explanation", "")), lock=True)
        _require(connection, found, True)
        if not request.inputs.get(REVIEW, "").strip():
            return Reply(errors={REVIEW: missing})
        try:
            change = decide(found)
        except ChangedMeanwhile:
            return Reply(errors={REVIEW: f"{_first(connection, found)} What you wrote was not sent."})
        commit_explanation(connection, company, found.subject, change, request.now)
    return Reply()


def _require(connection: Connection, found: Reviewed, reviews: bool) -> None:
    asker = Asker(connection, found.company, found.request)
    if reviews:
        require_reviewer(asker, found.company, found.subject.team, found.explanation, found.request.user_id)
    else:
        require_author(asker, found.subject.team)


def _with_text(found: Reviewed, text: str) -> Reviewed:
    """The same, as if it had been written."""
    request = found.request
    inputs = {**request.inputs, REVIEW: text}
    return Reviewed(
        found.company,
        found.subject,
        found.explanation,
        found.read,
        Request(request.user_id, request.now, inputs=inputs),
    )


def _approve(found: Reviewed) -> ExplanationChange:
    seen, request = found.subject.seen_for(found.explanation), found.request
    return approve(found.explanation, request.user_id, found.read, seen, found.company.explanations, request.now)


def _withdraw(found: Reviewed) -> ExplanationChange:
    return withdraw(found.explanation, found.request.user_id, found.read, found.request.now)


def _give_back(found: Reviewed) -> ExplanationChange:
    return _said(found, Stage.RETURNED)


def _ask(found: Reviewed) -> ExplanationChange:
    return _said(found, Stage.ASKED)


def _said(found: Reviewed, stage: Literal[Stage.ASKED, Stage.RETURNED]) -> ExplanationChange:
    request, subject, calendar = found.request, found.subject, found.subject.policy.calendar
    text = request.inputs.get(REVIEW, "")
    rules = found.company.explanation_rules(subject.team, subject.seen_for(found.explanation))
    return give_back(found.explanation, stage, text, request.user_id, found.read, rules, calendar, request.now)


def _first(connection: Connection, found: Reviewed) -> str:
    """Who was faster, and with what."""
    explanation = found.explanation
    by = explanation.author if explanation.stage in REVIEWABLE[:1] else explanation.reviewer
    if by == found.request.user_id:
        return f"You were there before: it is {explanation.stage} already."
    name = names_of(connection, [by]).get(by, by)
    return f"{name} was faster: it is {explanation.stage} now." if name else f"It is {explanation.stage} now."


def _standing(connection: Connection, found: Reviewed) -> Message:
    """What became of it since the person looked, who did it, and the whole of it as it is now."""
    explanation, subject = found.explanation, found.subject
    names = names_of(connection, (explanation.reviewer, *explanation.authors))
    first = f"{escape(_first(connection, found), 300)} {which(explanation, subject.team)}: "
    said = f"{first}{stage_words(explanation, names)}"
    shown = _message(connection, found.company, subject, explanation, found.request)
    return message(f"{said}\n{shown.text}", [blocks.section(said), *shown.blocks])


def _message(
    connection: Connection, company: Company, subject: Subject, explanation: Explanation, request: Request
) -> Message:
    audience = audience_of(connection, company, subject, request.now)
    told = Told((), subject.explanations, subject.coverage, subject.number.basis, audience)
    return message_of(told, explanation, request.now)
