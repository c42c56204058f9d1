"""The rows behind an alert's figure, adding up to it exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from finops.alert import Alert
from finops.breakdown import Line
from finops.company import Team
from finops.drivers import Separation
from views import blocks
from views.alert_words import finding
from views.amounts import brief, days, short_day
from views.breakdown import as_code, as_text, table
from views.daily import DETAILS
from views.driver_words import caveats, sentences
from views.fit import message
from views.message import Block, Message
from views.sentences import BASIS
from views.text import escape


def drivers_message(
    alert: Alert,
    team: Team,
    lines: Sequence[Line],
    *,
    expected: Decimal | None,
    expected_days: str,
    moved: Separation | None = None,
) -> Message:
    """What an alert's figure consists of.

    Args:
        lines: cost by service, largest first: of the whole actual, or of the settled days where there is a forecast.
        expected: what a forecast adds for the days not yet settled, the last row; None for an actual.
        expected_days: those days, as shown ('18–30 Nov').
        moved: what drives the change against the month before, None where that is not known.
    """
    reading, currency = alert.reading, alert.key.currency
    first = finding(alert, team)
    small = _small_print(alert)
    asked = {"team": alert.key.team, "month": str(alert.key.month), "basis": str(reading.basis)}
    details = blocks.actions(blocks.button("Details", DETAILS, json.dumps(asked, ensure_ascii=False)))
    if not lines and expected is None:
        said = "What it consists of is not known for these days."
        return message(
            "\n".join((first, said, small)),
            [blocks.section(first), blocks.section(said), blocks.context(small), details],
        )
    last = None if expected is None else Line(f"expected for {expected_days}", expected)
    # Without what they were before: a change would not add up to that of a forecast.
    rows = [Line(line.name, line.amount) for line in lines]
    given = table(rows, reading.amount, currency, last=last)
    figure = "forecast" if reading.is_forecast else "actual"
    title = f"What the {figure} of {brief(reading.amount, currency)} consists of"
    body: list[Block] = [blocks.section(first)]
    body.append(blocks.section(f"*{title}*, {escape(currency, 20)}\n{as_code(given)}"))
    said = _moved(moved, currency) if moved else ""
    body += [*blocks.paragraphs(said), blocks.context(small), details]
    return message("\n".join(part for part in (first, f"{title}: {as_text(given)}", said, small) if part), body)


def _moved(moved: Separation, currency: str) -> str:
    """What drives the change against the month before, each part in a line."""
    change = brief(moved.total, currency, signed=True)
    title = f"*What moved it against the month before*, {days(*moved.span.current)} beside {days(*moved.span.former)}"
    return "\n".join((f"{title}: {change}", *(f"• {each}" for each in sentences(moved, currency)), *caveats(moved)))


def _small_print(alert: Alert) -> str:
    through = alert.reading.data_through
    reach = f"Data through {short_day(through)}. " if through else ""
    return f"{reach}Basis: {BASIS[alert.reading.basis]}; days in UTC. The rows add up to the total exactly."
