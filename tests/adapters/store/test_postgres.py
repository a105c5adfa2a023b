"""What only a shared Postgres can do to the store: its defaults, its rights, its errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.writing.journal import Entry
from gcms_tui.sandbox.directory import wait_until
from tests.adapters.store.address import BO, Address
from tests.adapters.store.test_journal import forged


def with_option(address: Address, option: str, tmp_path: Path) -> Address:
    """The same database by an address that asks for something else."""
    assert address.url_file is not None
    file = tmp_path / "other url"
    file.write_text(f"{address.url_file.read_text()}?{option}")
    file.chmod(0o600)
    return replace(address, url_file=file)


def unusable(where: str, reason: str) -> StateError:
    return StateError("No store", f"{where}: {reason}")


@contextmanager
def administrator(address: Address) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    assert address.url_file is not None
    with psycopg.connect(address.url_file.read_text(), autocommit=True) as connection:
        yield connection


def test_who_waited_sees_what_was_written_before_it_was_their_turn(postgres_address: Address, tmp_path: Path) -> None:
    """Also on a server whose transactions see the moment of their beginning."""
    stubborn = with_option(postgres_address, "options=-c%20default_transaction_isolation%3Dserializable", tmp_path)
    first, second = stubborn.open(), stubborn.open(BO)
    before = first.journal.append("k", "before", {})
    written: list[Entry] = []
    later = threading.Thread(target=lambda: written.append(second.journal.append("k", "later", {})))
    with administrator(postgres_address) as connection:

        def waits() -> bool:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return connection.execute(waiting).fetchone() == (1,)

        with first.database.transaction(unusable, alone=True) as alone:
            later.start()
            assert wait_until(waits, 20)
            alone.exec_driver_sql(forged(2, before.own))
    later.join(20)
    assert [entry.sequence for entry in written] == [3]
    assert first.journal.verify().whole


def test_text_is_text_whatever_the_client_is_told_to_speak(postgres_address: Address, tmp_path: Path) -> None:
    latin = with_option(postgres_address, "client_encoding=latin1", tmp_path)
    latin.open().journal.append("k", "gölð \U0001f3bb", {})
    assert [entry.subject for entry in latin.open().journal.entries()] == ["gölð \U0001f3bb"]
    assert postgres_address.open().journal.verify().whole


def test_who_may_not_make_its_schema_is_told_what_is_to_be_typed(postgres_address: Address) -> None:
    with administrator(postgres_address) as connection:
        try:
            connection.execute("REVOKE CREATE ON DATABASE supabase FROM gcms")
            with pytest.raises(StateError, match="gcms may not make a schema") as caught:
                postgres_address.open().journal.append("k", "s", {})
            assert caught.value.next_step.endswith('CREATE SCHEMA gcms_ops AUTHORIZATION "gcms"')
            connection.execute("GRANT CREATE ON DATABASE supabase TO gcms")
            connection.execute("CREATE SCHEMA gcms_ops")
            connection.execute("REVOKE CREATE ON DATABASE supabase FROM gcms")
            assert postgres_address.open().journal.append("k", "s", {}).sequence == 1
        finally:
            connection.execute("GRANT CREATE ON DATABASE supabase TO gcms")


def test_a_row_that_is_refused_is_not_in_the_error(postgres_address: Address) -> None:
    store = postgres_address.open()
    store.journal.append("k", "s", {})
    with (
        pytest.raises(StateError, match="violates not-null constraint") as caught,
        store.database.transaction(unusable) as connection,
    ):
        connection.exec_driver_sql("INSERT INTO plan (plan_id, document) VALUES ('p', 'of 1,234.50 EUR')")
    assert "1,234.50" not in caught.value.message


def test_a_server_that_goes_away_in_the_middle_is_told_and_nothing_is_half_written(postgres_address: Address) -> None:
    store = postgres_address.open()
    store.journal.append("k", "s", {})
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gcms-tui'"
    with (
        administrator(postgres_address) as connection,
        pytest.raises(StateError, match="terminating connection") as caught,
        store.database.transaction(unusable, alone=True) as alone,
    ):
        alone.exec_driver_sql(forged(2, "0" * 64))
        assert connection.execute(ended).fetchall()
        alone.exec_driver_sql("SELECT 1")
    assert caught.value.message.startswith(f"{store.where}: ")
    assert store.journal.verify().count == 1
