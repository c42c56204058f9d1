"""A corrective action in one line: what is done by whom and until when, and what the money shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from finops.corrective_action import LONGEST, ActionStage, CorrectiveAction, MeasuredSaving
from finops.money import ZERO
from views.amounts import brief
from views.people import person
from views.text import escape
from views.time import day


def action_line(action: CorrectiveAction, names: Mapping[str, str], today: date) -> str:
    """'#12 *Turn idle nodes off* — Ada Lovelace, due Fri 27 Nov, promised $1,200 a month.', for mrkdwn.

    Args:
        names: Slack id → real name.
        today: the team's local day; what was due before it and is open is overdue.
    """
    number = f"#{action.number} " if action.number else ""
    said = [person(action.owner, names), *_stage(action, today)]
    if action.promised is not None:
        said.append(f"promised {brief(action.promised, action.key.currency)} a month")
    line = f"{number}*{escape(action.text, LONGEST)}* — {', '.join(said)}."
    if action.measured is None or action.stage is ActionStage.DROPPED:
        return line
    so_far = "" if action.stage is ActionStage.MEASURED else " so far"
    return f"{line} {saving_words(action.measured, action.key.currency)}{so_far}."


def saving_words(saving: MeasuredSaving, currency: str) -> str:
    """'Measured: $1,140 a month less (80 % interval $900 to $1,380)', and where it cannot be told from no change."""
    size = brief(abs(saving.monthly), currency)
    direction = "less" if saving.monthly > 0 else "more"
    amount = f"{size} a month {direction}" if saving.monthly else "no change"
    interval = f"80 % interval {brief(saving.low, currency)} to {brief(saving.high, currency)}"
    told = ", not distinguishable from no change" if saving.is_unclear else ""
    return f"Measured: {amount} ({interval}){told}"


def hidden_by(action: CorrectiveAction) -> list[str]:
    """What else may be in a measured saving, one sentence each; none where nothing of it is known."""
    saving, currency = action.measured, action.key.currency
    if saving is None:
        return []
    lines = []
    trend = saving.trend
    if trend is not None and trend > ZERO:
        lines.append(
            f"The same spend was growing before, by {brief(trend, currency)} a month over the four weeks: "
            "that may hide part of the saving."
        )
    elif trend is not None:
        lines.append(
            f"The same spend was falling before, by {brief(-trend, currency)} a month over the four weeks: "
            "part of this might have come by itself."
        )
    elif saving.is_unclear or saving.monthly < ZERO:
        lines.append("Other growth of the same spend may hide what was saved.")
    if action.target.is_whole_team:
        lines.append("The team's whole spend is compared, so everything else that changed counts too.")
    return lines


def _stage(action: CorrectiveAction, today: date) -> list[str]:
    if action.stage is ActionStage.OPEN:
        late = action.due < today
        return [f"*overdue since {day(action.due)}*" if late else f"due {day(action.due)}"]
    if action.stage is ActionStage.DROPPED or action.done_on is None:
        return [f"dropped: “{escape(action.dropped_why, LONGEST)}”"]
    return [f"done {day(action.done_on)}"]
