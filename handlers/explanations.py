"""`/finops explanations`: what was said before, found by its words."""

from __future__ import annotations

from collections.abc import Sequence

from finops.company import Company
from finops.explanation import Explanation
from finops.names import repeated
from handlers.alert_access import Asker, team_of
from handlers.arguments import UnknownName, leading_name, nearest_teams, team_named
from handlers.explanation_reviews import show
from handlers.request import Command, Reply, Request
from storage.explanations import search_explanations
from storage.people import names_of
from storage.state import State
from storage.teams import all_teams
from views.explanation import SHOW
from views.explanations import MOST, explanations_message

AT_ONCE = 500
"""Most explanations that are looked through for those that a person may see."""


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """Explanations that hold all the words, of the team named first where one is, newest month first.

    Raises:
        UnknownName: none is found, and the first word looks like the name of a team.
    """
    words: Sequence[str] = request.words
    with state.reading() as connection:
        named = None
        if words:
            first, rest = leading_name(connection, company, words)
            named = team_named(connection, company, first)
            words = rest if named else words
        teams, asker = all_teams(connection, company), Asker(connection, company, request)
        found: list[Explanation] = []
        for each in search_explanations(connection, words=words, team=named.slug if named else "", most=AT_ONCE):
            if asker.sees(team_of(teams, each.key.team)):
                found.append(each)
            if len(found) > MOST:
                break
        looks_up = bool(words) and named is None and not found
        if looks_up and (near := nearest_teams(connection, company, request.user_id, words[0])):
            reason = f"No explanation with '{repeated(' '.join(words))}' was found."
            raise UnknownName(reason, "`/finops explain` writes one.", words[0], near)
        names = names_of(connection, {name for each in found for name in (each.reviewer, *each.authors)})
    return Reply(explanations_message(found, teams, names, asked=" ".join(request.words), more=len(found) > MOST))


COMMAND = Command(
    "explanations",
    "[team] [words]",
    "what was explained before, and what was decided then",
    answer,
    actions={SHOW: show},
)
