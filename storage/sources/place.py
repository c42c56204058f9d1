"""Where files lie: a folder, a bucket of S3, or a container of Azure or Google; read alike.

Credentials are those that boto3 and the vendors' own tools find; none are kept here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

from storage.aws_refusals import DENIED, not_allowed
from storage.ledger.files_below import files_below
from storage.sources.source import SourceFailed

ELSEWHERE = ("abfs", "abfss", "gs")
"""Schemes that pyarrow's file systems read."""
ROLES = {**dict.fromkeys(("abfs", "abfss"), "Storage Blob Data Reader"), "gs": "Storage Object Viewer"}
"""Scheme → the least role that reads there."""
REFUSED = re.compile(r"\b403\b|PERMISSION_DENIED|AuthorizationPermissionMismatch|AuthorizationFailure", re.IGNORECASE)
"""Of a vendor's words: it knows who asks, and does not allow it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a place.

    Attributes:
        name: its path below the place, with '/'.
        mark: another one whenever its content may be another.
    """

    name: str
    size: int
    mark: str
    changed_at: datetime


class Place(Protocol):
    """A tree of files.

    Attributes:
        address: path or URL.
    """

    address: str

    def files(self, below: str = "") -> Iterator[Found]:
        """Every file below a folder, whose path ends with '/' or is empty, by name."""

    def read(self, name: str) -> bytes:
        """A small file's content."""

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file to a path."""

    def lacking(self) -> list[str]:
        """What is not allowed, each a sentence."""

    def name_of(self, address: str) -> str | None:
        """The name here of a file as the provider's manifest addresses it; None where it lies elsewhere."""


def fetch_all(place: Place, names: Sequence[str], folder: Path) -> dict[Path, str]:
    """Copy files into an empty or a new folder: each copy with the name it has at its place.

    Copies are numbered, since a key of a bucket may be no path of this machine: '/etc/x', '../x', or 'a' beside 'a/b'.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fetched = {}
    for number, name in enumerate(names):
        target = folder / f"{number:06d}{''.join(PurePosixPath(name).suffixes[-2:])[-32:]}"
        place.fetch(name, target)
        fetched[target] = name
    return fetched


@contextmanager
def local_faults() -> Iterator[None]:
    """Turn what this machine's disk and rights raise into SourceFailed."""
    try:
        yield
    except OSError as error:
        # Of an error without a file, such as one of the network, the words may name hosts and accounts.
        where, words = error.filename2 or error.filename or "This machine", error.strerror or type(error).__name__
        raise SourceFailed(f"{where}: {words}.", "Mend it on this machine; it is tried again next time.") from error


def place_of(path: str) -> Place:
    """The place of a path or URL: a folder, s3://bucket/prefix, abfss://container@account/path or gs://bucket/path."""
    scheme = urlsplit(path).scheme
    if scheme == "s3":
        return Bucket(path)
    if scheme in ELSEWHERE:
        return ArrowPlace(path)
    if len(scheme) > 1:
        raise SourceFailed(f"{path}: nobody here reads {scheme}://.", "Use a folder, s3://, abfss:// or gs://.")
    return Folder(Path(path))


class Folder:
    """A folder of this machine, or a file of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.address = root, str(root)

    def files(self, below: str = "") -> Iterator[Found]:
        """Every file; raises SourceFailed where one of its folders cannot be read, as that is not the same as empty."""
        if not self.root.exists():
            raise SourceFailed(f"{self.root} does not exist.", "Mend `sources:` in finops.yaml.")
        with local_faults():
            found = files_below(self.root / below)
        for path, seen in found:
            mark = f"{seen.st_size}-{seen.st_mtime_ns}"
            changed_at = datetime.fromtimestamp(seen.st_mtime, UTC)
            yield Found(path.relative_to(self.root).as_posix(), seen.st_size, mark, changed_at)

    def read(self, name: str) -> bytes:
        """A small file's content."""
        with local_faults():
            return (self.root / name).read_bytes()

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file."""
        with local_faults():
            shutil.copyfile(self.root / name, target)

    def lacking(self) -> list[str]:
        """Whether it is there, every folder of it can be listed, and every file be opened."""
        try:
            with local_faults():
                if not self.root.exists():
                    return [f"{self.root} does not exist."]
                inside = [path for path, _ in files_below(self.root, of_people=True)]
                for path in inside if self.root.is_dir() else [self.root]:
                    path.open("rb").close()
        except SourceFailed as failed:
            return [failed.reason]
        return []

    def name_of(self, address: str) -> str | None:
        """The longest end of an address that is a file here: a copied tree begins anywhere in the provider's."""
        parts = PurePosixPath(urlsplit(address).path).parts
        for start in range(len(parts)):
            name = "/".join(parts[start:]).lstrip("/")
            if name and ".." not in parts and (self.root / name).is_file():
                return name
        return None


