"""Values on their way to Snowflake and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from gcms_tui.core.finding import Scalar

_FIXED, _REAL = 0, 1
"""The driver's type codes for NUMBER and FLOAT."""

Convert = Callable[[Any], Scalar]


def column_name(name: str) -> str:
    """In lower case where Snowflake folded it; a quoted mixed-case name stays."""
    return name.lower() if name == name.upper() else name


def converters(description: Sequence[Any]) -> list[Convert]:
    """One function a column, from the cursor's description."""
    return [_number(column.scale) if column.type_code == _FIXED else _plain for column in description]


def bind(value: Scalar) -> str | int | float | bool | None:
    """A value as the driver takes it on every server.

    Amounts and times go as text; the SQL converts them in so many words (`TO_NUMBER(:x, 12, 2)`,
    `TO_TIMESTAMP_NTZ(:since)`). A time is written in UTC, without a zone.
    """
    match value:
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"{value!r} has no time zone")
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case _:
            return value


def _number(scale: int | None) -> Convert:
    def convert(value: Any) -> Scalar:
        if value is None:
            return None
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
        return int(amount) if not scale else amount

    return convert


def _plain(value: Any) -> Scalar:
    match value:
        case None | bool() | str() | int() | float() | Decimal():
            return value
        case datetime():
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        case date():
            return value
        case time():
            return value.isoformat()
        case bytes() | bytearray():
            return value.hex()
        case _:
            return json.dumps(value, default=str)
