"""The store's database: what it is made of, adopted from, refused for, and what it costs to open it."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store import database as adapter
from gcms_tui.adapters.store.database import PostgresPlace
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.adapters.store.schema import NEWEST, REVISIONS, metadata
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import Settings, StoreSettings
from gcms_tui.core.writing.journal import FIRST, hash_of
from tests.adapters.store.address import ANA, NOW, Address

OLD_STORE = """
CREATE TABLE health_finding (id INTEGER NOT NULL, target VARCHAR NOT NULL, name VARCHAR NOT NULL,
    taken_at_us BIGINT NOT NULL, verdict VARCHAR NOT NULL, value VARCHAR NOT NULL, value_type VARCHAR NOT NULL,
    PRIMARY KEY (id));
CREATE INDEX health_finding_by_name ON health_finding (target, name, taken_at_us);
CREATE TABLE journal (sequence INTEGER NOT NULL, at VARCHAR NOT NULL, user VARCHAR NOT NULL, host VARCHAR NOT NULL,
    ssh_client VARCHAR NOT NULL, kind VARCHAR NOT NULL, subject VARCHAR NOT NULL, payload VARCHAR NOT NULL,
    previous VARCHAR NOT NULL, own VARCHAR NOT NULL, PRIMARY KEY (sequence));
INSERT INTO health_finding VALUES (1, 'prod', 'metric.scd2', 1700000000000000, 'OK', '3', 'int');
"""
"""As the first programs wrote it, before there were revisions."""


def old_store(address: Address, *, journal_only: bool = False) -> None:
    address.state_dir.mkdir(mode=0o700)
    said = {
        **{"sequence": 1, "at": NOW.isoformat(), "user": "ana", "host": "ops1", "ssh_client": "", "kind": "run.start"},
        **{"subject": "r1", "payload": "{}", "previous": FIRST},
    }
    with closing(sqlite3.connect(address.file)) as lite, lite:
        lite.executescript(OLD_STORE)
        if journal_only:
            lite.executescript("DROP TABLE health_finding")
        lite.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*said.values(), hash_of(said)))


@pytest.mark.parametrize("journal_only", [False, True])
def test_a_store_from_before_revisions_is_adopted_with_all_that_is_in_it(
    sqlite_address: Address, *, journal_only: bool
) -> None:
    old_store(sqlite_address, journal_only=journal_only)
    store = sqlite_address.open()
    assert store.journal.append("run.cancel", "r1", {}).sequence == 2
    assert store.journal.verify().whole
    assert len(store.health.series("prod", "metric.scd2")) == (0 if journal_only else 1)
    assert sqlite_address.read("SELECT version_num FROM alembic_version") == [(NEWEST,)]


def test_the_migrations_make_what_the_program_reads(address: Address) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    store = address.open()
    store.journal.prepare()
    with store.journal._database.transaction(lambda where, reason: StateError(where, reason)) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata()) == []
    shipped = (Path(adapter.__file__).parent / "migrations" / "versions").glob("r*.py")
    assert sorted(file.name[1:5] for file in shipped) == list(REVISIONS)


@pytest.mark.parametrize("revision", ["0999", "0000", "abc'\x1b[31m"])
def test_a_store_of_a_newer_program_is_refused_and_left_alone(address: Address, revision: str) -> None:
    address.open().journal.append("k", "s", {})
    spelled = revision.replace("'", "''")
    address.tamper(f"UPDATE alembic_version SET version_num = '{spelled}'")
    for ask in (address.open().journal.prepare, address.open().plans.newest, address.open().leases.held):
        with pytest.raises(StateError, match="newer gcms-tui") as caught:
            ask()
        assert "Use the newer gcms-tui" in caught.value.next_step
        assert "\x1b" not in str(caught.value)
    assert address.read("SELECT count(*) FROM journal") == [(1,)]


def test_a_migration_that_fails_leaves_the_store_as_it_was(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, so that the next program finds what it knows."""

    def in_the_middle(connection: Connection, where: str) -> None:
        upgrade(connection, where)
        raise OSError(28, "No space left on device")

    upgrade = adapter._upgrade
    monkeypatch.setattr(adapter, "_upgrade", in_the_middle)
    with pytest.raises(StateError, match="No space left"):
        address.open().journal.prepare()
    if address.url_file is None:
        assert address.read("SELECT name FROM sqlite_master") == []
    else:
        assert address.read("SELECT 1 FROM pg_namespace WHERE nspname = 'gcms_ops'") == []
    monkeypatch.undo()
    assert address.open().journal.append("k", "s", {}).sequence == 1


def test_its_files_are_this_users_alone_and_durable(sqlite_address: Address) -> None:
    sqlite_address.open().journal.append("k", "s", {})
    assert stat.S_IMODE(sqlite_address.state_dir.stat().st_mode) == 0o700
    with closing(sqlite3.connect(sqlite_address.file)) as lite:
        assert lite.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        lite.execute("SELECT * FROM journal").fetchall()
        assert {stat.S_IMODE(file.stat().st_mode) for file in sqlite_address.state_dir.iterdir()} == {0o600}