class Bucket:
    """A bucket of S3, or of whatever speaks its language (AWS_ENDPOINT_URL)."""

    def __init__(self, url: str) -> None:
        split, self.address = urlsplit(url), url
        self.bucket, self.prefix = split.netloc, split.path.strip("/")
        self.prefix += "/" if self.prefix else ""

    @cached_property
    def _client(self) -> Any:
        import boto3  # half a second that a company without buckets does not need

        return boto3.client("s3")

    def files(self, below: str = "") -> Iterator[Found]:
        """Every object below the prefix."""
        with self._asked("s3:ListBucket", f"arn:aws:s3:::{self.bucket}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + below
            )
            for page in pages:
                for each in page.get("Contents", ()):
                    name = each["Key"].removeprefix(self.prefix)
                    if not name.endswith("/"):
                        yield Found(name, each["Size"], each["ETag"].strip('"'), each["LastModified"])

    def read(self, name: str) -> bytes:
        """A small object's content."""
        with self._asked("s3:GetObject", f"arn:aws:s3:::{self.bucket}/{self.prefix}*"):
            content: bytes = self._client.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read()
        return content

    def fetch(self, name: str, target: Path) -> None:
        """Download an object, in parts at once where it is large."""
        with self._asked("s3:GetObject", f"arn:aws:s3:::{self.bucket}/{self.prefix}*"):
            self._client.download_file(self.bucket, self.prefix + name, str(target))

    def lacking(self) -> list[str]:
        """Each permission that reading needs and that is refused."""
        said = []
        try:
            first = next(self.files(), None)
        except SourceFailed as failed:
            return [failed.reason]
        if first is not None:
            try:
                with self._asked("s3:GetObject", f"arn:aws:s3:::{self.bucket}/{self.prefix}*"):
                    self._client.get_object(Bucket=self.bucket, Key=self.prefix + first.name, Range="bytes=0-0")
            except SourceFailed as failed:
                said.append(failed.reason)
        return said

    def name_of(self, address: str) -> str | None:
        """A key or s3:// address as a name below the prefix."""
        split = urlsplit(address)
        key = split.path.lstrip("/") if split.scheme == "s3" else address.lstrip("/")
        if split.scheme == "s3" and split.netloc != self.bucket:
            return None
        return key.removeprefix(self.prefix) if key.startswith(self.prefix) else None

    @contextmanager
    def _asked(self, permission: str, resource: str) -> Iterator[None]:
        """Say which permission is missing where AWS says that one is."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            raise _refusal(error.response.get("Error", {}), permission, resource) from None
        except BotoCoreError as error:
            words = (str(error).splitlines() or [""])[0][:200]
            mend = "Credentials come from where AWS's own tools find them."
            raise SourceFailed(f"s3://{self.bucket}: {words}", mend) from None


def _refusal(error: Mapping[str, str], permission: str, resource: str) -> SourceFailed:
    """What an error of S3 means to whoever set the source up."""
    code = error.get("Code", "")
    if code in DENIED:
        reason = not_allowed(error.get("Message", ""), permission, resource)
        return SourceFailed(reason, "See docs/howto/connect-a-source.md.")
    if code in ("NoSuchBucket", "NoSuchKey", "404"):
        return SourceFailed(f"{resource}: {code}.", "Check `sources:` in finops.yaml.")
    return SourceFailed(f"{resource}: AWS answered {code or 'with an error'}.", "It is tried again next time.")


class ArrowPlace:
    """A container of Azure (abfss://) or a bucket of Google (gs://), through pyarrow."""

    def __init__(self, url: str) -> None:
        self.url = self.address = url.rstrip("/")

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        from pyarrow.fs import FileSystem

        with self._asked():
            system, root = FileSystem.from_uri(self.url)
        return system, root.rstrip("/")

    def files(self, below: str = "") -> Iterator[Found]:
        """Every file."""
        from pyarrow.fs import FileSelector, FileType

        system, root = self._opened
        with self._asked():
            found = system.get_file_info(FileSelector(f"{root}/{below}".rstrip("/"), recursive=True))
        for each in sorted(found, key=lambda info: str(info.path)):
            if each.type == FileType.File:
                changed_at = each.mtime or datetime.fromtimestamp(0, UTC)
                yield Found(each.path.removeprefix(f"{root}/"), each.size, f"{each.size}-{changed_at}", changed_at)

    def read(self, name: str) -> bytes:
        """A small file's content."""
        system, root = self._opened
        with self._asked(), system.open_input_stream(f"{root}/{name}", compression=None) as stream:
            content: bytes = stream.read()
        return content

    def fetch(self, name: str, target: Path) -> None:
        """Download a file."""
        system, root = self._opened
        with (
            self._asked(),
            system.open_input_stream(f"{root}/{name}", compression=None) as stream,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(stream, file, 1 << 20)

    def lacking(self) -> list[str]:
        """Why it cannot be read: whether its files can be listed, and the first of them read."""
        try:
            first = next(self.files(), None)
            if first is not None:
                system, root = self._opened
                with self._asked(), system.open_input_stream(f"{root}/{first.name}", compression=None) as stream:
                    stream.read(1)
        except SourceFailed as failed:
            return [failed.reason]
        return []

    def name_of(self, address: str) -> str | None:
        """The end of an address below this place: Azure's manifests name blobs from the container on."""
        _, root = self._opened
        inside = root.split("/", 1)[1] if "/" in root else ""
        path = urlsplit(address).path.lstrip("/") if "://" in address else address.lstrip("/")
        if not inside:
            return path
        _, found, name = path.partition(f"{inside}/")
        return name if found else None

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            words = (str(error).splitlines() or [""])[0][:200]
            if REFUSED.search(str(error)):
                role = ROLES.get(urlsplit(self.url).scheme, "")
                mend = "See docs/howto/connect-a-source.md."
                raise SourceFailed(f"{self.url}: the role {role} is missing ({words}).", mend) from None
            raise SourceFailed(f"{self.url}: {words}", "The vendor's own tools find the credentials.") from None
