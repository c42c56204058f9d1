"""The demo in a real browser: a newcomer opens the page, asks, clicks, and moves to the next day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.demo.demo import Demo
from tests.bot.browser import CHROMIUM, open_page
from tests.databases import OF_THE_DEMO

pytestmark = [
    OF_THE_DEMO,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


def test_a_newcomer_walks_through(demo: Demo) -> None:
    """The morning's message with its chart is there, a command answers, a menu changes it, and the next day comes."""
    from playwright.sync_api import expect

    with open_page(demo.sandbox.url) as page:
        messages = page.get_by_test_id("messages")
        expect(messages).to_contain_text("Payments — Thu 12 Nov 2026")
        expect(messages.locator("img[alt*='Heading for'], img[alt*='budget']").first).to_be_visible(timeout=20_000)
        composer = page.get_by_test_id("composer").locator("textarea")
        composer.fill("/fin")
        expect(page.get_by_test_id("commands")).to_contain_text("/finops")
        composer.fill("/finops variance payments")
        composer.press("Enter")
        expect(messages).to_contain_text("Only visible to you")
        expect(messages).to_contain_text("By service")
        page.locator("[data-action-id='variance_by']").last.select_option(label="By account")
        expect(messages).to_contain_text("compared with the month before once")
        page.locator("[data-action-id='variance_share']").last.click()
        expect(messages).to_contain_text("The chart is on its way")
        page.locator("[data-control='Next day']").click()
        expect(page.get_by_test_id("status")).to_contain_text("Fri 13 Nov 2026")
        expect(messages).to_contain_text("Payments — Fri 13 Nov 2026")
        page.locator("[data-channel='home']").click()
        expect(page.get_by_test_id("home")).to_contain_text("Your teams")


def test_a_phone_reads_it(demo: Demo) -> None:
    """On a window 400 pixels wide nothing has to be scrolled sideways."""
    with open_page(demo.sandbox.url, width=400, height=800) as page:
        page.get_by_test_id("messages").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_the_second_start_takes_up_where_the_first_stopped(tmp_path: Path) -> None:
    """Stopped and started again, the demo has its date, its messages and no second summary of the same day."""
    first = Demo(tmp_path, 0, date(2026, 11, 21), lambda _step: None)
    first.prepare()
    first.start()
    first.next_day()
    channel = "cost-payments"
    first.sandbox.wait_for(lambda: len(first.sandbox.messages(channel)) == 2, timeout=20)
    first.stop()
    said: list[str] = []
    second = Demo(tmp_path, 0, date(2026, 12, 25), said.append)
    second.prepare()
    second.start()
    try:
        assert said == ["Taking up the company where it was: Fri 13 Nov 2026."]
        assert second.clock.today() == date(2026, 11, 13)
        assert second._bot is not None and second._bot.worker.tick() == []
        assert len(second.sandbox.messages(channel)) == 2
    finally:
        second.stop()
