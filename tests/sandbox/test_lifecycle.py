"""The sandbox from the first start to the last exit, with real processes: shared, killed, copied, broken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import snowflake.connector

from gcms_tui.core.errors import Unavailable
from gcms_tui.sandbox import lifecycle
from gcms_tui.sandbox.directory import SandboxDirectory, wait_until
from gcms_tui.sandbox.lifecycle import default_directory, practice_platform
from gcms_tui.sandbox.processes import child_environment, port_is_free
from tests.practice import RunningPlatform, copy_sandbox, free_ports, older_ports
from tests.sandbox.serving import Demo, assert_nothing_runs, kill_one, pid_of, processes_in

SERVERS = ("gcms_tui.sandbox.warehouse", "gcms_tui.sandbox.airbyte", "bin/postgres")


@pytest.fixture
def sandbox(sandbox_template: Path, tmp_path: Path) -> Iterator[Path]:
    """A seeded sandbox at rest, in a directory of any name. Whatever the test does, nothing runs in it afterwards."""
    directory = copy_sandbox(sandbox_template, tmp_path / 'it\'s "my" demo; $(id) ñ')
    yield directory
    assert_nothing_runs(directory)


def first_row(connect: Mapping[str, Any], statement: str) -> object:
    with snowflake.connector.connect(**connect) as warehouse, warehouse.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_everything_in_it_answers(platform: RunningPlatform) -> None:
    payments = first_row(platform.snowflake, "SELECT COUNT(*) FROM GOLD.FCT_MUSICIAN_PAYMENT")
    assert isinstance(payments, tuple)
    assert payments[0] > 0
    with psycopg.connect(platform.postgres) as supabase:
        musicians = supabase.execute("SELECT count(*) FROM public.musician").fetchone()
        assert musicians is not None
        assert musicians[0] >= 150
    assert (platform.dbt_project / "dbt_project.yml").is_file()
    assert (platform.dbt_project / "target" / "run_results.json").is_file()
    assert platform.state_dir.is_dir()


def test_every_file_is_private(platform: RunningPlatform) -> None:
    paths = [platform.directory, *platform.directory.rglob("*")]
    open_to_others = [
        path for path in paths if not path.is_symlink() and path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    assert open_to_others == []


def test_no_process_carries_a_password_where_others_may_look(platform: RunningPlatform) -> None:
    airbyte = SandboxDirectory(platform.directory).link / "airbyte.secret"
    secrets = [platform.snowflake["password"], str(urlsplit(platform.postgres).password), airbyte.read_text().strip()]
    running = processes_in(platform.directory)
    for server in SERVERS:
        assert any(server in command for command in running.values())
    for pid, command in running.items():
        seen = command + Path(f"/proc/{pid}/environ").read_text(errors="replace")
        assert not [secret for secret in secrets if secret in seen], command


def test_consoles_share_the_servers_and_the_last_one_stops_them(sandbox: Path) -> None:
    generation = SandboxDirectory(sandbox).link.resolve()
    with Demo(sandbox) as first, Demo(sandbox) as second:
        announcement = first.ready()
        assert second.ready() == announcement
        assert set(announcement) == {"ready", "config", "snowflake", "postgres", "dbt_project", "state_dir"}
        assert announcement["ready"] is True
        assert Path(announcement["config"]).is_file()
        with Demo(sandbox, "--fresh") as third:
            assert third.wait() == 65
            assert "Leave it first" in third.told()
        assert SandboxDirectory(sandbox).link.resolve() == generation
        assert first.end(signal.SIGTERM) == 0
        assert first_row(announcement["snowflake"], "SELECT 1") == (1,)
        with psycopg.connect(announcement["postgres"]) as supabase:
            assert supabase.execute("SELECT 1").fetchone() == (1,)
        assert second.end(signal.SIGTERM) == 0
        assert processes_in(sandbox) == {}
        assert first.rest() == second.rest() == b""


def test_nothing_outlives_a_console_that_is_killed_while_it_starts(sandbox: Path) -> None:
    with Demo(sandbox) as demo:
        assert wait_until(lambda: bool(processes_in(sandbox)), 120)
        demo.process.kill()
    assert_nothing_runs(sandbox)


def test_killed_servers_are_missed_and_keep_what_was_committed(sandbox: Path) -> None:
    with Demo(sandbox) as demo:
        before = demo.ready()
        first_row(before["snowflake"], "CREATE TABLE GCMS_OPS.KEPT AS SELECT 1 AS N")
        ports = SandboxDirectory(sandbox).ports()
        assert ports is not None
        for server, port in (("gcms_tui.sandbox.warehouse", ports.warehouse), ("sandbox.airbyte", ports.airbyte)):
            kill_one(sandbox, server)
            assert wait_until(partial(port_is_free, port), 60)
        with Demo(sandbox) as second:
            assert second.wait() == Unavailable.exit_code
            assert "its warehouse and Airbyte have ended" in second.told()
        with psycopg.connect(before["postgres"]) as supabase:
            supabase.execute("CREATE TABLE kept AS SELECT 1 AS n")
        kill_one(sandbox, "bin/postgres")
        assert demo.end(signal.SIGTERM) == 0
    with Demo(sandbox) as demo:
        assert demo.ready() == before
        assert first_row(before["snowflake"], "SELECT N FROM GCMS_OPS.KEPT") == (1,)
        with psycopg.connect(before["postgres"]) as supabase:
            assert supabase.execute("SELECT n FROM kept").fetchone() == (1,)
        assert demo.end(signal.SIGINT) == 0
        assert processes_in(sandbox) == {}
        assert demo.rest() == b""
        assert "Postgres is up" in demo.told()


def test_a_killed_keeper_takes_the_servers_along_and_a_start_right_after_waits_for_them(sandbox: Path) -> None:
    with Demo(sandbox) as demo:
        before = demo.ready()
        kill_one(sandbox, "gcms_tui.sandbox.keeper")
        assert demo.wait() == Unavailable.exit_code
        assert "Start it again" in demo.told()
        assert_nothing_runs(sandbox)
    with Demo(sandbox) as again:
        assert again.ready() == before
        servers = [pid_of(sandbox, what) for what in SERVERS]
        for pid in servers:
            os.kill(pid, signal.SIGSTOP)
        kill_one(sandbox, "gcms_tui.sandbox.keeper")
        assert again.wait() == Unavailable.exit_code
    try:
        with Demo(sandbox) as later:
            began = wait_until(lambda: not SandboxDirectory(sandbox).ready_file.exists(), 120)
            for pid in servers:
                os.kill(pid, signal.SIGCONT)
            assert began, later.told()
            assert later.ready() == before
            assert "is taken" not in later.told()
            # And cut off: nothing outlives the console.
            later.end(signal.SIGKILL)
        assert_nothing_runs(sandbox)
    finally:
        for pid in servers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_seeding_that_is_killed_leaves_the_old_sandbox_whole(sandbox: Path) -> None:
    directory = SandboxDirectory(sandbox)
    before = directory.link.resolve()
    with Demo(sandbox, "--fresh") as demo:
        assert wait_until(lambda: bool(list(sandbox.glob("data-*/warehouse/*.db"))[1:]), 60)
        kill_one(sandbox, "gcms_tui.sandbox.keeper")
        assert demo.wait() == Unavailable.exit_code
    assert_nothing_runs(sandbox)
    assert directory.link.resolve() == before
    assert len(list(sandbox.glob("data-*"))) == 2
    with Demo(sandbox) as demo:
        demo.ready()
        assert demo.end(signal.SIGTERM) == 0
        assert processes_in(sandbox) == {}
    assert list(sandbox.glob("data-*")) == [before]


def test_fresh_seeds_anew_on_the_same_ports(sandbox_template: Path) -> None:
    directory = SandboxDirectory(sandbox_template)
    ports, generation = directory.ports(), directory.current
    assert ports is not None and generation is not None
    assert directory.ports_file.read_text() == older_ports(sandbox_template).read_text()
    assert f"port: {ports.warehouse}" in (generation.dbt_project / "profiles.yml").read_text()
    assert f'base_url = "http://127.0.0.1:{ports.airbyte}/api' in generation.config.read_text()
    assert f":{ports.postgres}" in generation.dsn_file.read_text()
    assert list(generation.state.iterdir()) == []
    assert len(list(sandbox_template.glob("data-*"))) == 1


def test_a_port_that_a_stranger_took_is_replaced_and_said(sandbox: Path) -> None:
    before = free_ports()
    SandboxDirectory(sandbox).store_ports(before)
    with ExitStack() as strangers:
        for port in (before.warehouse, before.airbyte):
            stranger = strangers.enter_context(socket.socket())
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stranger.bind(("127.0.0.1", port))
            stranger.listen()
        with Demo(sandbox) as demo:
            announcement = demo.ready()
            ports = SandboxDirectory(sandbox).ports()
            assert ports is not None and announcement["snowflake"]["port"] == ports.warehouse != before.warehouse
            assert f"Port {before.warehouse} is taken" in demo.told()
            profile = (Path(announcement["dbt_project"]) / "profiles.yml").read_text()
            assert f"port: {ports.warehouse}" in profile
            assert f"Port {before.airbyte} is taken" in demo.told()
            assert f'base_url = "http://127.0.0.1:{ports.airbyte}/api' in Path(announcement["config"]).read_text()
            assert ports.airbyte != before.airbyte
            # And hung up on: nothing outlives the console.
            demo.end(signal.SIGHUP)
        assert_nothing_runs(sandbox)


def test_an_aged_sandbox_says_so_and_its_path_may_be_long(sandbox_template: Path, tmp_path: Path) -> None:
    deep = tmp_path / "deep" / "/".join(["a-rather-long-directory-name"] * 8)
    deep.parent.mkdir(parents=True)
    directory = copy_sandbox(sandbox_template, deep)
    about = directory / "current" / "sandbox.json"
    content = json.loads(about.read_text())
    content["extracted_at"] = (datetime.now(UTC) - timedelta(hours=50)).isoformat()
    about.write_text(json.dumps(content))
    with practice_platform(directory) as aged:
        assert "50 h old" in aged.notice
        assert "--fresh" in aged.notice
        with psycopg.connect(aged.postgres.reveal()) as supabase:
            assert supabase.execute("SELECT 1").fetchone() == (1,)
        assert first_row(aged.snowflake(), "SELECT 1") == (1,)
    assert_nothing_runs(directory)


def test_postgres_that_cannot_start_takes_the_rest_down(sandbox: Path) -> None:
    (sandbox / "current" / "postgres" / "data" / "PG_VERSION").write_text("9.4\n")
    with Demo(sandbox) as demo:
        assert demo.wait() == Unavailable.exit_code
        assert "Starting Postgres failed" in demo.told()
        assert "not compatible" in demo.told()
        assert processes_in(sandbox) == {}


def test_a_directory_that_cannot_be_made() -> None:
    with pytest.raises(Unavailable) as caught, practice_platform(Path("/proc/nowhere/demo")):
        pass
    assert "/proc/nowhere" in caught.value.message
    assert "--dir" in caught.value.next_step


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "gcms-test", str(mount)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_told_and_left_as_it_was(small_disk: Path) -> None:
    directory = small_disk / "demo"
    with Demo(directory) as demo:
        assert demo.wait() == Unavailable.exit_code
        assert "No space left on device" in demo.told()
        assert "--dir" in demo.told()
        demo.errors.unlink()
    assert processes_in(directory) == {}
    assert list(directory.glob("data-*")) == []


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lifecycle, "find_spec", lambda name: None if name == "fakesnow" else object())
    with pytest.raises(Unavailable) as caught, practice_platform(tmp_path / "demo"):
        pass
    assert "fakesnow" in caught.value.message
    assert "gcms-tui[demo]" in caught.value.next_step
    assert not (tmp_path / "demo").exists()


def test_it_lives_in_the_users_state_directory(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_directory() == own_home / ".local" / "state" / "gcms-tui" / "demo"
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert default_directory() == Path("/var/state/gcms-tui/demo")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert default_directory() == own_home / ".local" / "state" / "gcms-tui" / "demo"


def test_children_may_compile_and_are_not_bent_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONDONTWRITEBYTECODE", "DBT_TARGET_PATH", "PGHOST", "SNOWFLAKE_HOME"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("KEPT", "1")
    environment = child_environment(MORE="2")
    assert environment["KEPT"] == "1"
    assert environment["MORE"] == "2"
    assert not {"PYTHONDONTWRITEBYTECODE", "DBT_TARGET_PATH", "PGHOST", "SNOWFLAKE_HOME"} & set(environment)
    assert os.environ["PGHOST"] == "1"
