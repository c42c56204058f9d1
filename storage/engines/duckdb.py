"""DuckDB in memory: the engine for bills that are files."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops import focus
from storage.engines.engine import EngineFailed, EngineKind, asked, conformed

if TYPE_CHECKING:  # imported when first used: finops.yaml may name this engine, and the web process does without it
    import pyarrow

MEMORY_LIMIT = "800MB"
"""Of one engine; what does not fit goes to the temporary folder."""
LITERAL = re.compile(r"'(?:[^']|'')*'")
WIDEST = 38
"""Digits of a DECIMAL; what Parquet has more of, DuckDB reads as a double."""


class DuckDBEngine:
    """One in-memory DuckDB; never a shared .duckdb file, which would shut out every other process.

    Args:
        temporary: folder for what does not fit into memory.
        memory_limit: as DuckDB writes it, '800MB'.
    """

    name = "duckdb"

    def __init__(self, temporary: Path, memory_limit: str = MEMORY_LIMIT) -> None:
        import duckdb

        self._temporary = temporary
        self._connection = duckdb.connect(
            config={"memory_limit": memory_limit, "temp_directory": str(temporary), "preserve_insertion_order": False}
        )
        self._connection.execute("SET TimeZone = 'UTC'")

    def run(self, sql: str, parameters: list[Any] | None = None) -> None:
        """Run a statement whose answer nobody needs."""
        self._connection.cursor().execute(sql, parameters or []).fetchall()

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """A query's whole answer as tuples: DECIMAL as Decimal, dates as date, times as naive UTC."""
        return self._connection.cursor().execute(sql, parameters or []).fetchall()

    def arrow(self, sql: str) -> pyarrow.Table:
        """A query's whole answer as it leaves the engine."""
        return self._connection.cursor().sql(sql).to_arrow_table()

    def batches(self, sql: str, size: int = 50_000) -> Iterator[list[list[Any]]]:
        """A query's answer batch by batch, each a list of columns, read while the caller works on them."""
        cursor = self._connection.cursor()
        for batch in cursor.sql(sql).to_arrow_reader(size):
            yield [_values(column) for column in batch.columns]

    def columns(self, sql: str) -> dict[str, str]:
        """Names and DuckDB types of what a query gives, in order."""
        return {row[0]: row[1] for row in self.rows(f"DESCRIBE {sql}")}

    def register(self, name: str, table: pyarrow.Table) -> None:
        """Copy an Arrow table into the engine under a name, replacing a former one."""
        from pyarrow.parquet import write_table

        # By way of a file: DuckDB's own register() imports pandas, half a second that nothing here needs.
        with tempfile.NamedTemporaryFile(dir=self._temporary, suffix=".parquet") as file:
            write_table(table, file.name)
            self.run(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT * FROM read_parquet({literal(file.name)})")

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """Rows keep the order they were read in, so that they can be named by their number; it takes one core only."""
        (threads,) = self.rows("SELECT current_setting('threads')")[0]
        self.run("SET preserve_insertion_order = true")
        # With several, DuckDB 2.0 swaps rows where one Parquet file is copied to another of smaller row groups.
        self.run("SET threads = 1")
        try:
            yield
        finally:
            self.run(f"SET threads = {threads}")
            self.run("SET preserve_insertion_order = false")

    def close(self) -> None:
        """Free its memory."""
        self._connection.close()


class DuckDBFiles(DuckDBEngine):
    """The same as an engine of a warehouse: Parquet files that stay where they lie, on a disk seen from here."""

    def __init__(self, memory_limit: str = MEMORY_LIMIT) -> None:
        import duckdb

        with asked("DuckDB", duckdb.Error, OSError):
            self._own = tempfile.TemporaryDirectory(prefix="finops-duckdb-")
            try:
                super().__init__(Path(self._own.name), memory_limit)
            except duckdb.Error:
                self._own.cleanup()
                raise

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of the files' columns.

        Raises:
            EngineFailed: a column that is read has several types, or is a cost of more digits than a DECIMAL has.
        """
        import duckdb

        with asked("DuckDB", duckdb.Error):
            types = self.columns(f"SELECT * FROM {relation}")
            found = LITERAL.search(relation)
            if found:
                self._refuse_lossy(found[0], types)
        return types

    def version_of(self, table: str) -> str:
        """Sizes and times of the files; none where only DuckDB finds them."""
        with asked("DuckDB", OSError):
            seen = [(name, Path(name).stat()) for name in sorted(glob(table, recursive=True))]
        marks = "\n".join(f"{name} {file.st_size} {file.st_mtime_ns}" for name, file in seen)
        return hashlib.sha256(marks.encode()).hexdigest()[:32] if seen else ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer."""
        import duckdb

        with asked("DuckDB", duckdb.Error):
            answer = self.arrow(sql)
        return conformed("DuckDB", answer, schema)

    def _refuse_lossy(self, pattern: str, types: dict[str, str]) -> None:
        """Refuse files whose values DuckDB would change: it reads all of them by the types of the first.

        Args:
            pattern: of the files, an SQL literal.
            types: the first file's.
        """
        columns = {own for name in focus.READ_FROM if (own := focus.read_from(name, types))}
        columns |= set(focus.tag_columns(types).values())
        files = [row[0] for row in self.rows(f"SELECT file FROM glob({pattern}) ORDER BY file")]
        for file in files:
            there = self.columns(f"SELECT * FROM {parquet(file)}")
            if other := next((name for name in sorted(columns & set(there)) if there[name] != types[name]), ""):
                raise EngineFailed(
                    f"The column {other} is {types[other]} in {files[0]} and {there[other]} in {file}.",
                    "Write the files anew with one type; of costs it is best DECIMAL(38,18).",
                )
        costs = [own for name in focus.COSTS if (own := focus.read_from(name, types))]
        wide = f"SELECT file_name, name, precision FROM parquet_schema({pattern}) WHERE precision > {WIDEST}"
        for file, name, digits in self.rows(f"{wide} ORDER BY ALL"):
            if name in costs:
                raise EngineFailed(
                    f"The column {name} has decimals of {digits} digits in {file}, of which some would be lost.",
                    "Write the files anew with costs as DECIMAL(38,18).",
                )

    def close(self) -> None:
        """Free its memory and its temporary folder."""
        super().close()
        self._own.cleanup()


def _values(column: pyarrow.Array) -> list[Any]:
    """A column's values; one that repeats is made once, which takes a fraction of the time of making every row's."""
    coded = column.dictionary_encode(null_encoding="encode")
    if len(coded.dictionary) >= len(column) // 4:
        return column.to_pylist()  # type: ignore[no-any-return]
    values = coded.dictionary.to_pylist()
    return list(map(values.__getitem__, memoryview(coded.indices.buffers()[1]).cast("i")[: len(column)]))


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """A text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def exact_path(path: Path | str) -> str:
    """A file's name as an SQL literal that stands for this one file: '*', '?' and '[' are patterns to DuckDB."""
    return literal(re.sub(r"[*?\[]", r"[\g<0>]", str(path)))


def parquet(files: Path | str | Iterable[Path], *options: str) -> str:
    """FROM-clause text of Parquet files, with nothing but their own columns: a folder named key=value adds none."""
    paths = [files] if isinstance(files, Path | str) else files
    settings = ("hive_partitioning = false", "binary_as_string = true", *options)
    return f"read_parquet([{', '.join(map(exact_path, paths))}], {', '.join(settings)})"


ENGINE = EngineKind(
    "DuckDB over Parquet files that stay where they lie",
    dialect="duckdb",
    opened=DuckDBFiles,
    keys={"memory_limit": f"as DuckDB writes it; {MEMORY_LIMIT} by default"},
    table="path of Parquet files on this machine, `*` and `**` allowed",
    relation=lambda pattern: f"read_parquet({literal(pattern)}, hive_partitioning = false, binary_as_string = true)",
)
