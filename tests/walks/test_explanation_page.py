"""An explanation in a real browser: from the alert over a return to the approval, the report and the next plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs import close_month, evaluate_alerts
from tests.bot.browser import CHROMIUM, open_page
from tests.bot.conftest import Bench
from tests.bot.policy_terminal import as_json
from tests.handlers.desk import Desk, open_desk
from tests.planning import add_months

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    with open_desk(bench) as opened:
        yield opened


def be(page: Any, name: str, channel: str) -> Any:
    """Look as somebody at a channel; returns its messages."""
    page.get_by_test_id("who").select_option(label=name)
    page.locator(f"[data-channel='{channel}']").click()
    return page.get_by_test_id("messages")


def thread(page: Any) -> Any:
    """The thread of the alert, which is opened."""
    alert = page.get_by_test_id("messages").locator("article", has_text="Payments is heading for").first
    alert.hover()
    alert.get_by_test_id("reply-in-thread").click()
    return page.get_by_test_id("thread")


def test_from_the_alert_to_the_approval(desk: Desk) -> None:
    """Alice explains, closes the form and finds her words again; Dave returns it, she mends it, and he approves."""
    from playwright.sync_api import expect

    desk.raised()
    with open_page(desk.sandbox.url) as page:
        messages = be(page, "Alice Example", "cost-payments")
        modal = page.get_by_test_id("modal")
        messages.locator("[data-action-id='alert_explain']").click()
        expect(modal).to_contain_text("$103.70 (3.6 %) over the budget of $2,900")
        modal.get_by_label("Why").type("Two customers", delay=10)
        modal.get_by_label("Root cause").select_option(label="business-driven growth")
        desk.sandbox.wait_for(lambda: "explanation_category" in _draft(desk), timeout=5)
        modal.get_by_test_id("modal-close").click()
        expect(modal).not_to_be_visible()
        messages.locator("[data-action-id='alert_explain']").click()
        expect(modal.get_by_label("Why")).to_have_value("Two customers")
        modal.get_by_label("No, only once").check()
        modal.get_by_test_id("modal-submit").click()
        expect(modal).to_contain_text("A corrective action")
        modal.get_by_label("What next").fill("We buy a savings plan.")
        modal.get_by_label("What is to be done").fill("Buy it")
        modal.get_by_label("Add this action, and another").check()
        modal.get_by_test_id("modal-submit").click()
        expect(modal.locator("[data-action-id='explanation_take_out']")).to_be_visible()
        modal.get_by_test_id("modal-submit").click()
        expect(modal).not_to_be_visible()
        said = thread(page)
        expect(said).to_contain_text("Two customers")
        expect(said).to_contain_text("Buy it — Alice Example")
        direct = be(page, "Dave Example", "app")
        direct.locator("[data-action-id='explanation_return']").click()
        modal.get_by_label("What is missing or wrong").fill("Which customers?")
        modal.get_by_test_id("modal-submit").click()
        direct = be(page, "Alice Example", "app")
        direct.locator("[data-action-id='explanation_edit']").click()
        modal.get_by_label("Why").fill("Two customers: A and B.")
        modal.get_by_test_id("modal-submit").click()
        expect(modal).to_contain_text("Corrective actions so far")
        modal.get_by_test_id("modal-submit").click()
        expect(modal).not_to_be_visible()
        direct = be(page, "Dave Example", "app")
        direct.locator("[data-action-id='explanation_approve']").click()
        be(page, "Alice Example", "cost-payments")
        said = thread(page)
        expect(said).to_contain_text("Approved by Dave Example")
        expect(said).to_contain_text("Two customers: A and B.")


def _draft(desk: Desk) -> dict[str, Any]:
    from storage.explanations import find_draft
    from tests.handlers.explaining import KEY

    with desk.bench.installation.state.reading() as connection:
        return find_draft(connection, desk.sandbox.user_id("alice"), KEY, 0)


def test_the_whole_way_to_the_next_plan(desk: Desk) -> None:
    """October closes 7 % over: explained, returned, mended and approved, it stands in the report and in the plan.

    What came only once is taken out of the next quarter, with the explanation that says so.
    """
    from playwright.sync_api import expect

    place = desk.bench.installation
    add_months(place, place.config_path.parent)
    for job in (evaluate_alerts, close_month):
        job.run(now=place.now, company=place.company, state=place.state)
    desk.bot.worker.sender.wake()
    desk.settle()
    with open_page(desk.sandbox.url) as page:
        messages = be(page, "Alice Example", "cost-payments")
        closed = messages.locator("article", has_text="spent $3,103.83 in October 2026").first
        closed.locator("[data-action-id='alert_explain']").click()
        modal = page.get_by_test_id("modal")
        expect(modal).to_contain_text("$203.83 (7.0 %) over the budget of $2,900")
        modal.get_by_label("Why").fill("A load test.")
        modal.get_by_label("Root cause").select_option(label="anomaly")
        modal.get_by_label("No, only once").check()
        modal.get_by_test_id("modal-submit").click()
        modal.get_by_label("What next").fill("Nothing: it is over.")
        modal.get_by_test_id("modal-submit").click()
        expect(modal).not_to_be_visible()
        be(page, "Dave Example", "app").locator("[data-action-id='explanation_return']").click()
        modal.get_by_label("What is missing or wrong").fill("On which nodes?")
        modal.get_by_test_id("modal-submit").click()
        be(page, "Alice Example", "app").locator("[data-action-id='explanation_edit']").click()
        modal.get_by_label("Why").fill("A load test on all nodes.")
        modal.get_by_test_id("modal-submit").click()
        expect(modal).to_contain_text("A corrective action")
        modal.get_by_test_id("modal-submit").click()
        expect(modal).not_to_be_visible()
        be(page, "Dave Example", "app").locator("[data-action-id='explanation_approve']").click()
        expect(be(page, "Dave Example", "app")).to_contain_text("Approved by Dave Example")
        box = page.locator("textarea").first
        box.fill("/finops report 2026-10")
        box.press("Enter")
        report = page.get_by_test_id("messages").locator("article", has_text="Variance report, October 2026").last
        expect(report).to_contain_text("$203.83, approved $203.83")
        expect(report).not_to_contain_text("Payments is $203.83 over budget")
    planned = as_json(place, "plan", "propose", "--quarter", "2027-Q1", "--team", "payments")
    [january, *_] = planned
    assert "payments/2026-10/USD/1" in str(january)
