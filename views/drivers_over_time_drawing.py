"""Draws the drivers over time: a column a month, what raised the cost above the line and what lowered it below."""

from __future__ import annotations

from typing import Any

from views.canvas import AMBER, BLUE, GREY, INK, PAPER, WIDTH, font, paper, to_png, write

_COLOURS = (BLUE, AMBER, "#8fb4d6", "#2f7d4f", "#e0b677", "#b9bcc0")
"""By rank; neighbours differ in lightness too, so that they can be told apart without their colours."""
_WIDE = 0.62
"""Part of a month's place that its column takes."""
_LABELLED = WIDTH * 72 * 0.665 * 0.94
"""Points that the labels of all months share: the axes' width, less what keeps two of them apart."""
_SIGN = 0.74
"""Of the size, a sign of a bold amount is at most this wide on average."""
_MOST_LONG, _LEGIBLE = 6, 8.0
"""Most months whose changes are shown at length, and the smallest size in points for that."""
_ROW = 0.105
"""Of the axes' height, between two names."""


def draw_drivers_over_time(data: dict[str, Any]) -> bytes:
    """The drivers over time as PNG.

    Args:
        data: of views.drivers_over_time: title, subtitle, symbol, months, parts (each a name and its amount in every
            month) and changes (each an amount and how it is shown, at length and in short).
    """
    figure, axes = paper(data["title"], data["subtitle"])
    axes.set_position((0.045, 0.125, 0.665, 0.66))
    axes.spines["bottom"].set_visible(False)
    axes.grid(visible=False)
    number = len(data["months"])
    above, below = [0.0] * number, [0.0] * number
    for (_, amounts), colour in zip(data["parts"], _COLOURS, strict=False):
        for month, amount in enumerate(map(float, amounts)):
            ends = above if amount > 0 else below
            axes.bar(month, amount, bottom=ends[month], width=_WIDE, color=colour, linewidth=0, zorder=3)
            ends[month] += amount
    axes.axhline(0, color=GREY, linewidth=1, zorder=4)
    room = (max(above) - min(below)) or 1.0
    axes.set_ylim(min(below) - 0.04 * room, max(above) + 0.16 * room)
    axes.set_xlim(-0.6, number - 0.4)
    axes.set_yticks([])
    size = min(12.5, 75 / number)
    axes.set_xticks(range(number), data["months"], parse_math=False, color=GREY, fontproperties=font(size))
    labels, label_size = _labels([shown for _, *shown in data["changes"]])
    for month, ((change, *_), said) in enumerate(zip(data["changes"], labels, strict=True)):
        axes.plot(
            month,
            float(change),
            marker="D",
            markersize=7,
            color=INK,
            markeredgecolor=PAPER,
            markeredgewidth=1.2,
            zorder=6,
        )
        place = axes.text(month, above[month] + 0.025 * room, "", ha="center", va="bottom", color=INK)
        write(place, said, label_size, bold=True)
    _names(axes, [name for name, _ in data["parts"]])
    return to_png(figure)


def _labels(shown: list[list[str]]) -> tuple[list[str], float]:
    """What stands above each column and its size in points, so that no two meet and none reaches the legend.

    Args:
        shown: of each month the forms of its change, the longest first; what was queued once has one.
    """
    place = _LABELLED / (len(shown) + 0.2)

    def size(labels: list[str]) -> float:
        return min(12.0, place / (_SIGN * max(map(len, labels))))

    long, short = [forms[0] for forms in shown], [forms[-1] for forms in shown]
    chosen = long if len(shown) <= _MOST_LONG and size(long) >= _LEGIBLE else short
    return chosen, size(chosen)


def _names(axes: Any, names: list[str]) -> None:
    """What each colour is, largest first, and what the mark is."""
    place: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "color": INK}
    for row, (name, colour) in enumerate(zip(names, _COLOURS, strict=False)):
        height = 0.95 - _ROW * row
        axes.plot(1.035, height, marker="s", markersize=10, color=colour, transform=axes.transAxes, clip_on=False)
        write(axes.text(1.065, height, "", **place), name, 11.5 * min(1.0, 20 / len(name)))
    height = 0.95 - _ROW * len(names)
    axes.plot(1.035, height, marker="D", markersize=7, color=INK, transform=axes.transAxes, clip_on=False)
    write(axes.text(1.065, height, "", **place), "change in all", 11.5)
