"""The words after a command: a team, a month, a basis and a breakdown, in any order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from finops.basis import Basis
from finops.company import Company, Person, Team, may_see, roles_of
from finops.errors import NotAllowed, NotFound
from finops.names import nearest, repeated
from finops.periods import Month
from finops.policy import Role
from finops.scope import slug
from storage.people import find_person
from storage.teams import all_teams, find_team, team_slugs

BY = ("service", "account", "region", "category", "driver")
LONGEST_NAME = 8
"""Most words of a team's name that are looked for."""


class UnknownName(NotFound):
    """A word names nothing.

    Args:
        word: as it was written.
        near: the names it may have meant, best first.
    """

    def __init__(self, reason: str, mend: str, word: str = "", near: Sequence[str] = ()) -> None:
        super().__init__(reason, mend)
        self.word, self.near = word, tuple(near)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was asked for; None where nothing was said."""

    team: str | None = None
    month: Month | None = None
    basis: Basis | None = None
    by: str | None = None


def parse_arguments(connection: Connection, company: Company, words: Sequence[str]) -> Arguments:
    """Sort words into team, month (YYYY-MM), basis and `by …`; raises UnknownName for one too many."""
    team, month, basis, by = None, None, None, None
    rest = with_slugs(connection, company, words)
    while rest:
        word = rest.pop(0)
        if word.lower() == "by":
            by = _by(rest.pop(0) if rest else "")
        elif re.fullmatch(r"\d{4}-\d{1,2}", word):
            month = Month.parse(word)
        elif word.lower() in tuple(Basis):
            basis = Basis(word.lower())
        elif team is None:
            team = word
        else:
            near = nearest(word, (*Basis, *(f"by {name}" for name in BY)))
            hint = "After the team come a month (2026-11), a breakdown (by service) or a basis (billed)."
            raise UnknownName(f"I do not understand '{repeated(word)}'.", hint, word, near)
    return Arguments(team, month, basis, by)


def one_team(
    connection: Connection, company: Company, user_id: str, words: Sequence[str], takes: str = "Name one team."
) -> Team | None:
    """The team that a command's words name, if the person may see it; None where there are no words.

    Args:
        takes: what the command takes, for who writes more.

    Raises:
        UnknownName: words are left over, or there is no such team.
        NotAllowed: it is not theirs to see.
    """
    if not words:
        return None
    name, *rest = with_slugs(connection, company, words)
    if rest:
        raise UnknownName(f"I do not understand '{repeated(rest[0])}'.", takes, rest[0])
    return team_asked_for(connection, company, user_id, name)


def with_slugs(connection: Connection, company: Company, words: Sequence[str]) -> list[str]:
    """Words in which a team's name of several words has given way to its slug; of several names the longest counts."""
    found, rest = [], list(words)
    while rest:
        word, rest = leading_name(connection, company, rest)
        found.append(word)
    return found


def leading_name(connection: Connection, company: Company, words: Sequence[str]) -> tuple[str, list[str]]:
    """The slug of the team whose name of several words begins some words, else the first of them; and what follows.

    Args:
        words: at least one.
    """
    for end in range(min(len(words), LONGEST_NAME), 1, -1):
        if team := _called(connection, company, " ".join(words[:end])):
            return team.slug, list(words[end:])
    return words[0], list(words[1:])


def _called(connection: Connection, company: Company, name: str) -> Team | None:
    """The team that is shown by a name; a derived one's slug is made from it."""
    wanted = name.casefold()
    if listed := next((team for team in company.teams if team.name.casefold() == wanted), None):
        return listed
    derived = find_team(connection, company, slug(name))
    return derived if derived and derived.name.casefold() == wanted else None


def _by(word: str) -> str:
    found = word.lower() if word.lower() in BY else next(iter(nearest(word, BY, 1)), None)
    if found is None:
        raise UnknownName(f"There is no breakdown by '{repeated(word)}'.", f"There are by {', by '.join(BY)}.")
    return found


def team_asked_for(connection: Connection, company: Company, user_id: str, name: str | None) -> Team:
    """The team a person means, if they may see it; the only one of their own where they name none.

    Raises:
        UnknownName: no such team, with the nearest names.
        NotAllowed: it is not theirs to see.
    """
    if name is None:
        return _own_team(connection, company, user_id)
    team = team_named(connection, company, name)
    if team is None:
        near = nearest_teams(connection, company, user_id, name)
        raise UnknownName(f"There is no team '{repeated(name)}'.", "See /finops teams for all of them.", name, near)
    if company.visibility == "own" and not may_see(find_person(connection, user_id), company, team):
        raise not_theirs_to_see(team)
    return team


def nearest_teams(connection: Connection, company: Company, user_id: str, name: str) -> list[str]:
    """Slugs that look like a name, best first, of the teams whose figures a person may see."""
    return nearest(name, _visible(connection, company, user_id))


def team_named(connection: Connection, company: Company, name: str) -> Team | None:
    """The team of a slug or of a name as messages show it, whoever asks."""
    team = find_team(connection, company, name.lower()) or _called(connection, company, name)
    return team or find_team(connection, company, slug(name))


def not_theirs_to_see(team: Team) -> NotAllowed:
    """The refusal where a team's figures are kept to it."""
    return NotAllowed(
        f"The figures of '{team.slug}' are open to its owners and to FinOps, Finance and the executive sponsor.",
        "Ask one of them, or FinOps to add you.",
    )


def _own_team(connection: Connection, company: Company, user_id: str) -> Team:
    own = teams_of(find_person(connection, user_id), company)
    if len(own) == 1:
        return own[0]
    known = ", ".join(team.slug for team in own[:10])
    raise UnknownName("Which team?", f"Yours are {known}." if known else "See /finops teams for all of them.")


def _visible(connection: Connection, company: Company, user_id: str) -> list[str]:
    """Slugs of the teams whose figures a person may see."""
    if company.visibility == "workspace":
        return team_slugs(connection, company)
    person = find_person(connection, user_id)
    return [team.slug for team in all_teams(connection, company).values() if may_see(person, company, team)]


def teams_of(person: Person, company: Company) -> list[Team]:
    """Listed teams that a person owns or leads."""
    return [team for team in company.teams if roles_of(person, company, team) & {Role.OWNER, Role.ENGINEERING_LEAD}]
