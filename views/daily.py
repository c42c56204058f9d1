"""The morning message in a team's channel: where the month stands, what moved, and the burn-up picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from finops.breakdown import Line
from finops.company import Team
from finops.policy import LADDER, Tier
from finops.team_month import TeamMonth
from views import blocks
from views.amounts import brief, difference, long_day
from views.burn_up import burn_up
from views.facts import facts, fields, sentence, turn
from views.fit import message
from views.message import Block, Message
from views.sentences import called_by, counted, freshness, lead, reference, restated, warning
from views.text import escape, literal

DETAILS = "variance_details"
"""action_id; carries team, month and basis as JSON."""


def daily_message(
    month: TeamMonth,
    team: Team,
    *,
    movers: Sequence[Line] = (),
    local_day: date,
    notes: Sequence[str] = (),
    ladder: Sequence[Tier] = LADDER,
) -> Message:
    """A team's morning message.

    Args:
        movers: services that changed most, last seven settled days against the seven before.
        local_day: the team's own day, for the headline.
        notes: plain sentences to be added, escaped here.
        ladder: the policy in force.
    """
    found, who, moved = facts(month, ladder), turn(month, ladder), _movers(movers, month.currency)
    small = [note for note in (restated(month), freshness(month), counted(month)) if note]
    noted = [escape(note, 600) for note in notes]
    body: list[Block] = [
        blocks.header(f"{literal(called_by(team))} — {long_day(local_day)}"),
        blocks.section(lead(month, team)),
    ]
    if month.actual is not None:
        body.append(blocks.section("", fields(found)))
    body += [blocks.section(said) for said in (warning(month), who, moved, "\n".join(noted)) if said]
    after = len(body)
    body += [blocks.context(*small), blocks.actions(blocks.button("Details", DETAILS, reference(month)))]
    parts = (lead(month, team), warning(month), sentence(found), who, moved, *noted, " ".join(small))
    return message("\n".join(part for part in parts if part), body, burn_up(month, called_by(team)), after)


def _movers(movers: Sequence[Line], currency: str) -> str:
    """'What moved most …', one line each; empty where nothing did."""
    said = [
        f"• {escape(line.name, 60)}: {brief(difference(line.amount, line.former, currency), currency, signed=True)} "
        f"({brief(line.former, currency)} → {brief(line.amount, currency)})"
        for line in movers
        if line.former is not None
    ]
    return "\n".join(["*What moved most* (last 7 settled days against the 7 before)", *said]) if said else ""
