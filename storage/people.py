"""The cached directory of the Slack workspace: people, user groups and channels."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from finops.company import Person
from finops.directory import Directory
from storage.tables import SlackChannelRow, SlackGroupMemberRow, SlackPersonRow

PEOPLE = SlackPersonRow.__table__  # type: ignore[attr-defined]
GROUPS = SlackGroupMemberRow.__table__  # type: ignore[attr-defined]
CHANNELS = SlackChannelRow.__table__  # type: ignore[attr-defined]


_PERSON = (
    select(PEOPLE.c.email, GROUPS.c.handle, GROUPS.c.group_id)
    .outerjoin(GROUPS, GROUPS.c.user_id == PEOPLE.c.user_id)
    .where(PEOPLE.c.user_id == bindparam("user_id"))
)


def find_person(connection: Connection, user_id: str) -> Person:
    """A person by Slack's id; one the cache does not know yet has neither e-mail nor groups."""
    rows = connection.execute(_PERSON, {"user_id": user_id}).all()
    email = rows[0].email.lower() if rows else ""
    return Person(user_id, email, frozenset(name for row in rows for name in (row.handle, row.group_id) if name))


def read_directory(connection: Connection) -> Directory:
    """Everybody and every group that the cache knows."""
    people: dict[str, str] = {}
    groups: dict[str, str] = {}
    names: dict[str, str] = {}
    for user_id, name, email in connection.execute(select(PEOPLE.c.user_id, PEOPLE.c.name, PEOPLE.c.email)):
        names[user_id] = name
        people[user_id.lower()] = user_id
        if email:
            people[email.lower()] = user_id
    members: dict[str, tuple[str, ...]] = {}
    query = select(GROUPS.c.group_id, GROUPS.c.handle, GROUPS.c.user_id).order_by(GROUPS.c.group_id, GROUPS.c.user_id)
    for group_id, handle, user_id in connection.execute(query):
        names[group_id] = f"@{handle}"
        groups |= {group_id.lower(): group_id, handle.lower(): group_id}
        members[group_id] = (*members.get(group_id, ()), user_id)
    return Directory(people, groups, names, members)


def names_of(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Slack id → real name, or '@handle' of a group; the unknown are left out."""
    wanted = sorted({each for each in ids if each})
    people = select(PEOPLE.c.user_id, PEOPLE.c.name).where(PEOPLE.c.user_id.in_(wanted))
    groups = select(GROUPS.c.group_id, GROUPS.c.handle).where(GROUPS.c.group_id.in_(wanted)).distinct()
    found = {user_id: name for user_id, name in connection.execute(people)}
    return found | {group_id: f"@{handle}" for group_id, handle in connection.execute(groups)}


def channel_id(connection: Connection, destination: str) -> str | None:
    """The id of '#name', an id as it is, None for a name the cache does not know."""
    if not destination.startswith("#"):
        return destination
    found = connection.execute(select(CHANNELS.c.channel_id).where(CHANNELS.c.name == destination[1:])).scalar()
    return None if found is None else str(found)


def channels(connection: Connection) -> dict[str, bool]:
    """Known channels by '#name' and by id, each with whether the bot is a member."""
    query = select(CHANNELS.c.channel_id, CHANNELS.c.name, CHANNELS.c.is_member)
    return {way: member for key, name, member in connection.execute(query) for way in (f"#{name}", key)}


def replace_directory(
    connection: Connection,
    people: Iterable[tuple[str, str, str, str]],
    groups: Iterable[tuple[str, str, str]],
    known_channels: Iterable[tuple[str, str, bool]],
) -> None:
    """Replace the whole cache.

    Args:
        people: (user id, name, e-mail, time zone).
        groups: (group id, handle, user id), one per member.
        known_channels: (channel id, name, whether the bot is in it).
    """
    for table, names, rows in (
        (PEOPLE, ("user_id", "name", "email", "timezone"), people),
        (GROUPS, ("group_id", "handle", "user_id"), groups),
        (CHANNELS, ("channel_id", "name", "is_member"), known_channels),
    ):
        connection.execute(delete(table))
        if found := [dict(zip(names, row, strict=True)) for row in rows]:
            connection.execute(insert(table), found)


def is_filled(connection: Connection) -> bool:
    """Whether the cache holds anybody."""
    return bool(connection.execute(select(func.count()).select_from(PEOPLE)).scalar())


def is_member(connection: Connection, channel: str) -> bool:
    """Whether the cache knows the bot as a member of a channel, by its id."""
    return bool(connection.execute(select(CHANNELS.c.is_member).where(CHANNELS.c.channel_id == channel)).scalar())


def channel_name(connection: Connection, channel: str) -> str | None:
    """'#name' of a channel id, None for one the cache does not know."""
    found = connection.execute(select(CHANNELS.c.name).where(CHANNELS.c.channel_id == channel)).scalar()
    return None if found is None else f"#{found}"


def known_emails(connection: Connection) -> set[str]:
    """E-mail addresses of everybody the cache knows, lower case."""
    return {email.lower() for email in connection.execute(select(PEOPLE.c.email)).scalars() if email}


def touch(connection: Connection) -> None:
    """Write and take back one row: whether the database takes writes at all."""
    connection.execute(insert(PEOPLE).values(user_id="doctor", name="doctor", email="", timezone=""))
    connection.execute(delete(PEOPLE).where(PEOPLE.c.user_id == "doctor"))
