"""Step 5 over a real store and real files: what is written is what was frozen, or nothing is."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.payroll_files import PayrollFiles
from gcms_tui.adapters.payroll_formats import FORMATS as WRITTEN
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.payroll.export_file import read_entries
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person
from gcms_tui.operations.payroll.exporting import Exporting
from tests.operations.memory import HOUR
from tests.operations.payroll.scene import Row, Scene, payment

CELLS = ("=HYPERLINK(1)", "+1", "-2", "@SUM", "\tx", 'a"b', "a;b", "\u202eabc", "e\u0301")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def files_of(scene: Scene) -> PayrollFiles:
    return PayrollFiles(scene.directory / "prepared", scene.directory / "outbox", "ops-1")


def exporting(
    scene: Scene, files: PayrollFiles | None = None, unpaid: Callable[[PayrollRun], None] = lambda _: None
) -> Exporting:
    return Exporting(
        scene.settings.payroll,
        book=scene.book(),
        reader=scene.reader(),
        files=files or files_of(scene),
        version="1.2.3",
        clock=scene.clock,
        person=Person("erin", "ops-1"),
        formats=WRITTEN,
        unpaid=unpaid,
    )


def pay(scene: Scene, *rows: Row) -> None:
    scene.warehouse.answers["payroll_export"] = list(rows)


def written(run: PayrollRun) -> Mapping[str, bytes]:
    assert run.exported is not None
    return {path.name: path.read_bytes() for path in Path(run.exported.directory).iterdir()}


@pytest.mark.covers("Pre-payroll 5")
def test_the_file_is_what_was_frozen_with_its_hash_and_manifest(scene: Scene) -> None:
    pay(scene, *(payment(9 - number, f"10.{number:02}", full_name=name) for number, name in enumerate(CELLS)))
    steps: list[str] = []
    run = exporting(scene).export(scene.ticked().run_id, on_step=steps.append)
    exported, frozen, found = run.exported, run.frozen, written(run)
    assert exported is not None and frozen is not None and len(steps) == 4
    name = f"payroll-7-2026-02-20-{run.run_id}.csv"
    assert found.keys() == {name, f"{name}.sha256", "manifest.json"} == exported.files.keys()
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in found.items()}
    assert exported.files == hashes
    assert (exported.file, exported.sha256, exported.manifest) == (name, hashes[name], hashes["manifest.json"])
    assert found[f"{name}.sha256"] == f"{hashes[name]}  {name}\n".encode()
    rows = list(csv.DictReader(io.StringIO(found[name].decode(), newline="")))
    assert sum(Decimal(row["net_amount"]) for row in rows) == frozen.totals.net == Decimal(exported.said["net"])
    assert [row["full_name"].removeprefix("'") for row in rows] == list(CELLS)
    entries = read_entries(found["manifest.json"])
    assert [musician for musician, _ in entries] == [str(9 - number) for number in range(len(CELLS))]
    assert [str(amount) for _, amount in entries] == [row["net_amount"] for row in rows]
    manifest = json.loads(found["manifest.json"])
    assert manifest["files"] == {name: {"bytes": len(found[name]), "sha256": hashes[name]}}
    assert (manifest["fingerprint"], manifest["payees"]) == (frozen.fingerprint, frozen.payees)
    assert manifest["totals"] == frozen.totals.document()
    assert (manifest["run"], manifest["concert"], manifest["console"]) == (run.run_id, "7", "1.2.3")
    assert manifest["by"] == {"user": "erin", "host": "ops-1"} and manifest["neutralised_cells"] == 5
    assert manifest["query"]["source"] == "queries/payroll_export.sql"
    assert {exported.said[key] for key in ("bytes", "entries")} == {len(found[name]), len(CELLS)}


def test_the_journal_holds_nothing_of_a_person(scene: Scene) -> None:
    pay(scene, payment(1, "11.11", full_name="Secret Name", email="secret@example.org"), payment(2, "22.22"))
    run = exporting(scene).export(scene.ticked().run_id)
    told = "".join(entry.payload for entry in run.entries)
    assert not [text for text in ("Secret", "ecret@", "11.11", "22.22") if text in told]
    assert "33.33" in told


def test_the_same_data_gives_the_same_file_however_often(scene: Scene) -> None:
    run_id = scene.ticked().run_id
    first = exporting(scene).export(run_id)
    scene.clock.now += HOUR
    second = exporting(scene).export(run_id)
    assert first.exported and second.exported
    assert first.exported.sha256 == second.exported.sha256
    assert second.exported.files == {name: hashlib.sha256(data).hexdigest() for name, data in written(second).items()}
    assert first.exported.manifest != second.exported.manifest


def test_a_workbook_and_parquet_hold_the_very_cells(scene: Scene) -> None:
    pay(
        scene,
        payment(1, "0.10", full_name="=1+1", email="a@example.org"),
        payment(2, "123456789012345678.99", full_name="http://x", calculated_at=None, concert_date=None),
    )
    run_id = scene.ticked().run_id
    one, two = (written(exporting(scene).export(run_id, further=("xlsx", "parquet", "xlsx"))) for _ in range(2))
    name = next(file for file in one if file.endswith(".xlsx")).removesuffix(".xlsx")
    assert {file: data for file, data in one.items() if file != "manifest.json"} == {
        file: data for file, data in two.items() if file != "manifest.json"
    }
    assert set(json.loads(one["manifest.json"])["files"]) == {f"{name}.{kind}" for kind in ("csv", "xlsx", "parquet")}
    table = pq.read_table(io.BytesIO(one[f"{name}.parquet"]))
    assert str(table.schema.field("net_amount").type) == "decimal128(38, 2)"
    assert table.column("net_amount").to_pylist() == [Decimal("0.10"), Decimal("123456789012345678.99")]
    assert table.column("full_name").to_pylist() == ["'=1+1", "http://x"]
    assert table.column("calculated_at").to_pylist()[1] is None
    assert sheet_texts(one[f"{name}.xlsx"]) == [
        cell for row in csv.reader(io.StringIO(one[f"{name}.csv"].decode(), newline="")) for cell in row if cell
    ]


def sheet_texts(content: bytes) -> list[str]:
    """Every cell's text, row by row; there is nothing else in it, no number, formula or link."""
    import xml.etree.ElementTree as ElementTree
    import zipfile

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        strings = ["".join(item.itertext()) for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    cells = [cell for cell in sheet.iter(f"{space}c") if len(cell)]
    assert {cell.get("t") for cell in cells} == {"s"}
    assert not list(sheet.iter(f"{space}f")) and not list(sheet.iter(f"{space}hyperlink"))
    return [text for cell in cells if (text := strings[int(cell[0].text or "")])]


@pytest.mark.parametrize(
    "change",
    [{"net_amount": Decimal("100.01")}, {"email": "other@example.org"}, {"full_name": "Somebody Else"}],
)
def test_data_that_changed_after_the_spot_check_is_not_exported(scene: Scene, change: dict[str, Any]) -> None:
    run_id = scene.ticked().run_id
    pay(scene, *(payment(number, **(change if number == 3 else {})) for number in range(1, 21)))
    with pytest.raises(Refused) as raised:
        exporting(scene).export(run_id)
    assert raised.value.guard == "data_changed"
    run = scene.book().get(run_id)
    states = {item.step: item.state for item in scene.book().looks(run)}
    assert states[Step.TESTS] is states[Step.SPOT_CHECK] is StepState.FALLEN
    assert run.exported is None and not (scene.directory / "prepared").exists()


def test_a_concert_that_was_paid_in_another_way_meanwhile_is_not_exported(scene: Scene) -> None:
    def paid(run: PayrollRun) -> None:
        raise Refused("Already paid", f"concert {run.concert_id}", guard="already_paid")

    run_id = scene.ticked().run_id
    with pytest.raises(Refused, match="concert 7"):
        exporting(scene, unpaid=paid).export(run_id)
    assert scene.book().get(run_id).exported is None and not (scene.directory / "prepared").exists()


@pytest.mark.parametrize(
    "wrong, guard",
    [
        ({"email": "***"}, "email"),
        ({"email": "m2@example.org"}, "email"),
        ({"email": "nowhere"}, "email"),
        ({"email": None}, "email"),
        ({"full_name": "***"}, "masked"),
        ({"net_amount": None}, "amount"),
        ({"net_amount": Decimal("1.005")}, "amount"),
        ({"musician_matches": 2}, "payee"),
        ({"musician_id": 2}, "payee"),
    ],
)
def test_what_is_not_to_be_paid_from_is_not_written(scene: Scene, wrong: dict[str, Any], guard: str) -> None:
    pay(scene, {**payment(1), **wrong}, payment(2), payment(3))
    run_id = scene.ticked("2").run_id
    with pytest.raises(Refused) as raised:
        exporting(scene).export(run_id)
    assert raised.value.guard == guard
    assert scene.book().get(run_id).exported is None and not (scene.directory / "prepared").exists()


def test_a_musician_without_an_address_is_let_through_by_a_tick(scene: Scene) -> None:
    pay(scene, payment(1, email=None), payment(2))
    exported = exporting(scene).export(scene.ticked("1").run_id)
    assert b"\r\nMusician 1,,Sibelius 2," in written(exported)[exported.exported.file if exported.exported else ""]


@pytest.mark.parametrize("musicians", [0, 20_000])
def test_nobody_and_very_many(scene: Scene, musicians: int) -> None:
    pay(scene, *(payment(number, "0.01") for number in range(1, musicians + 1)))
    run_id = scene.ticked().run_id
    if not musicians:
        with pytest.raises(Refused) as raised:
            exporting(scene).export(run_id)
        assert raised.value.guard == "empty"
        return
    run = exporting(scene).export(run_id)
    assert run.exported is not None and run.exported.said["net"] == "200.00"
    assert written(run)[run.exported.file].count(b"\r\n") == musicians + 1


def test_a_closed_gate_and_an_unknown_format_are_refused(scene: Scene) -> None:
    run_id = scene.passed().run_id
    with pytest.raises(Refused, match="spot check"):
        exporting(scene).export(run_id)
    with pytest.raises(UsageError, match="pdf"):
        exporting(scene).export(run_id, further=("pdf",))


@pytest.mark.parametrize("fault", ["repository", "file in the way", "lease"])
def test_a_file_that_cannot_be_written_is_not_journalled(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    run_id = scene.ticked().run_id
    prepared = scene.directory / "prepared"
    if fault == "repository":
        (scene.directory / ".git").mkdir()
    elif fault == "file in the way":
        prepared.write_text("", encoding="utf-8")
    files = files_of(scene)
    if fault == "lease":
        # Taken over by another console while the payments were read.
        monkeypatch.setattr("gcms_tui.operations.payroll.book.AtStep.require_held", _taken_over)
    expected: type[GcmsError] = StateError if fault == "file in the way" else Refused
    with pytest.raises(expected):
        exporting(scene, files).export(run_id)
    assert scene.book().get(run_id).exported is None
    assert not prepared.is_dir()


def _taken_over(_: object) -> None:
    raise Refused("The lease was lost", "somebody else has it", guard="lease")
