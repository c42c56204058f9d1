"""From what happened to explanations to what Slack is to show: messages, notes in the thread, and direct messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from finops.alert_rungs import heard_at
from finops.basis import Basis
from finops.effect import Effect
from finops.explanation import Coverage, Explanation, ExplanationChange, ExplanationEvent, Step, is_late
from finops.explanation_told import Audience
from views import blocks
from views.explanation import explanation_message
from views.explanation_notes import Happened, answered_message, direct_message, event_note, pings, reached
from views.fit import message
from views.message import Message

KIND, NOTE, DIRECT = "explanation", "explanation_note", "review"
WRITTEN_ANEW = "What stood here was written anew since; the explanation's own message has it whole."


@dataclass(frozen=True)
class Told:
    """Changes of one team's month that Slack is told of.

    Attributes:
        changes: as stored, with the explanations' new versions.
        explanations: every one of the month, as they are now.
        coverage: of the month.
        basis: of its variance.
    """

    changes: Sequence[ExplanationChange]
    explanations: Sequence[Explanation]
    coverage: Coverage
    basis: Basis
    audience: Audience


def explanation_effects(told: Told, now: datetime) -> list[Effect]:
    """Everything that changes make Slack show: every explanation's message, then notes, then direct messages.

    What pings somebody waits for the end of the team's quiet hours.
    """
    shown = [effect for each in told.explanations for effect in _messages(told, each, now)]
    noted = [effect for change in told.changes for effect in _notes(told, change, now)]
    return [*shown, *noted, *(effect for change in told.changes for effect in _direct(told, change, now))]


def answered(change: ExplanationChange, told: Told) -> tuple[str, Message] | None:
    """Below which key direct messages ask for what has now been done, and what they say instead; None where none do."""
    if not any(event.was is not None and event.step is not Step.NOTED for event in change.events):
        return None
    explanation = change.explanation
    shown = answered_message(explanation, told.audience.team, told.audience.names)
    return f"{DIRECT}/{explanation.id}", shown


def message_of(told: Told, explanation: Explanation, now: datetime) -> Message:
    """One explanation's own message."""
    audience, calendar = told.audience, told.audience.policy.calendar
    return explanation_message(
        explanation,
        audience.team,
        told.coverage,
        audience.actions.get(explanation.number, ()),
        audience.names,
        calendar.day_of(now),
        late=is_late(explanation, calendar, now),
        basis=told.basis,
    )


def _messages(told: Told, explanation: Explanation, now: datetime) -> Iterator[Effect]:
    """An explanation's message; what it went on in before, and does not any more, says so."""
    audience, key = told.audience, f"explanation/{explanation.id}"
    if not audience.place:
        return
    shown = message_of(told, explanation, now)
    thread = audience.threads.get(explanation.number, "")
    yield Effect(key, KIND, audience.place, shown.as_payload(), audience.team.slug, thread_of=thread)
    said = message(WRITTEN_ANEW, [blocks.context(WRITTEN_ANEW)]).as_payload()
    for number in range(len(shown.continued), audience.parts.get(explanation.number, 0)):
        yield Effect(f"{key}/{number + 2}", KIND, audience.place, said, audience.team.slug, thread_of=thread or key)


def _notes(told: Told, change: ExplanationChange, now: datetime) -> Iterator[Effect]:
    audience, explanation = told.audience, change.explanation
    if not audience.place:
        return
    thread = audience.threads.get(explanation.number, "") or f"explanation/{explanation.id}"
    for number, event in enumerate(change.events, start=1):
        given = _happened(told, explanation, event)
        yield Effect(
            f"explanation/{explanation.id}/{explanation.version}.{number}",
            NOTE,
            audience.place,
            event_note(given).as_payload(),
            audience.team.slug,
            thread_of=thread,
            not_before=heard_at(audience.policy, now) if pings(given) else None,
        )


def _direct(told: Told, change: ExplanationChange, now: datetime) -> Iterator[Effect]:
    audience, explanation = told.audience, change.explanation
    for event in change.events:
        given = _happened(told, explanation, event)
        for user_id in reached(given):
            yield Effect(
                f"{DIRECT}/{explanation.id}/{explanation.version}/{user_id}",
                DIRECT,
                user_id,
                direct_message(given).as_payload(),
                audience.team.slug,
                not_before=heard_at(audience.policy, now),
            )


def _happened(told: Told, explanation: Explanation, event: ExplanationEvent) -> Happened:
    audience = told.audience
    reviewers = audience.reviewers_of(explanation.authors)
    return Happened(explanation, event, audience.team, reviewers, audience.names, audience.members)
