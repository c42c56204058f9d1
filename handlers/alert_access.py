"""Which alert a person means, and whether it is theirs to see and to answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from finops.alert import Alert, AlertKey
from finops.company import Company, Person, Team, may_see, roles_of
from finops.errors import FinopsError, NotAllowed, NotFound
from finops.periods import Month
from finops.policy import Kind, Policy, Role
from handlers.arguments import not_theirs_to_see
from handlers.request import Request
from storage.alerts import find_alert
from storage.leaves import stand_ins
from storage.people import find_person, names_of
from storage.teams import find_team

KEY = re.compile(r"(?P<team>[^\s/]{1,200})/(?P<month>\d{4}-\d{2})/(?P<kind>[a-z]{1,20})/(?P<currency>[A-Z]{3})")
MESSAGE = re.compile(r"(?:alert|call)/([^/]+/[^/]+/[^/]+/[A-Z]{3})(?:/.+)?")
"""Keys of deliveries that are about one alert: its message, the notes in its thread, and calls."""
MENTION = re.compile(r"<@([A-Z0-9]+)>")
NAMED = 10
"""Most people that a refusal names."""


@dataclass(frozen=True)
class Case:
    """An alert with what it is judged by."""

    alert: Alert
    team: Team
    policy: Policy


class Asker:
    """Somebody who asks: with their own rights, and those of whoever they stand in for.

    Args:
        connection: of the transaction in which the request is answered.
    """

    def __init__(self, connection: Connection, company: Company, request: Request) -> None:
        self._connection, self._company = connection, company
        self.user_id, self._now = request.user_id, request.now
        self._people: list[Person] | None = None

    def case(self, text: str, *, lock: bool = False) -> Case:
        """The alert of a key, if the person may see it.

        Args:
            text: as it came from Slack.
            lock: keep others from changing it until the transaction ends; needs a writing one.

        Raises:
            NotFound: there is no such alert.
            NotAllowed: its team's figures are not theirs to see.
        """
        key = alert_key(text)
        team = find_team(self._connection, self._company, key.team)
        alert = find_alert(self._connection, key, lock=lock) if team else None
        if team is None or alert is None:
            raise NotFound("There is no such alert any more.", "See /finops alerts for those that are open.")
        if not self.sees(team):
            raise not_theirs_to_see(team)
        return Case(alert, team, self._company.policy(team))

    def find(self, key: AlertKey) -> Alert | None:
        """An alert, whether or not it is theirs to see; to be asked for only beside one that is."""
        return find_alert(self._connection, key)

    def sees(self, team: Team) -> bool:
        """Whether a team's figures are theirs to see."""
        return any(may_see(person, self._company, team) for person in self._as())

    def has(self, role: Role, team: Team) -> bool:
        """Whether they have a role in a team."""
        return any(role in roles_of(person, self._company, team) for person in self._as())

    def answers(self, case: Case) -> bool:
        """Whether the ladder names them for an alert: by a role that it has called, or by having called them."""
        called = {callee.id for level in case.alert.chain[: case.alert.level + 1] for callee in level.callees}
        roles = case.alert.answering_roles
        return any(
            roles_of(person, self._company, case.team) & roles or called & {person.user_id, *person.groups}
            for person in self._as()
        )

    def require_answer(self, case: Case) -> None:
        """Raise NotAllowed, saying who may, where the ladder does not name them."""
        if self.answers(case):
            return
        callees = [callee for level in case.alert.chain[: case.alert.level + 1] for callee in level.callees]
        names = names_of(self._connection, (callee.id for callee in callees))
        who = list(dict.fromkeys(names.get(callee.id) or callee.name for callee in callees)) or list(case.team.owners)
        more = f" and {len(who) - NAMED} more" if len(who) > NAMED else ""
        raise NotAllowed(
            "Only those whom the ladder names for this alert answer it.",
            f"These are {', '.join(who[:NAMED])}{more}." if who else "FinOps can name owners in finops.yaml.",
        )

    def _as(self) -> list[Person]:
        """The person, then whoever they stand in for: on the company's local day, as calls go by it too."""
        if self._people is None:
            away = stand_ins(self._connection, self._company.today(self._now))
            ids = dict.fromkeys([self.user_id, *(each for each, other in away.items() if other == self.user_id)])
            self._people = [find_person(self._connection, each) for each in ids]
        return self._people


def cases_of(alerts: Iterable[Alert], teams: Mapping[str, Team], company: Company) -> list[Case]:
    """Alerts that people are told of, with what they are judged by; one that is only watched is nobody's to answer."""
    told = [(alert, team_of(teams, alert.key.team)) for alert in alerts if alert.live]
    policies = {team.slug: company.policy(team) for _, team in told}
    return [Case(alert, team, policies[team.slug]) for alert, team in told]


def team_of(teams: Mapping[str, Team], slug: str) -> Team:
    """A team by its slug, also one that is named nowhere any more."""
    return teams.get(slug) or Team(slug, slug)


def alert_key(text: str) -> AlertKey:
    """Read an alert's key; raises NotFound for anything else, whoever wrote it."""
    match = KEY.fullmatch(text)
    if not match or not match["team"].isprintable() or match["kind"] not in tuple(Kind):
        raise NotFound("This button names no alert.", "See /finops alerts for those that are open.")
    return AlertKey(match["team"], Month.parse(match["month"]), Kind(match["kind"]), match["currency"])


def alert_of_message(key: str) -> str | None:
    """The key of the alert that a delivery is about, None where it is about none or about several."""
    match = MESSAGE.fullmatch(key)
    return match and match[1]


def forecast_of(key: AlertKey) -> AlertKey:
    """The alert in whose thread a threshold's of the same month is told."""
    return replace(key, kind=Kind.FORECAST)


def with_names(connection: Connection, problem: FinopsError) -> FinopsError:
    """A refusal in which people are named instead of mentioned."""
    names = names_of(connection, MENTION.findall(str(problem)))

    def named(text: str) -> str:
        return MENTION.sub(lambda match: names.get(match[1], match[1]), text)

    return FinopsError(named(problem.reason), named(problem.mend))
