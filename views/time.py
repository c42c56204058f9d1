"""Instants and days as a reader is told them: an instant on their own clock, a day as the calendar names it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from views.amounts import long_day, short_day


def moment(at: datetime) -> str:
    """An instant that Slack shows in each reader's own time zone: 'tomorrow at 4:00 PM'.

    Where Slack does not (a notification, a screen reader), it reads '18 Nov, 16:00 UTC'.
    """
    there = at.astimezone(UTC)
    otherwise = f"{short_day(there.date())}, {there:%H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{otherwise}>"


def day(given: date) -> str:
    """'Wed 18 Nov'."""
    return long_day(given).removesuffix(f" {given.year}")
