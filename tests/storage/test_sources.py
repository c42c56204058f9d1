"""Where bills are delivered: which deliveries are complete, and what of them is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from storage.sources.aws_cost_and_usage_report import SOURCE as LEGACY
from storage.sources.aws_data_export import SOURCE as DATA_EXPORT
from storage.sources.azure_export import SOURCE as AZURE
from storage.sources.folder import SOURCE as FOLDER
from storage.sources.place import place_of
from storage.sources.source import Fetched, Offered, SourceFailed, Waiting

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Tree:
    """A folder tree under test."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: Any) -> str:
        """A file: bytes as they are, anything else as JSON."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return name

    def aws(self, period: str, files: list[Any], run: str = "") -> None:
        """A manifest of a Data Export."""
        run = f"{run}/" if run else ""
        self.write(f"metadata/BILLING_PERIOD={period}/{run}costs-Manifest.json", {"dataFiles": files})

    def offered(self, kind: Any = DATA_EXPORT) -> Offered:
        """What the tree has, read as a kind of source."""
        found: Offered = kind.opened(str(self.root)).offered(NOW)
        return found


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty one."""
    return Tree(tmp_path / "export")


def files_of(offered: Offered) -> dict[str, tuple[str, ...]]:
    """Period → its data files."""
    return {offer.name: offer.files for offer in offered.ready}


def test_only_what_the_manifest_names_is_read(tree: Tree, tmp_path: Path) -> None:
    """Files of an execution under way, and of older ones, lie there and are not read."""
    old = tree.write("data/BILLING_PERIOD=2026-10/20261101T010101Z-a/costs-1.csv", b"old")
    new = tree.write("data/BILLING_PERIOD=2026-10/20261102T010101Z-b/costs-1.csv", b"new")
    tree.write("data/BILLING_PERIOD=2026-10/20261103T010101Z-c/costs-1.csv", b"half")
    tree.aws("2026-10", [f"s3://bucket/exports/costs/{old}"], "20261101T010101Z-a")
    tree.aws("2026-10", [{"s3Uri": f"s3://bucket/exports/costs/{new}", "size": 3}], "20261102T010101Z-b")
    assert files_of(tree.offered()) == {"2026-10": (new,)}
    source = DATA_EXPORT.opened(str(tree.root))
    (tmp_path / "work").mkdir()
    [fetched] = source.fetch(source.offered(NOW).ready[0], tmp_path / "work").files
    assert fetched.read_bytes() == b"new"