def test_a_file_that_was_taken_away_is_told_and_not_made_anew(sqlite_address: Address) -> None:
    """It would be empty, without a table, and as open to others as the umask has it."""
    store = sqlite_address.open()
    store.journal.append("k", "s", {})
    for file in sqlite_address.state_dir.iterdir():
        file.unlink()
    with pytest.raises(StateError, match="unable to open"):
        store.journal.append("k", "s", {})
    assert list(sqlite_address.state_dir.iterdir()) == []


def test_several_are_made_by_one_process_at_once(tmp_path: Path) -> None:
    def made(number: int) -> int:
        journal = Address(tmp_path / f"state{number}", tmp_path / f"anchor{number}.json").open().journal
        journal.append("k", "s", {})
        return len(journal.entries())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(made, range(16))) == [1] * 16


def test_opening_imports_only_what_it_needs(sqlite_address: Address) -> None:
    """Nothing before it is asked, and alembic only where there is something to migrate."""
    program = (
        "import sys; from tests.adapters.store.address import Address;"
        "store = Address.parse(sys.argv[1]).open();"
        "told = ['sqlalchemy' in sys.modules]; store.journal.append('k', 's', {});"
        "print(told + ['alembic' in sys.modules])"
    )
    command = (sys.executable, "-c", program, sqlite_address.spelled())
    root = Path(__file__).parents[3]
    for wanted in ("[False, True]", "[False, False]"):
        done = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=60, check=True)
        assert done.stdout.strip() == wanted


# -- where it is ----------------------------------------------------------------------------------------------------


def opened(env: dict[str, str], store: StoreSettings, tmp_path: Path) -> str:
    return open_store(Settings(state_dir=tmp_path, store=store), env, ANA, lambda: NOW).where


def test_it_is_where_the_settings_say(tmp_path: Path, own_home: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://ops:planted-hunter2@db.example.org:6543/gcms\n")
    file.chmod(0o600)
    place = "Postgres db.example.org:6543/gcms"
    assert opened({}, StoreSettings(), tmp_path) == str(tmp_path / "store.sqlite3")
    assert opened({}, StoreSettings(url="postgresql://db.example.org:6543/gcms"), tmp_path) == place
    assert opened({"U": file.read_text()}, StoreSettings(url_env="U"), tmp_path) == place
    assert opened({}, StoreSettings(url_file=file), tmp_path) == place
    file.chmod(0o640)
    for wrong in (StoreSettings(url_file=file), StoreSettings(url_env="U"), StoreSettings(url="planted-hunter2://")):
        with pytest.raises(ConfigError) as caught:
            opened({}, wrong, tmp_path)
        assert "planted" not in f"{caught.value} {caught.value.next_step}"


def test_the_anchor_is_in_the_data_directory_where_no_other_place_is_named(
    sqlite_address: Address, own_home: Path
) -> None:
    settings = Settings(state_dir=sqlite_address.state_dir)
    head = open_store(settings, {}, ANA, lambda: NOW).journal.append("k", "s", {})
    anchor = own_home / ".local" / "share" / "gcms-tui" / "journal-anchor.json"
    assert head.own in anchor.read_text()


def test_a_postgres_that_does_not_answer_is_told_without_its_password() -> None:
    from gcms_tui.adapters.store.database import Database

    place = PostgresPlace(Secret("postgresql://u:planted-hunter2@127.0.0.1:1/db"), "Postgres 127.0.0.1:1/db")
    with (
        pytest.raises(StateError, match="127.0.0.1:1") as caught,
        Database(place).transaction(lambda where, reason: StateError("No store", f"{where}: {reason}")),
    ):
        pass
    assert "planted" not in str(caught.value)


def test_no_table_is_made_or_sought_outside_its_own_schema(postgres_address: Address) -> None:
    """Whatever another session of a pooler was told, and where other programs keep a table of that name."""
    assert postgres_address.url_file is not None
    with psycopg.connect(postgres_address.url_file.read_text(), autocommit=True) as connection:
        connection.execute("CREATE TABLE public.alembic_version (version_num text)")
        connection.execute("INSERT INTO public.alembic_version VALUES ('of another program')")
        try:
            assert postgres_address.open().journal.append("k", "s", {}).sequence == 1
            made = "SELECT schemaname FROM pg_tables WHERE tablename IN ('journal', 'lease', 'plan', 'store_info')"
            assert {row[0] for row in connection.execute(made)} == {"gcms_ops"}
        finally:
            connection.execute("DROP TABLE public.alembic_version")


def test_a_new_file_that_somebody_is_just_making_is_waited_for(tmp_path: Path) -> None:
    _opened(tmp_path / "other").journal.append("test.kind", "somebody", {})  # all is imported by now
    making = sqlite3.connect(tmp_path / adapter.FILE_NAME, isolation_level=None, check_same_thread=False)
    making.execute("BEGIN IMMEDIATE")  # what SQLite does not wait for when a file is changed to WAL
    done = threading.Timer(0.5, lambda: making.execute("COMMIT"))
    done.start()

    _opened(tmp_path).journal.append("test.kind", "somebody", {})

    done.join()
    assert making.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    making.close()


def _opened(state: Path) -> Store:
    return open_store(Settings(state_dir=state), {}, ANA, lambda: NOW)
