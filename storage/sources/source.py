"""What a billing source is: it says which deliveries are complete, and fetches one of them."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from finops.errors import FinopsError

SECRET_KEY = re.compile(
    "passw|pwd|secret|token|credential|(access|account|api|private|shared|storage)_?key|sas|connection_?string",
    re.IGNORECASE,
)
"""Names of keys under which people write credentials."""
SECRET_VALUE = re.compile(
    r"://[^/@\s]*:[^/@\s]*@|[?&](sig|X-Amz-Signature|X-Goog-Signature)=|\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN"
)
"""What is a credential wherever it stands: user:password@ and signatures in addresses, AWS's access keys, PEM."""


AZURE_STORAGE = re.compile(r"([a-z0-9]+)\.(?:blob|dfs)\.core\.windows\.net")


def _address_fault(path: str) -> str:
    """What is wrong with where files are said to lie, '' where nothing is; user-info and queries are not repeated."""
    address = urlsplit(path)
    scheme, host, below = address.scheme, (address.netloc.rpartition("@")[2]).lower(), address.path.strip("/")
    if len(scheme) < 2 or scheme in ("s3", "abfs", "abfss", "gs"):
        return ""
    said = f"has the path {scheme}://{host}{address.path}, and nobody here reads {scheme}://; "
    container, _, folder = below.partition("/")
    if container and (azure := AZURE_STORAGE.fullmatch(host)):
        return f"{said}write abfss://{container}@{azure[1]}.dfs.core.windows.net/{folder}"
    return f"{said}use a folder, s3://bucket/prefix, abfss://container@account.dfs.core.windows.net/path or gs://bucket/path"


def _is_secret(key: str, value: object, keys: Mapping[str, str]) -> bool:
    """Whether a credential seems to stand under a key of finops.yaml."""
    return (key not in keys and bool(SECRET_KEY.search(key))) or bool(SECRET_VALUE.search(str(value)))


class SourceFailed(FinopsError):
    """A source cannot be read now: it is not there, not reachable, or not allowed."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A delivery that is complete: the files of one billing period, or of several.

    Attributes:
        name: of it within its export, for people: '2026-10'.
        mark: another one whenever what it holds may be another; what was taken in under a mark is not fetched again.
            Empty where only reading it tells.
        files: what is to be fetched, as the source names it.
        size: bytes.
        retry: another one whenever a try that failed and cost money may be made again; empty where trying costs
            nothing.
        manifest: the file that says what belongs to it, as the source names it; empty where none does.
    """

    name: str
    mark: str
    files: tuple[str, ...]
    size: int = 0
    retry: str = ""
    manifest: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that cannot be used as it is: under way, or damaged.

    Attributes:
        why: one sentence.
    """

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Offered:
    """What a source has.

    Attributes:
        ready: complete deliveries, the oldest billing period first.
        waiting: the others; what was taken in of them before stays.
    """

    ready: tuple[Offer, ...]
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """A delivery that was fetched.

    Attributes:
        files: bills, and folders of them.
        remarks: what whoever reads the figures should know, each a sentence.
        rules: the mapping file by which its bills become FOCUS, None where their columns tell what they are.
        lenient: bills may lack mandatory columns which no figure needs.
        names: copy of a file → the name it has where it was delivered, for people.
    """

    files: tuple[Path, ...]
    remarks: tuple[str, ...] = ()
    rules: Path | None = None
    lenient: bool = False
    names: Mapping[Path, str] = field(default_factory=dict)


class Source(Protocol):
    """One export, wherever it is delivered."""

    def offered(self, now: datetime) -> Offered:
        """What there is; raises SourceFailed where nobody can tell."""

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """Bring a delivery's files into an empty folder, or say where they lie already; raises SourceFailed."""

    def lacking(self) -> list[str]:
        """What must be allowed or mended before it can be read, each a sentence; nothing where all is well."""


class PaidSource(Source):
    """A source whose requests cost money; what it offers, it says without one.

    Attributes:
        price: of a request, in USD.
        requests: made since it was opened.
        counted: told how many were made, after each.
    """

    price = Decimal("0.01")

    def __init__(self) -> None:
        self.requests = 0
        self.counted: Callable[[int], object] = lambda _made: None

    @abstractmethod
    def foreseen(self, offer: Offer) -> tuple[int, int]:
        """The least and the most requests that fetching a delivery takes."""

    def paid(self, requests: int) -> None:
        """Note that requests were made."""
        self.requests += requests
        self.counted(requests)


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source, as `kind:` in finops.yaml names it by its module.

    Attributes:
        about: what is delivered there, one line.
        opened: a Source from the keys given, by name: each as text, a list or a mapping as JSON. What else it needs
            of `state` and `ledger`, it names as keyword-only parameters.
        keys: key → what it means.
        required: those of them that must be given.
        check: what is wrong with the values given, '' where nothing is.
        secrets: where its credentials belong, since none stand in finops.yaml.
    """

    about: str
    opened: Callable[..., Source]
    keys: Mapping[str, str]
    required: tuple[str, ...] = ("path",)
    check: Callable[[Mapping[str, object]], str] = lambda _given: ""
    secrets: str = "where boto3 and the vendors' own tools find them (docs/howto/connect-a-source.md)"

    def fault(self, given: Mapping[str, object]) -> str:
        """What is wrong with the keys of one source, '' where nothing is."""
        if secret := next((key for key, value in given.items() if _is_secret(key, value, self.keys)), ""):
            return f"has a credential in the key {secret}; take it out and put it {self.secrets}"
        if unknown := [key for key in given if key not in self.keys]:
            return f"has no key {unknown[0]}; there are {', '.join(self.keys)}"
        if lacking := [key for key in self.required if not given.get(key)]:
            return f"needs the key {lacking[0]}: {self.keys[lacking[0]]}"
        if "path" in self.keys and (fault := _address_fault(str(given.get("path") or ""))):
            return fault
        return self.check(given)
