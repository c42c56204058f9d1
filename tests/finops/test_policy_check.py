"""A policy laid open: who is called when, and what hardly anybody means."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest

from finops.calendar import WorkCalendar
from finops.company import Company, DerivedTeams, Team
from finops.policy import LADDER, AlertRules, Kind, Materiality, Role, Threshold, Tier
from finops.policy_check import Difference, Rung, differences, rungs, vacant
from finops.policy_doubts import doubts
from finops.scope import Derived

ROLES = {
    Role.FINOPS: ("@finops",),
    Role.FINANCE: ("dave@example.com",),
    Role.EXECUTIVE_SPONSOR: ("erin@example.com",),
}
PAYMENTS = Team("payments", "Payments", "#payments", ("alice@example.com",), "bob@example.com")
COMPANY = Company(teams=(PAYMENTS,), roles=ROLES)
FINOPS, SPONSOR = (Role.FINOPS,), (Role.EXECUTIVE_SPONSOR,)


def shown(rung: Rung) -> tuple[str, str, str | None, list[list[str]], int | None, int | None, bool]:
    """A rung in a few plain values."""
    chain = [[callee.name.partition("@")[0] or callee.name for callee in level.callees] for level in rung.chain]
    until = None if rung.up_to is None else str(rung.up_to)
    return rung.name, str(rung.above), until, chain, rung.answer_within, rung.due, rung.highest


def test_every_rung_calls_whom_the_alerts_call() -> None:
    """For a team, each rung names its people, then whom silence calls, with duties' days and the hours of silence."""
    assert [shown(rung) for rung in rungs(COMPANY, PAYMENTS)] == [
        ("investigate", "0.05", "0.10", [["alice", "@finops", "bob"], ["dave"], ["erin"]], 16, 5, False),
        ("formal", "0.10", "0.20", [["alice", "@finops", "dave", "bob"], ["erin"]], 8, 10, False),
        ("emergency", "0.20", None, [["alice", "erin", "dave"], ["@finops", "bob"]], 4, 1, True),
        ("investigate (under)", "0.05", "0.10", [["alice", "@finops"]], None, None, False),
        ("formal (under)", "0.10", "0.20", [["alice", "@finops"]], None, None, False),
        ("emergency (under)", "0.20", None, [["alice", "@finops"]], None, None, False),
        ("50 %", "0.5", "0.8", [[]], None, None, False),
        ("80 %", "0.8", "1", [["alice"]], None, None, False),
        ("100 %", "1", None, [["alice", "bob"]], None, None, False),
    ]


def test_any_team_has_owners_and_a_lead() -> None:
    """Without a team the roles of a team stand for themselves, and nobody lacks."""
    assert [callee.name for callee in rungs(COMPANY)[0].calls] == ["the owners", "@finops", "the engineering lead"]
    assert vacant(COMPANY) == frozenset()
    assert vacant(Company(teams=(PAYMENTS,)), PAYMENTS) == frozenset(ROLES)


def test_somebody_with_two_roles_is_called_once() -> None:
    """Whoever is called already is not called again further along."""
    both = replace(COMPANY, roles=ROLES | {Role.FINANCE: ("ERIN@example.com",)})
    chain = rungs(both, PAYMENTS)[0].chain
    assert [[callee.name for callee in level.callees] for level in chain[1:]] == [["ERIN@example.com"]]


def test_thresholds_that_raise_nothing_are_left_out() -> None:
    """Where the kind is switched off there are no rungs of it."""
    quiet = replace(COMPANY, alerts=AlertRules(kinds=(Kind.FORECAST,)))
    assert {rung.kind for rung in rungs(quiet)} == {Kind.FORECAST}


def test_teams_that_differ_stand_together() -> None:
    """Teams with the same materiality, calendar and clock of their own are one group; what is the company's is none."""
    early, small = WorkCalendar(begins=time(7), ends=time(15)), Materiality(Decimal(5))
    teams = (
        PAYMENTS,
        Team("a", "A", calendar=early, timezone="Asia/Tokyo"),
        Team("b", "B", calendar=WorkCalendar(), timezone="UTC", materiality=Materiality()),
        Team("c", "C", materiality=small),
        Team("d", "D", calendar=early, timezone="Asia/Tokyo"),
    )
    company = replace(COMPANY, teams=teams)
    assert differences(company, [team.slug for team in teams]) == [
        Difference(("a", "d"), None, early, "Asia/Tokyo"),
        Difference(("c",), small, None, ""),
    ]
    assert differences(company, ["c"]) == [Difference(("c",), small, None, "")]


def test_the_runbooks_policy_leaves_no_doubt() -> None:
    """With every role and team filled in, nothing is to be said."""
    assert doubts(COMPANY, COMPANY.teams) == []


def ladder(*tiers: Tier) -> Company:
    """The company with steps of its own above `note`."""
    return replace(COMPANY, ladder=(LADDER[0], *tiers))


