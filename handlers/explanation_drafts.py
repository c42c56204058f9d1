"""What somebody has typed of an explanation and not submitted: kept, and read as what it is to become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from finops.company import Company
from finops.corrective_action import ActionChange
from finops.explanation import (
    Explanation,
    Stage,
    VarianceKey,
    Wording,
    proposed_amount,
)
from handlers.alert_access import Asker
from handlers.explanation_access import (
    Subject,
    find_explanation_in,
    find_subject,
    require_author,
    require_editor,
    require_number,
)
from handlers.explanation_fields import (
    ACTION,
    FIRST,
    SECOND,
    Carried,
    Errors,
    is_started,
    plan_of,
    wording_of,
)
from handlers.request import Request
from storage.explanations import (
    find_draft,
    save_draft,
)
from views.explanation_next import (
    FOLLOWING,
    TASK,
)

ADDED, READ, PASSED, TURN, ENDED = "added", "read", "passed", "turn", "ended"
"""What a draft holds beside the form's fields: corrective actions, the version that it was begun from, the first step
as it was when Next was pressed, and the turn of the second one: what was told of either while it was typed may come
later, and be older. Last, how many drafts before it were submitted or thrown away: it stays when the draft goes, as
what was told of that one may come later still.
"""


@dataclass(frozen=True)
class Opened:
    """A form that may be worked on: whose it is, and what it is about.

    Attributes:
        explanation: the one that is edited, None for a new one.
        draft: what was typed before, empty where nothing was.
        ended: how many drafts of it the person has submitted or thrown away.
    """

    asker: Asker
    subject: Subject
    explanation: Explanation | None
    draft: Mapping[str, Any]
    ended: int

    @property
    def number(self) -> int:
        """Of the explanation that is edited, 0 for a new one."""
        return self.explanation.number if self.explanation else 0

    def is_over(self, carried: Carried) -> bool:
        """Whether what a form writes was submitted or thrown away: what is told of it from then on is no draft."""
        return carried.draft != self.ended


def opened(
    connection: Connection, company: Company, request: Request, key: VarianceKey, number: int, *, lock: bool = False
) -> Opened:
    """Read what a form is about, and refuse whoever may not write it; locked, what else they type waits."""
    draft = find_draft(connection, request.user_id, key, number, lock=lock)
    asker = Asker(connection, company, request)
    subject = find_subject(connection, company, asker, key, request)
    require_author(asker, subject.team)
    explanation = find_explanation_in(subject, number) if number else None
    if explanation:
        require_editor(asker, subject.team, explanation, request.user_id)
    ended = int(draft.pop(ENDED, 0))
    return Opened(asker, subject, explanation, draft, ended)


def is_news(request: Request, carried: Carried, found: Opened, fields: Mapping[str, str]) -> bool:
    """Whether what was told of a form while somebody typed, or as they closed it, is to be kept.

    A form that holds what it was opened with makes no draft; one that was there before is brought to it.
    """
    if found.is_over(carried) or (FOLLOWING in fields and carried.turn < found.draft.get(TURN, 0)):
        return False
    return bool(request.changed or found.draft)


def keep(
    connection: Connection, request: Request, carried: Carried, found: Opened, fields: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """Keep what one step of the form holds, beside what the other held.

    Args:
        more: what else the draft is to hold.
    """
    held = {name: fields[name] for name in (*FIRST, *SECOND) if name in fields}
    draft = {**found.draft, **held, READ: carried.read, **more}
    write_draft(connection, request, found, draft)
    return draft


def write_draft(connection: Connection, request: Request, found: Opened, draft: Mapping[str, Any]) -> None:
    """Put a draft in the place of what was typed before."""
    held = {**draft, ENDED: found.ended}
    save_draft(connection, request.user_id, found.subject.key, found.number, held, request.now)


def end_draft(connection: Connection, request: Request, found: Opened) -> None:
    """Forget a draft, as it was submitted or thrown away, and whatever is told of it from now on."""
    save_draft(connection, request.user_id, found.subject.key, found.number, {ENDED: found.ended + 1}, request.now)


def wording_in(request: Request, found: Opened, draft: Mapping[str, Any]) -> tuple[Wording | None, Errors]:
    """What the draft says, amounts exact where they were meant so."""
    subject, explanation = found.subject, found.explanation
    require_number(subject, request.now)
    meant = [proposed_amount(subject.number.value, subject.explanations, found.number or None)]
    if explanation and explanation.stage is not Stage.VOIDED:
        meant.insert(0, explanation.wording.amount)
    held = {**draft, **draft.get(PASSED, {})}
    fields = {name: str(held.get(name, "")) for name in (*FIRST, FOLLOWING)}
    return wording_of(fields, meant, subject.key.currency, subject.number.value)


def plan_in(request: Request, found: Opened, fields: Mapping[str, Any]) -> tuple[ActionChange | None, Errors]:
    """A corrective action as fields of a draft describe it."""
    subject = found.subject
    today = subject.policy.calendar.day_of(request.now)
    texts = {name: str(fields.get(name, "")) for name in ACTION}
    return plan_of(texts, subject.key, found.number, request.user_id, today, request.now)


def added_in(request: Request, found: Opened, draft: Mapping[str, Any]) -> list[ActionChange]:
    """The actions that were added before; one whose day has passed meanwhile is left out."""
    plans = (plan_in(request, found, fields)[0] for fields in draft.get(ADDED, ()))
    return [plan for plan in plans if plan is not None]


def plans_in(request: Request, found: Opened, draft: Mapping[str, Any]) -> tuple[list[ActionChange], Errors]:
    """Every corrective action of the draft, that in the fields last, or what is wrong with them."""
    plans = added_in(request, found, draft)
    if len(plans) < len(draft.get(ADDED, ())):
        return [], {TASK: "The day of an action that you added has passed: take it out, or go back and add it again."}
    if not is_started({name: str(draft.get(name, "")) for name in ACTION}):
        return plans, {}
    plan, errors = plan_in(request, found, draft)
    return ([*plans, plan] if plan else plans), errors
