"""Exact money in a database column, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, String
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine

from finops.money import EXACT, SCALE


class Amount(TypeDecorator[Decimal]):
    """A Decimal with 18 places: NUMERIC(38,18) on PostgreSQL, on SQLite the amount times 10^18 as an integer's digits.

    The digits are text because SQLite's integers end at 9.2 × 10^18, that is at 9.2 currency units.
    """

    impl = Numeric(38, SCALE)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """TEXT on SQLite, NUMERIC elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String())
        return dialect.type_descriptor(Numeric(38, SCALE))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """To the database."""
        if value is None or dialect.name != "sqlite":
            return value
        return str(int(value.scaleb(SCALE, EXACT)))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """From the database."""
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]  # psycopg gives a Decimal
        return Decimal(value).scaleb(-SCALE, EXACT)


class exact_sum(GenericFunction[Decimal]):  # named as SQL functions are
    """SUM over an Amount column without rounding; None over no rows."""

    type = Amount()
    inherit_cache = True
    name = "exact_sum"


@compiles(exact_sum)
def _sum(element: exact_sum, compiler: SQLCompiler, **keywords: Any) -> str:
    return f"sum({compiler.process(element.clauses, **keywords)})"


@compiles(exact_sum, "sqlite")
def _sqlite_sum(element: exact_sum, compiler: SQLCompiler, **keywords: Any) -> str:
    return f"exact_sum({compiler.process(element.clauses, **keywords)})"


class SumOfDigits:
    """SQLite's aggregate behind exact_sum: adds the integers that the digits of Amount columns stand for."""

    def __init__(self) -> None:
        self.total: int | None = None

    def step(self, digits: str | None) -> None:
        """Add one row."""
        if digits is not None:
            self.total = (self.total or 0) + int(digits)

    def finalize(self) -> str | None:
        """The sum's digits."""
        return None if self.total is None else str(self.total)