LOOK = Tier("look", Decimal("0.1"), FINOPS, "look")
STOP = Tier("stop", Decimal("0.2"), SPONSOR, "stop")
NOWHERE = replace(PAYMENTS, slug="nowhere", channel="")


@pytest.mark.parametrize(
    ("company", "said"),
    [
        (
            replace(COMPANY, alerts=AlertRules(live=False)),
            ["Alerts are in shadow mode: they are evaluated and recorded, and nobody is called."],
        ),
        (replace(COMPANY, alerts=AlertRules(kinds=())), ["alerts.kinds is empty: no alert is ever raised."]),
        (
            replace(COMPANY, alerts=AlertRules(most_pings=0)),
            ["alerts.most_pings is 0: only the highest step calls anybody, all else waits for the week's digest."],
        ),
        (ladder(), ["The ladder has no step above note: nobody is ever called by it."]),
        (ladder(LOOK, replace(STOP, name="look")), ["2 steps are called look: nobody can tell them apart."]),
        (
            replace(COMPANY, ladder=(replace(LADDER[0], chance=Decimal("0.5")), *LADDER[1:])),
            ["note names a chance, and is where everything begins: it is never looked at."],
        ),
        (
            ladder(replace(LOOK, chance=Decimal("0.7")), replace(STOP, chance=Decimal("0.6"))),
            ["stop begins at a smaller chance than look: a month can be on it without having been on look."],
        ),
        (ladder(replace(LOOK, chance=Decimal("0.7")), replace(STOP, chance=Decimal("0.7"))), []),
        (
            replace(ladder(replace(LOOK, chance=Decimal("0.7"))), alerts=AlertRules(kinds=(Kind.CLOSED,))),
            ["Chances are named for look, and alerts.kinds leaves `forecast` out: no alert rises by them."],
        ),
        (ladder(replace(LOOK, who=())), ["look names no role to call: only the owners hear of it."]),
        (
            ladder(replace(LOOK, due=1, answer_within=9), STOP),
            ["look waits 9 working hours for an answer, and what is to be done is due within 8."],
        ),
        (ladder(replace(LOOK, due=1, answer_within=8), STOP), []),
        (
            ladder(replace(LOOK, answer_within=8)),
            ["look waits for an answer, and nobody is left to call when none comes."],
        ),
        (
            replace(ladder(LOOK, STOP), materiality=Materiality(ratio=Decimal("0.21"))),
            ["look is never reached: the materiality begins above it."],
        ),
        (replace(ladder(LOOK, STOP), materiality=Materiality(ratio=Decimal("0.2"))), []),
        (
            replace(COMPANY, roles={**ROLES, Role.FINANCE: ()}),
            ["roles.finance names nobody, and formal and emergency would call them."],
        ),
        (
            replace(
                COMPANY, alerts=AlertRules(thresholds=(Threshold(Decimal(1), FINOPS),)), roles={}, ladder=LADDER[:1]
            ),
            [
                "The ladder has no step above note: nobody is ever called by it.",
                "roles.finops names nobody, and thresholds would call them.",
                "Nobody has a role to be called in team payments by the 100 % threshold.",
            ],
        ),
        (
            replace(COMPANY, teams=(PAYMENTS, NOWHERE)),
            ["Team nowhere has no channel, and alerts.channel is not set: alerts there reach only whom they call."],
        ),
        (replace(COMPANY, teams=(PAYMENTS, NOWHERE), alerts=AlertRules(channel="#finops")), []),
        (
            replace(COMPANY, derived_teams=DerivedTeams(Derived(tag="team"))),
            ["Teams made from the bill have no owners and no engineering lead: the company's roles alone are called."],
        ),
    ],
)
def test_doubts(company: Company, said: list[str]) -> None:
    """Each thing that hardly anybody means is said in a sentence, and nothing else is."""
    assert doubts(company, company.teams) == said


def test_many_teams_are_counted() -> None:
    """A doubt names five teams and counts the others."""
    teams = tuple(Team(f"t{number}", "", "#c", engineering_lead="bob@example.com") for number in range(7))
    assert doubts(replace(COMPANY, teams=teams), teams)[0] == "Teams t0, t1, t2, t3, t4 and 2 more have no owners."


def test_a_team_in_which_nobody_is_called() -> None:
    """Where neither the team nor the company fills a role, the steps that would call it are named."""
    bare = Team("bare", "Bare", "#bare")
    company = replace(ladder(LOOK, STOP), teams=(bare,), roles={Role.EXECUTIVE_SPONSOR: ("erin@example.com",)})
    assert doubts(company, company.teams) == [
        "roles.finops names nobody, and look and stop would call them.",
        "Team bare has no owners.",
        "Team bare has no engineering lead.",
        "Nobody has a role to be called in team bare by look, look (under), stop (under), the 80 % threshold and the "
        "100 % threshold.",
    ]
