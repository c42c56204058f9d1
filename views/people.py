"""People and user groups: mentioned where they are called, named where they are only spoken of."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from finops.alert import Callee
from finops.policy import Role
from views.text import escape
from views.tiers import listed

MOST = 10
"""Most people of one role that a message names; the others are counted."""
NOBODY: Mapping[str, Sequence[str]] = {}
"""Members of no group."""
AS = {
    Role.OWNER: "an owner",
    Role.ENGINEERING_LEAD: "the engineering lead",
    Role.FINOPS: "FinOps",
    Role.FINANCE: "Finance",
    Role.EXECUTIVE_SPONSOR: "the executive sponsor",
}
LABELS = {
    Role.OWNER: "Owners",
    Role.ENGINEERING_LEAD: "Engineering lead",
    Role.FINOPS: "FinOps",
    Role.FINANCE: "Finance",
    Role.EXECUTIVE_SPONSOR: "Executive sponsor",
}


def one_of(roles: Sequence[Role]) -> str:
    """'Finance or the executive sponsor'."""
    *others, last = (AS[role] for role in roles)
    return f"{', '.join(others)} or {last}" if others else last


def person(user_id: str, names: Mapping[str, str]) -> str:
    """Somebody's real name, or the id where nobody knows it; it pings nobody."""
    return escape(names.get(user_id) or user_id or "somebody", 60)


def mention(slack_id: str) -> str:
    """Text that pings a person or a user group."""
    return f"<!subteam^{slack_id}>" if slack_id.startswith("S") else f"<@{slack_id}>"


def callee(called: Callee, names: Mapping[str, str], pings: bool) -> str:
    """'<@U1>', 'Ada', 'ada@example.com (not found in Slack)', '<@U2> for Ada, who is on leave'."""
    if not called.id:
        return f"{escape(called.name, 60)} (not found in Slack)"
    shown = mention(called.id) if pings else escape(names.get(called.id) or called.name, 60)
    return f"{shown} for {person(called.stands_in_for, names)}, who is on leave" if called.stands_in_for else shown


def some(shown: Sequence[str], most: int = MOST) -> str:
    """'Ada, Bob and Cleo', 'Ada, Bob and 190 more'."""
    return listed(shown if len(shown) <= most else [*shown[: most - 1], f"{len(shown) - most + 1:,} more"])


def called_lines(callees: Iterable[Callee], names: Mapping[str, str], pings: bool) -> list[str]:
    """One line of mrkdwn a role: '• Owners: <@U1> and <@U2>'; groups first, for nothing else reaches them."""
    by_role: dict[Role, list[Callee]] = {}
    for each in sorted(callees, key=lambda each: not each.is_group):
        by_role.setdefault(each.role, []).append(each)
    return [
        f"• {LABELS[role]}: {some([callee(each, names, pings) for each in by_role[role]])}"
        for role in LABELS
        if role in by_role
    ]


def stood_in(callees: Iterable[Callee], stand_ins: Mapping[str, str]) -> list[Callee]:
    """Callees as they are called now, whoever is on leave replaced; a stand-in who is on leave too replaces nobody.

    Args:
        stand_ins: id of who is on leave → id of who takes their calls.
    """
    return [
        replace(each, id=other, stands_in_for=each.id)
        if (other := stand_ins.get(each.id)) and other not in stand_ins
        else each
        for each in callees
    ]


def told_directly(ids: Iterable[str], members: Mapping[str, Sequence[str]], without: Container[str] = ()) -> list[str]:
    """The people among some people and groups, a group's members in its place, each once.

    A mention of a group reaches only those of it who are in the channel.

    Args:
        ids: Slack ids of people and groups.
        members: id of a group → ids of the people in it.
        without: who is not told.
    """
    people = (person for each in ids for person in (members.get(each, ()) if each.startswith("S") else (each,)))
    return [each for each in dict.fromkeys(people) if each and each not in without]
