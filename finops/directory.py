"""Who is who in the workspace: names in the configuration turned into people and user groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from finops.alert import Callee
from finops.company import Company, Team
from finops.policy import Role


@dataclass(frozen=True)
class Directory:
    """The workspace's people and user groups.

    Attributes:
        people: lower-case e-mail, and lower-case id → user id.
        groups: lower-case handle, and lower-case id → group id.
        names: user id → real name; group id → '@handle'.
        members: group id → ids of the people in it.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def callee(self, role: Role, name: str) -> Callee:
        """Somebody as configured; without an id where the workspace knows no such person or group."""
        word = name.lower().lstrip("@")
        return Callee(role, name, self.people.get(name.lower()) or self.groups.get(word) or "")

    def callees(self, company: Company, team: Team) -> dict[Role, tuple[Callee, ...]]:
        """Role → who has it in a team."""
        named = {**company.roles, Role.OWNER: team.owners}
        named[Role.ENGINEERING_LEAD] = (team.engineering_lead,) if team.engineering_lead else ()
        return {role: tuple(self.callee(role, name) for name in names) for role, names in named.items()}

    def asked_first(self, company: Company, team: Team) -> tuple[Callee, ...]:
        """Who is asked about a team's spend: its owners and engineering lead, FinOps where it has none."""
        known = self.callees(company, team)
        return (*known[Role.OWNER], *known[Role.ENGINEERING_LEAD]) or known.get(Role.FINOPS, ())
