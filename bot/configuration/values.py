"""What single values of finops.yaml look like; each refusal says how the value is written."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from zoneinfo import available_timezones

from babel import Locale
from pydantic import AfterValidator, BeforeValidator, Field

from finops.calendar import known_countries, subdivisions
from finops.names import nearest

LOCALE = Locale("en")
CODE = 3
"""Letters of the longer ISO 3166 codes: what is longer is taken for a country's name."""
CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def clock(text: str) -> time:
    """'09:00' as a time of day."""
    return time.fromisoformat(text)


def clocks(text: str) -> tuple[time, time]:
    """'09:00-17:00' as two times of day."""
    begins, _, ends = text.replace(" ", "").partition("-")
    return clock(begins), clock(ends)


def span(text: str) -> timedelta:
    """'24h' as a span of time."""
    return int(text[:-1]) * UNITS[text[-1]]


def _fraction(value: Any) -> Any:
    """'5 %' as 0.05."""
    if not isinstance(value, str):
        return value
    try:
        return Decimal(value.strip().rstrip("% ")) / 100 if value.strip().endswith("%") else Decimal(value)
    except InvalidOperation:
        raise ValueError(f"'{value}' is not a share; write 5 % or 0.05") from None


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _known_zone(value: str) -> str:
    if value and value not in available_timezones():
        raise ValueError(f"'{value}' is not an IANA time zone such as Europe/Berlin")
    return value


def _known_schedule(value: str) -> str:
    if not re.fullmatch(rf"{CLOCK}|every [1-9]\d*[mh]|off", value):
        raise ValueError(f"'{value}' is not a schedule; write HH:MM, every 15m, every 2h or off")
    return value


def _known_currency(value: str) -> str:
    if not re.fullmatch("[A-Z]{3}", value):
        raise ValueError(f"'{value}' is not an ISO 4217 currency code such as USD")
    return value


def _known_clock(value: str) -> str:
    if not re.fullmatch(CLOCK, value):
        raise ValueError(f"'{value}' is not a time of day; write HH:MM, up to 23:59")
    return value


def _known_hours(value: str) -> str:
    if not re.fullmatch(rf"{CLOCK} ?- ?{CLOCK}", value):
        raise ValueError(f"'{value}' is not a working day; write 09:00-17:00")
    begins, ends = clocks(value)
    if begins >= ends:
        raise ValueError("a working day ends after it begins, before midnight")
    return value


def _known_span(value: str) -> str:
    if not re.fullmatch(r"\d{1,4}[mhd]", value):
        raise ValueError(f"'{value}' is not a span of time; write 90m, 24h or 2d")
    return value


def _known_day(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError(f"'{value}' is not a day; write 2026-12-24")


def _known_country(value: str) -> str:
    known = known_countries()
    if not value or value in known:
        return value
    names = {LOCALE.territories[code]: code for code in known if code in LOCALE.territories}
    near = nearest(value, list(names if len(value) > CODE else names.values()), 1)
    code = names.get(near[0], near[0]) if near else ""
    hint = f"did you mean {code} ({LOCALE.territories[code]})?" if code else "write its ISO 3166 code, such as DE"
    raise ValueError(f"'{value}' is not a country whose holidays are known; {hint}")


def known_subdivision(country: str, value: str) -> str:
    """A subdivision of a country as it is; raises ValueError where the country has none of that code."""
    if not country:
        raise ValueError("a subdivision needs its `country`")
    known = subdivisions(country)
    if value in known.values():
        return value
    if not known:
        raise ValueError(f"'{value}' is not known: {country} has no holidays of its subdivisions")
    near = nearest(value, list(known), 1)
    codes = ", ".join(sorted(set(known.values())))
    hint = f"did you mean {known[near[0]]}?" if near else f"there are {codes}"
    raise ValueError(f"'{value}' is not a subdivision of {country} whose holidays are known; {hint}")


Fraction = Annotated[Decimal, BeforeValidator(_fraction)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Slug = Annotated[str, Field(pattern=r"^[^\W_]+(-[^\W_]+)*$")]
Schedule = Annotated[str, AfterValidator(_known_schedule)]
Clock = Annotated[str, AfterValidator(_known_clock)]
Hours = Annotated[str, AfterValidator(_known_hours)]
Span = Annotated[str, AfterValidator(_known_span)]
Day = Annotated[date, BeforeValidator(_known_day)]
Country = Annotated[str, AfterValidator(_known_country)]
