"""How time passes in the demo: through every moment at which something falls due, so that it happens at its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bot.installation import Installation
from bot.worker import Worker
from finops.alert import next_at
from storage.alerts import alerts_by_key, alerts_due
from storage.audit import read
from storage.sending import held_until
from storage.teams import all_teams

MINUTE = timedelta(minutes=1)
MOST = 200
"""Most alerts that are looked at for the next of them."""


def next_call(installation: Installation, now: datetime, until: datetime) -> datetime | None:
    """The next full minute before `until` at which an alert's time has come or a ping that is held back may go.

    Full minutes, because that is how often the worker looks.
    """
    company = installation.company
    with installation.state.reading() as connection:
        teams = all_teams(connection, company)
        alerts = alerts_by_key(connection, alerts_due(connection, until, MOST)).values()
        found = [next_at(alert, company.policy(teams[alert.key.team])) for alert in alerts if alert.key.team in teams]
        found.append(held_until(connection, now))
    moments = [_full_minute(each) for each in found if each is not None and each > now]
    return min((each for each in moments if each < until), default=None)


def next_of_the_day(installation: Installation, worker: Worker, now: datetime) -> datetime:
    """The next midnight or time of a daily job, on the company's clock."""
    company = installation.company
    today = company.today(now)
    schedules = {company.schedules.get(name, job.schedule) for name, job in worker.scheduler.jobs.items()}
    times = ["00:00", *(each for each in schedules if ":" in each)]
    moments = (
        datetime.combine(day, datetime.strptime(each, "%H:%M").time(), company.zone()).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
        for each in times
    )
    return min(moment for moment in moments if moment > now)


def happened(installation: Installation, since: datetime) -> str:
    """'Search: escalated. Checkout: risen, acknowledgement expired.': what became of alerts; empty for nothing."""
    with installation.state.reading() as connection:
        teams = all_teams(connection, installation.company)
        actions: dict[str, list[str]] = defaultdict(list)
        for sealed in read(connection, subject="alert", since=since):
            actions[sealed.entry.team].append(sealed.entry.action.removeprefix("alert."))
    return " ".join(_said(teams[slug].name if slug in teams else slug, done) for slug, done in actions.items())


def _said(name: str, actions: list[str]) -> str:
    return f"{name}: {', '.join(dict.fromkeys(actions))}."


def _full_minute(moment: datetime) -> datetime:
    whole = moment.replace(second=0, microsecond=0)
    return whole if whole == moment else whole + MINUTE


def moments(installation: Installation, worker: Worker, until: datetime) -> Iterator[datetime]:
    """Every moment from the clock's now on at which something is due, and last `until` itself.

    Each is looked up when it is asked for, as what happens at one decides which is the next.
    """
    while (now := installation.now) < until:
        call, daily = next_call(installation, now, until), next_of_the_day(installation, worker, now)
        yield min(call or until, daily, until)
