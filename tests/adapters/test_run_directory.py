"""The shelf: what it tells of runs whose directories are whole, half-written, broken or gone."""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gcms_tui.adapters.private_file import read_small
from gcms_tui.adapters.run_directory import RunDirectories
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.run import RunEnd, RunRecord, RunState
from gcms_tui.core.run_json import end_text, record_text
from tests.adapters.scripted_dbt import ANNA, Desk, nothing_left

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = {"info": {"name": "MainReportVersion", "invocation_id": "own", "ts": "2026-03-01T12:00:01Z"}, "data": {}}
DONE = {
    "info": {"name": "CommandCompleted", "invocation_id": "own", "ts": "2026-03-01T12:05:00Z"},
    "data": {"success": True},
}


class Shelf(RunDirectories):
    """One over directories that a test writes itself."""

    def __init__(self, root: Path) -> None:
        self.state, self.project = root / "state", root / "project"
        self.project.mkdir(exist_ok=True)
        super().__init__(self.state, self.project)

    def put(self, number: int, *, end: RunEnd | None = None, project: Path | None = None) -> str:
        started = NOON + timedelta(minutes=number)
        run_id = f"{started:%Y%m%d-%H%M%S}-{number:04x}"
        directory = self.state / "runs" / run_id
        (directory / "target").mkdir(parents=True)
        place = str(project or self.project)
        record = RunRecord(run_id, DbtCommand("test"), ("dbt", "test"), place, "prod", ANNA, started)
        (directory / "run.json").write_text(record_text(record), encoding="utf-8")
        if end is not None:
            (directory / "end.json").write_text(end_text(end), encoding="utf-8")
        return run_id

    def file(self, run_id: str, *parts: str) -> Path:
        return self.state.joinpath("runs", run_id, *parts)

    def again(self) -> RunDirectories:
        """As another console sees it."""
        return RunDirectories(self.state, self.project)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def ids(shelf: RunDirectories) -> list[str]:
    return [run.run_id for run in shelf.runs()]


def test_an_empty_shelf(shelf: Shelf) -> None:
    assert shelf.runs() == ()
    assert shelf.notes() == ()
    with pytest.raises(UsageError):
        shelf.run("last")


def test_newest_first_and_of_this_project_alone(shelf: Shelf, tmp_path: Path) -> None:
    first, second = shelf.put(1, end=RunEnd(NOON, 0)), shelf.put(2, end=RunEnd(NOON, 1))
    shelf.put(3, project=tmp_path / "another")
    assert ids(shelf) == [second, first]
    assert ids(shelf.again()) == [second, first]
    link = tmp_path / "link"
    link.symlink_to(shelf.project)
    assert ids(RunDirectories(shelf.state, link)) == [second, first]
    assert shelf.run("last").run_id == second
    assert shelf.run(first).run_id == first
    assert shelf.run("20260301-1201").run_id == first
    with pytest.raises(UsageError, match="may be"):
        shelf.run("20260301")
    for nothing in ("", "..", "x"):
        with pytest.raises(UsageError):
            shelf.run(nothing)
    shelf.remove(first)
    assert ids(shelf) == [second]
    assert os.listdir(shelf.state / "runs") and not shelf.file(first).exists()


