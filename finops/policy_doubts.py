"""What a policy allows and hardly anybody means: roles that nobody has, steps that call nobody, times that clash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from finops.company import Company, Team
from finops.policy import Kind, Materiality, Role, Tier
from finops.policy_check import Rung, rungs

OF_THE_COMPANY = {
    Role.FINOPS: "finops",
    Role.FINANCE: "finance",
    Role.EXECUTIVE_SPONSOR: "executive_sponsor",
}
MOST_NAMED = 5
"""Most teams that a doubt names; the others are counted."""


def doubts(company: Company, teams: Sequence[Team]) -> list[str]:
    """A sentence for each doubt, those about everybody first.

    Args:
        teams: those whose alerts the policy is for.
    """
    return [*_of_rules(company), *_of_tiers(company), *_of_roles(company), *_of_teams(company, teams)]


def _of_rules(company: Company) -> Iterator[str]:
    rules = company.alerts
    if not rules.live:
        yield "Alerts are in shadow mode: they are evaluated and recorded, and nobody is called."
    if not rules.kinds:
        yield "alerts.kinds is empty: no alert is ever raised."
    if not rules.most_pings:
        yield "alerts.most_pings is 0: only the highest step calls anybody, all else waits for the week's digest."


def _of_tiers(company: Company) -> Iterator[str]:
    ladder = company.ladder
    if len(ladder) == 1:
        yield f"The ladder has no step above {ladder[0].name}: nobody is ever called by it."
    for name, number in Counter(tier.name for tier in ladder).items():
        if number > 1:
            yield f"{number} steps are called {name}: nobody can tell them apart."
    yield from _of_chances(company)
    chains = {rung.step: rung for rung in rungs(company) if rung.kind is not Kind.THRESHOLD}
    for step, tier in enumerate(ladder[1:], 1):
        if not tier.who:
            yield f"{tier.name} names no role to call: only the owners hear of it."
        yield from _of_answers(company, tier, chains[step])
    for materiality, whose in _materialities(company):
        for tier, following in pairwise(ladder[1:]):
            if materiality.both and materiality.ratio > following.above:
                yield f"{tier.name} is never reached: {whose} materiality begins above it."


def _of_chances(company: Company) -> Iterator[str]:
    first, *others = company.ladder
    if first.chance is not None:
        yield f"{first.name} names a chance, and is where everything begins: it is never looked at."
    named = [tier for tier in others if tier.chance is not None]
    if named and Kind.FORECAST not in company.alerts.kinds:
        which = _listed([tier.name for tier in named])
        yield f"Chances are named for {which}, and alerts.kinds leaves `forecast` out: no alert rises by them."
    for tier, following in pairwise(others):
        if tier.chance is not None and following.chance is not None and following.chance < tier.chance:
            yield (
                f"{following.name} begins at a smaller chance than {tier.name}: a month can be on it without having "
                f"been on {tier.name}."
            )


def _of_answers(company: Company, tier: Tier, rung: Rung) -> Iterator[str]:
    calendar = company.calendar
    begins, ends = (datetime.combine(date.min, clock) for clock in (calendar.begins, calendar.ends))
    if tier.answer_within is None:
        return
    if tier.due is not None:
        left = max(tier.due, 1) * (ends - begins) / timedelta(hours=1)
        if tier.answer_within > left:
            yield (
                f"{tier.name} waits {tier.answer_within} working hours for an answer, and what is to be done is due "
                f"within {left:g}."
            )
    if len(rung.chain) == 1:
        yield f"{tier.name} waits for an answer, and nobody is left to call when none comes."


def _materialities(company: Company) -> Iterator[tuple[Materiality, str]]:
    yield company.materiality, "the"
    for team in company.teams:
        if team.materiality:
            yield team.materiality, f"the {team.slug} team's"


def _of_roles(company: Company) -> Iterator[str]:
    for role, key in OF_THE_COMPANY.items():
        steps = [tier.name for tier in company.ladder[1:] if role in (*tier.who, *tier.who_under)]
        if Kind.THRESHOLD in company.alerts.kinds and any(role in each.who for each in company.alerts.thresholds):
            steps.append("thresholds")
        if steps and not company.roles.get(role):
            yield f"roles.{key} names nobody, and {_listed(steps)} would call them."


def _of_teams(company: Company, teams: Sequence[Team]) -> Iterator[str]:
    called = [*(tier.who for tier in company.ladder[1:]), *(each.who for each in company.alerts.thresholds)]
    leads = any(Role.ENGINEERING_LEAD in roles for roles in called)
    cases = (
        ("no owners", [team for team in teams if not team.owners]),
        ("no engineering lead", [team for team in teams if leads and not team.engineering_lead]),
        (
            "no channel, and alerts.channel is not set: alerts there reach only whom they call",
            [team for team in teams if not team.channel and not company.alerts.channel],
        ),
    )
    for what, found in cases:
        if found:
            yield f"{_teams(found)} {'has' if len(found) == 1 else 'have'} {what}."
    silent: dict[str, list[Team]] = {}
    for team in teams:
        for rung in rungs(company, team):
            if not rung.calls and rung.chain[0].roles:
                name = f"the {rung.name} threshold" if rung.kind is Kind.THRESHOLD else rung.name
                silent.setdefault(name, []).append(team)
    alike: dict[str, list[str]] = {}
    for name, found in silent.items():
        alike.setdefault(_teams(found), []).append(name)
    for whose, names in alike.items():
        yield f"Nobody has a role to be called in {whose[0].lower()}{whose[1:]} by {_listed(names)}."
    if company.derived_teams:
        yield "Teams made from the bill have no owners and no engineering lead: the company's roles alone are called."


def _teams(teams: Sequence[Team]) -> str:
    names = [team.slug for team in teams]
    more = len(names) - MOST_NAMED
    shown = _listed(names if more <= 0 else [*names[:MOST_NAMED], f"{more:,} more"])
    return f"Team {shown}" if len(names) == 1 else f"Teams {shown}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
