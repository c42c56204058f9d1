"""App Home: what waits for a person, how their teams stand, and how fresh the data is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finops.company import Team
from finops.spend import Coverage
from finops.team_month import TeamMonth
from views import blocks
from views.amounts import month_name, short_day
from views.daily import DETAILS
from views.help import Entry, listed
from views.message import Block
from views.sentences import counted, reference
from views.team_line import team_line
from views.text import escape

MOST = 20
"""Most teams, and most waiting things, that are shown."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person.

    Attributes:
        text: one plain sentence, escaped here.
        button: what its button says, empty for none.
        action_id, value: what the button does.
    """

    text: str
    button: str = ""
    action_id: str = ""
    value: str = ""


def home_view(
    months: Sequence[TeamMonth],
    teams: Mapping[str, Team],
    *,
    waiting: Sequence[Waiting] = (),
    coverages: Sequence[Coverage] = (),
    commands: Sequence[Entry] = (),
) -> dict[str, Any]:
    """The home view of one person.

    Args:
        months: of the teams that the person owns or leads, in the order they are shown.
        teams: slug → team.
        waiting: for this person, most urgent first.
        coverages: of every export; the newest billing period of each is shown.
        commands: for the help at the end.
    """
    body: list[Block] = [blocks.header("Waiting for you"), *_waiting(waiting)]
    body += [blocks.header(_headline(months)), *_teams(months, teams, bool(coverages))]
    body += [blocks.header("How fresh the data is"), *_fresh(coverages)]
    if commands:
        body += [blocks.header("What you can ask"), *blocks.paragraphs("\n".join(listed(commands)))]
    return blocks.home(body)


def _waiting(waiting: Sequence[Waiting]) -> list[Block]:
    if not waiting:
        return [blocks.section(":white_check_mark: Nothing waits for you.")]
    shown = [
        blocks.section(
            f"• {escape(each.text, 300)}",
            accessory=blocks.button(each.button, each.action_id, each.value) if each.button else None,
        )
        for each in waiting[:MOST]
    ]
    left = len(waiting) - MOST
    return [*shown, *([blocks.context(f"… and {left:,} more: `/finops alerts` shows them.")] if left > 0 else [])]


def _headline(months: Sequence[TeamMonth]) -> str:
    return f"Your teams — {month_name(months[0].month)}" if months else "Your teams"


def _teams(months: Sequence[TeamMonth], teams: Mapping[str, Team], any_data: bool) -> list[Block]:
    if not months:
        return blocks.paragraphs(_no_teams(any_data))
    shown = [
        blocks.section(
            team_line(month, teams.get(month.team)),
            accessory=blocks.button("Details", DETAILS, reference(month)),
        )
        for month in months[:MOST]
    ]
    left = len(months) - MOST
    more = f"… and {left:,} more: `/finops teams` shows them." if left > 0 else ""
    return [*shown, blocks.context(more, counted(months[0]))]


def _no_teams(any_data: bool) -> str:
    """For somebody who owns and leads no team, or before the first bill."""
    if not any_data:
        return "As soon as there is data, your teams and their months stand here."
    return (
        "You do not own or lead a team. `/finops teams` shows every team's month; "
        "if one of them is yours, ask FinOps to name you in `finops.yaml`."
    )


def _fresh(coverages: Sequence[Coverage]) -> list[Block]:
    newest: dict[str, Coverage] = {}
    for coverage in coverages:
        if coverage.billing_period >= newest.get(coverage.export, coverage).billing_period:
            newest[coverage.export] = coverage
    if not newest:
        return [blocks.section("No data yet. Run `finops ingest` on a billing export, and the figures appear here.")]
    lines = [_delivered(newest[export]) for export in sorted(newest)]
    return blocks.paragraphs("\n".join(lines))


def _delivered(coverage: Coverage) -> str:
    at = coverage.confirmed_at
    restated = ", restated" if coverage.restated else ""
    return (
        f"• *{escape(coverage.export)}*: data through {short_day(coverage.last_day)}{restated}; "
        f"last delivered {short_day(at.date())}, {at:%H:%M} UTC"
    )
