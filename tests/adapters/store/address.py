"""Where a test's store is: to be opened here, in another process, or by whoever tampers with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from gcms_tui.adapters.store.database import FILE_NAME
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings, StoreSettings

NOW = datetime(2026, 3, 1, 9, 0, 0, 5, tzinfo=UTC)
ANA = Person("ana", "ops1", "10.0.0.7")
BO = Person("bo", "ops2")


@dataclass(frozen=True, slots=True)
class Address:
    """One store, empty at first."""

    state_dir: Path
    anchor_file: Path
    url_file: Path | None = None
    """Of a Postgres; None for SQLite."""
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        store = StoreSettings(url_file=self.url_file, anchor_file=self.anchor_file)
        object.__setattr__(self, "settings", Settings(state_dir=self.state_dir, store=store))

    @property
    def file(self) -> Path:
        assert self.url_file is None
        return self.state_dir / FILE_NAME

    def open(self, person: Person = ANA, now: Callable[[], datetime] = lambda: NOW) -> Store:
        return open_store(self.settings, {}, person, now)

    def tamper(self, *statements: str) -> None:
        """As somebody does who may write to the database and stops at nothing."""
        if self.url_file is None:
            with closing(sqlite3.connect(self.file)) as lite, lite:
                for trigger in ("journal_no_update", "journal_no_delete"):
                    lite.execute(f"DROP TRIGGER IF EXISTS {trigger}")
                for statement in statements:
                    lite.execute(statement)
            return
        with psycopg.connect(self.url_file.read_text()) as connection:
            connection.execute("SET search_path TO gcms_ops")
            connection.execute("DROP TRIGGER IF EXISTS journal_no_change ON journal")
            for statement in statements:
                connection.execute(statement.encode())

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        if self.url_file is None:
            with closing(sqlite3.connect(self.file)) as lite:
                return lite.execute(statement).fetchall()
        with psycopg.connect(self.url_file.read_text()) as connection:
            connection.execute("SET search_path TO gcms_ops")
            return connection.execute(statement.encode()).fetchall()

    def spelled(self) -> str:
        """For the command line of another process."""
        url_file = str(self.url_file) if self.url_file else None
        return json.dumps([str(self.state_dir), str(self.anchor_file), url_file])

    @classmethod
    def parse(cls, text: str) -> Address:
        state_dir, anchor_file, url_file = json.loads(text)
        return cls(Path(state_dir), Path(anchor_file), Path(url_file) if url_file else None)
