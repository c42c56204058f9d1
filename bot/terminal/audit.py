"""`finops audit`: who decided, called, answered and set what, and whether the record of it is whole."""

from __future__ import annotations

import csv
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from itertools import chain, islice
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from bot.installation import Installation
from bot.terminal.output import FORMAT, as_json, csv_cell, show
from bot.terminal.variance import unknown_team
from finops.errors import FinopsError
from finops.periods import DAY, parse_day
from storage.audit import Sealed, head, read, verify
from storage.people import names_of
from storage.teams import team_slugs

AT_ONCE = 1_000
"""Entries whose people are looked up together."""
MOST_SHOWN = 1_000
"""Entries of a table, which has to be held as a whole before its columns can be drawn."""
COLUMNS = ("seq", "at", "who", "name", "action", "subject", "team", "was", "became", "note", "pinged", "hash")
Named = tuple[Sealed, str]


@click.group("audit", invoke_without_command=True)
@click.option("--team", help="One team's entries.")
@click.option("--subject", help="What it happened to, and all below: alert/payments, budget/payments/2026-11, policy.")
@click.option("--since", help="First day, YYYY-MM-DD, in the company's time zone.")
@click.option("--until", help="Last day, YYYY-MM-DD, in the company's time zone.")
@FORMAT
@click.pass_context
def COMMAND(
    context: click.Context, team: str | None, subject: str | None, since: str | None, until: str | None, form: str
) -> None:
    """Every decision, call, answer and setting change: who, when, what it was and became."""
    if context.invoked_subcommand:
        if any((team, subject, since, until)):
            raise click.UsageError("The record is checked as a whole: leave the options out.")
        return
    installation: Installation = context.obj
    company = installation.company
    begins = _midnight(since, company.zone()) if since else None
    ends = _midnight(until, company.zone(), days=1) if until else None
    with installation.state.reading() as connection:
        entries = read(connection, team=team, subject=subject, since=begins, until=ends)
        first = next(entries, None)
        if first is None and team is not None and team not in (known := team_slugs(connection, company)):
            raise unknown_team(team, known)
        found = _named(connection, chain([first] if first else [], entries))
        if form == "table":
            _print_table(found, company.zone())
        else:
            _stream(found, form)


@COMMAND.command("verify")
@click.option(
    "--expect", metavar="SEQ:HASH", help="A head printed before: shows also a lost end and a record rewritten."
)
@click.pass_obj
def check(installation: Installation, expect: str | None) -> None:
    """Recompute the chain of hashes and print its head, to be kept elsewhere; exit 1 where anything was changed."""
    kept = _head(expect) if expect else None
    with installation.state.reading() as connection:
        faults, (seq, sealed) = verify(connection, kept), head(connection)
    for fault in faults:
        click.echo(fault)
    if faults:
        raise FinopsError("The audit record is not what was written.", "Compare it with a backup of the database.")
    click.echo("Whole: 1 entry." if seq == 1 else f"Whole: {seq:,} entries.")
    click.echo(f"Head: {seq}:{sealed}")


def _midnight(text: str, zone: ZoneInfo, days: int = 0) -> datetime:
    return datetime.combine(parse_day(text) + days * DAY, time(0), zone)


def _head(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    if not match:
        raise click.BadParameter("it is a number, a colon and 64 hexadecimal digits.", param_hint="--expect")
    return int(match[1]), match[2]


def _named(connection: Connection, entries: Iterable[Sealed]) -> Iterator[Named]:
    """Entries with the real names of who did them, empty where the workspace knows none."""
    names: dict[str, str] = {}
    entries = iter(entries)
    while some := list(islice(entries, AT_ONCE)):
        new = {sealed.entry.who for sealed in some} - names.keys()
        names |= dict.fromkeys(new, "") | names_of(connection, new)
        yield from ((sealed, names[sealed.entry.who]) for sealed in some)


def _stream(found: Iterable[Named], form: str) -> None:
    """Entries one by one, so that a record of any length needs no memory."""
    output = sys.stdout
    if form == "csv":
        writer = csv.DictWriter(output, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for each in found:
            row = _row(each)
            spelled = {name: None if row[name] is None else as_json(row[name]) for name in ("was", "became")}
            writer.writerow({name: csv_cell(value) for name, value in (row | spelled).items()})
        return
    separator = "["
    for each in found:
        output.write(f"{separator}\n {as_json(_row(each))}")
        separator = ","
    output.write("[]\n" if separator == "[" else "\n]\n")


def _row(named: Named) -> dict[str, Any]:
    """An entry in the shape that programs rely on; instants in UTC."""
    sealed, name = named
    entry = sealed.entry
    values = {
        "seq": sealed.seq,
        "at": entry.at.isoformat(timespec="microseconds"),
        "who": entry.who,
        "name": name or None,
    }
    values |= {"action": entry.action, "subject": entry.subject, "team": entry.team or None}
    values |= {"was": entry.was, "became": entry.became, "note": entry.note or None}
    return values | {"pinged": entry.pinged, "hash": sealed.hash}


def _print_table(found: Iterable[Named], zone: ZoneInfo) -> None:
    """The newest entries for people, each with what changed."""
    newest: deque[Named] = deque(maxlen=MOST_SHOWN)
    number = 0
    for each in found:
        newest.append(each)
        number += 1
    rows = [
        {
            "at": sealed.entry.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
            "who": name or sealed.entry.who,
            "action": sealed.entry.action,
            "subject": sealed.entry.subject,
            "what": _difference(sealed.entry.was or {}, sealed.entry.became or {}),
            "note": sealed.entry.note,
        }
        for sealed, name in newest
    ]
    show(rows, "table", title=f"Audit record, times in {zone.key}", empty="Nothing is on record.")
    if number > len(rows):
        click.echo(f"The newest {len(rows):,} of {number:,} entries. --since narrows it down; --format csv gives all.")


def _difference(was: Mapping[str, Any], became: Mapping[str, Any]) -> str:
    """'step 0 → 2; calls Alice, @finops': what is not as it was."""
    changed = (name for name in dict.fromkeys((*was, *became)) if was.get(name) != became.get(name))
    return "; ".join(f"{name} {_change(was, became, name)}" for name in changed)


def _change(was: Mapping[str, Any], became: Mapping[str, Any], name: str) -> str:
    if name not in was:
        return _word(became[name])
    return f"{_word(was[name])} → {_word(became[name]) if name in became else '–'}"


def _word(value: Any) -> str:
    """A value in a few words; people by their names."""
    if isinstance(value, list):
        return ", ".join(_word(each) for each in value) or "none"
    if isinstance(value, Mapping) and "name" in value:
        return str(value["name"])
    return "–" if value is None else value if isinstance(value, str) else as_json(value)
