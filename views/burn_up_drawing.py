"""Draws the burn-up: cumulative actual, target line, budget and the forecast's fan."""

from __future__ import annotations

from datetime import date
from math import atan2, degrees, sqrt
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from finops.forecast import RHYTHM_DAYS
from views.amounts import short_day
from views.canvas import AMBER, BLUE, GREY, INK, PALE_BLUE, PAPER, RED, font, paper, to_png, write

Points = list[tuple[float, float]]
Words = tuple[str, str, tuple[str, ...], str]
"""Name, amount, smaller lines below them, and the colour."""


class Fan(NamedTuple):
    """The forecast's lines, and those of its 80 % (low, high) and 95 % interval (lowest, highest)."""

    middle: Points
    low: Points
    high: Points
    lowest: Points
    highest: Points


_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_LINE_HEIGHT = 0.094
"""What a line of writing takes of the axes' height."""
_SMALL = 0.75
"""A smaller line of it."""
_AXES_POINTS = 207
"""The axes' height in points."""
_EARLY, _LATE = 9, 0.85
"""Days up to which the actual's name would lie on its own line, and the part of a month from which it has no room."""


def draw_burn_up(data: dict[str, Any]) -> bytes:
    """The burn-up as PNG.

    Args:
        data: of views.burn_up: title, subtitle, symbol, first, last, actual, provisional_from, budget, forecast and
            labels.
    """
    hatched = " · hatched days are provisional" if data["provisional_from"] else ""
    figure, axes = paper(data["title"], data["subtitle"] + hatched)
    first, last = date.fromisoformat(data["first"]), date.fromisoformat(data["last"])
    actual = [(_x(day, first), float(amount)) for day, amount in data["actual"]]
    budget = None if data["budget"] is None else float(data["budget"])
    fan = _fan(data["forecast"], first)
    length = (last - first).days + 1
    _scale(axes, [y for _, y in actual] + [line[-1][1] for line in fan or ()] + [budget or 0.0], length)
    _ticks(axes, data["symbol"], first, last)
    if budget is not None:
        _budget(axes, budget, length, actual)
    if fan:
        _draw_fan(axes, fan)
    _draw_actual(axes, actual, data["provisional_from"] and _x(data["provisional_from"], first))
    _name_lines(axes, data, fan, actual, length)
    return to_png(figure)


def _x(day: str, first: date) -> float:
    """A day's end as a distance from the month's beginning, in days."""
    return float((date.fromisoformat(day) - first).days + 1)


def _fan(forecast: dict[str, Any] | None, first: date) -> Fan | None:
    """The forecast from the last settled day on, its scatter growing as finops.forecast has it grow."""
    if forecast is None:
        return None
    start = _x(forecast["settled_through"], first)
    middle = [(max(0.0, start), float(forecast["settled"]))]
    middle += [(_x(day, first), float(amount)) for day, amount in forecast["by_day"]]
    end = middle[-1][1]
    days = middle[-1][0] - start

    def grown(x: float) -> float:
        return sqrt((x - start) + (x - start) ** 2 / RHYTHM_DAYS) / sqrt(days + days**2 / RHYTHM_DAYS)

    def line(name: str) -> Points:
        # Pictures that were queued by an earlier version know of one interval.
        away = float(forecast.get(name, end)) - end
        return [(x, y + away * grown(x)) for x, y in middle]

    return Fan(middle, *map(line, ("low", "high", "lowest", "highest")))


def _scale(axes: Axes, amounts: list[float], length: int) -> None:
    low, high = min(0.0, *amounts), max(0.0, *amounts)
    room = (high - low) or 1.0
    axes.set_xlim(0, length)
    axes.set_ylim(low - (0.06 * room if low < 0 else 0), high + 0.1 * room)


