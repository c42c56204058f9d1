"""Instants and days as a reader is told them: an instant on their own clock, a day as the calendar names it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from views.amounts import long_day, short_day


def moment(at: datetime, *, dated: bool = False) -> str:
    """An instant that Slack shows in each reader's own time zone: 'tomorrow at 4:00 PM'.

    Where Slack does not (a notification, a screen reader), it reads '18 Nov, 16:00 UTC'.

    Args:
        dated: 'Nov 18, 2026 at 4:00 PM' on every day, for what is read again much later.
    """
    there = at.astimezone(UTC)
    otherwise = f"{short_day(there.date())}, {there:%H:%M} UTC"
    shown = "date_short" if dated else "date_short_pretty"
    return f"<!date^{int(at.timestamp())}^{{{shown}}} at {{time}}|{otherwise}>"


def day(given: date) -> str:
    """'Wed 18 Nov'."""
    return long_day(given).removesuffix(f" {given.year}")
