"""Which teams there are: the listed ones, and those that a bill or budget has named."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from finops.company import Company, Team
from finops.scope import UNALLOCATED
from storage.tables import TeamRow

TABLE = TeamRow.__table__  # type: ignore[attr-defined]


_NAME = select(TABLE.c.name).where(TABLE.c.slug == bindparam("slug"))


def find_team(connection: Connection, company: Company, slug: str) -> Team | None:
    """A team by its slug, None where there is none."""
    if listed := company.listed.get(slug):
        return listed
    if slug == UNALLOCATED:
        return _made(company, UNALLOCATED, "Unallocated")
    name = connection.execute(_NAME, {"slug": slug}).scalar()
    return None if name is None else _made(company, slug, name)


def team_slugs(connection: Connection, company: Company) -> list[str]:
    """Slugs of every team, the listed ones first."""
    # Sorted here: in what order a server has texts depends on how it was set up.
    known = sorted(connection.execute(select(TABLE.c.slug)).scalars())
    return list(dict.fromkeys([*company.listed, *known, UNALLOCATED]))


def all_teams(connection: Connection, company: Company) -> dict[str, Team]:
    """Every team by slug: the listed ones in their order, then the derived ones by name, then `unallocated`."""
    teams = dict(company.listed)
    names = {slug: name for slug, name in connection.execute(select(TABLE.c.slug, TABLE.c.name))}
    for slug, name in sorted(names.items()):
        if slug not in teams and slug != UNALLOCATED:
            teams[slug] = _made(company, slug, name)
    teams[UNALLOCATED] = _made(company, UNALLOCATED, "Unallocated")
    return teams


def _made(company: Company, slug: str, name: str) -> Team:
    template = company.derived_teams.channel if company.derived_teams and slug != UNALLOCATED else ""
    return Team(slug=slug, name=name, channel=template.replace("{slug}", slug))
