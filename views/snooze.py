"""Asking for silence: until when and why, and what waits until then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from finops.alert import Alert
from finops.company import Team
from finops.policy import Policy
from views import blocks
from views.alert_words import NEXT, lead, quoted, rise_beyond, rung
from views.people import callee, person, some
from views.time import day, moment

CALLBACK, PREVIEW = "snooze", "snooze_preview"
UNTIL, WHY = "until", "why"
"""block_ids."""
MOST_WHY = 500
"""Most characters of a reason; it travels in the preview's private_metadata."""
USUAL = 3
"""Working days that are proposed."""


def snooze_modal(alert: Alert, team: Team, policy: Policy, now: datetime) -> dict[str, Any]:
    """Asks until when and why; submitting it shows the preview."""
    calendar, longest = policy.calendar, policy.rules.longest_snooze
    today = calendar.day_of(now)
    last = today + timedelta(days=longest)
    proposed = min(calendar.after_days(today, USUAL), last)
    return blocks.modal(
        "Snooze an alert",
        [
            blocks.section(lead(alert, team, policy)),
            blocks.date_input(
                UNTIL,
                "Until",
                hint=f"It ends as work begins on that day; {longest:,} days at most ({day(last)}).",
                initial=proposed,
            ),
            blocks.text_input(WHY, "Why nobody need look until then", long=True, most=MOST_WHY),
            blocks.context("Next you see what this holds back, before anything happens."),
        ],
        CALLBACK,
        submit="Preview",
        close="Cancel",
        metadata=json.dumps({"alert": str(alert.key)}, ensure_ascii=False),
    )


def snooze_preview(
    alert: Alert, team: Team, policy: Policy, until: datetime, why: str, names: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """What a snooze will hold back and what it will not; submitting it snoozes.

    Args:
        until: when it ends, as it will be stored; carried in private_metadata as 'until', ISO 8601, beside 'alert' and
            'why'.
    """
    silenced = _silenced(alert, policy, until, names)
    said = f"*Until {moment(until)}*: {quoted(why)}"
    metadata = {"alert": str(alert.key), "until": until.isoformat(), "why": why.strip()[:MOST_WHY]}
    return blocks.modal(
        "What this silences",
        [
            blocks.section(lead(alert, team, policy)),
            blocks.section(said),
            blocks.section("\n".join(("*Nobody is called until then for:*", *silenced))),
            blocks.section("\n".join(("*Still said:*", *_heard(alert, policy)))),
        ],
        PREVIEW,
        submit="Snooze",
        close="Back",
        metadata=json.dumps(metadata, ensure_ascii=False),
    )


def _silenced(alert: Alert, policy: Policy, until: datetime, names: Mapping[str, str]) -> list[str]:
    """What would have called somebody until then, one line each."""
    lines = []
    if alert.answer_by and alert.answer_by <= until and alert.level + 1 < len(alert.chain):
        who = some([callee(each, names, pings=False) for each in alert.chain[alert.level + 1].callees], NEXT)
        lines.append(f"• Silence: the next would be called {moment(alert.answer_by)} ({who})")
    held = alert.acknowledgement
    if held and held.until <= until:
        lines.append(f"• The acknowledgement by {person(held.by, names)}, which expires {moment(held.until)}")
    unsaid = alert.due and alert.step > 0 and alert.step not in alert.overdue
    if alert.due and unsaid and policy.calendar.end_of(alert.due) <= until:
        lines.append(f"• What is due on {day(alert.due)}; it stays due")
    again = rung(alert.key.kind, alert.step, policy)
    return [*lines, f"• Rises to *{again}*, however often it falls and rises again"]


def _heard(alert: Alert, policy: Policy) -> list[str]:
    """What is said all the same, one line each."""
    beyond = rise_beyond(alert.key.kind, alert.step, policy)
    lines = [f"• If {beyond}: whoever the ladder names then is called"] if beyond else []
    lines.append("• In the thread, calling nobody: that it falls or is resolved")
    lines.append("• When the snooze ends: that it is open again, and whatever fell due; silence then counts anew")
    return lines
