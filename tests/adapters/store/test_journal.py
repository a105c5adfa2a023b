"""The journal: one chain whoever writes, and nothing that was done to it stays unseen."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store import journal as adapter
from gcms_tui.adapters.store.journal import Journal
from gcms_tui.core.errors import UsageError
from gcms_tui.core.writing.journal import FIRST, INTENT, OUTCOME, SETTLED, Anchor, hash_of
from tests.adapters.store.address import NOW, Address
from tests.adapters.store.children import Child

STAMP = "2026-03-01T09:00:00.000005+00:00"


def filled(address: Address, count: int = 6) -> Journal:
    journal = address.open().journal
    for number in range(1, count + 1):
        journal.append("run.start", f"subject {number}", {"n": number})
    return journal


def forged(sequence: int, previous: str, **said: Any) -> str:
    """The statement that adds an entry whose own hash is right."""
    values: dict[str, Any] = {
        **{"sequence": sequence, "at": STAMP, "user": "ana", "host": "ops1", "ssh_client": "10.0.0.7"},
        **{"kind": "run.start", "subject": "forged", "payload": "{}", "previous": previous, **said},
    }
    values["own"] = hash_of(values)
    names = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO journal ({names}) VALUES ({', '.join(repr(value) for value in values.values())})"


# -- writing --------------------------------------------------------------------------------------------------------


def test_an_entry_says_who_what_when_and_is_bound_to_the_one_before(address: Address) -> None:
    journal = address.open().journal
    first = journal.append("run.start", "r1", {"words": ["build", "gölð \0 \U0001f3bb"], "target": "prod"})
    second = address.open().journal.append("run.cancel", "r1 'x' %s", {})
    assert (first.sequence, first.at, first.user, first.host, first.ssh_client) == (1, STAMP, "ana", "ops1", "10.0.0.7")
    assert json.loads(first.payload) == {"words": ["build", "gölð \0 \U0001f3bb"], "target": "prod"}
    assert (first.previous, second.previous) == (FIRST, first.own)
    assert hash_of({name: value for name, value in asdict(first).items() if name != "own"}) == first.own
    assert address.open().journal.entries() == (second, first)


def test_many_may_write_at_once_to_a_store_that_is_not_there_yet(address: Address) -> None:
    """And keep one chain; of those who say one thing once, one does."""
    with ExitStack() as stack:
        children = [stack.enter_context(Child.of(address, "append", "12")) for _ in range(3)]
        for child in children:
            child.go()
        assert [child.answer() for child in children] == ["done"] * 3
    journal = address.open().journal
    report = journal.verify()
    assert (report.whole, report.count) == (True, 3 * 12 + 5)
    assert [anchor.count for anchor in report.anchors] == [report.count]
    assert sorted(entry.subject for entry in journal.entries(kind="end")) == [f"end {number}" for number in range(5)]
    assert journal.append_once("end", "end 1", {}) is None


def test_an_entry_can_be_neither_changed_nor_removed_by_plain_sql(address: Address) -> None:
    """A courtesy to whoever has no bad intent."""
    journal = filled(address, 2)
    for statement in ("UPDATE journal SET kind = 'x'", "DELETE FROM journal WHERE sequence = 2"):
        with pytest.raises(Exception, match="append-only"):
            address.read(statement)
    assert journal.verify().whole


def test_what_cannot_be_written_is_an_error_that_names_the_journal(
    sqlite_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gcms_tui.adapters.store.database.BUSY_TIMEOUT_S", 0.1)
    journal = filled(sqlite_address, 1)
    with closing(sqlite3.connect(sqlite_address.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match=r"(?s)journal.*locked"):
            journal.append("k", "s", {})
    pages = sqlite_address.read("PRAGMA page_count")[0][0]

    @event.listens_for(journal._database._opened(), "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StateError, match="full") as caught:
        journal.append("k", "s", {"long": "x" * 1_000_000})
    assert "xxx" not in caught.value.message
    (sqlite_address.state_dir / "file").touch()
    nowhere = replace(sqlite_address, state_dir=sqlite_address.state_dir / "file" / "state")
    with pytest.raises(StateError, match="journal"):
        nowhere.open().journal.prepare()
    assert len(journal.entries()) == 1


# -- tampering ------------------------------------------------------------------------------------------------------

CUT = "DELETE FROM journal WHERE sequence > 4"


@pytest.mark.parametrize(
    ("done", "broken_at", "told"),
    [
        pytest.param(["UPDATE journal SET payload = '{}' WHERE sequence = 3"], 3, "edited", id="edited"),
        pytest.param(["UPDATE journal SET \"user\" = 'bo' WHERE sequence = 6"], 6, "edited", id="its person"),
        pytest.param(["DELETE FROM journal WHERE sequence = 3"], 3, "entry 3 is missing", id="removed"),
        pytest.param(["DELETE FROM journal WHERE sequence = 1"], 1, "entry 1 is missing", id="the first removed"),
        pytest.param(
            [f"UPDATE journal SET sequence = {new} WHERE sequence = {old}" for old, new in ((3, 99), (4, 3), (99, 4))],
            3,
            "put elsewhere",
            id="reordered",
        ),
        pytest.param([CUT], 5, "cut off", id="tail cut"),
        pytest.param(["DELETE FROM journal"], 1, "cut off", id="emptied"),
        pytest.param(["UPDATE journal SET subject = 'x\\y' WHERE sequence = 2"], 2, "edited", id="its subject"),
        pytest.param([forged(0, FIRST)], 0, "too many", id="one put before the first"),
        pytest.param([forged(-7, FIRST)], -7, "too many", id="one put far before the first"),
    ],
)
def test_what_was_done_to_it_is_named(address: Address, done: list[str], broken_at: int, told: str) -> None:
    journal = filled(address)
    assert journal.verify().whole
    address.tamper(*done)
    report = journal.verify()
    assert report.broken_at == broken_at
    assert told in report.problem


def test_an_end_that_was_written_anew_is_found_by_the_anchor_and_stays_found(address: Address) -> None:
    journal = filled(address)
    fourth = journal.entry(4)
    address.tamper(CUT, forged(5, fourth.own))
    assert "cut off" in journal.verify().problem
    for number in range(3):  # past where the anchor is: it must not be taken along
        journal.append("k", f"later {number}", {})
    report = journal.verify()
    assert (report.count, report.broken_at) == (5, 6)
    assert "written anew" in report.problem
    assert str(address.anchor_file) in report.problem
    assert "left as it is" in " ".join(journal.notes())
    journal.anchor_now()
    assert journal.verify().broken_at == 6


def test_an_edited_entry_whose_hash_was_made_to_fit_breaks_the_next(address: Address) -> None:
    journal = filled(address)
    third = journal.entry(3)
    address.tamper("DELETE FROM journal WHERE sequence = 3", forged(3, third.previous, subject="another"))
    assert (report := journal.verify()).broken_at == 4
    assert "does not continue" in report.problem


def spoil(address: Address, near: bytes, change: Callable[[bytearray, int], None]) -> None:
    """Change the file itself, where it holds `near`."""
    with closing(sqlite3.connect(address.file)) as lite:
        lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(address.file.read_bytes())
    change(data, data.index(near))
    address.file.write_bytes(data)


@pytest.mark.parametrize("bit", [0x01, 0x80], ids=["another digit", "no text any more"])
def test_a_flipped_byte_in_the_file_names_the_record(sqlite_address: Address, bit: int) -> None:
    journal = filled(sqlite_address)

    def flip(data: bytearray, place: int) -> None:
        data[place + 5] ^= bit

    spoil(sqlite_address, b'{"n":4}', flip)
    report = journal.verify()
    assert (report.broken_at, report.problem) == (4, "its content is not what it was written with: it was edited")
    assert len(journal.entries()) == 6


def test_a_damaged_page_in_the_file_names_the_first_record_on_it(sqlite_address: Address) -> None:
    journal = sqlite_address.open().journal
    for number in range(1, 21):
        journal.append("k", f"subject {number}", {"long": f"{number:02}" * 500})

    def wipe(data: bytearray, place: int) -> None:
        page = place // 4096 * 4096
        data[page : page + 4096] = bytes(4096)

    spoil(sqlite_address, b"11" * 400, wipe)
    report = journal.verify()
    assert report.broken_at is not None and 8 < report.broken_at <= 11
    assert report.problem.startswith(f"it cannot be read: {sqlite_address.file}: ")
    assert report.count == report.broken_at - 1
    sqlite_address.file.write_bytes(b"nothing at all")
    with pytest.raises(StateError, match="journal cannot be read"):
        journal.verify()


def test_it_is_read_a_page_at_a_time(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_PAGE", 2)
    for count in (4, 5):
        assert (report := filled(address, count).verify()).whole
    assert report.count == 9


# -- anchors --------------------------------------------------------------------------------------------------------


def test_the_anchor_is_elsewhere_and_this_users_alone(address: Address) -> None:
    journal = filled(address, 3)
    assert stat.S_IMODE(address.anchor_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(address.anchor_file.parent.stat().st_mode) == 0o700
    head = journal.anchor_now()
    assert (head.count, head.head, head.place) == (3, journal.entry(3).own, str(address.anchor_file))
    other = Anchor(2, "0" * 64, STAMP, "the warehouse")
    report = journal.verify([other])
    assert (report.broken_at, report.anchors[-1]) == (2, other)
    assert report.problem.startswith("the warehouse knew another entry")


def test_each_store_has_an_anchor_of_its_own(sqlite_address: Address, tmp_path: Path) -> None:
    second = replace(sqlite_address, state_dir=tmp_path / "second")
    journals = filled(sqlite_address, 3), filled(second, 1)
    for journal, count in zip(journals, (3, 1), strict=True):
        report = journal.verify()
        assert report.whole
        assert [anchor.count for anchor in report.anchors] == [count]


def _no_directory(address: Address) -> None:
    address.anchor_file.parent.rename(address.anchor_file.parent.with_name("away"))
    address.anchor_file.parent.write_text("a file")


def _open_to_others(address: Address) -> None:
    address.anchor_file.chmod(0o666)


def _directory_open_to_others(address: Address) -> None:
    address.anchor_file.parent.chmod(0o777)


def _damaged(address: Address) -> None:
    address.anchor_file.write_text('{"half a')


@pytest.mark.parametrize("spoil", [_no_directory, _open_to_others, _directory_open_to_others, _damaged])
def test_an_anchor_that_cannot_be_kept_is_told_and_the_entry_stands(
    sqlite_address: Address, spoil: Callable[[Address], None]
) -> None:
    journal = filled(sqlite_address, 2)
    assert journal.notes() == ()
    spoil(sqlite_address)
    before = sqlite_address.anchor_file.read_bytes() if sqlite_address.anchor_file.is_file() else b""
    journal.append("k", "s", {})
    assert str(sqlite_address.anchor_file) in " ".join(journal.notes())
    report = journal.verify()
    assert not report.proven
    assert report.unread
    assert set(report.unread) <= set(journal.notes())
    if before:
        assert sqlite_address.anchor_file.read_bytes() == before, "what it knew may be needed"
    assert len(journal.entries()) == 3


def test_a_store_that_is_lost_right_after_the_entry_does_not_undo_it(
    sqlite_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = filled(sqlite_address, 2)

    def lost(sequence: int) -> None:
        raise StateError("The journal cannot be read", "the server has gone", "")

    monkeypatch.setattr(journal, "entry", lost)
    assert journal.append("k", "s", {}).sequence == 3
    assert "the server has gone" in " ".join(journal.notes())


# -- reading --------------------------------------------------------------------------------------------------------


def test_it_is_read_by_pages_kinds_and_subjects(address: Address) -> None:
    journal = address.open().journal
    kinds = ("write.intent", "writeX", "write.outcome", "k%", "kk", "Write.intent")
    for number, kind in enumerate(kinds):
        journal.append(kind, f"2026030{number}-aaa", {})

    def numbers(**asked: Any) -> list[int]:
        return [entry.sequence for entry in journal.entries(**asked)]

    assert numbers(limit=2) == [6, 5]
    assert numbers(limit=2, before=4) == [3, 2]
    assert numbers(kind="write.") == [3, 1]
    assert numbers(kind="k%") == [4]
    assert [entry.sequence for entry in journal.about("20260302-aaa")] == [3]
    assert [entry.sequence for entry in journal.about("20260302")] == [3]
    for reference in ("2026030", "20260", "nothing like it", "%%%%%%", ""):
        with pytest.raises(UsageError):
            journal.about(reference)
    assert journal.entry(2).kind == "writeX"
    with pytest.raises(UsageError):
        journal.entry(99)


def test_an_intent_is_open_until_its_outcome_or_its_settlement(address: Address) -> None:
    journal = address.open().journal
    for subject in ("a", "b", "c", "d"):
        journal.append(INTENT, subject, {"plan": subject})
    journal.append(OUTCOME, "b", {})
    journal.append(SETTLED, "c", {})
    journal.append("write.note", "d", {})
    assert [entry.subject for entry in journal.open_intents()] == ["a", "d"]
    assert [entry.subject for entry in journal.open_of(OUTCOME, ("write.note",))] == ["b"]
    assert journal.entry(1).at == STAMP == NOW.isoformat()


def test_the_entries_of_many_subjects_come_at_once_and_of_exactly_those(address: Address) -> None:
    journal = address.open().journal
    for subject in ("pay-1", "pay-12", "odd \0 ü", "pay-1"):
        journal.append("a.kind", subject, {"n": subject})
    wanted = [*(f"nobody {number}" for number in range(1200)), "pay-1", "odd \0 ü", "pay-1"]
    found = journal.of(wanted)
    assert {subject: [entry.sequence for entry in entries] for subject, entries in found.items()} == {
        "pay-1": [1, 4],  # and not what only begins so
        "odd \0 ü": [3],
    }
    assert found["pay-1"] == journal.about("pay-1")
    assert journal.of(()) == {}
