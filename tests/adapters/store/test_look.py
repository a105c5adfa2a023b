"""How the store is found, without anything being made of it."""

from __future__ import annotations

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.look import StoreSeen
from gcms_tui.adapters.store.schema import NEWEST
from tests.adapters.store.address import Address
from tests.adapters.store.test_database import old_store


def test_one_that_is_not_made_yet_is_not_made_by_looking(address: Address) -> None:
    store = address.open()
    for _ in range(2):
        seen = store.look()
        assert (seen.revision, seen.count, seen.refusal) == ("", 0, "")
        assert (seen.there, seen.newest) == ((False, True) if address.url_file is None else (True, False))
    assert not address.state_dir.exists()
    store.journal.prepare()
    assert store.look() == StoreSeen(True, NEWEST)
    head = store.journal.append("k", "s", {})
    assert address.open().look() == StoreSeen(True, NEWEST, True, 1, head.own)


def test_one_from_before_revisions_is_left_as_it_is(sqlite_address: Address) -> None:
    old_store(sqlite_address)
    assert sqlite_address.open().look() == StoreSeen(True, newest=False)
    assert sqlite_address.read("SELECT name FROM sqlite_master WHERE name = 'alembic_version'") == []


def test_one_that_cannot_be_used_says_why(sqlite_address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite_address.open().journal.prepare()
    sqlite_address.tamper("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(StateError, match="newer gcms-tui"):
        sqlite_address.open().look()
    sqlite_address.file.write_bytes(b"no database" * 100)
    with pytest.raises(StateError, match="not a database"):
        sqlite_address.open().look()


def test_a_user_who_may_not_write_is_told(postgres_address: Address) -> None:
    store = postgres_address.open()
    store.journal.prepare()
    postgres_address.tamper("REVOKE INSERT ON journal FROM CURRENT_USER")
    assert store.look().refusal == "gcms may not write to its schema gcms_ops"
    with pytest.raises(StateError, match="permission denied"):
        store.journal.append("k", "s", {})
