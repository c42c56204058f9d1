"""The pages of the report's PDF: its fonts, headings, lists, tables that go on over pages, and bars."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from views.report_charts import Bar, Chart
from views.report_pdf_font import font_file, shown
from views.text import clip_columns

FAMILY = "DejaVu"
INK, MUTED, LINE, SOFT = (29, 36, 48), (90, 100, 114), (205, 211, 219), (244, 246, 248)
COLOURS = {
    "over": (180, 66, 15),
    "under": (15, 118, 110),
    "approved": (31, 95, 191),
    "waiting": (143, 179, 232),
    "open": (201, 138, 18),
    "small": (205, 211, 219),
}
"""Those of report.css on paper."""
MARGIN, BODY, SMALL = 14.0, 8.5, 7.2
"""Millimetres, and points of text."""
CHART_GAP, BAR, ROW, LABEL = 8.0, 2.8, 7.4, 30
LEADING, CELL, BULLET, TERM, PADDING = 4.3, 3.7, 4.0, 28.0, 0.8
"""Heights of a line of text and of one in a table, how far lists and told texts are set in, what is around a cell."""
SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""The creation date of a report without figures: the clock must not show in a file."""


@dataclass(frozen=True, slots=True)
class _Column:
    """Of a table: its width in millimetres, and whether it is set to the left."""

    width: float
    is_words: bool


