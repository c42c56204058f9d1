"""The rights that a ledger in a bucket needs: those of the documented policy, and each that lacks is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import moto.settings
import pytest

from bot.doctor import Finding, examine
from storage.ledger.opening import open_ledger
from tests.company import make_company
from tests.storage.bills import Place, charge, write_csv

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "outgrow-one-machine.md"
As = Callable[..., None]


@pytest.fixture
def allowed(bucket: str, monkeypatch: pytest.MonkeyPatch) -> As:
    """Go on as somebody who may do what the howto's policy allows, but for some actions."""

    def become(*lacking: str) -> None:
        [text] = (each for each in re.findall(r"```json\n(.*?)```", HOWTO.read_text(), re.DOTALL) if ":::books" in each)
        policy: dict[str, Any] = json.loads(text.replace(":::books", f":::{urlsplit(bucket).netloc}"))
        for statement in policy["Statement"]:
            statement.pop("Condition", None)  # moto knows none of S3
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [action for action in actions if action not in lacking] or ["s3:None"]
        iam, name = boto3.client("iam"), urlsplit(bucket).netloc
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.put_user_policy(UserName=name, PolicyName="ledger", PolicyDocument=json.dumps(policy))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        monkeypatch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)

    return become


def test_the_documented_policy_is_enough(in_bucket: Place, allowed: As) -> None:
    """With the howto's policy bills are taken in, restated, read, verified, and nothing lacks."""
    allowed()
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge()]))
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge(BilledCost="2")]))
    assert in_bucket.total() == 2 and in_bucket.damaged() == [] and in_bucket.ledger.lacking() == []


@pytest.mark.parametrize("action", ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_each_missing_permission_is_named(bucket: str, allowed: As, tmp_path: Path, action: str) -> None:
    """A permission that lacks is named with the resource that a policy has to allow it on."""
    allowed(action)
    name = urlsplit(bucket).netloc
    resource = name if action == "s3:ListBucket" else f"{name}/finops/*"
    said = [f"AWS does not allow {action} on arn:aws:s3:::{resource}."]
    assert open_ledger(bucket, tmp_path, 1).lacking() == said


def finding(folder: Path, ledger: str) -> Finding:
    """What doctor says of a ledger."""
    place = make_company(folder, bill=False)
    place.settings.finops_ledger, place.settings.finops_ledger_cache = ledger, folder / "cache"
    [found] = [each for each in examine(place) if each.check == "ledger"]
    place.state.close()
    return found


def test_doctor_says_what_lacks(bucket: str, allowed: As, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every permission that lacks, a missing bucket, no credentials, and a bucket out of reach, each in one line."""
    mend = "Check FINOPS_LEDGER; a bucket needs docs/howto/outgrow-one-machine.md."
    assert finding(tmp_path / "a", f"{bucket}x/y").said == "The ledger is empty."
    nowhere = finding(tmp_path / "b", "s3://no-such-bucket/finops")
    assert nowhere == Finding("ledger", False, "There is no bucket no-such-bucket.", mend)
    allowed("s3:GetObject", "s3:DeleteObject")
    below = f"arn:aws:s3:::{urlsplit(bucket).netloc}/finops/*"
    said = f"AWS does not allow s3:GetObject on {below}. AWS does not allow s3:DeleteObject on {below}."
    assert finding(tmp_path / "c", bucket) == Finding("ledger", False, said, mend)
    with monkeypatch.context() as bare:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            bare.delenv(name)
        bare.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        bare.setenv("AWS_EC2_METADATA_DISABLED", "true")
        assert finding(tmp_path / "d", bucket).said == f"{bucket}: there are no credentials of AWS."
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert finding(tmp_path / "e", bucket).said == f"{bucket} cannot be reached."


def test_a_store_without_conditions_is_found(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that writes what it was told not to cannot hold a ledger, and doctor finds out."""
    ledger: Any = open_ledger(bucket, tmp_path, 1)
    client = ledger._objects._client
    put = client.put_object
    monkeypatch.setattr(client, "put_object", lambda IfNoneMatch, **rest: put(**rest))
    assert ledger.lacking() == [f"{bucket} ignores If-None-Match: two ingests could write one version."]
    monkeypatch.undo()
