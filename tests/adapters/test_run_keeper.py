"""Runs as processes: what they are given, how they end, and who outlives whom."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from gcms_tui.adapters import dbt_listing
from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import write_whole
from gcms_tui.adapters.run_events import KEEPER_DIED
from gcms_tui.adapters.run_keeper import ORPHANS
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.run import Run, RunState
from tests.adapters.scripted_dbt import ANNA, Desk, nothing_left, wait_for


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with nothing_left(Desk(tmp_path)) as desk:
        yield desk


def told(desk: Desk, run: Run) -> dict[str, Any]:
    content = (desk.shelf.directory(run.run_id) / "target" / "told.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(content)
    return document


@pytest.mark.parametrize(
    ("word", "state", "code"),
    [("exit=0", RunState.SUCCEEDED, 0), ("exit=1", RunState.FAILED, 1), ("exit=2", RunState.ERROR, 2)],
)
def test_its_end_is_dbts_own(desk: Desk, word: str, state: RunState, code: int) -> None:
    started = desk.start(word)
    assert started.alive
    run = desk.ended(started.run_id)
    assert run.state is state
    assert run.end is not None
    assert (run.end.exit_code, run.end.signal, run.end.note) == (code, None, "")
    assert run.end.invocation_id == f"invocation-{started.pid}"
    assert run.record == started.record


def test_what_dbt_is_given(desk: Desk) -> None:
    secrets = {"DBT_ENV_SECRET_KEY": "hidden-7", "SNOWFLAKE_USER": "gcms", "DBT_USER": "gcms"}
    decide = {"DBT_STATE": "/x", "DBT_FULL_REFRESH": "1", "DBT_ENGINE_LOG_LEVEL": "none", "GCMS_READ_ONLY": "1"}
    desk.env = {**os.environ, **secrets, **decide, "DBT_TARGET": "another"}
    run = desk.run("tell")
    seen = told(desk, run)
    assert secrets.items() <= seen["environment"].items()
    assert not decide.keys() & seen["environment"].keys()
    assert seen["environment"]["DBT_TARGET"] == "prod"
    assert seen["cwd"] == str(desk.project)
    assert seen["stdin"] == "/dev/null"
    assert seen["session"] not in (os.getsid(0), seen["pid"])
    assert seen["umask"] == 0o077
    assert seen["ignored"] == [signal.SIGPIPE.value]  # as Python itself sets it
    assert ["dbt", *seen["argv"][1:]] == list(run.record.argv)
    for parent, directories, files in os.walk(desk.state):
        for name in (*directories, *files):
            path = Path(parent, name)
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
            assert name == "told.json" or not path.is_file() or b"hidden-7" not in path.read_bytes()


def test_a_second_run_is_refused_and_names_the_first(desk: Desk) -> None:
    first = desk.waiting()
    with pytest.raises(Refused) as refused:
        desk.start("exit=0")
    for word in (first.run_id, str(ANNA), "dbt test --select wait", str(first.pid)):
        assert word in refused.value.message
    assert f"runs attach {first.run_id}" in refused.value.next_step
    assert [run.run_id for run in desk.shelf.runs()] == [first.run_id]
    holder = desk.launcher.holder()
    assert holder is not None
    assert (holder.run_id, holder.pid, holder.person) == (first.run_id, first.pid, ANNA)
    assert desk.launcher.holders() == (holder,)
    desk.launcher.ask_to_stop(first, ANNA)
    desk.ended(first.run_id)
    assert desk.launcher.holder() is None
    assert desk.run("exit=0").record.takeover == ""


def test_a_run_is_never_seen_without_its_lease(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that looks in the very moment of the start would hold it for lost, for good."""
    seen: list[bool] = []

    def written(path: Path, text: str) -> None:
        write_whole(path, text)
        seen.extend(run.alive for run in desk.shelf.runs())

    monkeypatch.setattr("gcms_tui.adapters.dbt_launcher.write_whole", written)
    desk.run("exit=0")
    assert seen == [True]


def test_a_lease_that_somebody_removes(desk: Desk) -> None:
    run = desk.waiting()
    shutil.rmtree(desk.state / "leases")
    assert desk.shelf.run(run.run_id).state is RunState.RUNNING
    for _ in range(2):
        with pytest.raises(Refused, match=f"{run.run_id} .* its lease was removed"):
            desk.start("exit=0")
    desk.launcher.ask_to_stop(run, ANNA)
    assert desk.ended(run.run_id).state is RunState.CANCELLED
    assert desk.run("exit=0").state is RunState.SUCCEEDED