class Page(FPDF):
    """An A4 document; the same calls give the same bytes.

    Args:
        title: in the document's properties and at the foot of each page.
        author: the company.
        at: the document's date.
    """

    def __init__(self, title: str, author: str, at: datetime | None) -> None:
        super().__init__(format="A4")
        self._foot = shown(f"{author} · {title}")
        self.set_creation_date(at or SOME_TIME)
        self.set_title(shown(title))
        self.set_author(shown(author))
        self.set_lang("en")
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, MARGIN + 2)
        for style in ("", "B"):
            self.add_font(FAMILY, style, font_file("-Bold" if style else ""))
        self.add_page()
        self._plain()

    def footer(self) -> None:
        """What it is, and '3 of 12'."""
        self.set_y(-MARGIN + 1)
        self.set_font(FAMILY, "", SMALL)
        self.set_text_color(*MUTED)
        self.cell(self.epw / 2, 5, self._foot)
        self.cell(self.epw / 2, 5, f"{self.page_no()} of {{nb}}", align="R")
        self._plain()

    def title_line(self, company: str, title: str, state: str) -> None:
        """The first lines of the document."""
        self.small(company)
        self.set_font(FAMILY, "B", 16)
        self._line(f"{title} — {state}", 8)
        self._plain()

    def heading(self, text: str, *, size: float = 11.5, marked: bool = True) -> None:
        """A heading that no page break parts from what follows; also in the outline where marked."""
        if self.will_page_break(20):
            self.add_page()
        self.ln(2.6)
        if marked:
            self.start_section(shown(text))
        self.set_font(FAMILY, "B", size)
        self._line(text, size / 2.1)
        self.ln(0.8)
        self._plain()

    def said(self, text: str, *, bold: bool = False) -> None:
        """A paragraph; its lines stay lines, and a bold one stays with what follows."""
        if bold and self.will_page_break(3 * LEADING):
            self.add_page()
        self.set_font(FAMILY, "B" if bold else "", BODY)
        for line in text.splitlines():
            if line.strip():
                self._line(line, LEADING)
        self._plain()

    def small(self, text: str) -> None:
        """A grey line."""
        self.set_font(FAMILY, "", SMALL + 0.5)
        self.set_text_color(*MUTED)
        self._line(text, 4)
        self._plain()

    def listed(self, lines: Iterable[str]) -> None:
        """A list of sentences."""
        for line in lines:
            if self.will_page_break(LEADING):
                self.add_page()
            self.set_x(self.l_margin)
            self.cell(BULLET, LEADING, "•")
            self._wrapped(line, BULLET, LEADING)

    def told(self, name: str, text: str) -> None:
        """A name in grey, and beside it a text of any length."""
        if self.will_page_break(LEADING):
            self.add_page()
        self.set_text_color(*MUTED)
        self.cell(TERM, LEADING, name)
        self.set_text_color(*INK)
        for line in [line for line in text.splitlines() if line.strip()] or ["–"]:
            self._wrapped(line, TERM, LEADING)

    def rows(
        self,
        head: Sequence[str],
        rows: Iterable[Sequence[str]],
        widths: Sequence[float],
        words: Collection[int] = (0,),
        *,
        summed: bool = False,
    ) -> None:
        """A table; its head stands on every page that it goes on over.

        Args:
            widths: shares of the page.
            words: columns that are set to the left.
            summed: whether the last row adds up the others.
        """
        unit = self.epw / sum(widths)
        columns = [_Column(width * unit, number in words) for number, width in enumerate(widths)]
        found = list(rows)
        self._row(head, columns, bold=True, muted=True)
        for place, cells in enumerate(found):
            last = summed and place == len(found) - 1
            parted = [
                self._cell_lines(cell, column, bold=last or not n)
                for n, (cell, column) in enumerate(zip(cells, columns, strict=True))
            ]
            if self.will_page_break(max(map(len, parted)) * CELL + 2 * PADDING):
                self.add_page()
                self._row(head, columns, bold=True, muted=True)
            self._draw(parted, columns, bold=last)
        self._plain()

    def _row(self, cells: Sequence[str], columns: Sequence[_Column], *, bold: bool, muted: bool) -> None:
        parted = [self._cell_lines(cell, column, bold=bold) for cell, column in zip(cells, columns, strict=True)]
        self.set_text_color(*(MUTED if muted else INK))
        self._draw(parted, columns, bold=bold)
        self.set_text_color(*INK)

    def _cell_lines(self, cell: str, column: _Column, *, bold: bool) -> list[str]:
        self.set_font(FAMILY, "B" if bold else "", SMALL)
        return list(self._broken(shown(cell), column.width - 2 * self.c_margin))

    def _draw(self, parted: Sequence[Sequence[str]], columns: Sequence[_Column], *, bold: bool) -> None:
        """A row and the line below it; the first cell names it."""
        top, left = self.get_y() + PADDING, self.l_margin
        for number, (lines, column) in enumerate(zip(parted, columns, strict=True)):
            self.set_font(FAMILY, "B" if bold or not number else "", SMALL)
            for place, line in enumerate(lines):
                if line:
                    self.set_xy(left, top + place * CELL)
                    self.cell(column.width, CELL, line, align="L" if column.is_words else "R")
            left += column.width
        bottom = top + max(map(len, parted)) * CELL + PADDING
        self.line(self.l_margin, bottom, self.l_margin + self.epw, bottom)
        self.set_xy(self.l_margin, bottom)

    def pictures(self, charts: Sequence[Chart]) -> None:
        """Charts, two in a row."""
        wide = (self.epw - CHART_GAP) / 2
        for start in range(0, len(charts), 2):
            pair = charts[start : start + 2]
            high = max(ROW * len(chart.bars) for chart in pair) + 22
            if self.will_page_break(high):
                self.add_page()
            top = self.get_y() + 2
            ends = [
                self._chart(chart, self.l_margin + (wide + CHART_GAP) * n, top, wide) for n, chart in enumerate(pair)
            ]
            self.set_xy(self.l_margin, max(ends) + 2)
        self._plain()

    def _chart(self, chart: Chart, left: float, top: float, wide: float) -> float:
        """One chart; returns where it ends."""
        self.set_xy(left, top)
        self.set_font(FAMILY, "B", 8.5)
        self.cell(wide, 4.2, shown(chart.title))
        self.set_font(FAMILY, "", SMALL)
        y = top + 4.2
        for line in self._broken(shown(chart.finding), wide - 2 * self.c_margin):
            self.set_xy(left, y)
            self.cell(wide, 3.6, line)
            y += 3.6
        y += 1
        lowest = min(0.0, *(sum(part.share for part in bar.parts if part.share < 0) for bar in chart.bars))
        highest = max(0.0, *(sum(part.share for part in bar.parts if part.share > 0) for bar in chart.bars))
        unit = wide / ((highest - lowest) or 1.0)
        for bar in chart.bars:
            self._bar(bar, left, y, wide, unit, left - lowest * unit)
            y += ROW
        used = {part.kind for bar in chart.bars for part in bar.parts}
        return self._legend([each for each in chart.legend if each[0] in used], left, y)

    def _bar(self, bar: Bar, left: float, y: float, wide: float, unit: float, zero: float) -> None:
        self.set_xy(left, y)
        self.set_font(FAMILY, "", SMALL)
        self.cell(wide, 4, shown(clip_columns(bar.label, LABEL)))
        self.set_xy(left, y)
        self.set_text_color(*MUTED)
        self.cell(wide, 4, shown(bar.value), align="R")
        self.set_text_color(*INK)
        before = after = zero
        for part in bar.parts:
            width = abs(part.share) * unit
            before -= width if part.share < 0 else 0
            self.set_fill_color(*COLOURS[part.kind])
            self.rect(before if part.share < 0 else after, y + 4, max(width, 0.3), BAR, style="F")
            after += width if part.share > 0 else 0
        self.set_draw_color(*MUTED)
        self.line(zero, y + 3.6, zero, y + 4.4 + BAR)

    def _legend(self, legend: Sequence[tuple[str, str]], left: float, y: float) -> float:
        self.set_font(FAMILY, "", SMALL)
        self.set_text_color(*MUTED)
        for kind, meaning in legend:
            self.set_fill_color(*COLOURS[kind])
            self.rect(left, y + 1.2, 2.2, 2.2, style="F")
            self.set_xy(left + 3, y)
            self.cell(self.get_string_width(meaning) + 5, 4.6, meaning)
            left = self.get_x()
        self.set_text_color(*INK)
        return y + (6 if legend else 1)

    def _line(self, text: str, high: float) -> None:
        self._wrapped(text, 0, high)

    def _wrapped(self, text: str, indent: float, high: float) -> None:
        """A paragraph from an indent on; the library's own way measures each line again with every sign of it."""
        for line in self._broken(shown(text), self.epw - indent - 2 * self.c_margin):
            self.set_x(self.l_margin + indent)
            self.cell(self.epw - indent, high, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _broken(self, text: str, wide: float) -> Iterator[str]:
        """Lines no wider than so many millimetres: broken between words, and in words that are wider."""
        line, held = "", 0.0
        for word in re.split(r"(?<= )", text):
            width = self._width(word)
            if line and held + self._width(word.rstrip()) > wide:
                yield line.rstrip()
                line, held = "", 0.0
            while width > wide and len(word) > 1:
                fits = self._fitting(word, wide)
                yield word[:fits]
                word = word[fits:]
                width = self._width(word)
            line, held = line + word, held + width
        yield line.rstrip()

    def _fitting(self, word: str, wide: float) -> int:
        """How many signs of a word fit, one at least."""
        held = 0.0
        for number, sign in enumerate(word):
            held += self._width(sign)
            if held > wide:
                return max(number, 1)
        return len(word)

    def _width(self, text: str) -> float:
        """Millimetres of a text in the font in force."""
        widths: Any = self.current_font.cw  # type: ignore[union-attr]  # a font is always set
        return float(sum(widths[ord(sign)] for sign in text)) * self.font_size / 1000

    def _plain(self) -> None:
        self.set_font(FAMILY, "", BODY)
        self.set_text_color(*INK)
        self.set_draw_color(*LINE)
        self.set_fill_color(255, 255, 255)
        self.set_line_width(0.2)
