"""A chart of the report as inline SVG, which needs no script and nothing from elsewhere."""

from __future__ import annotations

from html import escape

from views.report_charts import Bar, Chart
from views.text import clip_columns, isolate

WIDE, ROW, THICK, LABEL = 400, 38, 12, 30
"""Units of the picture, at which its text has 12 of them: a phone shows it at nearly that size."""


def chart_svg(chart: Chart, number: int) -> str:
    """A figure with its finding as caption.

    Args:
        number: unique in the page.
    """
    high = ROW * len(chart.bars)
    left = min((_ends(bar)[0] for bar in chart.bars), default=0.0)
    right = max((_ends(bar)[1] for bar in chart.bars), default=1.0)
    unit = WIDE / ((right - left) or 1.0)
    zero = -left * unit
    rows = "".join(_bar(bar, ROW * place, zero, unit, left < 0) for place, bar in enumerate(chart.bars))
    listed = "; ".join(f"{bar.label}: {bar.value}" for bar in chart.bars)
    drawn = (
        f'<svg viewBox="0 0 {WIDE} {high}" role="img" aria-labelledby="chart-{number}-title chart-{number}-desc">'
        f'<title id="chart-{number}-title">{escape(chart.title)}: {escape(chart.finding)}</title>'
        f'<desc id="chart-{number}-desc">{escape(listed)}</desc>{rows}</svg>'
    )
    caption = f"<figcaption><b>{escape(chart.title)}</b>{escape(chart.finding)}</figcaption>"
    return f"<figure>{caption}{drawn}{_legend(chart)}</figure>"


def _ends(bar: Bar) -> tuple[float, float]:
    """How far its parts reach to the left and to the right of zero."""
    left = sum(part.share for part in bar.parts if part.share < 0)
    return left, sum(part.share for part in bar.parts if part.share > 0)


def _bar(bar: Bar, top: int, zero: float, unit: float, lined: bool) -> str:
    label = escape(isolate(clip_columns(bar.label, LABEL)))
    drawn = [f'<text x="0" y="{top + 13}">{label}</text><text class="value" x="{WIDE}" y="{top + 13}">'
             f"{escape(bar.value)}</text>"]  # fmt: skip
    left = right = zero
    for part in bar.parts:
        width = abs(part.share) * unit
        left -= width if part.share < 0 else 0
        x = left if part.share < 0 else right
        right += width if part.share > 0 else 0
        drawn.append(
            f'<rect class="f-{part.kind}" x="{x:.1f}" y="{top + 18}" width="{max(width, 1):.1f}" height="{THICK}"/>'
        )
    if lined:
        drawn.append(f'<path class="zero" d="M{zero:.1f} {top + 15}v{THICK + 6}"/>')
    return "".join(drawn)


def _legend(chart: Chart) -> str:
    used = {part.kind for bar in chart.bars for part in bar.parts}
    items = "".join(
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="f-{kind}" width="10" height="10"/></svg>'
        f"{escape(meaning)}</li>"
        for kind, meaning in chart.legend
        if kind in used
    )
    return f'<ul class="legend">{items}</ul>' if items else ""
