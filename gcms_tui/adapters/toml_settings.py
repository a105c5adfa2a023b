"""TOML read strictly into frozen dataclasses: every key is known, every value has the field's type.

All that is wrong with a file is found in one pass, each with its line.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from gcms_tui.core.identifier import Relation
from gcms_tui.core.text import printable

Key = tuple[str | int, ...]
"""The way to a value: `("sources", 0, "table")`."""

T = TypeVar("T")


class Problems:
    """What is wrong with one file, in the order of its lines."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._lines = _key_lines(text)
        self._found: list[tuple[int, str]] = []

    def add(self, key: Key, message: str) -> None:
        line = self._line(key)
        where = f"{self._file}:{line}" if line else str(self._file)
        self._found.append((line, f"{where}: {spelled(key)}: {message}"))

    def __bool__(self) -> bool:
        return bool(self._found)

    def __str__(self) -> str:
        return "\n".join(text for _, text in sorted(self._found))

    def _line(self, key: Key) -> int:
        """Of the key, else of the nearest table around it that the text shows; 0 where none does."""
        return next((self._lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in self._lines), 0)


def build(shape: type[T], table: Mapping[str, Any], base: Path, problems: Problems) -> T | None:
    """The dataclass `shape` out of a TOML table; None where `problems` were added.

    Paths are taken relative to `base`, and `~` is expanded. TOML knows no null: an empty text unsets what may be unset.
    """
    value = _build(shape, table, (), base, problems)
    return None if problems else value


def spelled(key: Key) -> str:
    """As a person writes it: `sources[1].table`."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def settable(shape: type[Any]) -> tuple[Field[Any], ...]:
    """The fields that may stand in a file."""
    return tuple(item for item in fields(shape) if item.name not in _NOT_KEYS)


def is_required(item: Field[Any], kind: Any) -> bool:
    """A field that has neither a default nor room for None."""
    no_default = item.default in (MISSING, None) and item.default_factory is MISSING
    return no_default and type(None) not in get_args(kind)


@cache
def kinds(shape: type[Any]) -> dict[str, Any]:
    """The types of a dataclass's fields, by name."""
    return get_type_hints(shape)


_NOT_KEYS = frozenset({"path"})


def _build(shape: type[Any], table: Mapping[str, Any], at: Key, base: Path, problems: Problems) -> Any:
    known = {item.name: item for item in settable(shape)}
    types_of = kinds(shape)  # type: ignore[arg-type]  # a class is hashable, whatever mypy thinks
    for name in table:
        if name not in known:
            problems.add((*at, name), _unknown(name, known))
    values: dict[str, Any] = {}
    complete = True
    for name, item in known.items():
        kind = types_of[name]
        if name in table:
            values[name] = _value(kind, table[name], (*at, name), base, problems)
        elif is_required(item, kind):
            problems.add(at, f"{name} is missing ({item.metadata.get('doc', '')})")
            complete = False
    return shape(**values) if complete else None


def _unknown(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known here: {', '.join(known)}"


def _value(kind: Any, value: Any, at: Key, base: Path, problems: Problems) -> Any:
    if get_origin(kind) in (types.UnionType, Union):
        if value == "":
            return None
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is tuple:
        return _items(get_args(kind)[0], value, at, base, problems)
    if is_dataclass(kind) and kind is not Relation:
        if isinstance(value, dict):
            return _build(kind, value, at, base, problems)  # type: ignore[arg-type]
        problems.add(at, f"a table is wanted: [{spelled(at)}]")
        return None
    return _scalar(kind, value, at, base, problems)


def _items(kind: Any, value: Any, at: Key, base: Path, problems: Problems) -> tuple[Any, ...]:
    if not isinstance(value, list):
        wanted = f"tables are wanted: [[{spelled(at)}]]" if is_dataclass(kind) else "a list is wanted"
        problems.add(at, wanted)
        return ()
    return tuple(_value(kind, item, (*at, index), base, problems) for index, item in enumerate(value))


def _scalar(kind: Any, value: Any, at: Key, base: Path, problems: Problems) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = str if kind in (Path, Relation) else kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        problems.add(at, f"{_NAMES[kind]} is wanted, not {printable(repr(value), 40)}")
        return None
    if kind is Path:
        if not value.strip():
            problems.add(at, "the path is empty")
            return None
        return (base / Path(value).expanduser()).resolve()
    if kind is Relation:
        try:
            return Relation.parse(value)
        except ValueError as error:
            problems.add(at, str(error))
            return None
    return value


_NAMES = {
    str: 'a text in quotes ("…")',
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: 'a path in quotes ("…")',
    Relation: 'a table name in quotes ("schema.name")',
}

_BARE_OR_QUOTED = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_DOTTED = rf"{_BARE_OR_QUOTED}(?:\s*\.\s*{_BARE_OR_QUOTED})*"
_HEADER = re.compile(rf"\s*(?P<open>\[\[?)\s*(?P<key>{_DOTTED})\s*\]\]?\s*(?:#.*)?")
_ASSIGNMENT = re.compile(rf"\s*(?P<key>{_DOTTED})\s*=")


def _key_lines(text: str) -> dict[Key, int]:
    """Where each table and key of a TOML text begins; tomllib itself keeps no positions."""
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            table = _parts(header["key"])
            if header["open"] == "[[":
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            key = (*table, *_parts(assignment["key"]))
            for end in range(len(table) + 1, len(key) + 1):
                lines.setdefault(key[:end], number)
    return lines


def _parts(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_BARE_OR_QUOTED, dotted))
