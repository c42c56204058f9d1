"""What messages say first, whose turn they say it is, and what their buttons carry."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from made_up_messages import CASES, MONTHS
from made_up_months import AS_OF, PAYMENTS, SERVICES, broken_down, ended, team_month

from finops.policy import LADDER, Role, Tier
from finops.team_month import TeamMonth
from views.daily import daily_message
from views.facts import turn
from views.message import Message
from views.sentences import freshness, lead, restated, warning
from views.tiers import called, duty, sign, word
from views.variance import BY, variance_message

LEADS = {
    "over": "*Payments* has spent $42,767.66 of $50,000 (86 %) through 20 Nov, $9,434.33 over the target line; "
    "heading for $62,292.68, 24.6 % over budget: *emergency*.",
    "without_forecast": "*Payments* has spent $42,767.66 of $60,000 (71 %) through 20 Nov, $2,767.66 over the target "
    "line; no forecast yet, because too few days have settled.",
    "already_over_without_forecast": "*Payments* has spent $42,767.66 of $30,000 (143 %) through 20 Nov, $22,767.66 "
    "over the target line; that is already 42.6 % over budget: *emergency*.",
    "no_budget": "*Payments* has spent $42,767.66 through 20 Nov; heading for $62,292.68, with no approved budget to "
    "compare that with.",
    "zero_budget": "*Payments* has spent $42,767.66 against a budget of $0 through 20 Nov; heading for $62,292.68, "
    "$62,292.68 over budget: *investigate*.",
    "no_data_yet": "No data yet for *Payments*: run `finops ingest` on a billing export, then ask again. "
    "Its budget is $60,000.",
    "no_data_since": "No data since 30 Oct for *Payments*, so nothing can be said about November 2026. "
    "Its budget is $60,000. Ask FinOps whether the billing export still arrives.",
    "no_spend": "*Payments* has spent nothing of $60,000 through 20 Nov, $40,000 under the target line; "
    "heading for $0, 100.0 % under budget: *emergency (under)*.",
    "ended": "*Payments* spent $62,686.33 of $55,000 (114 %) in November 2026: 14.0 % over budget: *formal*.",
    "ended_without_budget": "*Payments* spent $62,686.33 in November 2026; there is no approved budget to compare it "
    "with.",
    "just_past_an_edge": "*Payments* spent $315.20 of $300.19 (105 %) in November 2026: 5.0002 % over budget: "
    "*investigate*.",
}


@pytest.mark.parametrize("name", sorted(LEADS))
def test_the_finding_comes_first(name: str) -> None:
    """The first sentence says what was spent, against what, where it is heading, and the tier."""
    assert lead(MONTHS[name], PAYMENTS) == LEADS[name]


@pytest.mark.parametrize(
    ("month", "said"),
    [
        (MONTHS["running"], "Data through 20 Nov, from 18 Nov provisional. The month is still running."),
        (MONTHS["nothing_settled"], "Data through 20 Nov, none of it settled yet. The month is still running."),
        (MONTHS["stale"], "No data since 12 Nov, from 10 Nov provisional. The month is still running."),
        (MONTHS["ended"], "Data through 30 Nov. The month is over and complete."),
        (MONTHS["ended_partial"], "Data through 27 Nov. Partial: the days up to 30 Nov are missing."),
        (MONTHS["no_data_yet"], ""),
    ],
)
def test_freshness_is_said(month: TeamMonth, said: str) -> None:
    """A message says through which day the data runs, which days are provisional, and whether the month is partial."""
    assert freshness(month) == said


def test_stale_data_is_warned_of() -> None:
    """Data older than bills usually are is called missing, never low spend."""
    assert "not free of cost" in warning(MONTHS["stale"])
    assert warning(MONTHS["running"]) == warning(MONTHS["ended_partial"]) == ""


def test_a_restatement_is_said() -> None:
    """'was, now, difference' in the exact amounts; nothing where nothing changed."""
    assert restated(MONTHS["restated"]) == "Restated: was $41,500.50, now $42,767.66 (+$1,267.16)."
    assert restated(MONTHS["running"]) == ""


def test_whose_turn_it_is() -> None:
    """The tier names its roles and their duty, the milder one on underspend, and why a large ratio may not count."""
    assert turn(MONTHS["over"]) == (
        ":rotating_light: *emergency* — The executive sponsor and Finance: emergency review; "
        "decide on a freeze of non-critical spend within 1 working day."
    )
    assert turn(MONTHS["under"]) == ":arrow_down: *emergency (under)* — FinOps: update the forecast."
    assert turn(MONTHS["immaterial"]).endswith("below the amount that counts for this team.")
    assert "approve a budget" in turn(MONTHS["no_budget"])
    assert turn(MONTHS["no_data_yet"]) == ""


def test_tiers_of_any_policy_have_a_sign_and_a_word() -> None:
    """Signs follow the edges, so a policy may name its steps as it likes; a tier is never shown by its sign alone."""
    assert [sign(tier) for tier in LADDER] == [
        ":white_check_mark:",
        ":warning:",
        ":large_orange_circle:",
        ":rotating_light:",
    ]
    own = Tier("*red* <!here>", LADDER[3].above, (Role.OWNER,), "call the owners.")
    assert word(own) == "∗red∗ &lt;!here&gt;"
    assert duty(own, None) == "The owners: call the owners."
    assert called(LADDER[2]) == "FinOps, Finance and the engineering lead"
    assert (sign(None), word(None)) == (":white_circle:", "no tier")


def buttons(made: Message) -> dict[str, list[dict[str, Any]]]:
    """action_id → what each button or option of it carries."""
    found: dict[str, list[dict[str, Any]]] = {}
    for element in (e for block in made.blocks if block["type"] == "actions" for e in block["elements"]):
        values = [option["value"] for option in element.get("options", [])] or [element["value"]]
        found.setdefault(element["action_id"], []).extend(map(json.loads, values))
    return found


@pytest.mark.parametrize("slug", ["payments", "a-long-slug-" * 12])
def test_buttons_carry_what_is_asked(slug: str) -> None:
    """Every button names team, month and basis, a long slug included, and the menu each way to break down."""
    found = buttons(variance_message(team_month(team=slug), PAYMENTS, by="region"))
    asked = {"team": slug, "month": "2026-11", "basis": "effective"}
    assert found["variance_by"] == [{**asked, "by": by} for by in BY]
    assert found["variance_share"] == [{**asked, "by": "region"}]
    assert found["variance_month"] == [{**asked, "month": "2026-10"}]
    assert buttons(daily_message(team_month(team=slug), PAYMENTS, local_day=AS_OF)) == {"variance_details": [asked]}


def test_without_data_there_is_nothing_to_post() -> None:
    """No button offers a chart where there is nothing to draw."""
    assert "variance_share" not in buttons(variance_message(MONTHS["no_data_yet"], PAYMENTS))
    assert daily_message(MONTHS["no_data_yet"], PAYMENTS, local_day=AS_OF).picture is None


def test_what_is_shared_has_the_picture() -> None:
    """Posted to the channel, the answer carries its picture and no buttons of the one who asked."""
    month = ended()
    shared = variance_message(month, PAYMENTS, lines=broken_down(month, SERVICES), shared=True)
    assert shared.picture and shared.picture.name == "burn_up" and not buttons(shared)


def test_every_figure_names_its_basis() -> None:
    """Each message with figures says which cost is counted."""
    for name, case in CASES.items():
        made = case()
        if name.startswith(("variance_", "daily_")) and isinstance(made, Message):
            assert "Basis: " in made.text or len(made.text) == 4_000


def test_the_demos_page_draws_every_emoji() -> None:
    """Each emoji that a view writes is one that the sandbox's page knows."""
    root = Path(__file__).parents[2]
    views = "\n".join(path.read_text() for path in sorted((root / "views").glob("*.py")))
    written = set(re.findall(r"(?<![\w{]):([a-z][a-z0-9_]{2,}):", views))
    page = (root / "sandbox" / "page" / "mrkdwn.js").read_text().split("const EMOJI = {")[1].split("};")[0]
    assert {"snowflake", "raised_hand"} <= written
    assert written - set(re.findall(r"(\w+): \"", page)) == set()
