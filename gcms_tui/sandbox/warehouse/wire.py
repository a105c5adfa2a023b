"""The two conversions of the protocol: bound values in, Arrow results out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import Expr, exp

from gcms_tui.sandbox.warehouse.failures import unsupported

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  wall-clock time: TIMESTAMP_NTZ has no zone

RowType = list[dict[str, Any]]
"""A result's columns as the protocol describes them."""


# ---- bound values -> SQL literals --------------------------------------------------------------------------------


def bound_literal(binding: dict[str, Any], value: str | None) -> Expr:
    """One bound value as a typed literal. A literal, unlike a parameter, has a type wherever it stands (`?::date`)."""
    kind = str(binding.get("type", "TEXT")).upper()
    if value is None:
        return exp.Null()
    if kind == "FIXED":
        return _number_literal(value)
    if kind == "REAL":
        return _cast(value, "DOUBLE")
    if kind == "BOOLEAN":
        return exp.Boolean(this=value.lower() in ("true", "1"))
    if kind == "BINARY":
        return exp.HexString(this=value)
    if kind == "DATE":
        day = date(1970, 1, 1) + timedelta(milliseconds=int(value))
        return _cast(day.isoformat(), "DATE")
    if kind == "TIME":
        return _cast(_clock(int(value)).isoformat(), "TIME")
    if kind == "TIMESTAMP_NTZ":
        return _cast(_wall_clock(int(value)).isoformat(sep=" "), "TIMESTAMP_NTZ")
    if kind in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
        return _cast(_instant(value).isoformat(sep=" "), "TIMESTAMP_TZ")
    if kind in ("TEXT", "ANY"):
        return exp.Literal.string(value)
    raise unsupported(f"bound value of type {kind}")


def _number_literal(value: str) -> Expr:
    number = Decimal(value)
    if not number.is_finite():
        raise unsupported(f"bound number {value}")
    text = format(number, "f")
    digits = len(text.lstrip("-").replace(".", "").lstrip("0")) or 1
    if digits > 38:
        return _cast(text, "DOUBLE")
    literal: Expr = exp.Literal.number(text.lstrip("-"))
    return exp.Neg(this=literal) if text.startswith("-") else literal


def _cast(text: str, type_name: str) -> Expr:
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(type_name, dialect="snowflake"))


def _wall_clock(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _clock(nanoseconds: int) -> time:
    return _wall_clock(nanoseconds).time()


def _instant(value: str) -> datetime:
    """'<epoch nanoseconds>', or with the UTC offset '<epoch nanoseconds> <minutes + 1440>'."""
    nanoseconds, _, offset = value.partition(" ")
    at = _wall_clock(int(nanoseconds)).replace(tzinfo=UTC)
    return at.astimezone(timezone(timedelta(minutes=int(offset) - 1440))) if offset else at


# ---- Arrow results -> what the connector reads -------------------------------------------------------------------


def to_snowflake(table: pa.Table) -> tuple[RowType, pa.Table]:
    """A DuckDB result in the shapes and with the field metadata that the connector's Arrow reader expects."""
    rowtype: RowType = []
    fields: list[pa.Field] = []
    columns: list[pa.ChunkedArray | pa.Array] = []
    for field, column in zip(table.schema, table.columns, strict=True):
        described, converted = _column(field.name, column)
        metadata = {
            "logicalType": described["type"].upper(),
            "precision": str(described["precision"] or 38),
            "scale": str(described["scale"] or 0),
            "charLength": str(described["length"] or 0),
        }
        rowtype.append(described)
        fields.append(pa.field(field.name, converted.type, nullable=True, metadata=metadata))
        columns.append(converted)
    return rowtype, pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _column(name: str, column: pa.ChunkedArray) -> tuple[dict[str, Any], pa.ChunkedArray | pa.Array]:
    kind = column.type
    types = pa.types
    if types.is_decimal(kind):
        return _describe(name, "fixed", kind.precision, kind.scale), column
    if types.is_integer(kind):
        return _describe(name, "fixed", 38, 0), column.cast(pa.int64()) if kind != pa.int64() else column
    if types.is_floating(kind):
        return _describe(name, "real"), column.cast(pa.float64())
    if types.is_boolean(kind):
        return _describe(name, "boolean"), column
    if types.is_date(kind):
        return _describe(name, "date"), column.cast(pa.date32())
    if types.is_time(kind):
        nanoseconds = pc.multiply(column.cast(pa.time64("us")).cast(pa.int64()), 1000)
        return _describe(name, "time", 0, 9), nanoseconds
    if types.is_timestamp(kind):
        logical = "timestamp_tz" if kind.tz else "timestamp_ntz"
        return _describe(name, logical, 0, 9), _timestamps(column)
    if types.is_binary(kind) or types.is_large_binary(kind):
        return _describe(name, "binary", length=8_388_608), column.cast(pa.binary())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        return _describe(name, "text", length=16_777_216), column.cast(pa.string())
    if types.is_nested(kind):
        texts = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
        return _describe(name, "variant"), pa.array(texts, pa.string())
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return _describe(name, "text", length=16_777_216), pa.array(texts, pa.string())


def _describe(
    name: str, kind: str, precision: int | None = None, scale: int | None = None, length: int | None = None
) -> dict[str, Any]:
    return {
        "name": name, "database": "", "schema": "", "table": "", "nullable": True, "type": kind,
        "byteLength": length, "length": length, "scale": scale, "precision": precision, "collation": None,
    }  # fmt: skip


def _timestamps(column: pa.ChunkedArray) -> pa.StructArray:
    """Seconds and nanoseconds as a struct, with the null mask that keeps NULL from arriving as 1970."""
    kind = column.type
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    microseconds = values.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64())
    seconds = pc.divide(microseconds, 1_000_000)
    rounded_up = pc.greater(pc.multiply(seconds, 1_000_000), microseconds)  # before 1970: division is towards zero
    seconds = pc.subtract(seconds, rounded_up.cast(pa.int64()))
    fraction = pc.multiply(pc.subtract(microseconds, pc.multiply(seconds, 1_000_000)), 1000).cast(pa.int32())
    fields = [pa.field("epoch", pa.int64()), pa.field("fraction", pa.int32())]
    parts = [seconds, fraction]
    if kind.tz:
        fields.append(pa.field("timezone", pa.int32()))
        parts.append(pa.array([1440] * len(values), pa.int32()))
    return pa.StructArray.from_arrays(parts, fields=fields, mask=pc.is_null(values))


def to_ipc(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def json_rows(table: pa.Table) -> list[list[str | None]]:
    """Rows as text, the form in which DML answers its counts."""
    columns = [column.to_pylist() for column in table.columns]
    return [[None if value is None else str(value) for value in row] for row in zip(*columns, strict=True)]


SLICE = 3 * 256 * 1024
"""Bytes encoded at a time; a multiple of three, so that the base64 pieces join without padding."""


def stream_with_rowset(envelope: dict[str, Any], rowset: pa.Buffer) -> Iterator[bytes]:
    """The JSON answer with the Arrow bytes in `data.rowsetBase64`, piece by piece: never a second copy of a result."""
    outer = {name: value for name, value in envelope.items() if name != "data"}
    head = f'{json.dumps(outer)[:-1]}, "data": {json.dumps(envelope["data"])[:-1]}, "rowsetBase64": "'
    yield head.encode()
    view = memoryview(rowset)
    for start in range(0, len(view), SLICE):
        yield base64.b64encode(view[start : start + SLICE])
    yield b'"}}'
