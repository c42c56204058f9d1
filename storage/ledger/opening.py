"""Opening the ledger where FINOPS_LEDGER says that it is; nobody else asks what kind it is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from finops.errors import ConfigurationRefused
from storage.ledger.bucket import BucketLedger
from storage.ledger.cache import Cache
from storage.ledger.folder import FolderLedger
from storage.ledger.objects import Objects
from storage.ledger.versions import Ledger

GIGABYTE = 10**9


def open_ledger(place: str, cache: Path, cache_gigabytes: float) -> Ledger:
    """The ledger at a place; nothing is asked of it yet.

    Args:
        place: a folder, or `s3://bucket/prefix`.
        cache: folder of this machine for what is read from a bucket.
        cache_gigabytes: what the cache may hold.

    Raises:
        ConfigurationRefused: the place is of another kind, or names no bucket.
    """
    split = urlsplit(place)
    if len(split.scheme) < 2:  # none, or a drive's letter
        return FolderLedger(Path(place))
    if split.scheme != "s3" or not split.netloc:
        raise ConfigurationRefused(f"FINOPS_LEDGER={place} is no ledger.", "Name a folder, or s3://bucket/prefix.")
    return BucketLedger(Objects(split.netloc, split.path), Cache(cache, int(cache_gigabytes * GIGABYTE)))
