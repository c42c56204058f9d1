"""Mapping files: bills of any columns become FOCUS, and nothing that such a file says reaches beyond them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from finops.company import Company, Team
from finops.errors import ConfigurationRefused, DeliveryRefused
from finops.scope import Rule
from storage.ledger.rules_file import Rules, read_rules
from storage.offered import Outcome, Taken
from storage.sources.folder import SOURCE
from storage.sources.taking import take_in
from tests.storage.bills import NOW, Place, write_csv

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "connect-a-source.md"
COLUMNS = {
    "BilledCost": "{cost}",
    "EffectiveCost": "{cost}",
    "BillingCurrency": "'USD'",
    "BillingPeriodStart": "month_begin({month})",
    "ChargePeriodStart": "{month}",
    "ChargeCategory": "'Purchase'",
    "ProviderName": "'Example SaaS'",
    "ServiceName": "{plan}",
}
ROW = {"Cost": "12.50", "Month": "2024-09", "Plan": "Seats"}


def write_rules(folder: Path, columns: Mapping[str, Any] = COLUMNS, **keys: Any) -> Path:
    """A mapping file."""
    path = folder / "my-mapping.yaml"
    path.write_text(yaml.safe_dump({"name": "SaaS", "version": "1.0", "columns": dict(columns), **keys}))
    return path


def refusal(path: Path) -> str:
    """What is said of a mapping file."""
    with pytest.raises(ConfigurationRefused) as refused:
        read_rules(path)
    return refused.value.reason


def block(language: str) -> str:
    """The how-to's block in a language."""
    [text] = re.findall(rf"```{language} \S+\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    return str(text)


def test_a_bill_of_any_columns(place: Place) -> None:
    """A month alone is its first day, constants are taken, and columns are found however they are spelled."""
    bill = write_csv(place.folder / "seats.csv", [ROW, {**ROW, "Cost": "-2.5"}])
    done = place.ingest(bill, rules=write_rules(place.folder))
    assert done.rows == 2 and done.remarks[0] == "seats.csv: SaaS, read as FOCUS 1.0."
    assert place.totals("provider", "service", "charge_category", "day", "billing_period") == {
        ("Example SaaS", "Seats", "Purchase", date(2024, 9, 1), "2024-09", "USD"): Decimal(10)
    }


def test_the_example_of_the_docs(place: Place) -> None:
    """The AI usage that the how-to shows becomes spend of the teams that caused it."""
    rules, bill = place.folder / "ai-usage.yaml", place.folder / "ai-usage.csv"
    rules.write_text(block("yml"))
    bill.write_text(block("csv"))
    place.company = Company(teams=(Team("search", "Search", scope=(Rule(tag={"project": ("search",)}),)),))
    assert place.ingest(bill, rules=rules).rows == 4
    assert place.totals("team", "service", "day") == {
        ("search", "large-2", date(2026, 10, 1), "USD"): Decimal("8.10"),
        ("unallocated", "small-2", date(2026, 10, 1), "USD"): Decimal("0.0125"),
        ("unallocated", "small-2", date(2026, 10, 2), "USD"): Decimal("1.25"),
    }


def test_columns_named_as_in_focus_are_as_delivered(place: Place) -> None:
    """A column that is called BilledCost, or like a column of a provider's bill, is what the mapping says it is."""
    row = {"BilledCost": "$1,234.50", "BillingPeriodStart": "2024-09", "ChargeType": "seat", "AmortizedCost": "x"}
    columns = {**COLUMNS, "ServiceName": "{charge_type}", "ChargePeriodStart": "{billing_period_start}"}
    columns |= {"BillingPeriodStart": "{billing_period_start}"}
    columns |= dict.fromkeys(("BilledCost", "EffectiveCost"), "replace(replace({billed_cost}, '$', ''), ',', '')")
    place.ingest(write_csv(place.folder / "a.csv", [row]), rules=write_rules(place.folder, columns))
    assert place.totals("service") == {("seat", "USD"): Decimal("1234.50")}


def test_amounts_stay_decimal(place: Place) -> None:
    """Cents become dollars without floating point, to the last digit."""
    columns = {**COLUMNS, "BilledCost": "amount({cost}) * 0.01", "EffectiveCost": "amount({cost}) * 0.01"}
    rows = [{**ROW, "Cost": text} for text in ("1", "2", "1234567890.1234567")]
    place.ingest(write_csv(place.folder / "a.csv", rows), rules=write_rules(place.folder, columns))
    assert place.total() == Decimal("12345678.931234567")


def test_a_value_that_cannot_be_read_refuses_the_bill(place: Place) -> None:
    """An amount that is none is named by file, row and column; an unreadable day is no day."""
    rules = write_rules(place.folder, amounts=["cost"])
    bad = write_csv(place.folder / "a.csv", [ROW, {**ROW, "Cost": "1,5"}])
    reason = "a.csv, row 2, column Cost: '1,5' is not a decimal number."
    assert place.refusal(bad, rules=rules).reason == reason
    late = write_csv(place.folder / "b.csv", [{**ROW, "Month": "Q3"}])
    assert "column ChargePeriodStart: 'Q3' is not an ISO 8601" in "\n".join(place.refusal(late, rules=rules).faults)


def test_columns_that_are_not_there(place: Place) -> None:
    """A file that lacks a column it must have is refused, as missing is no zero; of another column it is said."""
    bill = write_csv(place.folder / "a.csv", [{"Cost": "1", "Month": "2024-09"}])
    remarks = place.ingest(bill, rules=write_rules(place.folder)).remarks
    assert "a.csv: my-mapping.yaml names plan, which it does not have." in remarks
    rules = write_rules(place.folder, recognised_by=["cost", ["seats", "plan"]])
    reason = "a.csv: it has no column seats or plan, which my-mapping.yaml asks for."
    assert place.refusal(bill, rules=rules).reason == reason
    rules = write_rules(place.folder, {**COLUMNS, "BilledCost": "amount({cents}) * 0.01"})
    reason = "a.csv: it has no column cents, of which my-mapping.yaml makes BilledCost."
    assert place.refusal(bill, rules=rules).reason == reason


def test_other_rules_read_the_same_bill_anew(place: Place) -> None:
    """A bill that has not changed is read again where its mapping has, and not where it has not."""
    bill = write_csv(place.folder / "a.csv", [ROW])
    rules = write_rules(place.folder)
    assert place.ingest(bill, rules=rules).periods == {"2024-09": 1}
    assert place.ingest(bill, rules=rules).outcome == "unchanged"
    write_rules(place.folder, {**COLUMNS, "ServiceName": "'Licences'"})
    assert place.ingest(bill, rules=rules).periods == {"2024-09": 2}
    assert list(place.totals("service")) == [("Licences", "USD")]
    assert place.damaged() == []


def test_a_folder_with_a_mapping_file(place: Place) -> None:
    """The rules of a source are for its files; what is wrong with them is on record and in doctor's words."""
    write_csv(place.folder / "saas" / "a.csv", [ROW])
    rules = write_rules(place.folder)
    source = SOURCE.opened(path=str(place.folder / "saas"), rules=str(rules))

    def take() -> Taken:
        parts: dict[str, Any] = {"company": place.company, "state": place.state, "ledger": place.ledger}
        [found] = take_in("saas", source, now=NOW, **parts)
        return found

    assert (take().outcome, source.lacking()) == (Outcome.PUBLISHED, [])
    write_rules(place.folder, {**COLUMNS, "ServiceName": "{plan"})
    found = take()
    assert found.outcome is Outcome.FAILED
    assert found.why.startswith("my-mapping.yaml, columns.ServiceName: it is no SQL expression")
    assert source.lacking() == [found.why]
    rules.unlink()
    assert source.lacking() == [f"{rules}: No such file or directory. Mend `rules:`."]
    assert place.total() == Decimal("12.50")


WRONG = {
    "- a\n": "my-mapping.yaml: it is no mapping with the keys name, source, recognised_by,",
    "name: [": "my-mapping.yaml: it is no YAML (",
    "name: a\nname: b\n": "my-mapping.yaml, name: it stands twice.",
    "columns: {BilledCost: a, BilledCost: b}": "my-mapping.yaml, columns.BilledCost: it stands twice.",
    "nme: a": "my-mapping.yaml, nme: there is no such key; did you mean name?",
    "version: '1.0'": "my-mapping.yaml, name: it must be given.",
    "{name: a, version: 1.9, columns: {a: b}}": "my-mapping.yaml, version: '1.9' is no version of FOCUS; there are",
    "{name: a, version: 1.0, columns: [a]}": "my-mapping.yaml, columns: it is no mapping of FOCUS columns to rules.",
    "{name: a, version: 1.0, columns: {BiledCost: x}}": "columns.BiledCost: FOCUS 1.0 has no such column; did you mean",
    "{name: a, version: 1.0, columns: {Tags: 5}}": "my-mapping.yaml, columns.Tags: a rule is SQL in quotes, such as",
    "{name: a, version: 1.0, columns: {Tags: ''}}": "my-mapping.yaml, columns.Tags: it is empty.",
    "{name: a, version: 1.0, columns: {Tags: '1'}}": "columns.BilledCost: it must be given, as no figure can be made",
}


@pytest.mark.parametrize("text", WRONG)
def test_mistakes_are_named_by_file_and_key(tmp_path: Path, text: str) -> None:
    """Whoever wrote a mapping file is told where in it the mistake is."""
    path = tmp_path / "my-mapping.yaml"
    path.write_text(text)
    assert WRONG[text] in refusal(path)


OTHER: dict[str, tuple[dict[str, Any], str]] = {
    "amounts": ({"amounts": "cost"}, "amounts: it is no list of texts."),
    "recognised": ({"recognised_by": [1]}, "recognised_by: it is no list of column names."),
    "spelling": ({"recognised_by": ["Usage Date"]}, "recognised_by: 'Usage Date' is written usage_date here."),
    "tags": ({"tags": ["a"]}, "tags: it is no mapping of column beginnings to texts."),
}


@pytest.mark.parametrize("case", OTHER)
def test_mistakes_in_other_keys(tmp_path: Path, case: str) -> None:
    """What is not as it should be is refused, not overlooked."""
    keys, said = OTHER[case]
    assert refusal(write_rules(tmp_path, **keys)) == f"my-mapping.yaml, {said}"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("amount({cost}, 2)", "Macro"),
        ("amount({cost}) * {plan}", ""),
        ("lower()", ""),
        ("strptime({month})", ""),
        ("{Usage Date}", "write the column as {usage_date}"),
        ("regexp_matches({plan}, '\\d{4}')", "{…} stands inside quotes"),
    ],
)
def test_rules_that_cannot_run(tmp_path: Path, rule: str, said: str) -> None:
    """A rule that fits no types or arguments is refused before a bill is read, at its key."""
    found = refusal(write_rules(tmp_path, {**COLUMNS, "ServiceName": rule}))
    assert found.startswith("my-mapping.yaml, columns.ServiceName: ") and said in found