def _ticks(axes: Axes, symbol: str, first: date, last: date) -> None:
    length = (last - first).days + 1
    low, high = axes.get_ylim()
    step = _step((high - low) / 4)
    marks = [step * number for number in range(int(low // step), int(high // step) + 1) if low <= step * number <= high]
    amounts = [_compact(mark, symbol, step) for mark in marks]
    days = (1, 8, 15, 22, length)
    names = [short_day(first.replace(day=day)) if day in (1, length) else str(day) for day in days]
    size = 12.5 * min(1.0, 5.5 / max(map(len, amounts)))
    axes.set_yticks(marks, amounts, parse_math=False, color=GREY, fontproperties=font(size))
    axes.set_xticks(days, names, parse_math=False, color=GREY, fontproperties=font(12.5))


def _step(rough: float) -> float:
    """The round number (1, 2, 2.5 or 5 times a power of ten) next above a distance."""
    power = 10.0 ** int(f"{rough:e}".split("e")[1])
    return next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)


def _compact(amount: float, symbol: str, step: float, digits: int = 4) -> str:
    """'$20k', '−$2.5M', '¥2e+17'; longer symbols are left to the subtitle."""
    minus, before = "−" if amount < 0 else "", symbol if len(symbol) < 3 else ""
    size = max(abs(amount), step)
    if size >= 1e15:
        return f"{minus}{before}{abs(amount):.3g}"
    unit, suffix = next(((unit, suffix) for unit, suffix in _UNITS if size >= unit), (1.0, ""))
    return f"{minus}{before}{abs(amount) / unit:,.{digits}g}{suffix if amount else ''}"


def _budget(axes: Axes, budget: float, length: int, actual: Points) -> None:
    axes.axhline(budget, color=RED, linewidth=1.6, zorder=3)
    if budget <= 0:
        return
    axes.plot([0, length], [0, budget], color=GREY, linewidth=1.4, linestyle=(0, (5, 3)), zorder=3)
    # The line's own name stands where the actual is not: above it where spend is below, and late in an early month.
    early = actual[-1][0] < _EARLY
    spent = next((y for x, y in actual if x >= 6), 0.0)
    above = not early and spent <= budget * 6 / length
    at = 0.62 * length if early else 7.5 if above else 9.0
    name = axes.annotate(
        "",
        (at, budget * at / length),
        (0, 7 if above else -7),
        textcoords="offset points",
        rotation=_slope(axes, budget / length),
        rotation_mode="anchor",
        color=GREY,
        ha="center",
        va="bottom" if above else "top",
        zorder=6,
    )
    write(name, "target line", 12)


def _slope(axes: Axes, rise: float) -> float:
    """The angle in degrees at which a line climbing by `rise` a day is seen."""
    (x0, y0), (x1, y1) = axes.transData.transform([(0, 0), (1, rise)])
    return degrees(atan2(y1 - y0, x1 - x0))


def _draw_fan(axes: Axes, fan: Fan) -> None:
    x = [day for day, _ in fan.middle]
    # The wider band lies below the narrower one, so that each is a shade of its own in print and in grey too.
    for low, high, shade in ((fan.lowest, fan.highest, 0.13), (fan.low, fan.high, 0.22)):
        axes.fill_between(x, [y for _, y in low], [y for _, y in high], color=AMBER, alpha=shade, linewidth=0, zorder=2)
    axes.plot(x, [y for _, y in fan.middle], color=AMBER, linewidth=2, linestyle=(0, (2, 1.5)), zorder=4)


def _draw_actual(axes: Axes, actual: Points, provisional: float | None) -> None:
    points = [(0.0, 0.0), *actual]
    edge = actual[-1][0] if provisional is None else provisional - 1
    settled, moving = [p for p in points if p[0] <= edge], [p for p in points if p[0] >= edge]
    axes.fill_between(*_split(settled), color=PALE_BLUE, linewidth=0, zorder=1)
    axes.plot(*_split(settled), color=BLUE, linewidth=3, solid_capstyle="round", zorder=5)
    if len(moving) > 1:
        axes.fill_between(*_split(moving), facecolor=PAPER, edgecolor="#8fb4d6", hatch="////", linewidth=0, zorder=1)
        axes.plot(*_split(moving), color="#6d9fcc", linewidth=3, zorder=5)
    axes.plot(
        *_split(actual[-1:]), marker="o", markersize=8, clip_on=False, color=BLUE, markeredgecolor=PAPER, zorder=6
    )


def _split(points: Points) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _name_lines(axes: Axes, data: dict[str, Any], fan: Fan | None, actual: Points, length: int) -> None:
    """Each line's name and amount: at the right edge where it ends there, else beside its last point."""
    labels, named = data["labels"], list[tuple[float, Words]]()
    if data["budget"] is not None:
        named.append((float(data["budget"]), ("Budget", labels["budget"], (), RED)))
    if fan:
        named.append((fan.middle[-1][1], ("Forecast", labels["forecast"], _intervals(fan, data["symbol"]), AMBER)))
    x, y = actual[-1]
    if x >= _LATE * length:
        named.append((y, ("Actual", labels["actual"], () if x >= length else (labels["through"],), BLUE)))
    else:
        _name_actual(axes, x, y, labels, data["budget"] and float(data["budget"]), length)
    low, high = axes.get_ylim()
    named.sort(key=lambda item: item[0])
    gaps = [_LINE_HEIGHT * (2 + _SMALL * len(words[2])) for _, words in named]
    for height, (_, words) in zip(_apart([(at - low) / (high - low) for at, _ in named], gaps), named, strict=True):
        _name(axes, height, words)


def _name(axes: Axes, height: float, words: Words) -> None:
    name, amount, more, colour = words
    size = max(6.5, 14.5 * min(1.0, 11 / len(amount)))
    place: dict[str, Any] = {"transform": axes.transAxes, "color": colour}
    write(axes.text(1.015, height + 0.006, "", va="bottom", **place), name, 12)
    write(axes.text(1.015, height - 0.008, "", va="top", **place), amount, size, bold=True)
    for number, line in enumerate(more):
        below = height - 0.1 - _SMALL * _LINE_HEIGHT * number
        write(axes.text(1.015, below, "", va="top", **place), line, 9.5 * min(1.0, 23 / len(line)))


def _intervals(fan: Fan, symbol: str) -> tuple[str, ...]:
    """'80 %: $59.4k to $60.1k'; three digits tell enough beside the picture, the message has them all."""
    ends = {"80 %": (fan.low, fan.high), "95 %": (fan.lowest, fan.highest)}
    return tuple(
        f"{name}: {_compact(low[-1][1], symbol, 0, 3)} to {_compact(high[-1][1], symbol, 0, 3)}"
        for name, (low, high) in ends.items()
    )


def _name_actual(axes: Axes, x: float, y: float, labels: dict[str, str], budget: float | None, length: int) -> None:
    low, high = axes.get_ylim()
    under = budget is not None and y < budget * x / length
    below, early = under and (y - low) / (high - low) > 0.25, x < _EARLY
    lift = 46.0 if early else 10.0
    if budget is not None and not early:
        # Clear of the budget line, where that runs close above the point.
        near = (budget - y) / (high - low) * _AXES_POINTS
        lift = near + 5 if 5 < near < 55 else lift
    box = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    size = max(7.0, 14.5 * min(1.0, 15 / len(labels["actual"])))
    for said, line, points, bold in ((labels["actual"], 0, size, True), (labels["through"], 1, 12, False)):
        place = axes.annotate(
            "",
            (x, y),
            (10 if below or early else -10, -(10 + 18 * line) if below else lift + 18 - 18 * line),
            textcoords="offset points",
            color=BLUE if bold else INK,
            ha="left" if below or early else "right",
            va="top" if below else "bottom",
            bbox=box,
            zorder=7,
        )
        write(place, said, points, bold)


def _apart(heights: list[float], gaps: list[float]) -> list[float]:
    """Heights, lowest first, moved so far from each other that no name lies on another, and none below the picture.

    Args:
        gaps: what each name takes below its height; the same order.
    """
    moved = list(heights)
    for upper in range(1, len(moved)):
        lack = gaps[upper] - (moved[upper] - moved[upper - 1])
        if lack > 0:
            moved[upper - 1] -= lack / 2
            moved[upper] += lack / 2
    for number, least in enumerate(_running(gaps, max(gaps, default=0.0) - 0.08)):
        moved[number] = max(moved[number], least)
    most = 1.0
    for number in reversed(range(len(moved))):
        moved[number] = min(moved[number], most)
        most = moved[number] - gaps[number]
    return moved


def _running(gaps: list[float], least: float) -> list[float]:
    """The least height of each name when all of them stand on each other at the bottom."""
    return [least + sum(gaps[1 : number + 1]) for number in range(len(gaps))]
