"""What an engine is: it runs one SQL text where the bill lies, and only the small answer comes home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from finops.errors import FinopsError

if TYPE_CHECKING:  # finops.yaml is read by the web process too, which does without
    import pyarrow

MOST_WORDS = 300
"""Characters of a vendor's error message that are shown."""


class EngineFailed(FinopsError):
    """An engine cannot be asked now, or refuses the question: not installed, not reachable, not allowed."""


class Engine(Protocol):
    """A connection to where a bill lies; its session is in UTC and refuses what overflows."""

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of a table's columns, in order, as the engine writes them.

        Args:
            relation: FROM-clause text in the engine's own dialect.
        """

    def version_of(self, table: str) -> str:
        """Another text whenever the table holds something else; '' where the engine does not keep one.

        Args:
            table: as configured.
        """

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer.

        Args:
            sql: in the engine's own dialect.
            schema: what the answer is made into, column by column in order; raises EngineFailed where it does not fit.
        """

    def close(self) -> None:
        """Let go of the connection."""


@runtime_checkable
class TellsPermissions(Protocol):
    """An engine that can say which of its permissions are missing, one by one."""

    def lacking(self) -> list[str]:
        """Each permission that is refused, a sentence; nothing where all are given."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """An engine, as `engine:` of a warehouse in finops.yaml names it by its module.

    Attributes:
        about: what it is, a few words.
        dialect: sqlglot's name of its SQL.
        opened: an Engine from the settings given, by name; raises EngineFailed.
        keys: setting → what it means; never a secret.
        required: those of them that must be given.
        extra: the optional extra of this package that brings its driver, '' where nothing more is needed.
        secrets: where its driver finds the credentials.
        table: what `table` names.
        relation: FROM-clause text of a table in the engine's dialect, where its name as such is none.
    """

    about: str
    dialect: str
    opened: Callable[..., Engine]
    keys: Mapping[str, str]
    required: tuple[str, ...] = ()
    extra: str = ""
    secrets: str = ""
    table: str = "table or view, as in FROM"
    relation: Callable[[str], str] = str


def engine_kind(name: str) -> EngineKind:
    """An engine by its name; raises EngineFailed where there is none. No other engine's module is imported."""
    place = f"storage.engines.{name}"
    if not name.isidentifier() or find_spec(place) is None or not hasattr(import_module(place), "ENGINE"):
        raise EngineFailed(f"'{name}' is no engine.", f"There are {', '.join(engine_names())}.")
    kind: EngineKind = import_module(place).ENGINE
    return kind


def engine_names() -> list[str]:
    """Every engine there is."""
    package = import_module("storage.engines")
    modules = (found.name for found in iter_modules(package.__path__))
    return [name for name in modules if hasattr(import_module(f"storage.engines.{name}"), "ENGINE")]


def driver(module: str, extra: str) -> Any:
    """A vendor's driver, imported when first used; raises EngineFailed where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        mend = f"Install it: .venv/bin/python -m pip install -e '.[{extra}]'."
        raise EngineFailed(f"The driver {module} is not installed.", mend) from None


@contextmanager
def asked(name: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn what a driver raises into EngineFailed, with the first line of its words."""
    try:
        yield
    except errors as error:
        words = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise EngineFailed(f"{name}: {words.strip()[:MOST_WORDS]}") from error


def from_rows(name: str, batches: Iterable[Sequence[Sequence[Any]]], schema: pyarrow.Schema) -> pyarrow.Table:
    """Rows as a driver gives them, in batches, as an Arrow table; raises EngineFailed where a value does not fit."""
    import pyarrow

    with asked(name, pyarrow.ArrowException):
        made = [
            pyarrow.record_batch(
                [
                    pyarrow.array(values, field.type)
                    for values, field in zip(zip(*rows, strict=True), schema, strict=True)
                ],
                schema=schema,
            )
            for rows in batches
            if rows
        ]
        return pyarrow.Table.from_batches(made, schema)


def conformed(name: str, table: pyarrow.Table, schema: pyarrow.Schema) -> pyarrow.Table:
    """An Arrow table with its columns cast in order; raises EngineFailed where a digit would be lost."""
    import pyarrow

    with asked(name, pyarrow.ArrowException):
        return table.rename_columns(schema.names).cast(schema)