def test_a_comment_cannot_open_the_next_rule(place: Place) -> None:
    """Two rules, each harmless alone, do not become a query where one's comment would swallow the other's quote."""
    secret = place.folder / "secret.csv"
    secret.write_text("secret\n42\n")
    injected = f"'\nAS VARCHAR) AS a, (SELECT secret FROM read_csv(''{secret}'')) AS \"ServiceName\" --'"
    columns = {**COLUMNS, "ChargeDescription": "'x' --", "ServiceName": injected}
    place.ingest(write_csv(place.folder / "a.csv", [ROW]), rules=write_rules(place.folder, columns))
    [(service, _currency)] = place.totals("service")
    assert service.startswith("\nAS VARCHAR)") and "42" not in service


def test_a_bill_cannot_speak_through_its_column_names(place: Place) -> None:
    """A column's name that looks like SQL is a name."""
    name = "plan\" FROM read_csv('/etc/passwd') --"
    bill = write_csv(place.folder / "a.csv", [{"Cost": "1", "Month": "2024-09", name: "Seats"}])
    columns = {**COLUMNS, "ServiceName": "{plan_from_read_csv_etc_passwd}"}
    place.ingest(bill, rules=write_rules(place.folder, columns))
    assert list(place.totals("service")) == [("Seats", "USD")]


