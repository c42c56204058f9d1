"""What the jobs that move anomalies share: what these are judged by, and how their changes are written and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from finops.anomaly import Anomaly, AnomalyAnswer, AnomalyChange, AnomalySetting
from finops.anomaly_joined import joined_with, with_aws
from finops.company import Company, Team
from finops.incoming_alert import Received
from storage.anomalies import anomaly_entries, save_anomalies
from storage.audit import append
from storage.deliveries import find, is_shown, queue
from storage.leaves import stand_ins
from storage.people import read_directory
from views.anomaly_effects import ToldAnomaly, anomaly_effects
from views.people import stood_in


class AnomalyTelling:
    """One transaction's anomalies: judged by what it read at its beginning, written and said at its end.

    Args:
        connection: of a writing transaction.
        teams: every team by slug.
    """

    def __init__(self, connection: Connection, company: Company, teams: Mapping[str, Team], now: datetime) -> None:
        self._connection, self._company, self._teams, self._now = connection, company, teams, now
        self._directory = read_directory(connection)
        self._stand_ins = stand_ins(connection, company.today(now))

    def setting(self, slug: str, settled_through: date, answers: tuple[AnomalyAnswer, ...] = ()) -> AnomalySetting:
        """What an anomaly of a team is judged by now; nobody is pinged while alerts are in shadow mode."""
        company, team = self._company, self._team(slug)
        live = company.anomalies.mode_of(team.anomalies) == "live" and company.alerts.live
        review_after = company.anomalies.review_after
        return AnomalySetting(company.policy(team).calendar, settled_through, live, answers, review_after)

    def write(self, changes: Sequence[AnomalyChange]) -> list[AnomalyChange]:
        """Write changes, queue what is to be said of them, and put them on record; comes last in its transaction."""
        saved = save_anomalies(self._connection, changes, self._now)
        for change in saved:
            self.refresh(change)
        append(self._connection, anomaly_entries(saved))
        return saved

    def refresh(self, change: AnomalyChange) -> None:
        """Bring an anomaly's message to what it says now: an answer may have expired."""
        queue(self._connection, anomaly_effects(self._told(change), self._directory.names, self._now), self._now)

    def with_what_aws_said(
        self, changes: Sequence[AnomalyChange], received: Sequence[Received], slug: str
    ) -> list[AnomalyChange]:
        """Changes of a team's anomalies with what AWS has said of them, each finding of AWS on one of them.

        Where AWS's own message stands in the channel already, the anomaly is told in it.
        """
        made = list(changes)
        for each in received:
            anomalies = [change.anomaly for change in made]
            if any(finding.id == each.alert.id for anomaly in anomalies for finding in anomaly.aws):
                continue
            if (ours := joined_with(anomalies, each.alert, slug)) is None:
                continue
            joined = with_aws(ours, each.alert, self._now)
            anomaly = joined.anomaly
            if not anomaly.told_in and self._stands_alone(each, anomaly):
                anomaly = replace(anomaly, told_in=each.effect)
            number = next(number for number, known in enumerate(anomalies) if known is ours)
            made[number] = AnomalyChange(anomaly, (*made[number].events, *joined.events))
        return made

    def _stands_alone(self, received: Received, anomaly: Anomaly) -> bool:
        """Whether AWS's message is one of its own, in the channel of an anomaly that is told for the first time."""
        told = anomaly.number and find(self._connection, anomaly.message)
        if told or received.told_in or not anomaly.told_at:
            return False
        posted = find(self._connection, received.effect)
        place = self._place(anomaly.key.series.team)
        return posted is not None and posted.destination == place and is_shown(self._connection, posted)

    def _told(self, change: AnomalyChange) -> ToldAnomaly:
        slug = change.anomaly.key.series.team
        team = self._team(slug)
        posted = find(self._connection, change.anomaly.message)
        return ToldAnomaly(
            change,
            team,
            self._company.policy(team),
            # What a team was told that is no team any more stays where it stands.
            self._place(slug) or (posted.destination if posted else ""),
            stood_in(self._directory.asked_first(self._company, team), self._stand_ins),
            self._directory.members,
            is_first=posted is None,
        )

    def _team(self, slug: str) -> Team:
        return self._teams.get(slug) or Team(slug, slug)

    def _place(self, slug: str) -> str:
        return self._team(slug).channel or self._company.alerts.channel
