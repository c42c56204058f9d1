"""Draws the waterfall: one bar a step, from the top down, so that their names can be read on a phone."""

from __future__ import annotations

from typing import Any

from views.canvas import BLUE, FAINT, GREY, INK, RED, paper, to_png, write

UNDER = "#2f7d4f"
"""What lowers the cost; every bar says its amount with its sign too, so that no colour is needed to read it."""
_COLOURS = {"whole": BLUE, "over": RED, "under": UNDER}
_BAR = 0.62
"""Part of a row that a bar takes."""
_CLOSE = 0.28
"""Bars as large as the budget hide every step: the scale begins later where the steps are less than this of it."""


def draw_waterfall(data: dict[str, Any]) -> bytes:
    """The waterfall as PNG.

    Args:
        data: of views.waterfall: title, subtitle, symbol and bars, each a name, both its ends, its amount as shown, and
            'whole', 'over' or 'under'.
    """
    bars = [(name, float(start), float(end), said, kind) for name, start, end, said, kind in data["bars"]]
    low, high, cut = _scale([(start, end, kind) for _, start, end, _, kind in bars])
    subtitle = data["subtitle"] + (" · bars of the whole are cut off at the left" if cut else "")
    figure, axes = paper(data["title"], subtitle)
    axes.set_position((0.335, 0.05, 0.645, 0.74))
    axes.spines["bottom"].set_visible(False)
    axes.grid(visible=False)
    room = high - low
    # The amount stands beside its bar, to the right.
    axes.set_xlim(low - 0.01 * room, high + 0.36 * room)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    if low <= 0 <= high and not cut:
        axes.axvline(0, color=GREY, linewidth=1)
    size = 13.0 if len(bars) <= 8 else 11.5
    for row, (name, start, end, said, kind) in enumerate(bars):
        left, right = max(low, min(start, end)), max(low, start, end)
        colour = _COLOURS[kind]
        axes.barh(row, right - left, left=left, height=_BAR, color=colour, linewidth=0, zorder=3)
        # A step of next to nothing is still a line.
        axes.plot([end, end], [row - _BAR / 2, row + _BAR / 2], color=colour, linewidth=1.5, zorder=3)
        if row + 1 < len(bars):
            axes.plot([end, end], [row + _BAR / 2, row + 1 - _BAR / 2], color=FAINT, linewidth=1.2, zorder=2)
        place: dict[str, Any] = {"va": "center", "color": INK}
        shown = axes.text(-0.015, row, "", transform=axes.get_yaxis_transform(), ha="right", **place)
        write(shown, name, size * min(1.0, 25 / max(1, len(name))), bold=kind == "whole")
        amount = axes.text(right + 0.012 * room, row, "", ha="left", va="center", color=colour)
        write(amount, said, size * min(1.0, 14 / max(1, len(said))), bold=True)
    return to_png(figure)


def _scale(bars: list[tuple[float, float, str]]) -> tuple[float, float, bool]:
    """The lowest and highest amount drawn, and whether the bars of the whole are cut off."""
    ends = [end for _, end, _ in bars] + [start for start, _, kind in bars if kind != "whole"]
    low, high = min(ends), max(ends)
    if low > 0 and high - low < _CLOSE * high:
        room = (high - low) or high
        return max(0.0, low - 0.35 * room), high, True
    low, high = min(0.0, low), max(0.0, high)
    return low, high if high > low else low + 1, False
