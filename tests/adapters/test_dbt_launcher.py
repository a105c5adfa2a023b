"""dbt itself, on a practice platform: started by its own program and by the warm process, which must not differ."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gcms_tui.adapters import dbt_warm
from gcms_tui.adapters.dbt_launcher import DbtProcesses, LaunchPlace
from gcms_tui.adapters.dbt_warm import WarmDbt
from gcms_tui.adapters.run_directory import RunDirectories
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.settings import DbtSettings
from tests.adapters.scripted_dbt import ANNA, Desk, nothing_left
from tests.practice import copy_sandbox, running

TEST_GOLD = DbtCommand("test", ("gold",))
DEADLINE_S = 120.0


@dataclass
class RealDesk:
    """dbt on a platform of this module's own."""

    project: Path
    state: Path
    plain: DbtProcesses
    warm: DbtProcesses
    process: WarmDbt
    shelf: RunDirectories

    def preview(self, launcher: DbtProcesses, command: DbtCommand, *, listed: bool = True) -> Preview:
        nodes = launcher.selection(command) if listed else ()
        run_id = launcher.next_run_id()
        argv = launcher.argv(command, run_id)
        now = datetime.now(UTC)
        return Preview(run_id, command, argv, str(self.project), "sandbox", nodes, now, launcher.fingerprint())

    def start(self, launcher: DbtProcesses, command: DbtCommand) -> Run:
        return launcher.start(self.preview(launcher, command), ANNA)

    def run(self, launcher: DbtProcesses, command: DbtCommand) -> Run:
        return self.ended(self.start(launcher, command).run_id)

    def ended(self, run_id: str) -> Run:
        deadline = time.monotonic() + DEADLINE_S
        while (run := self.shelf.run(run_id)).alive:
            assert time.monotonic() < deadline, f"{run_id} does not end"
            time.sleep(0.02)
        return run

    def until_a_node_runs(self, run: Run) -> None:
        watch = self.shelf.watch(run.run_id)
        deadline = time.monotonic() + DEADLINE_S
        while not any(node.status == "running" for node in watch.look().nodes):
            assert self.shelf.run(run.run_id).alive
            assert time.monotonic() < deadline
            time.sleep(0.01)
        watch.close()

    def statuses(self, run: Run) -> set[tuple[str, str, int | None]]:
        return {(node.unique_id, node.status, node.failures) for node in self.shelf.results(run.run_id).results}


@pytest.fixture(scope="module")
def desk(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealDesk]:
    root = tmp_path_factory.mktemp("dbt")
    env = {**os.environ, "DBT_ENV_SECRET_TOKEN": "hidden-7", "DBT_FULL_REFRESH": "1", "DBT_LOG_LEVEL": "none"}
    process = WarmDbt(env)
    process.start()
    with running(copy_sandbox(sandbox_template, root / "sandbox")) as platform:
        project, state = platform.dbt_project, root / "state"
        settings = DbtSettings(project_dir=project, profiles_dir=project)
        place = LaunchPlace(
            state, settings, "sandbox", (project / "target", project / "logs"),
            profiles=project / "profiles.yml", scd2=(Relation.parse("bronze.Br_Supabase_Instrument"),),
        )  # fmt: skip
        desk = RealDesk(
            project, state, DbtProcesses(place, env), DbtProcesses(place, env, warm=process), process,
            RunDirectories(state, project),
        )  # fmt: skip
        deadline = time.monotonic() + DEADLINE_S
        while not process._is_ready():
            assert process.alive and time.monotonic() < deadline, "dbt has not been imported"
            time.sleep(0.05)
        try:
            yield desk
        finally:
            for run in desk.shelf.runs():
                if run.alive and run.pid is not None:
                    os.kill(run.pid, signal.SIGKILL)
                    desk.ended(run.run_id)
            desk.warm.close()


