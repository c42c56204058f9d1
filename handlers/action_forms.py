"""The forms of corrective actions: planned, edited, done, dropped; and one that is opened again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from finops.company import Company, Team
from finops.corrective_action import (
    LONGEST,
    ActionRefused,
    CorrectiveAction,
    Target,
    drop,
    edit_action,
    finish,
    plan_action,
    refuse_ended,
    reopen,
)
from finops.errors import NotAllowed
from finops.explanation import VarianceKey
from finops.money import plain
from finops.periods import DAY, Month
from handlers.action_access import ActionAsker, ActionCase
from handlers.action_changes import commit_action
from handlers.arguments import team_asked_for
from handlers.request import Reply, Request
from handlers.typed_amount import NO_LESS, typed_amount
from storage.people import names_of
from storage.state import State
from views.action_forms import (
    ACCOUNT,
    DUE,
    ON,
    OWNER,
    PROMISED,
    SERVICE,
    TAG,
    TEXT,
    WHY,
    done_modal,
    drop_modal,
    plan_modal,
)
from views.notes import note

USUAL = 14 * DAY
"""By when something new is proposed to be done."""


def open_plan(request: Request, *, company: Company, state: State) -> Reply:
    """Ask what is to be done."""
    with state.reading() as connection:
        team = _team(connection, company, request, request.value)
    due = company.today(request.now, team) + USUAL
    return Reply(modal=plan_modal(team, _currency(company, team), request.user_id, due))


def open_edit(request: Request, *, company: Company, state: State) -> Reply:
    """Ask what is to be changed."""
    with state.reading() as connection:
        case = _case_that_lives(connection, company, request)
    action = case.action
    return Reply(modal=plan_modal(case.team, action.key.currency, action.owner, action.due, action))


def open_done(request: Request, *, company: Company, state: State) -> Reply:
    """Ask from which day on it is done."""
    with state.reading() as connection:
        case = _case_that_lives(connection, company, request)
    return Reply(modal=done_modal(case.action, company.today(request.now, case.team)))


def open_drop(request: Request, *, company: Company, state: State) -> Reply:
    """Ask why it will not be done."""
    with state.reading() as connection:
        case = _case_that_lives(connection, company, request)
    return Reply(modal=drop_modal(case.action))


def planned(request: Request, *, company: Company, state: State) -> Reply:
    """Write a new action down, or what has become of an old one."""
    with state.writing() as connection:
        if request.metadata.get("number"):
            return _edited(connection, request, company)
        team = _team(connection, company, request, str(request.metadata.get("team", "")))
        today = company.today(request.now, team)
        known = names_of(connection, [request.inputs.get(OWNER, "")])
        key = VarianceKey(team.slug, Month.of(today), _currency(company, team))
        form = _read(request.inputs, today, known, key.currency)
        if form.errors or form.due is None:
            return Reply(errors=form.errors)
        change = plan_action(
            key, 0, form.text, form.owner, form.due, form.promised, form.target, request.user_id, request.now
        )
        case = ActionCase(change.action, team, company.policy(team))
        saved = commit_action(connection, company, case, change, request.now).action
    return Reply(note(f"Action #{saved.number} is written down; /finops actions shows it."))


def done(request: Request, *, company: Company, state: State) -> Reply:
    """Note that an action is done, and from which day on."""
    with state.writing() as connection:
        case = ActionAsker(connection, company, request).case(request.metadata.get("number"), lock=True)
        today, on = company.today(request.now, case.team), _day(request.inputs.get(ON, ""))
        if on is None or on > today:
            return Reply(errors={ON: "Choose today or a day before."})
        change = finish(case.action, request.user_id, on, _version(request), today, request.now)
        commit_action(connection, company, case, change, request.now)
    return Reply(note(f"Action #{case.action.number} is done."))


def dropped(request: Request, *, company: Company, state: State) -> Reply:
    """Note that an action will not be done, and why."""
    with state.writing() as connection:
        case = ActionAsker(connection, company, request).case(request.metadata.get("number"), lock=True)
        why = request.inputs.get(WHY, "")
        if not why.strip():
            return Reply(errors={WHY: "Say why, for those who look for the saving later."})
        change = drop(case.action, request.user_id, why, _version(request), request.now)
        commit_action(connection, company, case, change, request.now)
    return Reply(note(f"Action #{case.action.number} is dropped."))


def opened_again(request: Request, *, company: Company, state: State) -> Reply:
    """Open an action again."""
    with state.writing() as connection:
        case = ActionAsker(connection, company, request).case(request.value, lock=True)
        change = reopen(case.action, request.user_id, case.action.version, request.now)
        commit_action(connection, company, case, change, request.now)
    return Reply(note(f"Action #{case.action.number} is open again."))


def _case_that_lives(connection: Connection, company: Company, request: Request) -> ActionCase:
    """The action of a button; raises ActionRefused where no form could change it any more, before one is opened."""
    case = ActionAsker(connection, company, request).case(request.value)
    refuse_ended(case.action)
    return case


@dataclass(frozen=True)
class _Form:
    """What a form holds, and what is wrong with it by field."""

    text: str
    owner: str
    due: date | None
    promised: Decimal | None
    target: Target
    errors: Mapping[str, str]


def _edited(connection: Connection, request: Request, company: Company) -> Reply:
    case = ActionAsker(connection, company, request).case(request.metadata.get("number"), lock=True)
    action = case.action
    known = names_of(connection, [request.inputs.get(OWNER, "")])
    form = _read(request.inputs, company.today(request.now, case.team), known, action.key.currency, action)
    if form.errors or form.due is None:
        return Reply(errors=form.errors)
    change = edit_action(
        action,
        text=form.text,
        owner=form.owner,
        due=form.due,
        promised=form.promised,
        target=form.target,
        by=request.user_id,
        read=_version(request),
        now=request.now,
    )
    commit_action(connection, company, case, change, request.now)
    return Reply(note(f"Action #{action.number} is changed."))


def _read(
    inputs: Mapping[str, str],
    today: date,
    known: Mapping[str, str],
    currency: str,
    action: CorrectiveAction | None = None,
) -> _Form:
    """Read the form of a new action, or of one that is edited: its due day may stay where it is, past or not.

    Args:
        known: the owner's name by id, where the workspace knows them.
        currency: of the promised saving.
    """
    text, owner, due = inputs.get(TEXT, ""), inputs.get(OWNER, ""), _day(inputs.get(DUE, ""))
    errors = {}
    if not text.strip():
        errors[TEXT] = "Say what is to be done."
    elif len(text.strip()) > LONGEST:
        errors[TEXT] = f"At most {LONGEST} characters: everybody is shown all of it."
    if owner not in known and not (action and owner == action.owner):
        errors[OWNER] = "Choose a person of this workspace; a new one is known within the hour."
    if due is None or (due < today and not (action and due == action.due)):
        errors[DUE] = "Choose today or a later day."
    promised = _promised(inputs.get(PROMISED, ""), currency, action)
    if isinstance(promised, str):
        errors[PROMISED] = promised
    tag, _, value = (part.strip() for part in inputs.get(TAG, "").partition("="))
    if value and not tag:
        errors[TAG] = "Write the tag's key before its value: env=test."
    target = Target(inputs.get(SERVICE, "").strip(), inputs.get(ACCOUNT, "").strip(), tag, value)
    return _Form(text, owner, due, None if isinstance(promised, str) else promised, target, errors)


def _promised(typed: str, currency: str, action: CorrectiveAction | None) -> Decimal | str | None:
    """The promised saving, None where none is typed, or what is wrong with it; one that is left as it was stays."""
    was = action.promised if action else None
    if not typed.strip() or (was is not None and typed.strip() == plain(was)):
        return was if typed.strip() else None
    promised = typed_amount(typed, currency)
    return NO_LESS if isinstance(promised, Decimal) and promised < 0 else promised


def _team(connection: Connection, company: Company, request: Request, slug: str) -> Team:
    """The team an action is planned for; raises NotAllowed where it is not theirs to plan."""
    team = team_asked_for(connection, company, request.user_id, slug)
    if not ActionAsker(connection, company, request).plans(team):
        raise NotAllowed(
            "Only the team's owners and engineering lead, and FinOps plan a corrective action.", "Ask one of them."
        )
    return team


def _currency(company: Company, team: Team) -> str:
    return team.currency or company.currency


def _version(request: Request) -> int:
    """The version that a form was opened with."""
    version = request.metadata.get("version")
    if not isinstance(version, int):
        raise ActionRefused("This form names no version of the action.", "Open it again.")
    return version


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
