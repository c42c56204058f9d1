"""S3 as moto serves it over HTTP, so that processes of their own find it too; and a fresh bucket per test."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

NUMBERS = count(1)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server on loopback that lives as long as the tests."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty ledger in a bucket of its own; the environment leads boto3 there."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    name = f"books-{next(NUMBERS)}"
    client().create_bucket(Bucket=name)
    return f"s3://{name}/finops"


def client() -> Any:
    """A client of whatever the environment says."""
    return boto3.client("s3")


def objects_below(url: str) -> dict[str, str]:
    """Key below an s3:// address → SHA-256 of its content, what says who claimed a number left out."""
    split, s3 = urlsplit(url), client()
    prefix = split.path.strip("/") + "/"
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=split.netloc, Prefix=prefix).get("Contents", ())]
    return {
        key.removeprefix(prefix): hashlib.sha256(s3.get_object(Bucket=split.netloc, Key=key)["Body"].read()).hexdigest()
        for key in keys
        if not key.endswith("claim.json")
    }


def count_requests(ledger: Any) -> list[str]:
    """Every request that a ledger's client sends from now on: 'GET bill/2024-09/v0001/manifest.json'."""
    sent: list[str] = []
    objects = ledger._objects

    def note(request: Any, **_: Any) -> None:
        path = urlsplit(request.url).path.removeprefix(f"/{objects.bucket}").removeprefix(f"/{objects.prefix}")
        sent.append(f"{request.method} {path}".strip())

    objects._client.meta.events.register("before-send.s3", note)
    return sent