def test_warm_and_plain_tell_the_same(desk: RealDesk) -> None:
    before = (desk.project / "target" / "run_results.json").stat()
    plain_preview = desk.preview(desk.plain, TEST_GOLD)
    plain = desk.plain.start(plain_preview, ANNA)
    with pytest.raises(Refused, match=plain.run_id):
        desk.warm.start(replace(plain_preview, run_id=desk.warm.next_run_id()), ANNA)
    plain = desk.ended(plain.run_id)

    fingerprint = desk.warm.fingerprint()
    assert fingerprint == plain_preview.fingerprint
    warm_preview = desk.preview(desk.warm, TEST_GOLD)
    assert warm_preview.nodes == plain_preview.nodes
    assert {node.resource_type for node in warm_preview.nodes} == {"test"}
    warm = desk.ended(desk.warm.start(warm_preview, ANNA).run_id)

    assert (plain.record.engine, warm.record.engine) == ("executable", "warm")
    assert plain.state is warm.state is RunState.FAILED
    assert desk.statuses(plain) == desk.statuses(warm)
    assert {node.unique_id for node in plain_preview.nodes} == {found[0] for found in desk.statuses(warm)}
    assert plain.end is not None and warm.end is not None
    assert plain.end.invocation_id != warm.end.invocation_id
    assert plain.end.note == warm.end.note == ""
    for run in (plain, warm):
        directory = desk.shelf.directory(run.run_id)
        assert "Running with dbt=1." in desk.shelf.log(run.run_id).read_text(encoding="utf-8")
        assert sorted(os.listdir(directory)) == ["end.json", "events.jsonl", "logs", "process.json", "run.json",
                                                 "stderr.txt", "target"]  # fmt: skip
        assert sorted(os.listdir(directory / "target")) == ["compiled", "manifest.json", "run", "run_results.json"]
        assert (directory / "stderr.txt").read_text(encoding="utf-8") == ""
        progress = desk.shelf.watch(run.run_id).look()
        assert (progress.success, progress.unread, len(progress.finished)) == (False, 0, len(run.record.selected))
        assert progress.invocation_id == (run.end.invocation_id if run.end else "")
    inodes = {(desk.shelf.directory(run.run_id) / "target" / "manifest.json").stat().st_ino for run in (plain, warm)}
    assert len(inodes) == 1
    assert (desk.project / "target" / "run_results.json").stat() == before
    assert all(b"hidden-7" not in path.read_bytes() for path in desk.state.rglob("*") if path.is_file())

    failed = DbtCommand("test", ("result:fail", "result:error"), state_of=warm.run_id)
    again = desk.run(desk.warm, failed)
    assert desk.statuses(again) == {found for found in desk.statuses(warm) if found[1] != "pass"}
    assert 0 < len(again.record.selected) < len(warm.record.selected)


def test_the_selection_is_dbts_own(desk: RealDesk) -> None:
    assert desk.warm.selection(DbtCommand("test", ("nothing_of_that_name",))) == ()
    with pytest.raises(UsageError, match="'reslut' is not a valid method name"):
        desk.warm.selection(DbtCommand("test", ("reslut:fail",)))
    models = {node.name: node for node in desk.warm.selection(DbtCommand("run", full_refresh=True))}
    assert {node.resource_type for node in models.values()} == {"model"}
    history = {"br_attendance_scd2", "br_musician_scd2", "br_concert_scd2"}
    assert {name for name, node in models.items() if node.scd2} == history | {"br_supabase_instrument"}
    assert {name for name, node in models.items() if node.keeps_on_full_refresh} == history
    fact = models["fct_musician_payment"]
    assert (fact.materialized, str(fact.relation_name).upper()) == ("table", "GCMS.GOLD.FCT_MUSICIAN_PAYMENT")
    built = desk.warm.selection(DbtCommand("build", ("fct_musician_payment",), ("tag:critical",)))
    assert {node.resource_type for node in built} == {"model", "test"}
    assert len(desk.warm.selection(DbtCommand("source freshness"))) == 6
    assert desk.warm.selection(DbtCommand("debug")) == ()
    anew = DbtCommand("run", extra=("--vars", "{parsed: anew}"))
    assert len(desk.warm.selection(anew)) == len(models)


def test_a_project_that_does_not_compile(desk: RealDesk) -> None:
    """Nothing of an earlier run is taken for this one's."""
    preview = desk.preview(desk.warm, TEST_GOLD)
    broken = desk.project / "models" / "gold" / "broken.sql"
    broken.write_text("select * from {{ ref('no_such_model') }}", encoding="utf-8")
    try:
        assert desk.warm.fingerprint() != preview.fingerprint
        with pytest.raises(UsageError, match="no_such_model"):
            desk.warm.selection(TEST_GOLD)
        run = desk.ended(desk.warm.start(preview, ANNA).run_id)
    finally:
        broken.unlink()
    assert run.state is RunState.ERROR
    assert run.end is not None
    assert run.end.exit_code == 2
    assert "no_such_model" in desk.shelf.watch(run.run_id).look().error
    with pytest.raises(ArtifactError):
        desk.shelf.results(run.run_id)
    assert desk.warm.fingerprint() == preview.fingerprint


