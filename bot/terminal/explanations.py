"""`finops explanations`: what was explained, why, what was to follow, and how it was reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from bot.terminal.variance import unknown_team
from finops.explanation import Category, Explanation
from finops.money import plain
from finops.periods import Month
from storage.explanations import search_explanations
from storage.people import read_directory
from storage.teams import team_slugs
from views.amounts import money
from views.text import clip, tidy

GLIMPSE = 60
"""Characters of a text in the table; JSON and CSV give all of it."""


@click.command("explanations")
@click.option("--text", help="Words that What, Why or What next hold, all of them; parts of words count too.")
@click.option("--category", type=click.Choice([str(each) for each in Category]), help="One root cause.")
@click.option("--team", help="One team's.")
@click.option("--from", "since", help="First month, YYYY-MM.")
@click.option("--to", "until", help="Last month, YYYY-MM.")
@FORMAT
@click.pass_obj
def COMMAND(
    installation: Installation,
    text: str | None,
    category: str | None,
    team: str | None,
    since: str | None,
    until: str | None,
    form: str,
) -> None:
    """Every explanation, the newest month first."""
    installation.say_if_unconfigured(click.echo)
    with installation.state.reading() as connection:
        if team is not None and team not in (known := team_slugs(connection, installation.company)):
            raise unknown_team(team, known)
        found = search_explanations(
            connection,
            words=(text or "").split(),
            category=category or "",
            team=team or "",
            since=Month.parse(since) if since else None,
            until=Month.parse(until) if until else None,
        )
        names = read_directory(connection).names
    shape = _as_shown if form == "table" else as_row
    show([shape(each, names) for each in found], form, empty="No explanation was found.")


def as_row(explanation: Explanation, names: Mapping[str, str]) -> dict[str, Any]:
    """An explanation in the shape that programs rely on: amounts in full precision, moments in UTC."""
    wording, seen = explanation.wording, explanation.approved or explanation.explained
    return {
        "team": explanation.key.team,
        "month": str(explanation.key.month),
        "currency": explanation.key.currency,
        "number": explanation.number,
        "stage": str(explanation.stage),
        "category": str(wording.category),
        "stays": wording.stays,
        "amount": plain(wording.amount),
        "variance": plain(seen.value),
        "budget": plain(seen.budget),
        "basis": str(seen.basis),
        "forecast": seen.is_forecast,
        "what": wording.what,
        "why": wording.why,
        "following": wording.following,
        "authors": ", ".join(names.get(each, each) for each in explanation.authors),
        "submitted_at": explanation.submitted_at.isoformat(timespec="seconds"),
        "reviewer": names.get(explanation.reviewer, explanation.reviewer) or None,
        "reviewed_at": explanation.reviewed_at.isoformat(timespec="seconds") if explanation.reviewed_at else None,
        "review": explanation.review or None,
        "due": str(explanation.due) if explanation.due else None,
    }


def _as_shown(explanation: Explanation, names: Mapping[str, str]) -> dict[str, Any]:
    """What fits a terminal."""
    wording = explanation.wording
    return {
        "team": explanation.key.team,
        "month": str(explanation.key.month),
        "no": explanation.number,
        "amount": money(wording.amount, explanation.key.currency, signed=True),
        "category": str(wording.category),
        "stage": str(explanation.stage),
        "by": names.get(explanation.author, explanation.author),
        "what": clip(tidy(wording.what), GLIMPSE),
        "why": clip(tidy(wording.why), GLIMPSE),
        "what next": clip(tidy(wording.following), GLIMPSE) if wording.following.strip() else "",
    }
