"""The file that is paid from: its cells, its bytes, its manifest.

A cell holds what the data holds, in the runbook's columns. Only these things are changed, and counted in the manifest:

- Text that a spreadsheet would run is neutralised with an apostrophe: a leading `=`, `+`, `-` or `@`, full-width and
  other forms among them, also after blanks, quotes and invisible characters; a leading tab or line break. A cell also
  begins after a semicolon, a tab and a line break, for a spreadsheet that takes one of them for the delimiter.
- Line breaks of whatever kind become LF. Control characters other than LF and tab, NUL among them, and what is no
  character at all (half a surrogate pair) become U+FFFD.

Everything else stays: quotes, semicolons, right-to-left overrides, combining characters. Amounts are never touched.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from gcms_tui.core.payroll.payment import Payment
from gcms_tui.core.writing.plan import canonical

COLUMNS = ("full_name", "email", "concert", "concert_date", "pay_type", "net_amount", "calculated_at")
"""The runbook's, in its order."""
DELIMITER, LINE_END, ENCODING = ",", "\r\n", "UTF-8"
MANIFEST = "manifest.json"
APOSTROPHE = "'"

_TRIGGERS = "=+\\-@＝＋－＠﹢﹣﹦﹫⁺⁻⁼₊₋₌−"
_UNSEEN = (
    r"\s\"\ufffd\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_BEGUN = re.compile(rf"(?<![{_UNSEEN};])[{_UNSEEN};]*+(?=[{_TRIGGERS}])")
"""What stands before a character that makes a formula. Quotes count as unseen: a CSV puts them around a cell."""
_BEGINNINGS = re.compile(r"[;\t\n]")
_SUSPECT = re.compile(rf"\A[{_UNSEEN}]*+[{_TRIGGERS}]|[;\t\n]")
"""Nearly no text is: only those that are, are looked at closely."""
_LINE_BREAK = re.compile(r"\r\n?")
_UNCLEAN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One payment as every format of the file has it."""

    full_name: str
    email: str
    concert: str
    concert_date: date | None
    pay_type: str
    net_amount: Decimal
    """With two decimals."""
    calculated_at: datetime | None
    """In UTC."""

    @property
    def cells(self) -> tuple[str, ...]:
        """As text, in the order of `COLUMNS`."""
        return (
            self.full_name,
            self.email,
            self.concert,
            self.concert_date.isoformat() if self.concert_date else "",
            self.pay_type,
            str(self.net_amount),
            f"{self.calculated_at.replace(tzinfo=None).isoformat()}Z" if self.calculated_at else "",
        )


@dataclass(frozen=True, slots=True, repr=False)
class Lines:
    """The payments' lines, in their order, and how many cells are not what the data holds."""

    lines: tuple[Line, ...]
    neutralised: int
    replaced: int
    """Cells with a line break or a character that had to be written in another way."""


def lines_of(payments: Iterable[Payment]) -> Lines:
    """Raises `ValueError` where an amount cannot be written exactly: `require_payable` tells whose."""
    texts = _Texts()
    lines = tuple(
        Line(
            full_name=texts.cell(item.full_name),
            email=texts.cell(item.email),
            concert=texts.cell(item.concert),
            concert_date=item.concert_date,
            pay_type=texts.cell(item.pay_type),
            net_amount=cents(item.net_amount),
            calculated_at=item.calculated_at.astimezone(UTC) if item.calculated_at else None,
        )
        for item in payments
    )
    return Lines(lines, texts.neutralised, texts.replaced)


def neutral(text: str) -> str:
    """`text` so that no spreadsheet runs it."""
    if not _SUSPECT.search(text):
        return text
    found = _BEGUN.sub(_with_apostrophe, text)
    return APOSTROPHE + found if found.startswith(("\t", "\n")) else found


def _with_apostrophe(match: re.Match[str]) -> str:
    before = match.group()
    within = APOSTROPHE if _BEGINNINGS.search(before) else ""
    return f"{'' if match.start() else APOSTROPHE}{before}{within}"


def clean(text: str) -> str:
    """`text` without what a text file cannot hold, or cannot hold in one way only."""
    if not _UNCLEAN.search(text):
        return text
    return _NO_TEXT.sub("\ufffd", _LINE_BREAK.sub("\n", text))


class _Texts:
    """Makes cells of texts, and counts."""

    def __init__(self) -> None:
        self.neutralised = 0
        self.replaced = 0

    def cell(self, text: str | None) -> str:
        if not text:
            return ""
        cleaned = clean(text)
        cell = neutral(cleaned)
        self.neutralised += cell != cleaned
        self.replaced += cleaned != text
        return cell


def cents(amount: Decimal | None) -> Decimal:
    """The very amount, written with two decimals. Raises `ValueError` where that would be another, or there is none."""
    if amount is None or not amount.is_finite():
        raise ValueError("there is no amount")
    text = format(amount or Decimal(0), ".2f")
    if Decimal(text) != amount:
        raise ValueError("there is a part of a cent in it")
    return Decimal(text)


def csv_bytes(lines: Iterable[Line]) -> bytes:
    """RFC 4180, without a byte order mark."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=DELIMITER, lineterminator=LINE_END)
    writer.writerow(COLUMNS)
    writer.writerows(line.cells for line in lines)
    return stream.getvalue().encode(ENCODING)


def file_name(concert_id: str, concert_date: date | None, run_id: str) -> str:
    """Of safe characters only, whatever the ids are."""
    day = concert_date.isoformat() if concert_date else "undated"
    return f"payroll-{_safe(concert_id)}-{day}-{_safe(run_id)}.csv"


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:60] or "x"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hash_file(content: bytes, name: str) -> bytes:
    """What `sha256sum -c` takes."""
    return f"{sha256(content)}  {name}\n".encode("ascii")


def manifest(said: Mapping[str, Any], payments: Sequence[Payment], lines: Lines, files: Mapping[str, bytes]) -> bytes:
    """Canonical JSON: `said`, how the file is written, what it consists of, and every entry of it, in its order."""
    document = {
        **said,
        "version": 1,
        "columns": list(COLUMNS),
        "delimiter": DELIMITER,
        "line_end": LINE_END,
        "encoding": ENCODING,
        "quoting": "RFC 4180",
        "neutralised_cells": lines.neutralised,
        "replaced_cells": lines.replaced,
        "files": {name: {"bytes": len(content), "sha256": sha256(content)} for name, content in files.items()},
        "entries": [
            {"musician_id": payment.musician_id, "net_amount": str(line.net_amount)}
            for payment, line in zip(payments, lines.lines, strict=True)
        ],
    }
    return f"{canonical(document)}\n".encode("ascii")


def read_entries(content: bytes) -> tuple[tuple[str, Decimal], ...]:
    """Whom the file pays, and how much, in its order. Raises `ValueError` where `content` is no such manifest, or does
    not come to its own totals."""
    try:
        document = json.loads(content)
        entries = tuple((_text(entry["musician_id"]), _money(entry["net_amount"])) for entry in document["entries"])
        count, net = document["totals"]["entries"], Decimal(document["totals"]["net"])
    except (ArithmeticError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"it is no manifest: {type(error).__name__}") from None
    if len({musician for musician, _ in entries}) != len(entries):
        raise ValueError("a musician is in it twice")
    in_cents = sum(int(str(amount).replace(".", "")) for _, amount in entries)
    if len(entries) != count or Decimal(f"{in_cents}e-2") != net:  # no context's precision rounds either of them
        raise ValueError("its entries do not come to its totals")
    return entries


_MONEY = re.compile(r"\d{1,36}\.\d\d", re.ASCII)


def _money(value: object) -> Decimal:
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise TypeError
    return Decimal(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
