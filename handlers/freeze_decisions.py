"""The sponsor's decision on an emergency: a freeze or none, and its end before its last day."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from finops.alert import Change, Setting, do_duty, duty_of
from finops.company import Company
from finops.freeze import Freeze, FreezeRefused, FreezeStatus, decide, lift
from finops.freeze_decision import is_emergency
from handlers.alert_access import Asker, Case, with_names
from handlers.alert_changes import commit
from handlers.freeze_access import day_in, find_freeze_case, require_sponsor, too_long
from handlers.freeze_changes import commit_freeze
from handlers.request import Reply, Request
from storage.freezes import freezes_of
from storage.state import State
from views.freeze import DECISION, FREEZE, UNTIL, WHAT, WHY, What, freeze_modal
from views.notes import note

LONGEST = timedelta(days=366)


def open_form(request: Request, *, company: Company, state: State) -> Reply:
    """Ask an executive sponsor for the decision."""
    with state.reading() as connection:
        asker = Asker(connection, company, request)
        case = asker.case(request.value)
        newest = _require_decision(connection, asker, case)
    return Reply(modal=freeze_modal(case.alert, case.team, request.now, newest.id if newest else 0))


def decided(request: Request, *, company: Company, state: State) -> Reply:
    """Write the decision down; it is announced in the alert's thread."""
    freezes = request.inputs.get(DECISION) == FREEZE
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        case = asker.case(str(request.metadata.get("alert", "")), lock=True)
        newest = _require_decision(connection, asker, case)
        _refuse_second(connection, newest, request)
        today, until = company.today(request.now, case.team), day_in(request, UNTIL)
        what, why = request.inputs.get(WHAT, ""), request.inputs.get(WHY, "")
        errors = {WHY: "Say why, for those who read it later."} if not why.strip() else {}
        if freezes and not what.strip():
            errors[WHAT] = "Name the services, accounts or purchases."
        errors |= too_long({WHAT: what, WHY: why} if freezes else {WHY: why})
        if freezes and (until is None or until < today):
            errors[UNTIL] = "Choose today or a later day."
        elif freezes and until and until > today + LONGEST:
            errors[UNTIL] = "A freeze is decided for a year at most."
        if errors:
            return Reply(errors=errors)
        freeze = decide(
            case.alert.key,
            freeze=freezes,
            what=what,
            why=why,
            until=until,
            by=request.user_id,
            today=today,
            now=request.now,
        )
        case = commit(connection, company, case, _answered(case, request, freezes=freezes), request.now, silences=True)
        said: What = "decided" if freezes else "declined"
        commit_freeze(connection, company, case, freeze, said, request.user_id, request.now)
    return Reply(note(f"Your decision stands in the thread of {case.team.name}'s alert, and nobody is called for it."))


def lifted(request: Request, *, company: Company, state: State) -> Reply:
    """End a freeze before its last day."""
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        case, freeze = find_freeze_case(connection, asker, request.value, lock=True)
        require_sponsor(asker, case.team)
        after = lift(freeze, by=request.user_id, now=request.now)
        commit_freeze(connection, company, case, after, "lifted", request.user_id, request.now, was=freeze)
    if request.message == f"alert/{case.alert.key}":
        return Reply()
    return Reply(note("The freeze is lifted; the thread of its alert says so."))


def _require_decision(connection: Connection, asker: Asker, case: Case) -> Freeze | None:
    """Refuse whoever is no sponsor, and a decision where there is nothing to decide; returns the newest there is."""
    require_sponsor(asker, case.team)
    newest: Freeze | None = next(iter(freezes_of(connection, case.alert.key)), None)
    if newest and newest.status is FreezeStatus.IN_FORCE:
        refusal = FreezeRefused(f"<@{newest.decided_by}> has decided on a freeze already.", "It can be lifted.")
        raise with_names(connection, refusal)
    if not is_emergency(case.alert, case.policy):
        raise FreezeRefused("This is not an emergency any more.", "There is no freeze to decide on.")
    return newest


def _answered(case: Case, request: Request, *, freezes: bool) -> Change:
    """The decision is what the emergency asked for: nobody is called or reminded for it any more."""
    said = "decided on a freeze" if freezes else "decided against a freeze"
    if not duty_of(case.alert.key.kind, case.alert.step, case.policy):
        return Change(case.alert)
    return do_duty(case.alert, request.user_id, said, Setting(case.policy), request.now)


def _refuse_second(connection: Connection, newest: Freeze | None, request: Request) -> None:
    """Refuse a decision made without knowing of the newest one: of two sponsors the first decides."""
    if newest is None or newest.id == request.metadata.get("newest"):
        return
    what = "on no freeze" if newest.status is FreezeStatus.DECLINED else f"on a freeze, which was {newest.status}"
    refusal = FreezeRefused(
        f"<@{newest.decided_by}> has decided meanwhile, {what}: {newest.why}",
        "Your decision was not written. Open the form again if it is to be decided anew.",
    )
    raise with_names(connection, refusal)
