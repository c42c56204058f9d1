"""Alerts in a real browser: answered in the thread by an owner, and left unanswered until the sponsor is called."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.demo import Demo
from tests.bot.browser import CHROMIUM, open_page
from tests.databases import OF_THE_DEMO

pytestmark = [
    OF_THE_DEMO,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


def alert_in(page: Any, channel: str, name: str) -> Any:
    """The alert's message in a channel, which is opened."""
    page.locator(f"[data-channel='{channel}']").click()
    messages = page.get_by_test_id("messages")
    return messages.locator("article", has_text=f"{name} is heading for").first


def be(page: Any, name: str) -> None:
    page.get_by_test_id("who").select_option(label=name)


def test_an_owner_acknowledges_in_the_thread(demo: Demo) -> None:
    """Lena opens the alert's thread and writes ack: the message and the thread say that she did, and until when."""
    from playwright.sync_api import expect

    with open_page(demo.sandbox.url) as page:
        be(page, "Lena Hartmann")
        alert = alert_in(page, "cost-checkout", "Checkout")
        expect(alert).to_contain_text("nobody has acknowledged it yet")
        alert.hover()
        alert.get_by_test_id("reply-in-thread").click()
        reply = page.get_by_test_id("reply").locator("textarea")
        reply.fill("ack")
        reply.press("Enter")
        expect(page.get_by_test_id("thread")).to_contain_text("Acknowledged by Lena Hartmann with ack in the thread")
        expect(alert).to_contain_text("Acknowledged by Lena Hartmann")
        expect(alert.locator("[data-action-id='alert_take_back']")).to_be_visible()


def test_an_unanswered_alert_climbs_to_the_sponsor(demo: Demo) -> None:
    """Nobody answers Search's alert: silence calls Finance, and then the executive sponsor, who decides to look."""
    from playwright.sync_api import expect

    with open_page(demo.sandbox.url) as page:
        be(page, "Nora Fischer")
        alert = alert_in(page, "cost-search", "Search")
        expect(alert).to_contain_text("Finance is called next")
        be(page, "Victor Adler")
        page.locator("[data-channel='app']").click()
        expect(page.get_by_test_id("messages")).not_to_contain_text("Search is heading for")
        for day in ("Fri 13", "Sat 14", "Sun 15", "Mon 16", "Tue 17", "Wed 18"):
            page.locator("[data-control='Next day']").click()
            expect(page.get_by_test_id("status")).to_contain_text(day)
            expect(page.locator("[data-control='Next day']")).to_be_enabled()
        messages = page.get_by_test_id("messages")
        expect(messages).to_contain_text("Search is heading for")
        expect(messages).to_contain_text("Nobody has acknowledged it in time, so you are called next")
        called = messages.locator("article", has_text="Nobody has acknowledged it in time").last
        finding = called.locator(".block", has_text="Search is heading for")
        finding.locator("[data-action-id='alerts_show']").click()
        shown = messages.locator("article", has_text="Only visible to you").last
        expect(shown).to_contain_text("Search is heading for")
        shown.locator("[data-action-id='alert_acknowledge']").click()
        be(page, "Nora Fischer")
        expect(alert_in(page, "cost-search", "Search")).to_contain_text("Acknowledged by Victor Adler")
