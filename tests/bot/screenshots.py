"""`python -m tests.bot.screenshots`: the pictures of the README, taken of the demo's first morning in a browser."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from bot.demo.demo import Demo
from bot.terminal.run import leave
from tests.bot.browser import open_page

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DAY = date(2026, 11, 21)
WHO = "Nora Fischer"
"""She is in every channel and lives in the company's time zone: the bar's clock and the messages say the same."""


def main() -> None:
    """Write both."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder), 0, DAY, print)
        demo.prepare()
        demo.start()
        demo.settle()
        take(demo, "alert", 760, "heading for", above=40)
        take(demo, "morning", 1010, "What moved most")
        demo.stop()
    leave()


def take(demo: Demo, name: str, height: int, words: str, above: int = 0) -> None:
    """A picture of Machine Learning's channel, from some pixels above the first message that says something."""
    with open_page(demo.sandbox.url, width=1180, height=height) as page:
        page.get_by_test_id("who").select_option(label=WHO)
        page.locator("[data-channel='cost-machine-learning']").click()
        message = page.get_by_test_id("messages").locator("article", has_text=words).first
        message.wait_for()
        page.wait_for_function("[...document.images].every(picture => picture.complete)")
        message.evaluate("message => message.scrollIntoView()")
        page.get_by_test_id("messages").evaluate(f"messages => {{ messages.scrollTop -= {above} }}")
        page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