@pytest.mark.parametrize("name", ["run.json", "end.json", "cancel.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 99}', b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_broken_file_is_a_note(shelf: Shelf, name: str, content: bytes) -> None:
    whole, broken = shelf.put(1, end=RunEnd(NOON, 0)), shelf.put(2, end=RunEnd(NOON, 0))
    shelf.file(broken, name).write_bytes(content)
    for _ in range(2):
        assert whole in ids(shelf)
        (note,) = shelf.notes()
        assert broken in note and name in note
    assert (broken in ids(shelf)) is (name != "run.json")
    shutil.rmtree(shelf.file(broken))
    assert ids(shelf) == [whole]
    assert shelf.notes() == ()


def test_what_is_no_run_is_passed_over(shelf: Shelf) -> None:
    run_id = shelf.put(1, end=RunEnd(NOON, 0))
    (shelf.state / "runs" / "being-made").mkdir()
    (shelf.state / "runs" / ".20260301-120100-0001.ab12").mkdir()
    (shelf.state / "runs" / "a-file").write_text("", encoding="utf-8")
    shutil.copytree(shelf.file(run_id), shelf.file("20270101-000000-0000"))
    assert ids(shelf) == [run_id]
    notes = [note for note in shelf.notes() if "20270101-000000-0000" in note]
    assert len(notes) == 1 and run_id in notes[0]


@pytest.mark.parametrize(
    ("events", "state", "code"),
    [
        ([EVENT], RunState.LOST, None),
        ([], RunState.LOST, None),
        ([EVENT, DONE], RunState.SUCCEEDED, 0),
        ([EVENT, {**DONE, "data": {"success": False}}], RunState.FAILED, 1),
        (
            [EVENT, {"info": {"name": "MainEncounteredError"}, "data": {}}, {**DONE, "data": {"success": False}}],
            RunState.ERROR,
            2,
        ),
        ([EVENT, {**DONE, "data": {"success": "yes"}}], RunState.LOST, None),
    ],
)
def test_an_end_that_nobody_wrote_is_dbts_last_word(
    shelf: Shelf, events: list[object], state: RunState, code: int | None
) -> None:
    run_id = shelf.put(1)
    lines = "".join(json.dumps(event) + "\n" for event in events)
    shelf.file(run_id, "events.jsonl").write_text(lines + '{"info": {"na', encoding="utf-8")
    run = shelf.run(run_id)
    assert run.state is state
    assert (run.end.exit_code if run.end else None) == code
    if run.end is not None:
        assert run.end.ended_at == NOON + timedelta(minutes=5)
        assert run.end.invocation_id == "own"


def test_an_end_at_no_time_is_dated_by_the_file(shelf: Shelf) -> None:
    run_id = shelf.put(1)
    for moment in ("0001-01-01T00:00:00+05:00", "never", 7):
        done = {"info": {"name": "CommandCompleted", "ts": moment}, "data": {"success": True}}
        shelf.file(run_id, "events.jsonl").write_text(json.dumps(done), encoding="utf-8")
        end = shelf.again().run(run_id).end
        assert end is not None
        assert end.ended_at.timestamp() == pytest.approx(shelf.file(run_id, "events.jsonl").stat().st_mtime)


def test_runs_that_cannot_be_listed_are_told(shelf: Shelf) -> None:
    shelf.state.mkdir()
    (shelf.state / "runs").write_text("", encoding="utf-8")
    assert shelf.runs() == ()
    (note,) = shelf.notes()
    assert "Not a directory" in note
    (shelf.state / "runs").unlink()
    run_id = shelf.put(1, end=RunEnd(NOON, 0))
    shelf.file(run_id, "run.json").rename(shelf.file(run_id, "away"))
    shelf.file(run_id, "run.json").write_text("{", encoding="utf-8")
    assert ids(shelf) == []
    assert len(shelf.notes()) == 1
    shelf.file(run_id, "away").rename(shelf.file(run_id, "run.json"))
    assert ids(shelf) == [run_id]
    assert shelf.notes() == ()


def test_what_its_keeper_noted_after_the_end_was_read_is_not_lost(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lets go of the lease between the reading of the end and the look for who holds it."""
    run_id = shelf.put(1, end=RunEnd(NOON, 1))

    def noted(leases: Path, project: str) -> tuple[()]:
        shelf.file(run_id, "end.json").write_text(end_text(RunEnd(NOON, 1, note="No space left")), encoding="utf-8")
        return ()

    monkeypatch.setattr("gcms_tui.adapters.run_directory.holders", noted)
    for run in (shelf.run(run_id), *shelf.runs()):
        assert run.end is not None and run.end.note == "No space left"


def test_what_is_over_is_read_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand runs cost what is new among them."""
    for number in range(1000):
        shelf.put(number, end=RunEnd(NOON, number % 3))
    assert len(shelf.runs()) == 1000
    read: list[str] = []

    def counted(path: Path) -> str:
        read.append(path.parent.name)
        return read_small(path)

    monkeypatch.setattr("gcms_tui.adapters.run_directory.read_small", counted)
    newest = shelf.put(1000, end=RunEnd(NOON, 0))
    assert len(shelf.runs()) == 1001
    assert set(read) == {newest}
    read.clear()
    assert len(shelf.runs()) == 1001
    assert read == []


def results(invocation: str) -> str:
    metadata = {"dbt_schema_version": "x/v6.json", "generated_at": "2026-03-01T12:00:00Z", "invocation_id": invocation}
    result = {"unique_id": "test.gcms.a", "status": "pass", "compiled_code": "select 1"}
    return json.dumps({"metadata": metadata, "args": {}, "results": [result]})


def test_only_its_own_results_count(shelf: Shelf) -> None:
    run_id = shelf.put(1, end=RunEnd(NOON, 0, invocation_id="own"))
    with pytest.raises(ArtifactError):
        shelf.results(run_id)
    file = shelf.file(run_id, "target", "run_results.json")
    file.write_text(results("own"), encoding="utf-8")
    assert shelf.results(run_id).invocation_id == "own"
    assert shelf.sql(run_id, "test.gcms.a") == "select 1"
    assert shelf.sql(run_id, "test.gcms.b") is None
    file.write_text(results("another"), encoding="utf-8")
    with pytest.raises(ArtifactError, match="Another invocation"):
        shelf.results(run_id)
    for content in ("", "{", '{"results": [1]}', "[" * 100_000):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ArtifactError):
            shelf.results(run_id)
        assert shelf.sql(run_id, "test.gcms.a") is None

    compiled = shelf.file(run_id, "target", "compiled", "gcms", "models")
    (compiled / "gold").mkdir(parents=True)
    (compiled / "gold" / "fct.sql").write_text("select 2", encoding="utf-8")
    assert shelf.sql(run_id, "model.gcms.fct") == "select 2"
    assert shelf.sql(run_id, "model.gcms.../../../fct") is None
    (compiled / "fct.sql").write_text("select 3", encoding="utf-8")
    assert shelf.sql(run_id, "model.gcms.fct") is None

    running = shelf.put(2)
    shelf.file(running, "target", "run_results.json").write_text(results("own"), encoding="utf-8")
    shelf.file(running, "events.jsonl").write_text("no event yet\n", encoding="utf-8")
    with pytest.raises(ArtifactError):
        shelf.results(running)
    shelf.file(running, "events.jsonl").write_text("no event\n" + json.dumps(EVENT) + "\n", encoding="utf-8")
    assert shelf.results(running).invocation_id == "own"


@pytest.mark.parametrize("name", ["rows", "../../end", "/etc/passwd", "", "a\x00b", "Ä", "x" * 300, "\udcff", ".."])
def test_documents_stay_beside_their_run(shelf: Shelf, name: str) -> None:
    run_id = shelf.put(1, end=RunEnd(NOON, 0))
    before = {path for path in shelf.state.rglob("*") if "kept" not in path.parts}
    assert shelf.kept(run_id, name) is None
    shelf.keep(run_id, name, {"rows": [1, "\udcff"]})
    shelf.keep(run_id, name, {"rows": "others"})
    shelf.keep(run_id, "another", {})
    assert shelf.again().kept(run_id, name) == {"rows": [1, "\udcff"]}
    assert {path for path in shelf.state.rglob("*") if "kept" not in path.parts} == before
    kept = list(shelf.file(run_id, "kept").iterdir())
    assert len(kept) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


@pytest.mark.parametrize("run_id", ["..", "", "a/b", ".hidden", "a\x00b", "x" * 200])
def test_an_id_from_outside_is_no_path(shelf: Shelf, run_id: str) -> None:
    for ask in (shelf.directory, shelf.log, shelf.size, shelf.remove, shelf.results, shelf.watch):
        with pytest.raises(UsageError):
            ask(run_id)


def test_a_foreign_run_is_adopted_once(shelf: Shelf, tmp_path: Path) -> None:
    artifact, gone = tmp_path / "run_results.json", tmp_path / "sources.json"
    artifact.write_text(results("theirs"), encoding="utf-8")
    command = DbtCommand("build")
    record = RunRecord("cron-1", command, ("dbt",), str(shelf.project), "prod", ANNA, NOON, foreign=True)
    shelf.adopt(record, (artifact, gone), {"end": "unknown"})
    own = [path for path in (shelf.state, *shelf.state.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert own == []
    artifact.write_text("overwritten", encoding="utf-8")
    shelf.adopt(record, (artifact,), {"end": "another"})
    run = shelf.again().run("cron-1")
    assert run.state is RunState.UNKNOWN
    assert shelf.results("cron-1").invocation_id == "theirs"
    assert shelf.kept("cron-1", "foreign") == {"end": "unknown"}
    assert shelf.watch("cron-1").look().nodes == ()
    assert os.listdir(shelf.state / "runs") == ["cron-1"]


def test_a_run_that_goes_on_is_watched_and_not_removed(tmp_path: Path) -> None:
    with nothing_left(Desk(tmp_path)) as desk:
        run = desk.waiting()
        shelf = desk.shelf
        watch = shelf.watch(run.run_id)
        assert watch.look().invocation_id == f"invocation-{run.pid}"
        with pytest.raises(Refused, match="going on"):
            shelf.remove(run.run_id)
        desk.launcher.ask_to_stop(run, ANNA)
        deadline = time.monotonic() + 60
        while watch.look().success is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        watch.close()
        desk.ended(run.run_id)
        assert shelf.size(run.run_id) > 0
        shelf.remove(run.run_id)
        assert os.listdir(desk.state / "runs") == []
