"""Rows on the terminal: a table for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

NUMBER = re.compile(r"[+−-]?[^\d\s]{0,3}\d[\d,.]*( %)?|n/a")
"""What is set to the right in a table: numbers, money and percentages."""
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="JSON and CSV give money in full precision.",
)


def show(rows: Sequence[Mapping[str, Any]], form: str, *, title: str = "", empty: str = "Nothing to show.") -> None:
    """Print rows that have the same keys; None is null in JSON, empty in CSV and – in a table."""
    if form == "json":
        click.echo(json.dumps(list(rows), indent=1, ensure_ascii=False))
    elif form == "csv":
        text = io.StringIO()
        if rows:
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        click.echo(text.getvalue(), nl=False)
    elif not rows:
        click.echo(empty)
    else:
        _table(rows, title)


def counted(number: int, what: str) -> str:
    """'1 file', '2 files'."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _table(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for name in rows[0]:
        numeric = all(_is_number(row[name]) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _is_number(value: Any) -> bool:
    return value is None or (not isinstance(value, bool) and bool(NUMBER.fullmatch(str(value))))
