"""HTML of the report: text made safe, tables that a screen reader and a phone can read, and exact amounts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from html import escape

from finops.money import plain
from views.report_words import cash
from views.text import isolate, tidy

_SIGN = re.compile(r"(?<!\S)(\(?[+\u2212])(?=\S{1,4}\d)")
"""A sign before an amount: it keeps it beside itself where a line breaks."""


def safe(text: str) -> str:
    """Text of others for HTML, on one line: nothing of it is markup, and none turns the direction of what follows."""
    return escape(isolate(_SIGN.sub("\\1\u2060", tidy(text)).replace(" %", "\u00a0%")))


def whole(text: str) -> str:
    """A text of several lines, each a paragraph; empty lines are left out."""
    return "".join(f"<p>{safe(line)}</p>" for line in text.splitlines() if line.strip())


def value(amount: Decimal, currency: str, signed: bool = False) -> str:
    """An amount as it is shown, with every digit of it for programs."""
    return f'<data value="{plain(amount)}">{escape(cash(amount, currency, signed))}</data>'


def lines(said: Iterable[str]) -> str:
    """A list of sentences."""
    return f"<ul>{''.join(f'<li>{safe(each)}</li>' for each in said)}</ul>"


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    foot: Sequence[str] | None = None,
    words: Collection[int] | None = None,
) -> str:
    """A table whose first column names the row; on a phone each row is a card. Cells are HTML already.

    Args:
        words: columns that hold words instead of figures; the tier's where nothing is said.
    """
    text = {number for number, name in enumerate(head) if name == "Tier"} if words is None else set(words)

    def cell(number: int, content: str) -> str:
        kind = "" if number in text else ' class="n"'
        return f'<td role="cell"{kind} data-label="{escape(head[number])}">{content}</td>'

    def row(cells: Sequence[str]) -> str:
        first, *others = cells
        shown = "".join(cell(number, content) for number, content in enumerate(others, start=1))
        return f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{shown}</tr>'

    named = "".join(
        f'<th scope="col" role="columnheader"{"" if number in text or not number else " class=n"}>{escape(name)}</th>'
        for number, name in enumerate(head)
    )
    body = "".join(map(row, rows))
    last = f'<tfoot role="rowgroup">{row(foot)}</tfoot>' if foot else ""
    return (
        f'<table class="wide" role="table"><caption>{escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{named}</tr></thead><tbody role="rowgroup">{body}</tbody>{last}</table>'
    )