def test_a_start_that_fails_harms_no_earlier_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    preview = desk.preview("exit=0")
    desk.ended(desk.launcher.start(preview, ANNA).run_id)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("gcms_tui.adapters.run_lease.TakenLease.name", full)
        with pytest.raises(StateError, match="Nothing was started"):
            desk.launcher.start(preview, ANNA)
    assert desk.shelf.run(preview.run_id).state is RunState.SUCCEEDED
    assert desk.launcher.holder() is None


@pytest.mark.parametrize("clock", [1, -1], ids=["forward", "put back"])
def test_cancelling_is_asked_first_and_seen_later(desk: Desk, clock: int) -> None:
    run = desk.waiting("stubborn")
    assert desk.shelf.run(run.run_id).state is RunState.RUNNING
    desk.now = run.record.started_at
    desk.launcher.ask_to_stop(run, ANNA)
    events = desk.shelf.directory(run.run_id) / "events.jsonl"
    wait_for(lambda: b'"Interrupted"' in events.read_bytes())
    assert desk.shelf.run(run.run_id).state is RunState.CANCELLING
    desk.now += clock * timedelta(seconds=29)
    desk.launcher.ask_to_stop(run, ANNA)
    assert desk.shelf.run(run.run_id).state is RunState.CANCELLING
    desk.now += clock * timedelta(seconds=1)
    desk.launcher.ask_to_stop(run, ANNA)
    ended = desk.ended(run.run_id)
    assert ended.state is RunState.CANCELLED
    assert ended.end is not None
    assert (ended.end.signal, ended.end.note) == (signal.SIGTERM, ORPHANS)
    assert events.read_bytes().count(b'"name": "Interrupted"') == 1
    assert ended.cancel is not None
    assert (ended.cancel.at, ended.cancel.person) == (run.record.started_at, ANNA)
    with pytest.raises(Refused):
        desk.launcher.ask_to_stop(ended, ANNA)


@pytest.mark.parametrize("missing", [False, True], ids=["", "without pidfd_open"])
def test_an_interrupted_dbt_ends_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch, missing: bool) -> None:
    def not_implemented(_: int) -> int:
        raise OSError(38, "Function not implemented")

    if missing:
        monkeypatch.setattr(os, "pidfd_open", not_implemented)
    run = desk.waiting()
    desk.launcher.ask_to_stop(run, ANNA)
    ended = desk.ended(run.run_id)
    assert ended.state is RunState.CANCELLED
    assert ended.end is not None
    assert (ended.end.exit_code, ended.end.note) == (2, "")


def test_a_dbt_that_is_stopped_while_it_is_loaded_has_sent_nothing(desk: Desk) -> None:
    desk.executable.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    run = desk.start()
    desk.launcher.ask_to_stop(run, ANNA)
    ended = desk.ended(run.run_id)
    assert ended.state is RunState.CANCELLED
    assert ended.end is not None
    assert (ended.end.signal, ended.end.note) == (signal.SIGINT, "")


def test_a_dbt_that_is_killed(desk: Desk) -> None:
    run = desk.waiting()
    assert run.pid is not None
    os.kill(run.pid, signal.SIGKILL)
    ended = desk.ended(run.run_id)
    assert ended.state is RunState.KILLED
    assert ended.end is not None
    assert (ended.end.signal, ended.end.note) == (signal.SIGKILL, ORPHANS)
    assert ended.end.invocation_id == f"invocation-{run.pid}"


def test_a_keeper_that_is_killed_leaves_dbt_running(desk: Desk) -> None:
    run = desk.waiting()
    keeper = desk.keeper(run)
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: desk.keeper(run) != keeper)
    assert desk.shelf.run(run.run_id).state is RunState.RUNNING
    with pytest.raises(Refused, match=run.run_id):
        desk.start("exit=0")
    desk.launcher.ask_to_stop(run, ANNA)
    ended = desk.ended(run.run_id)
    assert ended.state is RunState.CANCELLED
    assert ended.end is not None
    assert (ended.end.exit_code, ended.end.note) == (2, KEEPER_DIED)

    lost = desk.waiting()
    assert lost.record.takeover.startswith(f"{run.run_id} of {ANNA}")
    os.kill(desk.keeper(lost), signal.SIGKILL)
    assert lost.pid is not None
    os.kill(lost.pid, signal.SIGKILL)
    assert desk.ended(lost.run_id).state is RunState.LOST
    heir = desk.run("exit=0")
    assert heir.record.takeover.startswith(f"{lost.run_id} of {ANNA}")
    assert heir.state is RunState.SUCCEEDED


