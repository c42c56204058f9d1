"""The sponsor's decision on an emergency: a freeze or none, and its end before its last day."""

from __future__ import annotations

from sqlalchemy import Connection

from finops.company import Company
from finops.freeze import Freeze, FreezeRefused, FreezeStatus, decide, lift
from finops.freeze_decision import is_emergency
from handlers.alert_access import Asker, Case, with_names
from handlers.alert_changes import commit_freeze
from handlers.freeze_access import day_in, find_freeze_case, require_sponsor
from handlers.request import Reply, Request
from storage.freezes import freezes_of
from storage.state import State
from views.freeze import DECISION, FREEZE, UNTIL, WHAT, WHY, What, freeze_modal
from views.notes import note


def open_form(request: Request, *, company: Company, state: State) -> Reply:
    """Ask an executive sponsor for the decision."""
    with state.reading() as connection:
        asker = Asker(connection, company, request)
        case = asker.case(request.value)
        _require_decision(connection, asker, case)
    return Reply(modal=freeze_modal(case.alert, case.team, request.now))


def decided(request: Request, *, company: Company, state: State) -> Reply:
    """Write the decision down; it is announced in the alert's thread."""
    freezes = request.inputs.get(DECISION) == FREEZE
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        case = asker.case(str(request.metadata.get("alert", "")), lock=True)
        _require_decision(connection, asker, case)
        today, until = company.today(request.now, case.team), day_in(request, UNTIL)
        what, why = request.inputs.get(WHAT, ""), request.inputs.get(WHY, "")
        errors = {WHY: "Say why, for those who read it later."} if not why.strip() else {}
        if freezes and not what.strip():
            errors[WHAT] = "Name the services, accounts or purchases."
        if freezes and (until is None or until < today):
            errors[UNTIL] = "Choose today or a later day."
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
        said: What = "decided" if freezes else "declined"
        commit_freeze(connection, company, case, freeze, said, request.user_id, request.now)
    return Reply()


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


def _require_decision(connection: Connection, asker: Asker, case: Case) -> None:
    """Refuse whoever is no sponsor, and a decision where there is nothing to decide."""
    require_sponsor(asker, case.team)
    held: Freeze | None = next(iter(freezes_of(connection, case.alert.key)), None)
    if held and held.status is FreezeStatus.IN_FORCE:
        refusal = FreezeRefused(f"<@{held.decided_by}> has decided on a freeze already.", "It can be lifted.")
        raise with_names(connection, refusal)
    if not is_emergency(case.alert, case.policy):
        raise FreezeRefused("This is not an emergency any more.", "There is no freeze to decide on.")
