"""Leases: one holder at a time, seen to be alive; the dead are taken over, and it is told whose it was."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store import leases as adapter
from gcms_tui.adapters.store.leases import TAKEOVER, HeldLease
from gcms_tui.adapters.store.opening import Store
from gcms_tui.core.errors import Refused
from gcms_tui.core.writing.lease import BEATS_EVERY
from gcms_tui.sandbox.directory import wait_until
from tests.adapters.store.address import BO, Address
from tests.adapters.store.children import Child

NAME = "write:prod:bronze.br_attendance_scd2"
SILENT = "beat_at_us = beat_at_us - 31000000"
"""A second longer than is forgiven."""


@contextmanager
def taken(store: Store, name: str = NAME, purpose: str = "repair of 1-5-1") -> Iterator[HeldLease]:
    held = store.leases.take(name, purpose)
    try:
        yield held
    finally:
        held.release()


def test_a_live_holder_is_named_to_whoever_else_asks(address: Address) -> None:
    ana, bo = address.open(), address.open(BO)
    with taken(ana) as held:
        assert held.takeover == ""
        for store in (ana, bo):
            with pytest.raises(Refused) as caught:
                store.leases.take(NAME, "mine")
            assert caught.value.guard == "lease"
            for told in ("ana@ops1 (from 10.0.0.7)", f"process {os.getpid()}", "repair of 1-5-1", "since 20"):
                assert told in caught.value.message
            assert caught.value.next_step
        with taken(bo, "write:prod:other"), taken(bo, "write_prod"), taken(bo, "WRITE:PROD:other"):
            assert [holder.name for holder in ana.leases.held("write:")] == [NAME, "write:prod:other"]
        held.require_held()
    with taken(bo) as held:
        assert held.takeover == ""
    assert ana.leases.held() == ()
    assert bo.journal.entries(kind=TAKEOVER) == ()


@pytest.mark.parametrize(
    ("change", "dead"),
    [
        pytest.param(f"host = 'ops9', {SILENT}", "has not been seen for 3", id="silent, on another host"),
        pytest.param("host = 'ops9', pid = 0", "", id="another host's processes are not known here"),
        pytest.param("process = 'boot pid:[1] 1'", "", id="nor those of another machine of this name"),
        pytest.param(f"process = 'boot pid:[1] 1', {SILENT}", "has not been seen", id="unless they are silent"),
        pytest.param("process = '{machine} 1'", "no longer there", id="a number that was given anew"),
        pytest.param("pid = 4194999", "no longer there", id="no such process"),
    ],
)
def test_who_is_taken_for_dead(address: Address, change: str, dead: str) -> None:
    ana, bo = address.open(), address.open(BO)
    bo_here = address.open(type(BO)("bo", "ops1"))
    with taken(ana) as lost:
        machine = address.read("SELECT process FROM lease")[0][0].rpartition(" ")[0]
        address.tamper(f"UPDATE lease SET {change.replace('{machine}', machine)}")
        if not dead:
            assert [holder.name for holder in bo_here.leases.held()] == [NAME]
            with pytest.raises(Refused, match="somebody else|Somebody else"):
                bo_here.leases.take(NAME, "mine")
            return
        assert bo_here.leases.held() == ()
        with taken(bo_here, purpose="mine") as held:
            assert dead in held.takeover
            assert held.takeover.startswith("repair of 1-5-1 of ana@")
            (entry,) = bo.journal.entries(kind=TAKEOVER)
            assert (entry.subject, entry.user) == (NAME, "bo")
            assert json.loads(entry.payload) == {"from": held.takeover, "purpose": "mine"}
            with pytest.raises(Refused, match="bo@ops1 has taken it over") as caught:
                lost.require_held()
            assert caught.value.guard == "lease"
            lost.release()
            held.require_held()


def test_a_holder_that_was_killed_is_taken_over_by_one_of_those_who_want_it(address: Address) -> None:
    with ExitStack() as stack:
        first, *others = (stack.enter_context(Child.of(address, "take", NAME)) for _ in range(3))
        first.go()
        answers = [first.answer()]
        first.kill()
        assert wait_until(lambda: address.open(BO).leases.held() == (), 20)
        for child in others:
            child.go()
        answers += [child.answer() for child in others]
    assert answers[0] == "took "
    assert sorted(answer.split(" ", 1)[0] for answer in answers[1:]) == ["refused", "took"]
    assert f"(process {first.pid})" in " ".join(answers[1:])
    assert len(address.open().journal.entries(kind=TAKEOVER)) == 1


def test_its_heart_beats_until_it_is_released_or_lost(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "BEATS_EVERY", BEATS_EVERY / 250)
    store = address.open(now=lambda: datetime.now(UTC))
    before = set(threading.enumerate())
    with taken(store):
        first = store.leases.held()[0]
        assert wait_until(lambda: store.leases.held()[0].beat_at > first.beat_at, 20)
        assert store.leases.held()[0].taken_at == first.taken_at
        (heart,) = [one for one in threading.enumerate() if one.name == "lease" and one not in before]
        assert heart.daemon
        address.tamper("DELETE FROM lease")
        heart.join(20)
        assert not heart.is_alive()


def test_who_asks_whether_it_is_held_keeps_it(address: Address) -> None:
    """A machine that has slept writes on only if nobody came in between, and then nobody does."""
    ana, bo = address.open(), address.open(BO)
    with taken(ana) as held:
        address.tamper(f"UPDATE lease SET {SILENT}, process = 'elsewhere 1'")
        assert bo.leases.held() == ()
        held.require_held()
        with pytest.raises(Refused):
            bo.leases.take(NAME, "mine")
        address.tamper(f"UPDATE lease SET {SILENT}, process = 'elsewhere 1'")
        with taken(bo), pytest.raises(Refused, match="bo@ops2 has taken it over") as caught:
            held.require_held()
        assert caught.value.guard == "lease"


def test_a_takeover_that_cannot_be_journalled_does_not_happen(
    sqlite_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = sqlite_address.open()

    def full(*_: object) -> None:
        raise StateError("The journal cannot be written", "no space left", "")

    with taken(store):
        sqlite_address.tamper("UPDATE lease SET pid = 4194999")
        monkeypatch.setattr(store.journal, "append", full)
        with pytest.raises(StateError, match="no space left"):
            store.leases.take(NAME, "mine")
        assert sqlite_address.read("SELECT count(*) FROM lease WHERE purpose = 'mine'") == [(0,)]


def test_a_purpose_may_hold_anything(address: Address) -> None:
    with taken(address.open(), purpose="repair of 'x' %s \0 \U0001f3bb \ud800"):
        assert address.open().leases.held()[0].purpose == "repair of 'x' %s \ufffd \U0001f3bb ?"
