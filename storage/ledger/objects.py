"""Objects below a prefix of an S3 bucket, or of whatever speaks its language (AWS_ENDPOINT_URL).

Credentials are those that boto3 finds; none are kept here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from storage.ledger.versions import LedgerFailed, StoredObject

_NOT_ALLOWED = ("AccessDenied", "403", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch")
_GONE = ("NoSuchKey", "404")
_NOT_AS_EXPECTED = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")
HOWTO = "See docs/howto/outgrow-one-machine.md."


class Forbidden(LedgerFailed):
    """AWS does not allow it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of a listing.

    Attributes:
        key: below the prefix.
        age: seconds since it was written, by the store's own clock; 0 where it does not tell the time.
    """

    key: str
    age: float


class Objects:
    """Objects by their key below a prefix.

    Args:
        bucket: its name.
        prefix: with or without '/' at either end.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket, self.prefix = bucket, prefix.strip("/")
        self.prefix += "/" if self.prefix else ""

    @property
    def url(self) -> str:
        """Its s3:// address."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @cached_property
    def _client(self) -> Any:
        import boto3  # half a second that a company without buckets does not need
        from botocore.config import Config

        waits = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard"}, max_pool_connections=50)
        # Of a session of its own: threads may open ledgers at once, and the default one is not for several.
        return boto3.Session().client("s3", config=waits)

    def listed(self, below: str) -> list[Listed]:
        """Every object whose key begins so."""
        found = []
        with self._asked("s3:ListBucket"):
            paginator = self._client.get_paginator("list_objects_v2")
            for page in paginator.paginate(Bucket=self.bucket, Prefix=self.prefix + below):
                now = _date(page)
                for each in page.get("Contents", ()):
                    age = (now - each["LastModified"]).total_seconds() if now else 0.0
                    found.append(Listed(each["Key"].removeprefix(self.prefix), age))
        return found

    def get(self, key: str, unlike: str = "") -> tuple[bytes, str] | None:
        """A small object's content and ETag, None where it is gone; its content is empty where the ETag is `unlike`."""
        condition = {"IfNoneMatch": unlike} if unlike else {}
        with self._asked("s3:GetObject", pass_on=(*_GONE, "304")) as failed:
            answer = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key, **condition)
            return answer["Body"].read(), answer["ETag"]
        return (b"", unlike) if failed == ["304"] else None

    def seen(self, key: str) -> StoredObject | None:
        """What an object is, None where it is gone."""
        with self._asked("s3:GetObject", pass_on=_GONE):
            answer = self._client.head_object(Bucket=self.bucket, Key=self.prefix + key)
            return StoredObject(answer["ETag"], answer["ContentLength"])
        return None

    def put(self, key: str, content: bytes, former: str = "") -> str | None:
        """Write a small object; its ETag, or None where it is not as expected and was left as it was.

        Args:
            former: the ETag that it must have; by default it must not be there.
        """
        condition = {"IfMatch": former} if former else {"IfNoneMatch": "*"}
        with self._asked("s3:PutObject", pass_on=(*_NOT_AS_EXPECTED, *_GONE)):
            answer = self._client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=content, **condition)
            return str(answer["ETag"])
        return None

    def upload(self, path: Path, key: str) -> StoredObject:
        """Write a file as an object, in parts at once where it is large; raises LedgerFailed where it is not whole."""
        with self._asked("s3:PutObject"):
            self._client.upload_file(str(path), self.bucket, self.prefix + key)
        found = self.seen(key)
        if found is None or found.bytes != path.stat().st_size:
            raise LedgerFailed(f"{self.url}/{key} did not arrive whole.", "Try again.")
        return found

    def download(self, key: str, target: Path) -> None:
        """Fetch an object into a file, in parts at once where it is large; raises LedgerFailed where it is gone."""
        with self._asked("s3:GetObject", pass_on=_GONE):
            self._client.download_file(self.bucket, self.prefix + key, str(target))
            return
        mend = "`finops ledger verify` names what else is; ingest the export again."
        raise LedgerFailed(f"{self.url}/{key} is gone.", mend)

    def sha256(self, key: str) -> str | None:
        """SHA-256 of an object's content, None where it is gone; nothing is kept."""
        with self._asked("s3:GetObject", pass_on=_GONE):
            body = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"]
            digest = hashlib.sha256()
            for chunk in body.iter_chunks(1 << 20):
                digest.update(chunk)
            return digest.hexdigest()
        return None

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        with self._asked("s3:DeleteObject"):
            self._client.delete_object(Bucket=self.bucket, Key=self.prefix + key)

    @contextmanager
    def _asked(self, permission: str, pass_on: tuple[str, ...] = ()) -> Iterator[list[str]]:
        """Say in words what AWS refuses; an error code that is passed on ends the block and is in the list given."""
        from boto3.exceptions import Boto3Error
        from botocore import exceptions
        from botocore.exceptions import BotoCoreError, ClientError

        passed: list[str] = []
        try:
            yield passed
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code not in pass_on:
                raise self._refusal(code, permission) from None
            passed.append(code)
        except (exceptions.ConnectionError, exceptions.HTTPClientError):
            raise LedgerFailed(f"{self.url} cannot be reached.", "Check the network, and try again.") from None
        except exceptions.NoCredentialsError:
            where = "Give them where AWS's own tools look: a role of the machine, AWS_… variables, or a profile."
            raise LedgerFailed(f"{self.url}: there are no credentials of AWS.", where) from None
        except (BotoCoreError, Boto3Error) as error:
            if isinstance(cause := error.__context__, ClientError):  # boto3 wraps what an upload was answered
                raise self._refusal(str(cause.response.get("Error", {}).get("Code", "")), permission) from None
            words = (str(error).splitlines() or [""])[0][:200]
            raise LedgerFailed(f"{self.url}: {words.rstrip('.')}.", "Check FINOPS_LEDGER and AWS's settings.") from None

    def _refusal(self, code: str, permission: str) -> LedgerFailed:
        """What an error code of S3 means to whoever set the ledger up."""
        if code in _NOT_ALLOWED:
            below = "" if permission == "s3:ListBucket" else f"/{self.prefix}*"
            return Forbidden(f"AWS does not allow {permission} on arn:aws:s3:::{self.bucket}{below}.", HOWTO)
        if code == "NoSuchBucket":
            return LedgerFailed(f"There is no bucket {self.bucket}.", "Check FINOPS_LEDGER, or make the bucket.")
        return LedgerFailed(f"{self.url}: AWS answered {code or 'with an error'}.", "Try again.")


def _date(answer: Any) -> datetime | None:
    """When an answer was given, by whoever gave it."""
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(said) if said else None