def test_a_mapping_that_no_hand_wrote(tmp_path: Path) -> None:
    """A file or a rule of absurd size is refused before it is looked into."""
    path = write_rules(tmp_path, {**COLUMNS, "ServiceName": "'" + "x" * 5000 + "'"})
    assert refusal(path) == "my-mapping.yaml, columns.ServiceName: it has 5,002 characters, and 4,000 are enough."
    path.write_bytes(b"#" * (2 << 20))
    assert refusal(path) == "my-mapping.yaml: it has 2,097,152 bytes, which no mapping has."


def test_rules_are_read_as_they_are(tmp_path: Path) -> None:
    """What was read says which file it was, and another byte makes it another one."""
    first: Rules = read_rules(write_rules(tmp_path))
    second: Rules = read_rules(write_rules(tmp_path, remarks=["Seats are billed in advance."]))
    assert first.shown == "my-mapping.yaml" and first.sha256 != second.sha256
    assert second.conversion.remarks == (("", "Seats are billed in advance."),)


def test_a_bill_that_lacks_what_it_must_have(tmp_path: Path) -> None:
    """Either of several names of a column is enough."""
    rules = read_rules(write_rules(tmp_path, recognised_by=[["cost", "price"]]))
    assert rules.fits(["Cost", "Month", "Plan"], "a.csv") == []
    with pytest.raises(DeliveryRefused):
        rules.fits(["Fee"], "a.csv")


def test_a_cost_is_not_cut_in_silence(tmp_path: Path) -> None:
    """The refusal names the column of the cost; a quantity may be cast as its rule says."""
    quantity = {"ConsumedQuantity": "CAST({cost} AS DECIMAL)"}
    read_rules(write_rules(tmp_path, {**COLUMNS, **quantity}))
    assert refusal(write_rules(tmp_path, {**COLUMNS, "EffectiveCost": "CAST({cost} AS DECIMAL)"})).endswith(
        "columns.EffectiveCost: a DECIMAL of 3 places would cut the cost; write DECIMAL(38,18)."
    )
