"""One installation of the product: where its configuration, state and ledger are, opened when first used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported when first used, so that `finops --help` and the web server's parent stay light
    from bot.settings import Settings
    from finops.company import Company
    from storage.ledger.versions import Ledger
    from storage.state import State


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class Installation:
    """Opens what a process needs, each once.

    Args:
        config: the configuration file, or None for FINOPS_CONFIG and then ./finops.yaml.
        settings: the environment; read anew where not given.
        clock: gives now in UTC; the demo's has its own date.
    """

    def __init__(
        self, config: Path | None = None, settings: Settings | None = None, clock: Callable[[], datetime] = wall_clock
    ) -> None:
        if settings is not None:
            self.settings = settings
        self.clock = clock
        self._config = config

    @cached_property
    def settings(self) -> Settings:
        """The environment."""
        from bot.settings import Settings

        return Settings()

    @property
    def config_path(self) -> Path:
        """The configuration file."""
        return self._config or self.settings.finops_config

    @property
    def is_configured(self) -> bool:
        """Whether there is a configuration, or one was asked for by name."""
        return self.config_path.exists() or self.config_path != Path("finops.yaml")

    def say_if_unconfigured(self, say: Callable[..., None]) -> None:
        """Tell the person at the terminal that no finops.yaml was found, and what follows from it."""
        if not self.is_configured:
            say("finops: no finops.yaml here; every row is `unallocated` until one names teams.", err=True)

    def require_configuration(self) -> None:
        """Raise ConfigurationRefused where there is none: a process without teams would unassign every row."""
        from bot.configuration import load_company

        if not self.is_configured:
            load_company(self.config_path)

    @cached_property
    def company(self) -> Company:
        """finops.yaml; without one in this folder every row is unallocated."""
        from bot.configuration import load_company
        from finops.company import Company

        return load_company(self.config_path) if self.is_configured else Company()

    @cached_property
    def state(self) -> State:
        """The state database, migrated."""
        from storage.state import open_state

        return open_state(self.settings.finops_database_url.get_secret_value())

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger."""
        from storage.ledger.opening import open_ledger

        settings = self.settings
        return open_ledger(settings.finops_ledger, settings.finops_ledger_cache, settings.finops_ledger_cache_gb)

    def parts(self) -> dict[str, Any]:
        """What jobs may ask for by name."""
        from bot.sources import open_source

        return {
            "company": self.company,
            "state": self.state,
            "ledger": self.ledger,
            "open_source": partial(open_source, state=self.state, ledger=self.ledger),
        }

    @property
    def now(self) -> datetime:
        """Now, in UTC."""
        return self.clock()

    @property
    def today(self) -> date:
        """The company's local day."""
        return self.company.today(self.now)
