"""A breakdown as a table of at most 40 columns, readable on a phone, whose lines add up to the actual exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.breakdown import Line
from finops.money import add, subtract
from finops.policy import ratio_of
from views.amounts import money, number, rounded, share
from views.text import clip_columns, columns, escape, literal, tidy

WIDTH = 40
LINES = 10
"""Most named lines; the others are added into one."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEAST_BAR = 4


@dataclass(frozen=True)
class Table:
    """A breakdown made ready to be shown.

    Attributes:
        lines: largest first, then 'N others', 'not broken down' and 'rounding' where there is such a rest; the shown
            amounts add up to the shown total.
        total: of all lines.
        currency: of every amount.
    """

    lines: tuple[Line, ...]
    total: Line
    currency: str


def table(lines: Sequence[Line], actual: Decimal, currency: str, most: int = LINES, last: Line | None = None) -> Table:
    """Gather the small lines into one and name whatever is left.

    Args:
        lines: a breakdown, largest first.
        actual: what the lines must add up to; a difference becomes a line of its own.
        last: a line that stands at the end whatever its size.
    """
    kept, others = (lines, ()) if len(lines) <= most else (lines[: most - 1], lines[most - 1 :])
    shown = list(kept)
    if others:
        shown.append(_gathered(f"{len(others):,} others", add(line.amount for line in others), others))
    rest = subtract(actual, add(line.amount for line in (*lines, *([last] if last else []))))
    if rest:
        shown.append(Line("not broken down", rest))
    shown += [last] if last else []
    total = _gathered("Total", actual, lines)
    return Table((*shown, *_rounding(shown, total, currency)), total, currency)


def _gathered(name: str, amount: Decimal, lines: Sequence[Line]) -> Line:
    """A line over others; its change is that of those which are compared with anything, so that changes add up too."""
    changes = [line.change for line in lines if line.change is not None]
    return Line(name, amount, subtract(amount, add(changes)) if changes else None)


def _rounding(lines: Sequence[Line], total: Line, currency: str) -> list[Line]:
    """What rounding each line by itself leaves over, so that the column still adds up."""
    amount = subtract(rounded(total.amount, currency), add(rounded(line.amount, currency) for line in lines))
    if total.change is None:
        return [Line("rounding", amount)] if amount else []
    changes = add(rounded(line.change, currency) for line in lines if line.change is not None)
    change = subtract(rounded(total.change, currency), changes)
    return [Line("rounding", amount, subtract(amount, change))] if amount or change else []


def as_text(given: Table) -> str:
    """The lines as a sentence of mrkdwn: 'Amazon EC2 $12,345.67 (+$1,234.50); …'."""
    return "; ".join(_said(line, given.currency) for line in (*given.lines, given.total)) + "."


def _said(line: Line, currency: str) -> str:
    change = "" if line.change is None else f" ({money(line.change, currency, signed=True)})"
    return f"{escape(line.name, 50)} {money(line.amount, currency)}{change}"


def as_code(given: Table) -> str:
    """The table in a code block: per line its name and share, below them amount, change and bar.

    The bar comes last because not every monospaced font draws its signs one column wide.
    """
    rows = (*given.lines, given.total)
    amounts = [number(line.amount, given.currency) for line in rows]
    changes = ["" if line.change is None else number(line.change, given.currency, signed=True) for line in rows]
    wide, wide_change = max(map(len, amounts)), max(map(len, changes))
    apart = 1 + wide + 2 + wide_change > WIDTH
    room = WIDTH - 1 - wide - (0 if apart or not wide_change else 2 + wide_change) - 2
    shares = _shares(given)
    largest = max((abs(line.amount) for line in given.lines), default=Decimal(0))
    out: list[str] = []
    for line, amount, change, part in zip(rows, amounts, changes, shares, strict=True):
        if line is given.total:
            out.append("─" * WIDTH)
        bar = "" if line is given.total else _bar(line.amount, largest, room)
        figures = f" {amount:>{wide}}" + ("" if apart or not wide_change else f"  {change:>{wide_change}}")
        out += [_titled(line.name, part), f"{figures}  {bar}".rstrip()]
        if apart and change:
            out.append(f" {change:>{max(wide, wide_change)}}")
    return "```\n" + "\n".join(out) + "\n```"


def _shares(given: Table) -> list[str]:
    """Each line's part of the total; none where credits make parts of a whole meaningless."""
    if given.total.amount <= 0 or any(line.amount < 0 for line in given.lines if line.name != "rounding"):
        return ["" for _ in range(len(given.lines) + 1)]
    parts = [
        "" if line.name == "rounding" else share(ratio_of(line.amount, given.total.amount)) for line in given.lines
    ]
    return [*parts, ""]


def _titled(name: str, part: str) -> str:
    room = WIDTH - len(part) - (1 if part else 0)
    shown = clip_columns(tidy(name), room)
    gap = " " * (room - columns(shown)) if part else ""
    return f"{literal(shown)}{gap} {part}" if part else literal(shown)


def _bar(amount: Decimal, largest: Decimal, room: int) -> str:
    if room < _LEAST_BAR or not largest:
        return ""
    eighths = int(abs(amount) / largest * room * 8)
    if amount < 0:
        return "░" * max(1, eighths // 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
