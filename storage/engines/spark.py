"""Spark, by Spark Connect: the bill is a table of its catalogue, or files that its cluster reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.engines.engine import EngineFailed, EngineKind, asked, conformed, driver

if TYPE_CHECKING:
    import pyarrow

SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
"""Times are of UTC; what overflows or cannot be cast is an error and not NULL."""


class Spark:
    """One session of a Spark Connect server.

    Args:
        remote: its address, sc://host:port; a token in it is refused.
    """

    def __init__(self, remote: str) -> None:
        if "token=" in remote:
            mend = "Leave it out of finops.yaml and set SPARK_CONNECT_AUTHENTICATE_TOKEN."
            raise EngineFailed("The address of Spark holds a token.", mend)
        sql = driver("pyspark.sql.connect.session", "spark")
        errors = driver("pyspark.errors", "spark")
        self._errors = (errors.PySparkException, driver("grpc", "spark").RpcError)
        with self._asked():
            self._session: Any = sql.SparkSession.builder.remote(remote).create()
            for name, value in SETTINGS.items():
                self._session.conf.set(name, value)

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        with self._asked():
            return dict(self._session.sql(f"SELECT * FROM {relation}").dtypes)

    def version_of(self, table: str) -> str:
        """None is kept by every kind of table."""
        return ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer."""
        with self._asked():
            answer = self._session.sql(sql).toArrow()
        return conformed("Spark", answer, schema)

    def close(self) -> None:
        """End the session."""
        with self._asked():
            self._session.stop()

    def _asked(self) -> Any:
        return asked("Spark", *self._errors)


ENGINE = EngineKind(
    "Spark 4 by Spark Connect",
    dialect="spark",
    opened=Spark,
    keys={"remote": "sc://host:15002, the Spark Connect server"},
    required=("remote",),
    extra="spark",
    secrets="`SPARK_CONNECT_AUTHENTICATE_TOKEN`, as Spark's client reads it",
    table="table or view of the catalogue, or files as parquet.`s3a://bucket/path`",
)
