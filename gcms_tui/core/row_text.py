"""A value of a row as text that tells it from every other, its type among it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal


def exact_text(value: object) -> str | None:
    """None for NULL; else the value's one text: `1.10` is not `1.1`, and the text 1 is not the number 1.

    Texts come with a quotation mark in front, so that none reads like something else.
    """
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat(" ", "microseconds")
        case date():
            return value.isoformat()
        case float():
            return repr(value)
        case _:
            return str(value)
