"""Every kind of source and engine has the least that it needs in a how-to, and takes no credential from finops.yaml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.configuration import load_company
from bot.sources import source_kinds
from finops.errors import ConfigurationRefused
from storage.engines.engine import engine_kind, engine_names

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
USUAL = {
    "aws_cost_explorer": {},
    "opencost": {"path": "costs", "adds": "true"},
    "warehouse": {"engine": "postgresql", "table": "focus"},
}
"""Keys of a source without a fault; the others need a path."""
NEEDED = {
    "athena": ("athena:StartQueryExecution", "athena:GetQueryResults", "glue:GetTable", "s3:PutObject"),
    "bigquery": ("roles/bigquery.dataViewer", "roles/bigquery.jobUser"),
    "databricks": ("GRANT SELECT ON TABLE",),
    "duckdb": ("to read the files",),
    "postgresql": ("GRANT SELECT ON",),
    "snowflake": ("GRANT USAGE ON WAREHOUSE", "GRANT SELECT ON TABLE"),
    "spark": ("s3:GetObject",),
    "trino": ("GRANT SELECT ON",),
}
"""Engine → what its part of the how-to must name."""


def test_every_source_has_its_policy() -> None:
    """The table of connect-a-source.md has a row with rights for every kind, and the policies that it points to."""
    page = (HOWTO / "connect-a-source.md").read_text(encoding="utf-8")
    table = page.split("| kind | the least that it needs |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\|[^|]*\|", table, re.MULTILINE))
    assert {kind for kind in source_kinds() if f"`{kind}`" not in table} == set()
    actions = (
        "s3:ListBucket",
        "s3:GetObject",
        "ce:GetCostAndUsage",
        "ce:GetCostForecast",
        "kms:Decrypt",
        "Storage Blob Data Reader",
    )
    assert [action for action in (*actions, "Storage Object Viewer") if action not in page] == []
    queue = (HOWTO / "receive-aws-alerts.md").read_text(encoding="utf-8")
    assert '"sqs:ReceiveMessage", "sqs:DeleteMessage"' in queue


def test_every_engine_has_its_policy() -> None:
    """outgrow-one-machine.md has a part for every engine that names what has to be allowed."""
    page = (HOWTO / "outgrow-one-machine.md").read_text(encoding="utf-8")
    part = page.split("## The least that each engine needs")[1].split("\n## ")[0]
    parts = {found[1]: found[2] for found in re.finditer(r"^\*\*(\w+)\*\*:(.*?)(?=^\*\*|\Z)", part, re.M | re.S)}
    assert sorted(parts) == engine_names() == sorted(NEEDED)
    assert [(name, need) for name, needs in NEEDED.items() for need in needs if need not in parts[name]] == []


def refusal(folder: Path, kind: str, keys: dict[str, str]) -> str:
    """What is said of a source with these keys."""
    written = "".join(f'    {key}: "{value}"\n' for key, value in {"kind": kind, **keys}.items())
    (folder / "finops.yaml").write_text(f"sources:\n  one:\n{written}")
    with pytest.raises(ConfigurationRefused) as refused:
        load_company(folder / "finops.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    "key", ["password", "secret_key", "aws_secret_access_key", "token", "sas_token", "account_key"]
)
@pytest.mark.parametrize("kind", source_kinds())
def test_a_credential_as_a_key_is_refused(tmp_path: Path, kind: str, key: str) -> None:
    """It is said which key it is and where it belongs, and the credential is not repeated."""
    said = refusal(tmp_path, kind, {**USUAL.get(kind, {"path": "bills"}), key: "hunter2"})
    assert f"has a credential in the key {key}; take it out and put it where " in said and "hunter2" not in said


@pytest.mark.parametrize(
    "value",
    [
        "https://me:hunter2@example.com/bills",
        "abfss://costs@account.dfs.core.windows.net/focus?sig=hunter2",
        "s3://bills/AKIAIOSFODNN7EXAMPLE/hunter2",
    ],
)
@pytest.mark.parametrize("kind", [kind for kind in source_kinds() if kind not in ("aws_cost_explorer", "warehouse")])
def test_a_credential_in_an_address_is_refused(tmp_path: Path, kind: str, value: str) -> None:
    """A password, a signature or an access key within a path is found too."""
    said = refusal(tmp_path, kind, {**USUAL.get(kind, {}), "path": value})
    assert "has a credential in the key path; take it out" in said and "hunter2" not in said


@pytest.mark.parametrize("engine", engine_names())
def test_an_engine_says_where_its_credentials_belong(tmp_path: Path, engine: str) -> None:
    """Each names the place where its own driver finds them."""
    kind = engine_kind(engine)
    needed = {key: "x" for key in kind.required}
    said = refusal(tmp_path, "warehouse", {"engine": engine, "table": "focus", **needed, "password": "hunter2"})
    assert "has a credential in the key password" in said and "hunter2" not in said
    assert kind.secrets[:20] in said
