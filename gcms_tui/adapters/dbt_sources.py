"""What a dbt project says of its sources and SCD2 models, for a first gcms.toml."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gcms_tui.adapters.profiles import DbtProject
from gcms_tui.core.identifier import Relation

_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
_LONGEST_FILE = 4 * 2**20


@dataclass(frozen=True, slots=True)
class FoundSource:
    """A source table as the project declares it. None: not said."""

    table: Relation
    timestamp_column: str | None = None
    warn_after_h: float | None = None
    fail_after_h: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and in which file or files."""

    sources: tuple[FoundSource, ...]
    scd2: tuple[Relation, ...]
    read_from: str


def look_through(project: DbtProject) -> Found:
    """The sources and SCD2 models of a project: out of its manifest if there is one, else out of its yml and sql files.

    What cannot be read is left out: this is a proposal that a person completes.
    """
    manifest = project.target_path / "manifest.json"
    if manifest.is_file():
        try:
            content = json.loads(manifest.read_bytes())
        except ValueError:
            content = None
        if isinstance(content, dict):
            return Found(tuple(_manifest_sources(content)), tuple(_manifest_scd2(content)), str(manifest))
    models = project.directory / "models"
    return Found(tuple(_yml_sources(models)), tuple(_sql_scd2(models)), str(models))


def _manifest_sources(manifest: Mapping[str, Any]) -> Iterator[FoundSource]:
    for node in _dicts(manifest.get("sources")):
        relation = _relation(node.get("schema"), node.get("identifier") or node.get("name"))
        if relation is not None:
            yield _source(relation, node, {})


def _manifest_scd2(manifest: Mapping[str, Any]) -> Iterator[Relation]:
    for node in _dicts(manifest.get("nodes")):
        meta = {**_dict(node.get("meta")), **_dict(_dict(node.get("config")).get("meta"))}
        name = str(node.get("alias") or node.get("name") or "")
        is_scd2 = node.get("resource_type") == "model" and (name.lower().endswith("_scd2") or meta.get("scd2"))
        relation = _relation(node.get("schema"), name) if is_scd2 else None
        if relation is not None:
            yield relation


def _yml_sources(models: Path) -> Iterator[FoundSource]:
    for file in sorted([*models.rglob("*.yml"), *models.rglob("*.yaml")]):
        if file.stat().st_size > _LONGEST_FILE:
            continue
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        for source in _dicts(_dict(content).get("sources")):
            for table in _dicts(source.get("tables")):
                relation = _relation(source.get("schema") or source.get("name"), _identifier(table))
                if relation is not None:
                    yield _source(relation, table, source)


def _sql_scd2(models: Path) -> Iterator[Relation]:
    """By file name; the schema is taken to be the folder's, as the sandbox and dbt's own guide lay projects out."""
    for file in sorted(models.rglob("*_scd2.sql")):
        relation = _relation(file.relative_to(models).parts[0] if file.parent != models else "bronze", file.stem)
        if relation is not None:
            yield relation


def _source(relation: Relation, table: Mapping[str, Any], source: Mapping[str, Any]) -> FoundSource:
    def said(key: str) -> Any:
        for level in (_dict(table.get("config")), table, _dict(source.get("config")), source):
            if level.get(key) is not None:
                return level[key]
        return None

    freshness = _dict(said("freshness"))
    loaded_at = said("loaded_at_field")
    return FoundSource(
        relation,
        loaded_at if isinstance(loaded_at, str) and _is_plain(loaded_at) else None,
        _hours(freshness.get("warn_after")),
        _hours(freshness.get("error_after")),
    )


def _hours(threshold: object) -> float | None:
    period = _dict(threshold)
    count, unit = period.get("count"), _HOURS.get(str(period.get("period")))
    return round(count * unit, 2) if isinstance(count, int) and unit and count > 0 else None


def _identifier(table: Mapping[str, Any]) -> object:
    return table.get("identifier") or table.get("name")


def _relation(schema: object, name: object) -> Relation | None:
    """None where a name holds Jinja or is otherwise no plain identifier."""
    if not (_is_plain(schema) and _is_plain(name)):
        return None
    return Relation.parse(f"{schema}.{name}")


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and name.isascii()


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[Mapping[str, Any]]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict)]
