"""The answer to `/finops variance <team>`: one team's month, what it consists of, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

from finops.breakdown import Line
from finops.company import Team
from finops.explained_month import Drivers
from finops.policy import LADDER, Tier
from finops.team_month import TeamMonth
from views import blocks
from views.amounts import month_name
from views.breakdown import as_code, as_text, table
from views.burn_up import burn_up
from views.drivers import compared, driver_blocks, driver_table
from views.facts import currencies, facts, fields, sentence, turn
from views.fit import message
from views.message import Block, Message, Picture
from views.sentences import called_by, counted, freshness, lead, reference, restated, warning
from views.text import escape, literal
from views.waterfall import waterfall

DRIVER = "driver"
BY = {
    "service": "service",
    "account": "account",
    "region": "region",
    "category": "charge category",
    DRIVER: "driver of the variance",
}
"""What a month can be broken down by, and how it is called."""
UNTOLD = (
    "By service: price, volume and mix are told of months with an alert or an explanation, within the hour; FinOps has "
    "them of every month by `finops variance {team} --month {month} --drivers`."
)
SHARE, CHANGE_BY, CHANGE_MONTH = "variance_share", "variance_by", "variance_month"
"""action_ids; each carries team, month and basis as JSON, CHANGE_BY also `by`."""


def variance_message(
    month: TeamMonth,
    team: Team,
    *,
    lines: Sequence[Line] = (),
    by: str = "service",
    former: str | None = None,
    drivers: Drivers | None = None,
    other_currencies: Sequence[TeamMonth] = (),
    ladder: Sequence[Tier] = LADDER,
    shared: bool = False,
) -> Message:
    """One team's month in full.

    Args:
        lines: the actual broken down, largest first; empty where no breakdown is known.
        by: a key of BY.
        former: the days the lines are compared with, as shown ('1–20 Oct'); None where there are none.
        drivers: of the variance, shown by DRIVER; None where there is nothing to compare with.
        other_currencies: the same team and month in every other currency it has a budget or spend in.
        ladder: the policy in force.
        shared: for the channel, with the picture, instead of for the one who asked.
    """
    found, who, first = facts(month, ladder), turn(month, ladder), lead(month, team)
    notes = [note for note in (restated(month), freshness(month), counted(month)) if note]
    also = currencies(other_currencies)
    body: list[Block] = [blocks.header(f"{literal(called_by(team))} — {month_name(month.month)}")]
    body.append(blocks.section(first))
    if month.actual is not None or month.budget is not None:
        body.append(blocks.section("", fields(found)))
    after = len(body)
    body += [blocks.section(said) for said in (warning(month), who, also) if said]
    drawn, said = _moved(month, drivers) if by == DRIVER else _breakdown(month, lines, by, former)
    body += [*drawn, blocks.context(*notes), *([] if shared else _actions(month, by))]
    text = "\n".join(
        part for part in (first, warning(month), sentence(found), who, also, said, " ".join(notes)) if part
    )
    return message(text, body, _picture(month, team, by, drivers) if shared else None, after)


def _picture(month: TeamMonth, team: Team, by: str, drivers: Drivers | None) -> Picture | None:
    """The waterfall of a variance where that is what is shown, else the burn-up."""
    if by == DRIVER and drivers is not None:
        return waterfall(month, drivers, called_by(team))
    return burn_up(month, called_by(team))


def _moved(month: TeamMonth, drivers: Drivers | None) -> tuple[list[Block], str]:
    """Blocks and text of what drives the variance, or why that is not known."""
    if drivers is None:
        said = (
            f"There is no variance to take apart: it needs a budget, and spend in {month_name(month.month.previous)}."
        )
        return [blocks.section(said)], said
    drawn, said = driver_blocks(drivers, month.currency), as_text(driver_table(drivers, month.currency))
    if drivers.separation is None:
        drawn.append(blocks.context(UNTOLD.format(team=literal(month.team), month=month.month)))
    return drawn, f"What moved it ({compared(drivers)}): {said}"


def _breakdown(month: TeamMonth, lines: Sequence[Line], by: str, former: str | None) -> tuple[list[Block], str]:
    """Blocks and text of the breakdown; both empty where there is nothing to break down."""
    if not month.actual and not lines:
        return [], ""
    if month.actual is None or not lines:
        said = f"A breakdown by {escape(BY.get(by, by))} is not known for these days."
        return [blocks.section(said)], said
    compared = f"change against {escape(former)}" if former else _uncompared(month, by)
    title = f"By {escape(BY.get(by, by))}"
    given = table(lines, month.actual, month.currency)
    shown = blocks.section(f"*{title}*, {escape(month.currency)}, {compared}\n{as_code(given)}")
    return [shown], f"{title} ({compared}): {as_text(given)}"


def _uncompared(month: TeamMonth, by: str) -> str:
    """Why there is no change: sub-accounts and regions are kept by month, so days of a running one have no twin."""
    if by in ("account", "region") and not month.over:
        return "compared with the month before once this one is over"
    return "nothing to compare it with"


def _actions(month: TeamMonth, by: str) -> list[Block]:
    before = reference(month, month=str(month.month.previous))
    buttons = [
        blocks.button("Post to channel with chart", SHARE, reference(month, by=by)),
        blocks.button("Month before", CHANGE_MONTH, before),
    ]
    options = [(f"By {name}", reference(month, by=key)) for key, name in BY.items()]
    if all(len(value) <= blocks.OPTION_VALUE for _, value in options):
        menu = blocks.select(CHANGE_BY, "Break down by", options, reference(month, by=by))
        return [blocks.actions(menu, *(buttons if month.actual is not None else buttons[1:]))]
    # A menu's values are short, a button's are not: teams with long slugs get one row of each.
    rows = [blocks.actions(blocks.button(label, CHANGE_BY, value)) for label, value in options]
    return [*rows, blocks.actions(*buttons)]
