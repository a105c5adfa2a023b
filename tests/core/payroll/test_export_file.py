"""The cells and bytes of the file that is paid from, and its manifest."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.payroll import export_file
from gcms_tui.core.payroll.export_file import cents, clean, csv_bytes, file_name, lines_of, neutral, read_entries
from gcms_tui.core.payroll.freezing import control_totals
from gcms_tui.core.payroll.payment import Payment

NOON = datetime(2026, 2, 21, 12, tzinfo=UTC)


def payment(musician: str = "1", net: str = "100.00", **other: Any) -> Payment:
    given: dict[str, Any] = {
        "concert_id": "7",
        "musician_id": musician,
        "pay_type": "per_service",
        "attended_services": 4,
        "required_services": 5,
        "gross_amount": Decimal(net),
        "deductions": Decimal("0.00"),
        "net_amount": Decimal(net),
        "calculated_at": NOON,
        "full_name": f"Musician {musician}",
        "email": f"m{musician}@example.org",
        "concert": "Sibelius 2",
        "concert_date": date(2026, 2, 20),
    }
    return Payment(**{**given, **other})


def read_back(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


def test_the_bytes_are_the_runbooks_columns_in_the_order_of_the_rows() -> None:
    later = datetime(2026, 2, 21, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    lines = lines_of([payment("2", "1234567.5", calculated_at=later), payment("1", full_name='Ó "X", Y')])
    assert csv_bytes(lines.lines) == (
        b"full_name,email,concert,concert_date,pay_type,net_amount,calculated_at\r\n"
        b"Musician 2,m2@example.org,Sibelius 2,2026-02-20,per_service,1234567.50,2026-02-21T12:00:00.000005Z\r\n"
        b'"\xc3\x93 ""X"", Y",m1@example.org,Sibelius 2,2026-02-20,per_service,100.00,2026-02-21T12:00:00Z\r\n'
    )
    assert (lines.neutralised, lines.replaced) == (0, 0)
    assert read_back(csv_bytes(())) == [list(export_file.COLUMNS)]


@pytest.mark.parametrize(
    "text, cell",
    [
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("+1", "'+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tAnna", "'\tAnna"),
        ("\rAnna", "'\nAnna"),
        ("  =1", "'  =1"),
        ("\u200b\u202e\ufeff=1", "'\u200b\u202e\ufeff=1"),
        ("\xa0\u3164+1", "'\xa0\u3164+1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠1", "'＠1"),
        ('"=1"', '\'"=1"'),
        ("Anna;=1", "Anna;'=1"),
        ('Anna; "=1', "Anna; \"'=1"),
        ("Anna\t\t-1", "Anna\t\t'-1"),
        ("Anna\r\n@x", "Anna\n'@x"),
        ("\t=1", "'\t'=1"),
        ("\x00=1", "'\ufffd=1"),
    ],
)
def test_what_a_spreadsheet_would_run_is_neutralised(text: str, cell: str) -> None:
    lines = lines_of([payment(full_name=text), payment("2", concert=text)])
    rows = read_back(csv_bytes(lines.lines))
    assert (rows[1][0], rows[2][2]) == (cell, cell)
    assert lines.neutralised == 2
    assert [row[5] for row in rows[1:]] == ["100.00", "100.00"]


@pytest.mark.parametrize(
    "text",
    [
        "Anna-Maria +1 = @home", "Anna; Berta", "quote \" and ' and ,", "two\nlines", "tab\tinside", "'=1",
        "\u05d0\u202e\u05d1\u202c", "e\u0301\u0323", "\u200dAnna", "山田 太郎", "🎻",
    ],
)  # fmt: skip
def test_other_text_stays_as_it_is(text: str) -> None:
    lines = lines_of([payment(full_name=text)])
    assert read_back(csv_bytes(lines.lines))[1][0] == text
    assert (lines.neutralised, lines.replaced) == (0, 0)


def test_what_is_no_text_is_replaced_and_counted() -> None:
    names = {"An\x00na": "An\ufffdna", "\x1b[2J": "\ufffd[2J", "a\r\nb\rc": "a\nb\nc", "\ud800x": "\ufffdx"}
    lines = lines_of([payment(str(number), full_name=name) for number, name in enumerate(names)])
    assert [row[0] for row in read_back(csv_bytes(lines.lines))[1:]] == list(names.values())
    assert lines.replaced == len(names)


@given(st.text(alphabet=st.sampled_from("=+-@＝；;\t\n\r \"',aé\u200b\x00"), max_size=12))
def test_no_cell_begins_with_a_formula_for_whatever_delimiter(text: str) -> None:
    """As read by a spreadsheet that takes the delimiter for ours, and by one that splits at every other."""
    cell = neutral(clean(text))
    back = read_back(csv_bytes(lines_of([payment(email="", full_name="A", concert=text)]).lines))
    assert back[1][2] == cell
    for part in re.split(r"[;\t\n]", cell):
        assert not re.match(r"[\s\"\u200b\ufffd]*[=+\-@＝]", part)
    without = cell.replace("'", "")
    assert without == clean(text).replace("'", "")


@pytest.mark.parametrize(
    "amount", ["0.001", "1E-3", "100.005", "NaN", "Infinity", "123456789012345678901234567890.001"]
)
def test_what_is_no_exact_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="cent|no amount"):
        lines_of([payment(net_amount=Decimal(amount))])


@pytest.mark.parametrize(
    "amount, text",
    [
        ("1", "1.00"),
        ("1E+2", "100.00"),
        ("1.1000", "1.10"),
        ("-0", "0.00"),
        ("999999999999999999999999999999999999.99", "999999999999999999999999999999999999.99"),
    ],
)
def test_amounts_are_written_exactly(amount: str, text: str) -> None:
    assert str(cents(Decimal(amount))) == text
    with pytest.raises(ValueError, match="no amount"):
        cents(None)


@pytest.mark.parametrize(
    "concert, day, name",
    [
        ("33", date(2026, 2, 20), "payroll-33-2026-02-20-pay-1.csv"),
        ("../../etc/passwd", None, "payroll-etc-passwd-undated-pay-1.csv"),
        ("-rf ; $(x) \n", None, "payroll-rf-x-undated-pay-1.csv"),
        ("ü" * 300, None, "payroll-x-undated-pay-1.csv"),
    ],
)
def test_the_name_is_safe_whatever_the_concert_is_called(concert: str, day: date | None, name: str) -> None:
    assert file_name(concert, day, "pay-1") == name


def made(payments: list[Payment]) -> bytes:
    lines = lines_of(payments)
    said = {"totals": control_totals(payments).document()}
    return export_file.manifest(said, payments, lines, {"a.csv": csv_bytes(lines.lines)})


def test_the_manifest_tells_whom_the_file_pays_and_how_it_is_written() -> None:
    large = "99999999999999999999999999999999.99"  # more digits than a context has by default
    payments = [payment("b", "10.5"), payment("a", large, full_name="=1")]
    content = made(payments)
    assert read_entries(content) == (("b", Decimal("10.50")), ("a", Decimal(large)))
    document = json.loads(content)
    data = csv_bytes(lines_of(payments).lines)
    assert document["files"] == {"a.csv": {"bytes": len(data), "sha256": export_file.sha256(data)}}
    assert (document["neutralised_cells"], document["replaced_cells"]) == (1, 0)
    assert (document["delimiter"], document["line_end"], document["encoding"]) == (",", "\r\n", "UTF-8")
    assert b"Musician" not in content and b"@" not in content
    assert content == made(payments)
    assert read_entries(made([])) == ()


def _edit(change: Callable[[Any], Any]) -> bytes:
    document = json.loads(made([payment("1", "10.00"), payment("2", "20.00")]))
    return json.dumps(change(document)).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        _edit(lambda said: []),
        _edit(lambda said: {**said, "entries": None}),
        _edit(lambda said: {**said, "totals": None}),
        _edit(lambda said: {**said, "entries": said["entries"][:1]}),
        _edit(lambda said: {**said, "entries": [said["entries"][0]] * 2}),
        _edit(lambda said: {**said, "entries": [{"musician_id": "1", "net_amount": 30.0}]}),
        _edit(lambda said: {**said, "entries": [{**entry, "net_amount": "15.000"} for entry in said["entries"]]}),
        _edit(lambda said: {**said, "entries": [{**entry, "net_amount": "15.01"} for entry in said["entries"]]}),
        _edit(lambda said: {**said, "entries": [{**entry, "musician_id": 1} for entry in said["entries"]]}),
        _edit(lambda said: {**said, "totals": {**said["totals"], "net": "NaN"}}),
    ],
)
def test_what_is_no_manifest_or_was_edited_names_no_entries(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_entries(content)
