"""Teams that bills and budgets have named."""

from __future__ import annotations

from sqlalchemy import insert

from finops.company import Company
from storage.teams import TABLE, all_teams, team_slugs
from tests.storage.bills import Place


def test_teams_stand_in_one_order_on_every_server(place: Place) -> None:
    """Derived teams come by the code points of their slugs, however a server was told to sort texts."""
    ordered = ["Zeta", "data-platform", "data_lake", "database", "zeta", "ärger"]
    with place.state.writing() as connection:
        connection.execute(insert(TABLE), [{"slug": slug, "name": slug} for slug in sorted(ordered, key=len)])
    with place.state.reading() as connection:
        assert team_slugs(connection, Company()) == [*ordered, "unallocated"]
        assert list(all_teams(connection, Company())) == [*ordered, "unallocated"]
