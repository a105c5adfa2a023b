"""The DuckDB instance and its files: one `<DATABASE>.db` per database in a directory that one server owns."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from fakesnow import info_schema, macros
from fakesnow.instance import FakeSnow

from gcms_tui.sandbox.warehouse.dialect import AVERAGE_MACRO
from gcms_tui.sandbox.warehouse.failures import already_exists, missing_object, unsupported
from gcms_tui.sandbox.warehouse.process import LOCK

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*\Z")

_EXACT_AVERAGE = """CAST(
    (2 * sum(CAST(x * 1000000 AS HUGEINT)) + sign(sum(x)) * count(x)) // (2 * count(x)) AS DECIMAL(32, 0)
) * CAST(0.000001 AS DECIMAL(6, 6))"""
"""To six places, halves away from zero, in integers: DuckDB has no exact division of decimals."""

_AVERAGE = f"""
CREATE OR REPLACE MACRO _fs_global.main.{AVERAGE_MACRO}
    (x DOUBLE) AS avg(x),
    (x VARCHAR) AS avg(CAST(x AS DOUBLE)),
    (x DECIMAL(38, 6)) AS {_EXACT_AVERAGE},
    (x INTEGER) AS {_EXACT_AVERAGE},
    (x BIGINT) AS {_EXACT_AVERAGE},
    (x HUGEINT) AS {_EXACT_AVERAGE}
"""

CHECKPOINT_AFTER_COMMITS = 25
CHECKPOINT_AFTER_SECONDS = 30.0
CHECKPOINT_AFTER_WAL_BYTES = 4 * 1024 * 1024


class DirectoryInUse(Exception):
    """Another server owns the directory."""


class Storage:
    """The files, the DuckDB instance over them, and when to fold the write-ahead log into the files."""

    def __init__(self, directory: Path, memory_limit: str) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self._directory_lock = _own(directory)
        self.fakesnow = FakeSnow(create_database_on_connect=False, create_schema_on_connect=False, db_path=directory)
        self._duck = self.fakesnow.duck_conn
        spill = directory / "spill"
        self._duck.execute(f"SET GLOBAL memory_limit = '{memory_limit}'")
        self._duck.execute("SET GLOBAL temp_directory = " + _quoted(str(spill)))
        self._duck.execute("SET GLOBAL autoinstall_known_extensions = false")
        self._duck.execute(_AVERAGE)
        self._changes = threading.Lock()
        self._commits = 0
        self._checkpointed_at = time.monotonic()
        self.checkpoint_wanted = threading.Event()
        """Set when `checkpoint_if_due` should not wait for its usual turn."""
        self.file_times: dict[str, datetime] = {}
        """When each database's file was last written before this server opened it."""
        for file in sorted(directory.glob("*.db")):
            if _NAME.match(file.stem):
                self._attach(file.stem)
        self.checkpoint()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own, with its own transaction and search path."""
        return self._duck.cursor()

    def databases(self) -> list[str]:
        return sorted(self.file_times)

    def create_database(self, name: str, *, or_replace: bool = False, if_not_exists: bool = False) -> bool:
        """Make a database with an empty PUBLIC schema. False if it was there and that is no error."""
        if not _NAME.match(name):
            raise unsupported(f"database name {name}")
        with self._changes:
            if name in self.file_times:
                if if_not_exists:
                    return False
                if not or_replace:
                    raise already_exists(name)
                self._drop(name)
            self._attach(name)
            self._duck.cursor().execute(f"CREATE SCHEMA IF NOT EXISTS {name}.PUBLIC")
        return True

    def drop_database(self, name: str, *, if_exists: bool = False) -> None:
        with self._changes:
            if name not in self.file_times:
                if if_exists:
                    return
                raise missing_object(name, "Database")
            self._drop(name)

    def committed(self) -> None:
        """Tell that something was written."""
        with self._changes:
            self._commits += 1
            if self._commits >= CHECKPOINT_AFTER_COMMITS:
                self.checkpoint_wanted.set()

    def checkpoint_if_due(self) -> None:
        self.checkpoint_wanted.clear()
        waited = time.monotonic() - self._checkpointed_at
        due = self._commits >= CHECKPOINT_AFTER_COMMITS or (self._commits and waited > CHECKPOINT_AFTER_SECONDS)
        if due or self._log_bytes() > CHECKPOINT_AFTER_WAL_BYTES:
            self.checkpoint()

    def checkpoint(self) -> bool:
        """Fold the write-ahead logs into the files, so that freed blocks are used again. False if one has to wait."""
        complete = True
        with self._changes, self._duck.cursor() as cursor:
            for name in self.file_times:
                try:
                    cursor.execute(f"CHECKPOINT {name}")
                except (duckdb.TransactionException, duckdb.IOException):  # somebody is writing, or the disk is full
                    complete = False
            if complete:
                self._commits = 0
            self._checkpointed_at = time.monotonic()
        return complete

    def close(self) -> None:
        self.checkpoint()
        self._duck.close()
        os.close(self._directory_lock)

    def _attach(self, name: str) -> None:
        file = self.directory / f"{name}.db"
        log = file.with_suffix(".db.wal")
        written = max((one.stat().st_mtime for one in (file, log) if one.exists()), default=time.time())
        cursor = self._duck.cursor()
        cursor.execute(f"ATTACH {_quoted(str(file))} AS {name}")
        cursor.execute(info_schema.per_db_creation_sql(name))
        cursor.execute(macros.creation_sql(name))
        self.file_times[name] = datetime.fromtimestamp(written, UTC)

    def _drop(self, name: str) -> None:
        self._duck.cursor().execute(f"DETACH {name}")
        del self.file_times[name]
        for suffix in (".db", ".db.wal"):
            (self.directory / f"{name}{suffix}").unlink(missing_ok=True)

    def _log_bytes(self) -> int:
        total = 0
        for name in list(self.file_times):
            with contextlib.suppress(FileNotFoundError):
                total += (self.directory / f"{name}.db.wal").stat().st_size
        return total


def _own(directory: Path) -> int:
    """Take the directory, or say who has it. The lock goes with the process, however it ends."""
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise DirectoryInUse(f"Another warehouse server (process {owner}) already uses {directory}") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
