"""`finops migrate`: bring the state database to this version's tables."""

from __future__ import annotations

import click

from bot.installation import Installation
from storage.state import State, newest_revision


@click.command("migrate")
@click.pass_obj
def COMMAND(installation: Installation) -> None:
    """Bring the state database to this version's tables (the release step of a deployment)."""
    state = State(installation.settings.finops_database_url.get_secret_value())
    state.migrate()
    click.echo(f"The database is at migration {newest_revision()}.")
