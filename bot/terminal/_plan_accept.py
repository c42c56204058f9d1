"""An edited plan, held against the proposal and the budgets of today, and recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from finops.budget import Budget, BudgetVersion
from finops.company import Company, Person, roles_of
from finops.errors import BudgetRefused
from finops.money import plain, subtract
from finops.periods import Month
from finops.plan import Proposal, Quarter
from storage.audit import Entry, append
from storage.budgets import ImportedBudgets, record_budgets
from storage.people import find_person, read_directory
from storage.teams import all_teams
from views.amounts import money
from views.tiers import ROLES, listed

Key = tuple[str, Month, str]
"""Team, month and currency."""
KEPT = "No budget was changed."
MOST_NAMED = 5
"""Most teams that a refusal names."""


@dataclass(frozen=True)
class Held:
    """A budget of the file beside what was proposed and what counts today."""

    budget: Budget
    proposed: Decimal | None
    current: BudgetVersion | None

    @property
    def is_edited(self) -> bool:
        """Whether it is not what is proposed."""
        return self.proposed != self.budget.amount

    @property
    def is_change(self) -> bool:
        """Whether it is not what counts today."""
        return self.current is None or self.current.amount != self.budget.amount


def quarter_of(budgets: Sequence[Budget], shown: str, today: Month) -> Quarter:
    """The quarter that a file plans; raises BudgetRefused where it holds several, or one that is over."""
    found = sorted({Quarter.of(budget.month) for budget in budgets})
    if len(found) > 1:
        raise BudgetRefused(f"{shown} holds months of {' and '.join(map(str, found))}; a plan is of one.", KEPT)
    if found[0].months[-1] < today:
        hint = f"{KEPT} `finops budgets import` changes budgets of the past."
        raise BudgetRefused(f"{found[0]} is over: there is nothing left to plan.", hint)
    return found[0]


def held_against(
    budgets: Sequence[Budget], proposals: Sequence[Proposal], current: Mapping[Key, BudgetVersion]
) -> list[Held]:
    """Each budget of the file beside the proposal and the current budget, in the file's order."""
    proposed = {(each.team, each.month, each.currency): each.amount for each in proposals}
    keys = [(budget.team, budget.month, budget.currency) for budget in budgets]
    return [Held(budget, proposed.get(key), current.get(key)) for key, budget in zip(keys, budgets, strict=True)]


def newest(versions: Sequence[BudgetVersion]) -> dict[Key, BudgetVersion]:
    """The version that counts of each budget; versions of one budget rise."""
    return {(each.team, each.month, each.currency): each for each in versions}


def approver_of(connection: Connection, company: Company, held: Sequence[Held], name: str, by: str) -> str:
    """Who has approved a plan: Slack's id where the workspace knows them, else as they were named.

    A file has no author that could be known, so whoever takes it in counts as such.

    Args:
        name: a Slack e-mail or user id.
        by: who takes the file in, as the terminal knows them.

    Raises:
        BudgetRefused: it is the same person, a group, or somebody who may not decide on those budgets.
    """
    known = read_directory(connection).people.get(name.lower())
    person = find_person(connection, known) if known else Person(name, name.lower())
    own = {name.lower(), person.user_id.lower(), person.email, person.email.partition("@")[0]}
    if by.lower() in own:
        raise BudgetRefused(f"{by} takes the plan in, and somebody else has to approve it.", KEPT)
    if name.startswith("@"):
        raise BudgetRefused(f"{name} is a group.", f"{KEPT} Name the person of it who approved the plan.")
    teams, roles = all_teams(connection, company), set(company.budgets.approvers)
    changed = dict.fromkeys(each.budget.team for each in held if each.is_change)
    if lacking := [slug for slug in changed if not roles & roles_of(person, company, teams.get(slug))]:
        whose = ", ".join(lacking[:MOST_NAMED]) + ("" if len(lacking) <= MOST_NAMED else ", …")
        may = listed([ROLES[role] for role in company.budgets.approvers])
        mend = f"{KEPT} By `budgets.approvers` of finops.yaml these may: {may}."
        raise BudgetRefused(f"{name} may not decide on the budget of {whose}.", mend)
    return person.user_id


def accept_rows(held: Sequence[Held], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """What differs from the proposal or from the budgets of today, for people.

    Args:
        names: Slack id → real name, of whoever set a budget there.
    """
    return [_row(each, names) for each in held if each.is_edited or each.is_change]


def _row(held: Held, names: Mapping[str, str]) -> dict[str, Any]:
    budget, current = held.budget, held.current

    def moved(former: Decimal | None) -> str | None:
        apart = None if former is None else subtract(budget.amount, former)
        return None if apart is None else money(apart, budget.currency, precise=True, signed=True)

    return {
        "team": budget.team,
        "month": str(budget.month),
        "proposal": None if held.proposed is None else money(held.proposed, budget.currency, precise=True),
        "file": money(budget.amount, budget.currency, precise=True),
        "against proposal": moved(held.proposed) if held.is_edited else None,
        "budget now": None if current is None else money(current.amount, budget.currency, precise=True),
        "set by": None
        if current is None
        else f"{names.get(current.recorded_by, current.recorded_by)}, {current.source}",
        "against budget": moved(current.amount) if current and held.is_change else None,
    }


def record_plan(
    connection: Connection,
    quarter: Quarter,
    held: Sequence[Held],
    *,
    shown: str,
    content: bytes,
    by: str,
    approved_by: str,
    now: datetime,
) -> ImportedBudgets:
    """Record a file's budgets as those of a plan; comes last in its transaction.

    Args:
        shown, content: the file's name and what is in it, by whose hash the record can tell it.
        by, approved_by: who takes it in, and who has approved it; never the same.
    """
    source = f"plan {quarter}"
    done = record_budgets(connection, [each.budget for each in held], source=source, by=by, now=now)
    edited = [each for each in held if each.is_edited]
    became = {
        "budgets": len(held),
        "new": done.new,
        "changed": done.changed,
        "file": shown,
        "sha256": hashlib.sha256(content).hexdigest(),
        "approved_by": approved_by,
        "edited": {_name(each.budget): _edit(each) for each in edited},
    }
    append(connection, [Entry(now, by, "plan.accepted", f"plan/{quarter}", became=became)])
    return done


def _name(budget: Budget) -> str:
    return f"{budget.team}/{budget.month}/{budget.currency}"


def _edit(held: Held) -> dict[str, str | None]:
    proposed = None if held.proposed is None else plain(held.proposed)
    return {"proposed": proposed, "accepted": plain(held.budget.amount)}
