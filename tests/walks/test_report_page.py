"""The report's page as a browser shows it, wide and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.browser import CHROMIUM, open_page
from tests.reports import large_report
from views.report_files import EDITIONS, report_file


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(tmp_path: Path, width: int) -> None:
    """On a screen and on a phone neither edition has to be moved sideways, and its charts are drawn."""
    report = large_report(20)
    for edition in EDITIONS:
        path = tmp_path / f"{edition}.html"
        path.write_bytes(report_file(report, "html", edition))
        with open_page(path.as_uri(), width=width) as page:
            across = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(across) == 0
            assert page.locator("figure > svg rect").count() > 5
            assert page.get_by_role("rowheader").first.is_visible()
            captions = page.locator("caption").all()
            assert captions and all(caption.bounding_box()["width"] > 100 for caption in captions)
