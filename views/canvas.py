"""The paper all pictures are drawn on: size, colours, one font, and the way to bytes.

Nothing here reads or sets matplotlib's global settings, so pictures come out the same whatever thread draws them and
whatever matplotlibrc lies about.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.text import Text

from views.text import ISOLATE, POP, clip

PAPER, INK, GREY, FAINT = "#fbfaf7", "#22272e", "#697077", "#dcdad3"
BLUE, PALE_BLUE, RED, AMBER = "#1f5f99", "#cfe0ef", "#a3262a", "#b45f06"
WIDTH, HEIGHT, DPI = 8.0, 4.5, 150
"""Inches and dots an inch: 1200 × 675."""
_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def font(size: float, bold: bool = False) -> FontProperties:
    """DejaVu Sans, from matplotlib's own folder, in points."""
    made = FontProperties(fname=str(_FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")))
    made.set_size(size)
    return made


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    return frozenset(get_font(str(_FONTS / "DejaVuSans-Bold.ttf")).get_charmap())


def drawable(text: str) -> str:
    """Text with what the font cannot draw (emoji, Chinese) left out as '…'."""
    known, shown = _known(), ""
    for sign in text:
        if sign in (ISOLATE, POP):
            continue
        if ord(sign) in known:
            shown += sign
        elif not shown.endswith("…"):
            shown += "…"
    return shown


def paper(title: str, subtitle: str) -> tuple[Figure, Axes]:
    """An empty picture with its finding as the title; room at the right for the names of lines."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.125, 0.665, 0.64), facecolor=PAPER)
    write(figure.text(0.03, 0.955, "", va="top", color=INK), title, _size(title, 18.5, 48), bold=True)
    write(figure.text(0.03, 0.875, "", va="top", color=GREY), subtitle, _size(subtitle, 12.5, 80))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    axes.tick_params(length=0, pad=6)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _size(text: str, most: float, signs: int) -> float:
    """The size at which a line still fits across the picture."""
    return max(8.0, most * min(1.0, signs / max(1, len(text))))


def write(text: Text, said: str, size: float, bold: bool = False) -> Text:
    """Put words into a text of the picture; '$' never begins mathematics."""
    text.set_parse_math(False)
    text.set_fontproperties(font(size, bold))
    text.set_text(drawable(clip(said, 130)))
    return text


def to_png(figure: Figure) -> bytes:
    """The picture's bytes, without the name and version of what drew it."""
    out = BytesIO()
    figure.savefig(out, format="png", dpi=DPI, facecolor=PAPER, metadata={"Software": None})
    return out.getvalue()
