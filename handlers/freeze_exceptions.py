"""Exceptions to a freeze: the team asks, or whoever does so in its channel; a sponsor answers, never their own."""

from __future__ import annotations

from finops.company import Company
from finops.errors import NotFound
from finops.freeze import FreezeRefused, FreezeStatus, answer, ask
from handlers.alert_access import Asker, with_names
from handlers.freeze_access import day_in, find_freeze_case, require_asker, require_sponsor, too_long
from handlers.freeze_changes import commit_freeze
from handlers.request import Reply, Request
from storage.state import State
from views.freeze import UNTIL, WHAT, WHY, What, exception_modal
from views.notes import note


def open_form(request: Request, *, company: Company, state: State) -> Reply:
    """Ask what is to go on in spite of the freeze."""
    with state.reading() as connection:
        asker = Asker(connection, company, request)
        case, freeze = find_freeze_case(connection, asker, request.value)
        require_asker(connection, asker, case.team, request.channel)
    if freeze.status is not FreezeStatus.IN_FORCE:
        raise FreezeRefused(f"This freeze is not in force: it was {freeze.status}.", "Nothing has to be asked for.")
    return Reply(modal=exception_modal(freeze, case.team, request.channel))


def asked(request: Request, *, company: Company, state: State) -> Reply:
    """Write down what is asked for; the executive sponsors are told."""
    what, why, until = request.inputs.get(WHAT, ""), request.inputs.get(WHY, ""), day_in(request, UNTIL)
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        case, freeze = find_freeze_case(connection, asker, str(request.metadata.get("freeze", "")), lock=True)
        require_asker(connection, asker, case.team, str(request.metadata.get("channel", "")))
        today, texts = company.today(request.now, case.team), {WHAT: what, WHY: why}
        errors = {field: "Fill this in." for field, text in texts.items() if not text.strip()} | too_long(texts)
        if until is None or until < today:
            errors[UNTIL] = "Choose today or a later day."
        elif freeze.until and until > freeze.until:
            errors[UNTIL] = f"The freeze itself ends on {freeze.until}; choose that day or an earlier one."
        if errors or until is None:
            return Reply(errors=errors)
        after = ask(freeze, what=what, why=why, until=until, by=request.user_id, today=today, now=request.now)
        number = after.exceptions[-1].number
        commit_freeze(
            connection, company, case, after, "asked", request.user_id, request.now, was=freeze, number=number
        )
    return Reply()


def granted(request: Request, *, company: Company, state: State) -> Reply:
    """A sponsor lets something go on."""
    return _answered(request, company, state, granted=True)


def refused(request: Request, *, company: Company, state: State) -> Reply:
    """A sponsor does not."""
    return _answered(request, company, state, granted=False)


def _answered(request: Request, company: Company, state: State, *, granted: bool) -> Reply:
    name, _, number = request.value.partition("/")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound("There is no such exception.", "See /finops freeze for those that wait.")
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        case, freeze = find_freeze_case(connection, asker, name, lock=True)
        require_sponsor(asker, case.team)
        today = company.today(request.now, case.team)
        try:
            after = answer(freeze, int(number), granted=granted, by=request.user_id, today=today, now=request.now)
        except FreezeRefused as refusal:
            raise with_names(connection, refusal) from None
        what: What = "granted" if granted else "refused"
        commit_freeze(
            connection, company, case, after, what, request.user_id, request.now, was=freeze, number=int(number)
        )
    return Reply(note(f"The exception is {what}; the thread of the alert says so, and who asked is told."))
