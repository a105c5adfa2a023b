"""A payroll whose store is a Postgres that several share: at any place of the way, without walking there again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier, Placeholder

from gcms_tui.adapters.store.database import FILE_NAME
from tests.integration.payroll_walk import Console, Place

_TABLES = ("store_info", "journal", "payroll_run", "lease", "plan")


@dataclass(frozen=True, slots=True)
class SharedStore:
    dsn: str

    @property
    def port(self) -> int:
        return int(str(conninfo_to_dict(self.dsn)["port"]))

    def make(self, directory: Path) -> None:
        """Anew, and empty."""
        self.run("DROP SCHEMA IF EXISTS gcms_ops CASCADE")
        Console(Place(directory, self.url_file(directory))).store.journal.prepare()

    def begin(self, stage: Place, directory: Path) -> Place:
        """What is in the SQLite of `stage` is in this store, and nothing else; its files are in `directory`."""
        stage.copied(directory)
        with psycopg.connect(self.dsn) as connection:
            connection.execute("SET search_path TO gcms_ops")
            connection.execute("ALTER TABLE journal DISABLE TRIGGER USER")
            for table in _TABLES:
                connection.execute(SQL("DELETE FROM {}").format(Identifier(table)))
                self._fill(connection, directory / "state" / FILE_NAME, table)
            connection.execute("ALTER TABLE journal ENABLE TRIGGER USER")
        return Place(directory, self.url_file(directory))

    def over(self, place: Place, port: int) -> Place:
        """The same place, by another port."""
        return Place(place.directory, self.url_file(place.directory, port))

    def silence(self) -> None:
        """Whoever holds a lease has not been seen for a second longer than is forgiven."""
        self.run("UPDATE gcms_ops.lease SET beat_at_us = beat_at_us - 31000000")

    def run(self, statement: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def url_file(self, directory: Path, port: int | None = None) -> Path:
        file = directory / f"url-{port or self.port}"
        file.write_text(make_conninfo(self.dsn, port=port or self.port))
        file.chmod(0o600)
        return file

    def _fill(self, connection: psycopg.Connection[tuple[object, ...]], file: Path, table: str) -> None:
        with closing(sqlite3.connect(file)) as lite:
            cursor = lite.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            into = SQL("INSERT INTO {} ({}) VALUES ({})").format(
                Identifier(table),
                SQL(", ").join(map(Identifier, names)),
                SQL(", ").join([Placeholder()] * len(names)),
            )
            connection.cursor().executemany(into, cursor.fetchall())
