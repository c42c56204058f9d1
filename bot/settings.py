"""What the environment says: secrets, URLs and places. Nothing of it is ever logged."""

from __future__ import annotations

from os import fspath
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The environment, read once per process.

    Attributes:
        slack_bot_token: `xoxb-…`.
        slack_signing_secret: proves that an HTTP request comes from Slack.
        slack_app_token: `xapp-…`, for Socket Mode.
        slack_api_url: replaces Slack's own base URL.
        finops_database_url: SQLAlchemy URL of the state database; SQLite under ./var by default.
        finops_ledger: the ledger: a folder, or `s3://bucket/prefix`; ./var/ledger by default.
        finops_ledger_cache: folder of this machine for what is read from a ledger in a bucket.
        finops_ledger_cache_gb: what that folder may hold; it goes over for what was used within the last hour.
        finops_config: the configuration file; ./finops.yaml by default.
        finops_log: the least level that is logged: debug, info, warning or error.
        finops_health_port: where `finops run` and `finops worker` serve /healthz and /metrics; nowhere by default.
        port: what `finops web` listens on, as hosting services set it.
    """

    model_config = SettingsConfigDict(extra="ignore")

    slack_bot_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    finops_database_url: SecretStr = SecretStr("sqlite:///var/finops.db")
    finops_ledger: Annotated[str, BeforeValidator(fspath)] = "var/ledger"
    finops_ledger_cache: Path = Path("var/ledger-cache")
    finops_ledger_cache_gb: float = 10
    finops_config: Path = Path("finops.yaml")
    finops_log: str = "info"
    finops_health_port: int | None = None
    port: int = 8080

    @property
    def api_url(self) -> str:
        """Slack's base URL, ending with a slash as slack_sdk wants it."""
        return self.slack_api_url.rstrip("/") + "/"
