"""Answers to an alert that need no form: it is taken on, given back, or no longer kept silent.

They come by button, by a word in its thread or by an emoji; all end in the same functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from finops import alert as alerts
from finops.alert import AlreadyAnswered, Change, Setting
from finops.company import Company
from finops.effect import Effect
from finops.errors import FinopsError, NotFound
from finops.policy import Kind
from handlers.alert_access import Asker, Case, alert_of_message, forecast_of, with_names
from handlers.alert_changes import commit, ids_of
from handlers.request import Reply, Request
from storage.deliveries import queue
from storage.events import is_first
from storage.people import names_of
from storage.state import State
from views.amounts import month_name
from views.answers import standing_message
from views.problems import problem_message

Decide = Callable[[Asker, Case, Request], Change | None]
"""What becomes of an alert; None where the request means nothing to it."""
EVENTS = ("thread", "reaction")
"""Ways in which nobody waits for an answer, and in which Slack may tell the same again."""
SEVERAL = "calls/"
"""Begins the keys of messages that call somebody for several alerts."""


def acknowledge(request: Request, *, company: Company, state: State) -> Reply:
    """Somebody takes an alert on."""
    return _answer(request, company, state, _acknowledged)


def take_back(request: Request, *, company: Company, state: State) -> Reply:
    """Whoever took it on no longer does."""
    return _answer(request, company, state, _taken_back)


def done(request: Request, *, company: Company, state: State) -> Reply:
    """What an alert asks for is done; nobody is reminded of it any more."""
    return _answer(request, company, state, _done)


def end_snooze(request: Request, *, company: Company, state: State) -> Reply:
    """Silence that was asked for ends before its time."""
    return _answer(request, company, state, _snooze_ended)


def _answer(request: Request, company: Company, state: State, decide: Decide) -> Reply:
    """Find the alert, decide, write, and say what the person does not see by itself."""
    event = request.via in EVENTS
    if event and not request.message.startswith(SEVERAL) and alert_of_message(request.message) is None:
        # A word or an emoji on a message that is about no alert.
        return Reply()
    with state.writing() as connection:
        if event and not is_first(connection, request.interaction, request.now):
            return Reply()
        asker = Asker(connection, company, request)
        try:
            reply = _decided(connection, company, asker, request, decide)
        except FinopsError as problem:
            # Caught here, because what was heard stays heard: told again later it might mean something else.
            problem = with_names(connection, problem)
            reply = Reply(problem_message(_about(asker, request, problem) if event else problem))
        if event:
            _tell(connection, request, reply)
        return reply


def _about(asker: Asker, request: Request, problem: FinopsError) -> FinopsError:
    """A refusal that comes as a direct message, and so has to say of which alert it speaks."""
    named = alert_of_message(request.message)
    try:
        case = asker.case(named or "")
    except FinopsError:
        return problem
    return FinopsError(f"{case.team.name}, {month_name(case.alert.key.month)}: {problem.reason}", problem.mend)


def _tell(connection: Connection, request: Request, reply: Reply) -> None:
    """Queue what is said to an event with the note that it was heard: told again, it would not be heard any more."""
    if reply.message and names_of(connection, [request.user_id]):
        key, payload = f"answer/{request.interaction}/{request.user_id}", reply.message.as_payload()
        queue(connection, [Effect(key, "answer", request.user_id, payload)], request.now)


def _case(asker: Asker, request: Request) -> Case:
    """The alert that a button names, or that a word or an emoji is put on, locked."""
    named = request.value or alert_of_message(request.message)
    if not named:
        raise NotFound("This message is about several alerts.", "Use its buttons, or answer in an alert's own thread.")
    if request.via in EVENTS:
        named = _meant(asker, named)
    return asker.case(named, lock=True)


def _meant(asker: Asker, named: str) -> str:
    """What an answer in a thread is about: the forecast's alert while it lives, else a threshold's told beside it."""
    told = asker.case(named).alert
    if told.key.kind is Kind.THRESHOLD and told.beside:
        forecast = forecast_of(told.key)
        return str(forecast) if asker.case(str(forecast)).alert.step else named
    if told.key.kind is Kind.FORECAST and not told.step:
        beside = asker.find(replace(told.key, kind=Kind.THRESHOLD))
        return str(beside.key) if beside and beside.beside and beside.step else named
    return named


def _decided(connection: Connection, company: Company, asker: Asker, request: Request, decide: Decide) -> Reply:
    case = _case(asker, request)
    try:
        change = decide(asker, case, request)
    except AlreadyAnswered as first:
        by = first.acknowledgement.by
        name = names_of(connection, [by]).get(by, by)
        return _standing(connection, case, request, f"{name} was faster.")
    if change is None:
        return Reply()
    after = commit(connection, company, case, change, request.now, silences=decide is _acknowledged)
    # Its message and its thread say so to everybody, and a home is drawn anew; who clicked elsewhere sees neither.
    seen = request.message == f"alert/{case.alert.key}" or not request.channel
    return Reply() if request.via in EVENTS or (seen and change.events) else _standing(connection, after, request)


def _standing(connection: Connection, case: Case, request: Request, first: str = "") -> Reply:
    names = names_of(connection, ids_of(case.alert, (), None))
    return Reply(standing_message(case.alert, case.team, case.policy, names, request.now, first=first))


def _acknowledged(asker: Asker, case: Case, request: Request) -> Change:
    asker.require_answer(case)
    return alerts.acknowledge(case.alert, request.user_id, request.via, Setting(case.policy), request.now)


def _taken_back(asker: Asker, case: Case, request: Request) -> Change | None:
    held = case.alert.acknowledgement
    own = held is not None and held.by == request.user_id
    if request.via == "reaction" and not (own and held and held.via == "reaction"):
        # Not every emoji that is taken away was an acknowledgement.
        return None
    if not own:
        asker.require_answer(case)
    return alerts.take_back(case.alert, request.user_id, Setting(case.policy), request.now)


def _done(asker: Asker, case: Case, request: Request) -> Change:
    asker.require_answer(case)
    return alerts.do_duty(case.alert, request.user_id, "", Setting(case.policy), request.now)


def _snooze_ended(asker: Asker, case: Case, request: Request) -> Change:
    asker.require_answer(case)
    return alerts.end_snooze(case.alert, request.user_id, Setting(case.policy), request.now)