def test_a_mark_changes_with_what_is_delivered(tree: Tree) -> None:
    """The same delivery has the same mark; a file or a manifest written anew has another."""
    name = tree.write("data/BILLING_PERIOD=2026-10/costs-1.csv", b"one")
    tree.aws("2026-10", [name])
    first = tree.offered().ready[0].mark
    assert tree.offered().ready[0].mark == first
    tree.write(name, b"other")
    second = tree.offered().ready[0].mark
    tree.aws("2026-10", [name, tree.write("data/BILLING_PERIOD=2026-10/costs-2.csv", b"two")])
    assert len({first, second, tree.offered().ready[0].mark}) == 3


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (
            {"dataFiles": ["s3://b/x/data/1.csv", "s3://b/x/data/2.csv"]},
            "the manifest names s3://b/x/data/2.csv, which",
        ),
        ({"dataFiles": ["data/1.csv", "s3://b/x/data/1.csv"]}, "names data/1.csv twice; read twice it would count"),
        ({"dataFiles": [{"s3Uri": "s3://b/data/1.csv", "size": 99}]}, "has 3 bytes where the manifest says 99."),
        ({"dataFiles": []}, "names no data file."),
        ({"dataFiles": "data/1.csv"}, "has no list of dataFiles."),
        ({"files": []}, "does not hold what a manifest holds."),
        ([], "is no manifest."),
        (b'{"dataFiles": ["da', "is not whole JSON: it is being written, or damaged."),
        ({"dataFiles": ["../../secret.csv"]}, "names ../../secret.csv, which is not there."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_delivery_that_is_not_whole_waits(tree: Tree, manifest: Any, why: str) -> None:
    """What is wrong with a manifest is said, and the other months are read all the same."""
    tree.write("data/1.csv", b"one")
    tree.write("../secret.csv", b"not yours")
    tree.aws("2026-09", ["data/1.csv"])
    tree.write("metadata/billing_period=2026-10/costs-manifest.json", manifest)
    offered = tree.offered()
    assert list(files_of(offered)) == ["2026-09"]
    [waiting] = offered.waiting
    assert waiting.name == "2026-10" and why in waiting.why


def test_no_manifest_yet(tree: Tree) -> None:
    """An export that has never been delivered says so, and what lies there; a path that is not there says that."""
    tree.root.mkdir(parents=True, exist_ok=True)
    with pytest.raises(SourceFailed, match=r"^There is no file here yet\."):
        tree.offered()
    tree.write("data/1.csv", b"one")
    with pytest.raises(SourceFailed) as refused:
        tree.offered()
    assert str(refused.value) == (
        "There is no manifest of this kind yet; the newest file here is data/1.csv. "
        "The first delivery writes one. Is it another `kind:`, or another folder's `path:`?"
    )
    with pytest.raises(SourceFailed, match="does not exist"):
        DATA_EXPORT.opened("/nowhere/at/all").offered(NOW)


def test_the_legacy_report(tree: Tree) -> None:
    """The manifest of the month names the newest assembly; those inside older assemblies are not looked at."""
    for assembly in ("a1", "b2"):
        name = tree.write(f"20261001-20261101/{assembly}/costs-1.csv.gz", assembly.encode())
        tree.write(f"20261001-20261101/{assembly}/costs-Manifest.json", {"reportKeys": [f"reports/costs/{name}"]})
    tree.write("20261001-20261101/costs-Manifest.json", {"reportKeys": [f"reports/costs/{name}"]})
    assert files_of(tree.offered(LEGACY)) == {"2026-10": ("20261001-20261101/b2/costs-1.csv.gz",)}


def azure_run(tree: Tree, run: str, submitted: str | None, content: bytes = b"one") -> str:
    """A run of October's export."""
    name = tree.write(f"20261001-20261031/{run}/part_0.csv", content)
    blob = {"blobName": f"exports/costs/{name}", "byteCount": len(content), "dataRowCount": 1}
    about = {"runInfo": {"submittedTime": submitted}} if submitted else {}
    tree.write(f"20261001-20261031/{run}/manifest.json", {"blobs": [blob], **about})
    return name


def test_the_run_submitted_last_counts(tree: Tree) -> None:
    """Azure's runs are told by when they were submitted, whatever their folders are called."""
    azure_run(tree, "zzz", "2026-11-02T06:00:00.1Z")
    newest = azure_run(tree, "aaa", "2026-11-03T06:00:00.1Z")
    azure_run(tree, "mmm", "2026-11-01T06:00:00.1Z")
    assert files_of(tree.offered(AZURE)) == {"20261001-20261031": (newest,)}


def test_manifests_of_2021_say_it_by_their_folder(tree: Tree) -> None:
    """An older manifest has no runInfo; its run's folder names the minute."""
    newest = azure_run(tree, "202611050800/guid", None)
    azure_run(tree, "202611040800/guid", None)
    azure_run(tree, "zzz", "2026-11-03T06:00:00.1Z")
    assert files_of(tree.offered(AZURE)) == {"20261001-20261031": (newest,)}


def test_a_folder_is_one_delivery(tree: Tree) -> None:
    """A local folder is read where it lies, every time."""
    tree.write("2026-10/a.csv", b"one")
    source = FOLDER.opened(str(tree.root))
    [offer] = source.offered(NOW).ready
    assert (offer.mark, source.fetch(offer, tree.root)) == ("", Fetched((tree.root,)))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 as moto has it, with a bucket 'bills'."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert "AWS_PROFILE" not in os.environ
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bills")
        yield client


def put_export(bucket: Any, content: bytes = b"one") -> None:
    """An export's October, its manifest last."""
    key = "exports/costs/data/BILLING_PERIOD=2026-10/costs-1.csv"
    bucket.put_object(Bucket="bills", Key=key, Body=content)
    manifest = json.dumps({"dataFiles": [f"s3://bills/{key}"]}).encode()
    bucket.put_object(
        Bucket="bills", Key="exports/costs/metadata/BILLING_PERIOD=2026-10/costs-Manifest.json", Body=manifest
    )


def test_an_export_in_s3(bucket: Any, tmp_path: Path) -> None:
    """What lies in a bucket is found, fetched, and known again by its mark."""
    put_export(bucket)
    source = DATA_EXPORT.opened("s3://bills/exports/costs")
    [offer] = source.offered(NOW).ready
    assert (offer.name, offer.size) == ("2026-10", 3)
    [fetched] = source.fetch(offer, tmp_path).files
    assert fetched.read_bytes() == b"one"
    assert source.offered(NOW).ready == (offer,) and source.lacking() == []
    put_export(bucket, b"two")
    assert source.offered(NOW).ready[0].mark != offer.mark


def test_a_delivery_in_flight_is_not_read(bucket: Any) -> None:
    """Data newer than its manifest is half of the next delivery: AWS writes the manifest last."""
    put_export(bucket)
    keys = bucket.list_objects_v2(Bucket="bills")["Contents"]
    data = next(each for each in keys if each["Key"].endswith(".csv"))
    while data["LastModified"] <= max(each["LastModified"] for each in keys):
        bucket.put_object(Bucket="bills", Key=data["Key"], Body=b"next")
        data = bucket.list_objects_v2(Bucket="bills", Prefix=data["Key"])["Contents"][0]
    offered = DATA_EXPORT.opened("s3://bills/exports/costs").offered(NOW)
    name = "data/BILLING_PERIOD=2026-10/costs-1.csv"
    why = f"{name} is newer than its manifest: the next delivery is under way."
    assert offered == Offered((), (Waiting("2026-10", why),))


def test_a_bucket_that_is_not_there(bucket: Any) -> None:
    """Nobody is left alone with a traceback, and doctor can say the same."""
    source = DATA_EXPORT.opened("s3://other/exports/costs")
    with pytest.raises(SourceFailed, match="NoSuchBucket"):
        source.offered(NOW)
    assert source.lacking() == ["arn:aws:s3:::other: NoSuchBucket."]


def test_each_missing_permission_is_named(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal by AWS names the action and the resource that a policy has to allow."""
    from botocore.exceptions import ClientError

    put_export(bucket)
    source = DATA_EXPORT.opened("s3://bills/exports/costs")
    client = source._place._client

    def denied(*_args: Any, **_options: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    monkeypatch.setattr(client, "get_object", denied)
    assert source.lacking() == ["AWS does not allow s3:GetObject on arn:aws:s3:::bills/exports/costs/*."]
    monkeypatch.setattr(client, "get_paginator", denied)
    assert source.lacking() == ["AWS does not allow s3:ListBucket on arn:aws:s3:::bills."]


def test_the_key_that_may_not_be_used_is_named(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where S3 says that KMS refuses to decrypt, that is what is said to be missing."""
    from botocore.exceptions import ClientError

    put_export(bucket)
    source = DATA_EXPORT.opened("s3://bills/exports/costs")
    key = "arn:aws:kms:us-east-1:1:key/2"
    words = (
        f"User: arn:aws:iam::1:user/f is not authorized to perform: kms:Decrypt on resource: {key} because no policy"
    )

    def denied(*_args: Any, **_options: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": words}}, "GetObject")

    monkeypatch.setattr(source._place._client, "get_object", denied)
    assert source.lacking() == [f"AWS does not allow kms:Decrypt on {key}."]


def test_the_role_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Azure or Google knows who asks and refuses, the least role that reads there is named."""
    for url, role in (
        ("abfss://c@a.dfs.core.windows.net/x", "Storage Blob Data Reader"),
        ("gs://b/x", "Storage Object"),
    ):
        place = place_of(url)

        def denied(_selector: Any) -> Any:
            raise OSError("GetFileInfo: 403 AuthorizationPermissionMismatch")

        system = type("System", (), {"get_file_info": staticmethod(denied)})
        monkeypatch.setitem(place.__dict__, "_opened", (system, "c/x"))
        [said] = place.lacking()
        assert said.startswith(f"{url}: the role {role}") and "403" in said


def test_a_mapping_file_is_part_of_the_mark(bucket: Any, tmp_path: Path) -> None:
    """Bills in a bucket are fetched again where the mapping by which they are read has changed."""
    bucket.put_object(Bucket="bills", Key="saas/seats.csv", Body=b"one")
    rules = tmp_path / "seats.yaml"
    rules.write_text("name: Seats")
    source = FOLDER.opened("s3://bills/saas", str(rules))
    [first] = source.offered(NOW).ready
    assert source.offered(NOW).ready == (first,) and source.fetch(first, tmp_path / "work").rules == rules
    rules.write_text("name: Licences")
    assert source.offered(NOW).ready[0].mark != first.mark


def test_places_that_nobody_reads() -> None:
    """An address of another kind is refused saying which there are."""
    with pytest.raises(SourceFailed, match="nobody here reads ftp://"):
        place_of("ftp://host/bills")
