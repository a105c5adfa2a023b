"""What a headless command prints: JSON alone on stdout, words for people on stderr."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import click

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.secret import Secret
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict


def print_json(value: Any) -> None:
    """One JSON document on stdout, see `as_json`."""
    # Surrogates, which broken bytes are read as, have no UTF-8: they are written as escapes, which JSON allows.
    text = json.dumps(as_json(value), ensure_ascii=False, indent=2)
    click.echo(text.encode("utf-8", errors="backslashreplace").decode("utf-8"))


def print_table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> None:
    """Columns as wide as their longest cell, those in `right` to the right; the last one runs on."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]) - 1)]
    for row in shown:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        click.echo("  ".join([*cells, row[-1]]).rstrip())


def as_json(value: Any) -> Any:
    """`value` in JSON's own types.

    A `Decimal` is its exact text (`"100.10"`): a JSON number would be read back as a float. A `datetime` is in UTC
    and ends in Z, a `Verdict` is its name, a dataclass an object of all its fields.
    """
    match value:
        case Verdict():
            return value.name
        case None | bool() | int() | float():
            return value
        case Enum():
            return as_json(value.value)
        case str():
            return value
        case Decimal():
            return format(value, "f")
        case datetime():
            return timestamp(value)
        case date():
            return value.isoformat()
        case Secret() | Path():
            return str(value)
        case dict():
            return {str(key): as_json(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [as_json(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: as_json(getattr(value, item.name)) for item in fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC to the second: `2026-03-01T09:00:00Z`."""
    return moment.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def tell(text: str) -> None:
    """A message to the person, on stderr."""
    click.echo(text, err=True)


def tell_step(words: str) -> None:
    """What is being done, on stderr; outside text in it cannot steer the terminal."""
    tell(f"  {printable(words)}")


def tell_error(error: GcmsError) -> None:
    """Title, message and next step, on stderr; outside text in them cannot steer the terminal."""
    tell(f"gcms-tui: {printable(error.title)}")
    for line in error.message.splitlines():
        tell(f"  {printable(line)}")
    if isinstance(error, Refused) and error.guard:
        tell(f"  guard: {error.guard}")
    if error.next_step:
        tell(f"  -> {printable(error.next_step)}")
