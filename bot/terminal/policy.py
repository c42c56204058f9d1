"""`finops policy`: what the ladder says in plain words, and what another one would have said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import click

from bot.installation import Installation
from bot.terminal._policy_rows import policy_data
from bot.terminal._replay_rows import count_rows, said_rows
from bot.terminal.output import FORMAT, counted, show
from bot.terminal.variance import unknown_team
from finops.basis import Basis
from finops.company import Company, Team
from finops.errors import FinopsError
from finops.forecast import RHYTHM_DAYS
from finops.history import MORNING, History, Mornings
from finops.periods import Month
from finops.policy_check import ANY_TEAM, differences, rungs, vacant
from finops.policy_doubts import doubts
from finops.replay import Replay
from finops.replay_course import Said
from storage.history import read_history, replayed_teams
from storage.spend import coverages
from views.amounts import long_day, month_name
from views.policy import policy_lines

POLICY = click.option(
    "--policy",
    "path",
    type=click.Path(path_type=Path),
    help="A finops.yaml, or a file without `teams:` whose keys replace those of the current one.",
)


@click.group("policy")
def COMMAND() -> None:
    """Explain who is called when, and try another policy on the months that are stored."""


@COMMAND.command("check")
@POLICY
@click.option("--team", "slug", help="With the people of one listed team.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def check(installation: Installation, path: Path | None, slug: str | None, form: str) -> None:
    """The policy in plain words: from when on who is called, what they must do by when, whom silence calls next; and
    what in it hardly anybody means.
    """
    installation.say_if_unconfigured(click.echo)
    company = _policy(installation, path)
    if slug is not None and slug not in company.listed:
        raise unknown_team(slug, list(company.listed))
    team = company.listed[slug] if slug else ANY_TEAM
    teams = [team] if slug else list(company.teams)
    today = company.today(installation.now)
    found, apart = rungs(company, team), differences(company, [each.slug for each in teams])
    warnings = doubts(company, teams)
    if form == "json":
        click.echo(json.dumps(policy_data(company, found, apart, warnings, today), indent=1, ensure_ascii=False))
        return
    of = f"{company.name}, team {team.name}" if slug else company.name
    for line in policy_lines(company, found, vacant(company, team), apart, warnings, today, of=of):
        click.echo(line)


@COMMAND.command("replay")
@click.option("--from", "first", required=True, help="The first month, YYYY-MM.")
@click.option("--to", "last", required=True, help="The last month, YYYY-MM; of a running one what is stored so far.")
@POLICY
@click.option("--team", "slug", help="One team only.")
@click.option("--silent", is_flag=True, help="Nobody ever answers; else whoever is called first acknowledges at once.")
@click.option("--list", "listed", is_flag=True, help="Everything that would have been said, one row each.")
@FORMAT
@click.pass_obj
def replay(
    installation: Installation,
    first: str,
    last: str,
    path: Path | None,
    slug: str | None,
    silent: bool,
    listed: bool,
    form: str,
) -> None:
    """Every alert and call that a policy would have made over stored months, beside the current policy: per team and
    per role. Nothing is sent or stored.
    """
    months = Month.parse(first), Month.parse(last)
    installation.say_if_unconfigured(click.echo)
    if months[0] > months[1]:
        raise FinopsError(f"{months[0]} is after {months[1]}.", "Give the earlier month to --from.")
    if months[0].first > installation.today:
        raise FinopsError(f"{months[0]} has not begun yet.", "Only stored months can be replayed.")
    policies = {"current": installation.company}
    if path is not None:
        policies["proposed"] = _policy(installation, path)
    through = _stored_through(installation, months)
    told = _told(installation, policies, months, slug, silent)
    if listed:
        zone = installation.company.zone()
        show(said_rows(told, form, zone), form, title=_title(months), empty="Nothing would have been said.")
    else:
        show(count_rows(told["current"], told.get("proposed"), shown=form == "table"), form, title=_title(months))
    for line in _assumptions(policies, through, silent):
        click.echo(line, err=form != "table")


def _policy(installation: Installation, path: Path | None) -> Company:
    from bot.configuration import load_policy

    return installation.company if path is None else load_policy(path, installation.company)


def _stored_through(installation: Installation, months: tuple[Month, Month]) -> date:
    """The last stored day of some months; raises FinopsError where there is none."""
    with installation.state.reading() as connection:
        known = coverages(connection).values()
    days = [min(each.last_day, months[1].last) for each in known if each.first_day <= months[1].last]
    if not days or max(days) < months[0].first:
        raise FinopsError(f"No days of {_title(months)} are stored.", "`finops ledger periods` lists what is.")
    return max(days)


def _told(
    installation: Installation,
    policies: Mapping[str, Company],
    months: tuple[Month, Month],
    slug: str | None,
    silent: bool,
) -> dict[str, dict[str, list[Said]]]:
    """Policy → team → what it would have been told."""
    first = months[0].previous.first - timedelta(days=RHYTHM_DAYS)
    histories: dict[Basis, History] = {}
    teams: dict[str, dict[str, Team]] = {}
    with installation.state.reading() as connection:
        for name, company in policies.items():
            if company.basis not in histories:
                histories[company.basis] = read_history(connection, company.basis, first, months[1].last)
            teams[name] = replayed_teams(connection, company, histories[company.basis])
    slugs = list(dict.fromkeys(found for known in teams.values() for found in known))
    if slug is not None and slug not in slugs:
        raise unknown_team(slug, slugs)
    runs: dict[str, Replay] = {}
    mornings: Mornings | None = None
    for name, company in policies.items():
        mornings = Mornings(histories[company.basis], company, mornings)
        runs[name] = Replay(company, mornings, *months, installation.now, silent=silent)
    told: dict[str, dict[str, list[Said]]] = {name: {} for name in policies}
    for each in progress(slugs if slug is None else [slug]):
        for name, run in runs.items():
            if each in teams[name]:
                told[name][each] = run.team(teams[name][each])
    return told


def progress(teams: Sequence[str]) -> Iterator[str]:
    """The teams one after the other: a progress bar on a terminal, one line elsewhere; both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        click.echo(f"finops: replaying {counted(len(teams), 'team')}", err=True)
        yield from teams
        return
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TextColumn("teams"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield from bar.track(teams)


def _title(months: tuple[Month, Month]) -> str:
    first, last = map(month_name, months)
    return first if first == last else f"{first} to {last}"


def _assumptions(policies: Mapping[str, Company], through: date, silent: bool) -> Iterator[str]:
    """What a replay takes for granted, line by line."""
    yield f"Days are stored through {long_day(through)}: as they are known today, restatements included."
    yield "Budgets are the ones approved today; rows belong to the teams they are published for."
    looks = {name: _looks(company) for name, company in policies.items()}
    if len(set(looks.values())) == 1:
        looks = {"": looks["current"]}
    for name, words in looks.items():
        yield f"Each morning{f' by the {name} policy' if name else ''}, {words}"
    answers = "nobody ever answers" if silent else "whoever is called first acknowledges at once"
    yield f"Alerts are live and {answers}; snoozes, explanations and leave are left out."


def _looks(company: Company) -> str:
    settled = f"settled after {counted(company.settled_after, 'day')}, basis {company.basis}"
    return f"{MORNING:%H:%M} {company.timezone}, shows the days up to the one before, {settled}."
