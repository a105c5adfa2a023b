"""A commented gcms.toml out of the settings' own documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from gcms_tui.adapters.toml_settings import kinds, settable
from gcms_tui.core.identifier import Relation
from gcms_tui.core.settings import Settings

Given = Mapping[str, Any]
"""What is known already, shaped as the file: `{"dbt": {"project_dir": "…"}, "sources": [{"table": "…"}]}`."""


def config_text(given: Given, heading: str) -> str:
    """The whole file: every key with its documentation, what is not `given` commented out with its default."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    shapes = {item: _shape(kinds(Settings)[item.name]) for item in settable(Settings)}
    for item, shape in shapes.items():
        if shape is None:
            lines += ["", *_key(item, given)]
    for item, shape in shapes.items():
        if shape is not None:
            lines += ["", "", *_table(item, shape, given.get(item.name))]
    return "\n".join(lines) + "\n"


def _table(item: Field[Any], shape: Any, given: Any) -> Iterator[str]:
    repeated = isinstance(_default(item), tuple)
    yield f"# {item.metadata['doc']}"
    if not repeated:
        yield f"[{item.name}]"
        for entry in settable(shape):
            yield from _key(entry, given or {})
        return
    if not given:
        yield f"# [[{item.name}]]"
        for entry in settable(shape):
            yield from _key(entry, {}, always_commented=True)
        return
    for index, table in enumerate(given):
        yield f"[[{item.name}]]"
        for entry in settable(shape):
            # Explained once; after that only what is set.
            if index == 0:
                yield from _key(entry, table)
            elif entry.name in table:
                yield f"{entry.name} = {toml(table[entry.name])}"
        yield ""


def _key(item: Field[Any], given: Given, *, always_commented: bool = False) -> Iterator[str]:
    yield f"# {item.metadata['doc']}"
    if item.name in given and not always_commented:
        yield f"{item.name} = {toml(given[item.name])}"
        return
    default = _default(item)
    unset = default is None or default == Path()
    yield f"# {item.name} =" + ("" if unset else f" {toml(default)}")


def toml(value: Any) -> str:
    """A value as TOML. JSON's strings, numbers and booleans are TOML's too."""
    match value:
        case tuple() | list():
            return f"[{', '.join(toml(item) for item in value)}]"
        case Relation() | Path():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _default(item: Field[Any]) -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


def _shape(kind: Any) -> Any:
    """The dataclass of a table or of an array of tables; None for a plain key."""
    if get_origin(kind) is tuple:
        kind = get_args(kind)[0]
    return kind if is_dataclass(kind) and kind is not Relation and fields(kind) else None