def test_places_of_any_name(tmp_path: Path) -> None:
    """Spaces, quotes, bytes that are no text, and a way through a symbolic link."""
    with nothing_left(Desk(tmp_path / os.fsdecode(b"caf\xe9 d'Anna; $(x)"))) as desk:
        whole = desk.run("tell")
        assert whole.state is RunState.SUCCEEDED
        assert told(desk, whole)["cwd"] == str(desk.project)
        (tmp_path / "link").symlink_to(desk.root)
        linked = Desk(tmp_path / "link")
        assert [run.run_id for run in linked.shelf.runs()] == [whole.run_id]
        waiting = linked.waiting()
        with pytest.raises(Refused, match=waiting.run_id):
            desk.start("exit=0")
        desk.launcher.ask_to_stop(desk.shelf.run(waiting.run_id), ANNA)
        assert linked.ended(waiting.run_id).state is RunState.CANCELLED


def test_a_listing_that_is_left_behind_is_waited_for(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its console is gone, and dbt still writes what it parses."""
    code = (
        "from pathlib import Path; from tests.adapters.scripted_dbt import Desk; "
        "from gcms_tui.core.dbt_command import DbtCommand; "
        f"Desk(Path({str(tmp_path)!r})).launcher.selection(DbtCommand('test', ('write=who:INVOCATION', 'wait')))"
    )
    console = subprocess.Popen((sys.executable, "-c", code))
    wait_for(lambda: any(who.read_text(encoding="utf-8") for who in desk.state.glob("dbt/*/who")))
    console.kill()
    console.wait()
    (who,) = desk.state.glob("dbt/*/who")
    listing = int(who.read_text(encoding="utf-8").rpartition("-")[2])
    with monkeypatch.context() as impatient, pytest.raises(Unavailable, match="asked already"):
        impatient.setattr(dbt_listing, "LISTING_AT_MOST_S", 0)
        desk.launcher.selection(DbtCommand("test"))
    os.kill(listing, signal.SIGKILL)
    assert desk.launcher.selection(DbtCommand("test")) == ()


def test_runs_outlive_who_started_them(desk: Desk, tmp_path: Path) -> None:
    """Its own process group killed outright, as when a console dies with its terminal."""
    code = (
        "import os, signal, sys; from pathlib import Path; from tests.adapters.scripted_dbt import Desk; "
        f"Desk(Path({str(tmp_path)!r})).waiting(); os.killpg(0, signal.SIGKILL)"
    )
    console = subprocess.run((sys.executable, "-c", code), start_new_session=True, check=False, timeout=120)
    assert console.returncode == -signal.SIGKILL
    (run,) = desk.shelf.runs()
    assert run.state is RunState.RUNNING
    desk.launcher.ask_to_stop(run, ANNA)
    assert desk.ended(run.run_id).state is RunState.CANCELLED


def test_it_is_no_child_of_the_console(desk: Desk) -> None:
    """One that has ended is nobody's zombie, and the console may wait for children of its own."""
    before = {child.pid for child in psutil.Process().children()}
    desk.run("exit=0")
    assert {child.pid for child in psutil.Process().children()} <= before


def test_a_dbt_that_cannot_be_executed(desk: Desk) -> None:
    preview = desk.preview("exit=0")
    desk.executable.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    with pytest.raises(Unavailable) as gone:
        desk.launcher.start(preview, ANNA)
    assert str(desk.executable) in gone.value.message
    run = desk.ended(preview.run_id)
    assert run.state is RunState.ERROR
    assert run.end is not None
    assert "could not be started" in run.end.note
    assert desk.launcher.holder() is None
    desk.executable.unlink()
    with pytest.raises(Unavailable, match="is not there"):
        desk.start("exit=0")


def test_a_preview_is_started_once(desk: Desk) -> None:
    preview = desk.preview("exit=0")
    desk.ended(desk.launcher.start(preview, ANNA).run_id)
    with pytest.raises(Refused, match="has been started"):
        desk.launcher.start(preview, ANNA)
    assert desk.launcher.holder() is None
    gone = replace(preview, run_id="20260301-083000-1a2b", argv=(*preview.argv, "--partial-parse-file-path", "/gone"))
    with pytest.raises(Refused, match="/gone has gone"):
        desk.launcher.start(gone, ANNA)


def test_what_dbt_leaves_is_put_in_order(desk: Desk) -> None:
    words = ("manifest=same", "write=partial_parse.msgpack:parsed", "write=graph.gpickle:x", "results")
    first, second, other = desk.run(*words), desk.run(*words), desk.run("manifest=other")
    targets = [desk.shelf.directory(run.run_id) / "target" for run in (first, second, other)]
    inodes = [(target / "manifest.json").stat().st_ino for target in targets]
    assert inodes[0] == inodes[1] != inodes[2]
    assert sorted(os.listdir(targets[0])) == ["manifest.json", "run_results.json"]
    assert [path.read_text(encoding="utf-8") for path in desk.state.glob("dbt/*/partial_parse.msgpack")] == ["parsed"]
    assert "--partial-parse-file-path" not in first.record.argv
    assert "--partial-parse-file-path" in second.record.argv
    assert desk.shelf.manifest(second.run_id).nodes["model.gcms.m"].name == "m"

    stored = list(desk.state.glob("dbt/*/manifests/*.json"))
    assert len(stored) == 2
    desk.shelf.remove(first.run_id)
    assert desk.shelf.manifest(second.run_id).nodes
    assert len(list(desk.state.glob("dbt/*/manifests/*.json"))) == 2
    desk.shelf.remove(other.run_id)
    assert len(list(desk.state.glob("dbt/*/manifests/*.json"))) == 1


def test_failing_rows_are_kept_while_the_lease_is_held(desk: Desk, tmp_path: Path) -> None:
    """The command that keeps them sees how the run has ended, and that nobody else can start."""
    code = (
        "import sys; from pathlib import Path; from tests.adapters.scripted_dbt import Desk; "
        "desk = Desk(Path(sys.argv[1])); run = desk.shelf.run(sys.argv[2]); "
        "print(run.run_id == desk.launcher.holder().run_id, run.alive, run.end.exit_code); sys.exit(3)"
    )
    desk.after = lambda run_id: (sys.executable, "-c", code, str(tmp_path), run_id)
    desk.env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    failing = desk.run("results", "exit=1")
    said = desk.shelf.directory(failing.run_id) / "after.txt"
    assert said.read_text(encoding="utf-8") == "True True 1\n"
    assert failing.end is not None
    assert "not all kept: see after.txt" in failing.end.note
    passing = desk.run("exit=0")
    assert not (desk.shelf.directory(passing.run_id) / "after.txt").exists()

    waits = tmp_path / "waits"
    waits.touch()
    desk.after = lambda run_id: ("/bin/sh", "-c", 'while [ -e "$0" ]; do sleep 0.01; done', str(waits))
    keeping = desk.start("results", "exit=1")
    wait_for(lambda: desk.shelf.run(keeping.run_id).end)
    with pytest.raises(Refused, match="only its failing rows are being kept"):
        desk.launcher.ask_to_stop(keeping, ANNA)
    waits.unlink()
    assert desk.ended(keeping.run_id).state is RunState.FAILED

    desk.after = lambda run_id: ("/no/such/program", run_id)
    unable = desk.run("results", "exit=1")
    assert unable.state is RunState.FAILED
    assert unable.end is not None
    assert "/no/such/program" in unable.end.note


def test_room_for_its_end_was_set_aside(desk: Desk) -> None:
    """A keeper that can make no file any larger still writes the exit code, and says what it could not do."""
    run = desk.waiting("manifest=big", "write=graph.gpickle:x")
    resource.prlimit(desk.keeper(run), resource.RLIMIT_FSIZE, (4096, 4096))
    desk.launcher.ask_to_stop(run, ANNA)
    ended = desk.ended(run.run_id)
    assert ended.end is not None
    assert ended.end.exit_code == 2
    assert ended.end.note == "its manifest is kept as dbt wrote it: File too large"
    assert desk.shelf.manifest(run.run_id).nodes
    assert not list(desk.state.glob("dbt/*/manifests/*"))


def test_a_full_disk_costs_no_exit_code(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=256k tmpfs {shlex.quote(str(disk))}"
    if subprocess.run(mount, shell=True, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        with nothing_left(Desk(disk)) as desk:
            run = desk.run("manifest=big", "fill", "exit=1")
            assert run.end is not None
            assert (run.end.exit_code, run.end.invocation_id is not None) == (1, True)
            assert "No space left on device" in run.end.note
            with pytest.raises(Exception, match="cannot be kept") as full:
                desk.start("exit=0")
            assert "Nothing was started" in str(full.value)
            assert os.listdir(desk.state / "runs") == [run.run_id]
            assert desk.launcher.holder() is None
    finally:
        subprocess.run(("umount", "-l", str(disk)), check=True)
