"""The audit record without what guards it, as the database's owner can have it."""

from __future__ import annotations

from sqlalchemy import Connection, text

TRIGGERS = {
    "sqlite": ("DROP TRIGGER audit_no_UPDATE", "DROP TRIGGER audit_no_DELETE"),
    "postgresql": ("DROP TRIGGER audit_only_grows ON audit",),
}


def unguard(connection: Connection) -> None:
    """Take away what keeps the record as it is."""
    for statement in TRIGGERS[connection.dialect.name]:
        connection.execute(text(statement))
