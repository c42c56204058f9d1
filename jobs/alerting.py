"""What the jobs that move alerts share: what alerts are judged by, and how their changes are written and said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from finops.alert import Action, Alert, AlertKey, Callee, Change, Event, Setting
from finops.company import Company, Team
from finops.directory import Directory
from finops.effect import Effect
from finops.explained_month import coverage_of_alert, variance_key
from finops.explanation import Explanation, VarianceKey
from finops.freeze import Freeze
from finops.freeze_decision import decision_on
from finops.incoming_alert import Received
from finops.periods import Month
from finops.policy import Policy, Role
from storage import audit
from storage.alerts import entries_of, save_alerts
from storage.deliveries import find, is_shown, queue, withdraw
from storage.explanations import explanations_of_month
from storage.freezes import freezes_of
from storage.incoming_alerts import received_beside
from storage.leaves import stand_ins
from storage.people import read_directory
from views.alert_calls import FoldedCall, digest_message
from views.alert_effects import Told, alert_effects

STALE = (Action.FELL, Action.RESOLVED, Action.CONCLUDED)
"""After these nobody need be told any more what they were called for."""


class Alerting:
    """One transaction's alerts: judged by what it read at its beginning, written and said at its end.

    Args:
        connection: of a writing transaction.
        teams: every team by slug.
    """

    def __init__(self, connection: Connection, company: Company, teams: Mapping[str, Team], now: datetime) -> None:
        self._connection, self._company, self._teams, self._now = connection, company, teams, now
        self._directory: Directory = read_directory(connection)
        self._stand_ins = stand_ins(connection, company.today(now))
        self._week = week_begins(company, now)
        self._pings = defaultdict(int, audit.pings_since(connection, self._week))
        self._policies: dict[str, Policy] = {}

    def policy(self, slug: str) -> Policy:
        """What a team's alerts go by."""
        if slug not in self._policies:
            self._policies[slug] = self._company.policy(self._team(slug))
        return self._policies[slug]

    def setting(self, slug: str, *, beside: bool = False) -> Setting:
        """What an alert of a team is judged by now; calls made in this transaction count already."""
        callees = self._directory.callees(self._company, self._team(slug))
        return Setting(self.policy(slug), callees, self._stand_ins, self._pings[slug], beside)

    def count(self, change: Change) -> Change:
        """Count the calls of a change, so that the next alert of the team knows of them."""
        self._pings[change.alert.key.team] += sum(bool(event.calls) for event in change.events)
        return change

    def refresh(self, alert: Alert) -> None:
        """Bring an alert's message, if it has one, to what it says now, where something beside it has changed."""
        posted = find(self._connection, f"alert/{alert.key}")
        if posted is None or not is_shown(self._connection, posted):
            return
        effects = alert_effects(self._told([Change(alert)]), self._directory.names, self._now)
        queue(self._connection, effects, self._now)

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Write changes, queue what is to be said of them, and put them on record."""
        saved = save_alerts(
            self._connection, [(change, self.policy(change.alert.key.team)) for change in changes], self._now
        )
        for change in saved:
            if any(event.action in STALE for event in change.events):
                # A call that Slack has not taken yet is of yesterday.
                withdraw(self._connection, f"call/{change.alert.key}/")
        queue(self._connection, alert_effects(self._told(saved), self._directory.names, self._now), self._now)
        queue(self._connection, self._digests(saved), self._now)
        audit.append(self._connection, entries_of(saved))
        return saved

    def _team(self, slug: str) -> Team:
        return self._teams.get(slug) or Team(slug, slug)

    def _told(self, changes: Sequence[Change]) -> list[Told]:
        """Changes with what is needed to say them; what stands beside them is read for all of them at once."""
        teams: dict[Month, set[str]] = defaultdict(set)
        for change in changes:
            teams[change.alert.key.month].add(change.alert.key.team)
        explained: dict[VarianceKey, list[Explanation]] = {}
        for month, slugs in teams.items():
            explained |= explanations_of_month(self._connection, month, slugs)
        received = received_beside(self._connection, [change.alert.key for change in changes])
        return [
            self._of(change, explained.get(variance_key(change.alert.key), ()), received[change.alert.key])
            for change in changes
        ]

    def _of(self, change: Change, explanations: Sequence[Explanation], received: Sequence[Received]) -> Told:
        slug = change.alert.key.team
        raised = any(event.action is Action.RAISED for event in change.events)
        return Told(
            change,
            self._team(slug),
            self.policy(slug),
            self._place(slug),
            self._freeze(change.alert),
            self._stand_ins,
            self._directory.members,
            coverage_of_alert(change.alert, explanations),
            is_first=raised and find(self._connection, f"alert/{change.alert.key}") is None,
            received=received,
        )

    def _place(self, slug: str) -> str:
        return self._team(slug).channel or self._company.alerts.channel

    def _freeze(self, alert: Alert) -> Freeze | None:
        """The decision that counts for an alert; below emergency there is seldom one, and most alerts are below it."""
        if alert.version == 1:
            return None
        return decision_on(alert, freezes_of(self._connection, alert.key), self.policy(alert.key.team))

    def _digests(self, changes: Sequence[Change]) -> list[Effect]:
        """The week's digest of every team that has calls held back by these changes."""
        held = {change.alert.key.team for change in changes if change.alert.live and _folded(change.events)}
        monday = self._week.date()
        year, week, _ = monday.isocalendar()
        effects = []
        for slug in sorted(slug for slug in held if self._place(slug)):
            before = (sealed.entry for sealed in audit.read(self._connection, team=slug, since=self._week))
            new = entries_of(change for change in changes if change.alert.key.team == slug)
            folded = [call for entry in (*before, *new) if (call := _folded_call(entry))]
            message = digest_message(self._team(slug), monday, folded, self.policy(slug), self._directory.names)
            key = f"digest/{slug}/{year}-W{week:02d}"
            effects.append(Effect(key, "digest", self._place(slug), message.as_payload(), slug))
        return effects


def _folded_call(entry: audit.Entry) -> FoldedCall | None:
    """A call that was held back, as it was recorded; None where the entry is of something else."""
    became = entry.became or {}
    if not became.get("folded"):
        return None
    people = tuple(
        Callee(Role(each["role"]), each["name"], each.get("id", ""), each.get("stands_in_for", ""))
        for each in became["folded"]
    )
    key = AlertKey.parse(entry.subject.removeprefix("alert/"))
    return FoldedCall(entry.at, key, entry.action.removeprefix("alert."), became["tier"], people)


def _folded(events: Sequence[Event]) -> bool:
    return any(event.folded for event in events)


def week_begins(company: Company, now: datetime) -> datetime:
    """The company's local Monday, 00:00, before an instant."""
    today = company.today(now)
    return datetime.combine(today - timedelta(days=today.weekday()), time(0), company.zone())
