"""App Home: what waits for a person, how their teams stand, and how fresh the data is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finops.company import Team
from finops.policy import LADDER, Role, Tier
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
from views.tiers import ROLES, word
from views.tiers import listed as listed_names

MOST = 20
"""Most teams, and most waiting things, that are shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button beside what waits: what it says, and what it does.

    Attributes:
        confirm: what is asked before it acts, None for nothing.
    """

    label: str
    action_id: str
    value: str
    confirm: Block | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person; views/waiting.py makes them.

    Attributes:
        text: mrkdwn, names in it made safe.
        choices: what can be done about it.
    """

    text: str
    choices: tuple[Choice, ...] = ()


def home_view(
    months: Sequence[TeamMonth],
    teams: Mapping[str, Team],
    *,
    waiting: Sequence[Waiting] = (),
    coverages: Sequence[Coverage] = (),
    commands: Sequence[Entry] = (),
    roles: Collection[Role] = (),
    ladder: Sequence[Tier] = LADDER,
) -> dict[str, Any]:
    """The home view of one person.

    Args:
        months: of the teams that the person owns or leads, in the order they are shown.
        teams: slug → team.
        waiting: for this person, most urgent first.
        coverages: of every export; the newest billing period of each is shown.
        commands: for the help at the end.
        roles: that the person has in the whole company; said to whoever has no team.
        ladder: says what these are called for.
    """
    body: list[Block] = [blocks.header("Waiting for you"), *_waiting(waiting)]
    body += [blocks.header(_headline(months)), *_teams(months, teams, bool(coverages), roles, ladder)]
    body += [blocks.header("How fresh the data is"), *_fresh(coverages)]
    if commands:
        body += [blocks.header("What you can ask"), *blocks.paragraphs("\n".join(listed(commands)))]
    return blocks.home(body)


def _waiting(waiting: Sequence[Waiting]) -> list[Block]:
    if not waiting:
        return [blocks.section(":white_check_mark: Nothing waits for you.")]
    shown = [block for each in waiting[:MOST] for block in _waits(each)]
    left = len(waiting) - MOST
    return [*shown, *([blocks.context(f"… and {left:,} more: `/finops alerts` shows them.")] if left > 0 else [])]


def _waits(waiting: Waiting) -> list[Block]:
    buttons = [blocks.button(each.label, each.action_id, each.value, confirm=each.confirm) for each in waiting.choices]
    return [blocks.section(waiting.text), *([blocks.actions(*buttons)] if buttons else [])]


def _headline(months: Sequence[TeamMonth]) -> str:
    return f"Your teams — {month_name(months[0].month)}" if months else "Your teams"


def _teams(
    months: Sequence[TeamMonth],
    teams: Mapping[str, Team],
    any_data: bool,
    roles: Collection[Role],
    ladder: Sequence[Tier],
) -> list[Block]:
    if not months:
        return blocks.paragraphs(_no_teams(any_data, roles, ladder))
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


def _no_teams(any_data: bool, roles: Collection[Role], ladder: Sequence[Tier]) -> str:
    """For somebody who owns and leads no team, or before the first bill."""
    if not any_data:
        return "As soon as there is data, your teams and their months stand here."
    if roles:
        lines = [_called_for(role, ladder) for role in ROLES if role in roles]
        return "\n".join((*lines, "`/finops alerts mine` shows what is yours to answer, `/finops teams` every team."))
    return (
        "You do not own or lead a team. `/finops teams` shows every team's month; "
        "if one of them is yours, ask FinOps to name you in `finops.yaml`."
    )


def _called_for(role: Role, ladder: Sequence[Tier]) -> str:
    """'As Finance you are called for overspend in *formal* and *emergency* of every team.'"""
    tiers = [f"*{word(tier)}*" for tier in ladder[1:] if role in tier.who]
    if not tiers:
        return f"As {ROLES[role]} you are called where the others stay silent."
    others = ", and in the others where nobody answers" if len(tiers) < len(ladder) - 1 else ""
    return f"As {ROLES[role]} you are called for every team's overspend in {listed_names(tiers)}{others}."


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
