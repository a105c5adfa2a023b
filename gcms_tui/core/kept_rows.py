"""Failing rows as they are kept beside a run: a JSON document that loses nothing of amounts and moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any

from gcms_tui.core.finding import Scalar, cut_cell
from gcms_tui.core.health_json import decoded, encoded, kind_of

VERSION = 1


@dataclass(frozen=True, slots=True)
class KeptRows:
    """What a test's table of failures held when it was read."""

    unique_id: str
    relation: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    total: int
    """More than `len(rows)` where they were capped."""
    kept_at: str
    query_id: str | None = None


def rows_document(kept: KeptRows) -> dict[str, Any]:
    """Every cell is a pair of its type and its value: `["decimal", "100.10"]`."""
    return {
        "version": VERSION,
        "unique_id": kept.unique_id,
        "relation": kept.relation,
        "columns": list(kept.columns),
        "rows": [[[kind_of(cell), encoded(cut_cell(cell))] for cell in row] for row in kept.rows],
        "total": kept.total,
        "kept_at": kept.kept_at,
        "query_id": kept.query_id,
    }


def rows_from(document: Mapping[str, Any]) -> KeptRows:
    """Raises `ValueError` for anything that is not such a document of this version."""
    try:
        if document["version"] != VERSION:
            raise ValueError(f"version {document['version']!r} is not {VERSION}")
        columns = tuple(str(column) for column in document["columns"])
        rows = tuple(tuple(decoded(value, kind) for kind, value in row) for row in document["rows"])
        if any(len(row) != len(columns) for row in rows):
            raise ValueError("a row has more or fewer cells than there are columns")
        return KeptRows(
            unique_id=str(document["unique_id"]),
            relation=str(document["relation"]),
            columns=columns,
            rows=rows,
            total=int(document["total"]),
            kept_at=str(document["kept_at"]),
            query_id=document["query_id"],
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise ValueError(f"not kept rows: {error!r}") from None