def test_clean_cleans_the_project_and_no_run(desk: RealDesk) -> None:
    assert (desk.project / "target").is_dir()
    run = desk.run(desk.warm, DbtCommand("clean"))
    assert run.state is RunState.SUCCEEDED
    assert not (desk.project / "target").exists()
    assert desk.shelf.log(run.run_id).is_file()
    assert desk.run(desk.warm, DbtCommand("debug")).state is RunState.SUCCEEDED


def test_a_run_outlives_the_warm_process_and_can_be_cancelled(desk: RealDesk) -> None:
    run = desk.start(desk.warm, DbtCommand("build"))
    desk.until_a_node_runs(run)
    desk.process.kill()
    assert desk.shelf.run(run.run_id).state is RunState.RUNNING
    desk.plain.ask_to_stop(run, ANNA)
    ended = desk.ended(run.run_id)
    assert ended.state is RunState.CANCELLED
    assert ended.end is not None
    assert (ended.end.exit_code, ended.end.note) == (2, "")
    progress = desk.shelf.watch(run.run_id).look()
    assert progress.success is False
    assert len(progress.finished) < len(run.record.selected)


def test_a_warm_process_that_does_not_answer_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_warm, "_IMPORTS_S", 0.0)
    monkeypatch.setattr(dbt_warm, "_FORKS_S", 0.2)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    process = WarmDbt(os.environ)
    process.start()
    assert process._process is not None
    assert list(tmp_path.glob("gcms-tui-rehearsal-*"))
    assert process._line is not None
    process._line.settimeout(DEADLINE_S)
    began = time.monotonic()
    assert process.patience_s == 0.2
    assert time.monotonic() - began < DEADLINE_S / 2, "whether it is ready is asked, and not waited for"
    process._line.settimeout(0.2)
    frozen = process._process.pid
    os.kill(frozen, signal.SIGSTOP)
    with nothing_left(Desk(tmp_path)) as fake:
        settings = DbtSettings(project_dir=fake.project, executable=fake.executable)
        launcher = DbtProcesses(LaunchPlace(fake.state, settings, "prod"), os.environ, warm=process)
        run = launcher.start(fake.preview("exit=0"), ANNA)
        assert fake.ended(run.run_id).state is RunState.SUCCEEDED
        assert run.record.engine == "executable"
        assert fake.shelf.run(run.run_id).record == run.record
        assert not Path(f"/proc/{frozen}").exists()
        assert not list(tmp_path.glob("gcms-tui-rehearsal-*"))
        process.refresh()
        assert not process.alive, "one that never was ready is not tried again"
        launcher.close()


def test_it_ends_with_the_console(tmp_path: Path) -> None:
    code = (
        "import os, signal; from gcms_tui.adapters.dbt_warm import WarmDbt\n"
        "warm = WarmDbt({**os.environ, 'DBT_ENV_SECRET_TOKEN': 'hidden-7'}); warm.start()\n"
        "print(warm._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    console = subprocess.run(
        (sys.executable, "-c", code), stdout=subprocess.PIPE, check=False, timeout=120,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    process = Path("/proc", console.stdout.decode().strip())
    if process.exists():
        assert b"hidden-7" not in (process / "environ").read_bytes()
    deadline = time.monotonic() + DEADLINE_S
    while process.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert os.listdir(tmp_path) == []


def test_a_killed_dbt_is_told_from_a_failed_one(desk: RealDesk) -> None:
    """By its own program, the warm process being gone: which costs nothing but the head start."""
    desk.process.kill()
    run = desk.warm.start(desk.preview(desk.warm, TEST_GOLD, listed=False), ANNA)
    assert run.record.engine == "executable"
    assert run.pid is not None
    os.kill(run.pid, signal.SIGKILL)
    ended = desk.ended(run.run_id)
    assert ended.state is RunState.KILLED
    assert json.loads((desk.shelf.directory(run.run_id) / "end.json").read_bytes())["signal"] == signal.SIGKILL


def test_the_warm_process_is_replaced_where_it_died_or_dbt_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    process = WarmDbt(os.environ)
    process.refresh()
    assert not process.alive, "nobody has asked for it"
    process.start()
    process.kill()
    process._ready = True
    process.refresh()
    assert process.alive
    first = process._process
    process.refresh()
    assert process._process is first
    monkeypatch.setattr(dbt_warm, "installed_dbt", lambda: ("1.99.0",))
    process.refresh()
    assert process.alive
    assert process._process is not first
    process.close()
    process.refresh()
    assert not process.alive
