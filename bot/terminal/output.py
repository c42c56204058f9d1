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

from views.report_csv import safe

NUMBER = re.compile(r"[+−-]?[^\d\s]{0,3}\d[\d,.]*( %)?|n/a")
"""What is set to the right in a table: numbers, money and percentages."""
AMOUNT = re.compile(r"[+-]?\d+(\.\d+)?(E[+-]?\d+)?")
"""A number as CSV gives it."""
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Control characters but for the end of a line."""
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
        click.echo(as_json(list(rows), indent=1))
    elif form == "csv":
        text = io.StringIO()
        if rows:
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({name: csv_cell(value) for name, value in row.items()} for row in rows)
        click.echo(text.getvalue(), nl=False)
    elif not rows:
        click.echo(empty)
    else:
        _table(rows, title)


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON in which letters stay as they are, and no control character does."""
    return CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(value, indent=indent, ensure_ascii=False))


def csv_cell(value: Any) -> Any:
    """A value for CSV: a text that a spreadsheet would take for a formula begins with a quote, a number never does.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return shown if AMOUNT.fullmatch(shown) else safe(shown)


def visible(text: str) -> str:
    """A text whose control characters are spelled out, so that none reaches the terminal; lines stay lines."""
    return CONTROL.sub(lambda sign: f"\\x{ord(sign[0]):02x}", text)


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
    return visible(str(value))


def _is_number(value: Any) -> bool:
    return value is None or (not isinstance(value, bool) and bool(NUMBER.fullmatch(str(value))))
