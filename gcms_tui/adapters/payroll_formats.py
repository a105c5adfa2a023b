"""The payroll file as a workbook and as Parquet, beside the CSV, which is what is signed.

Both hold the very texts of the CSV, apostrophes before what looks like a formula among them: a workbook that is saved
as CSV again must not come to life. Both libraries are imported by the first file that needs them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gcms_tui.core.errors import UsageError
from gcms_tui.core.payroll.export_file import COLUMNS, Line

_LONGEST_SHEET = 1_048_575
_MONEY = COLUMNS.index("net_amount")


def xlsx(lines: Sequence[Line]) -> bytes:
    """One sheet of text cells. Amounts too, set to the right: a number in a workbook is a binary float, which holds no
    cent exactly. No cell is a formula or a link, and nothing is written to a temporary file.

    Raises `UsageError` where a workbook cannot hold it.
    """
    import xlsxwriter

    if len(lines) > _LONGEST_SHEET:
        raise _too_much(f"a sheet has {_LONGEST_SHEET:,} rows at the most")
    stream = io.BytesIO()
    # Without `in_memory` the names and amounts would pass through files in the common temporary directory.
    plain = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    workbook = xlsxwriter.Workbook(stream, plain)
    moments = [line.calculated_at for line in lines if line.calculated_at is not None]
    if moments:  # its own clock would make another file of the same data
        workbook.set_properties({"created": max(moments).replace(tzinfo=None)})
    sheet = workbook.add_worksheet("payroll")
    text = workbook.add_format({"num_format": "@"})
    money = workbook.add_format({"num_format": "@", "align": "right"})
    for number, cells in enumerate((COLUMNS, *(line.cells for line in lines))):
        for place, cell in enumerate(cells):
            if sheet.write_string(number, place, cell, money if place == _MONEY else text) != 0:
                raise _too_much(f"a text in row {number + 1} is too long for a cell")
    workbook.close()
    return stream.getvalue()


def parquet(lines: Sequence[Line]) -> bytes:
    """Amounts as decimal128(38, 2), days as dates, moments in UTC."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds: Mapping[str, Any] = {
        "concert_date": pa.date32(),
        "net_amount": pa.decimal128(38, 2),
        "calculated_at": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in COLUMNS])
    columns = [pa.array([getattr(line, field.name) for line in lines], field.type) for field in schema]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), sink)
    return bytes(sink.getvalue().to_pybytes())


def _too_much(why: str) -> UsageError:
    return UsageError("No workbook", f"It cannot be written as XLSX: {why}.", "Leave it out: the CSV has it all.")


FORMATS: Mapping[str, Callable[[Sequence[Line]], bytes]] = {"xlsx": xlsx, "parquet": parquet}
