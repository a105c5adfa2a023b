"""The store is lost in the middle of a payroll: what is known and what to do is said, and nothing is lost or doubled.

The line to a real Postgres is cut before, in and after the COMMIT of the entry that a step is for, and stays cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.run import PayrollState
from gcms_tui.core.verdict import Verdict
from tests.integration.payroll_acts import ACTS, Act
from tests.integration.payroll_shared import SharedStore
from tests.integration.payroll_walk import Console, Place, walk_on, word
from tests.integration.test_payroll_killed import MAY_BE_TWICE, SECOND
from tests.operations.payroll.scene import CONCERT, TARGET
from tests.postgres_wire import COMMIT, Dropped, Fault, Forward, PostgresWire, drop_request, dropped_after, first
from tests.practice import RunningPlatform

EVERYTHING = ""
"""Is part of every statement."""


@pytest.fixture(scope="module")
def store(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedStore]:
    shared = SharedStore(platform.postgres)
    shared.make(tmp_path_factory.mktemp("shared"))
    yield shared
    shared.run("DROP SCHEMA gcms_ops CASCADE")


@pytest.fixture
def wire(store: SharedStore) -> Iterator[PostgresWire]:
    with PostgresWire.to(store.port) as opened:
        yield opened


def down(wire: PostgresWire) -> None:
    wire.on(EVERYTHING, drop_request)


def unsent(wire: PostgresWire) -> Fault:
    """The statement does not arrive, nor does any other."""

    def fault(forward: Forward) -> bytes:
        down(wire)
        raise Dropped

    return fault


def followed(wire: PostgresWire) -> Fault:
    """The statement is answered, and no other."""

    def fault(forward: Forward) -> bytes:
        answer = forward()
        down(wire)
        return answer

    return fault


UNWRITTEN, UNKNOWN = "The journal cannot be written", "Not known whether the journal has it"
CUTS: dict[str, tuple[Callable[[PostgresWire], Fault] | None, bool, str]] = {
    "before the entry": (None, False, UNWRITTEN),
    "before its COMMIT": (unsent, False, UNKNOWN),
    "in its COMMIT": (lambda wire: dropped_after(lambda: down(wire)), True, UNKNOWN),
    "after its COMMIT": (followed, True, ""),
}
"""What happens to COMMIT; whether the entry is there then; and what is told: nothing where that is known."""


def cut(wire: PostgresWire, kind: str, how: str) -> None:
    fault = CUTS[how][0]
    wire.on(kind, unsent(wire) if fault is None else first(lambda: wire.on(COMMIT, fault(wire))))


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("open", events.OPENED),
        ("tick", events.TICKED),
        ("export", events.EXPORTED),
        ("sign first", events.SIGNED),
        ("sign third", events.RELEASED),
        ("release", events.RELEASED),
        ("close", events.CLOSED),
    ],
)
def test_a_store_that_is_lost_is_told_and_the_step_is_there_or_is_done_again(
    begun: dict[str, Place], store: SharedStore, wire: PostgresWire, tmp_path: Path, name: str, kind: str, how: str
) -> None:
    act, (_, noted, title) = ACTS[name], CUTS[how]
    place = store.begin(begun[act.begins], tmp_path / "own")
    here = Console(place, act.who)
    before = here.kinds().count(kind)
    far = Console(store.over(place, wire.port), act.who)
    cut(wire, kind, how)
    released = kind == events.RELEASED
    _lost(far, act, title, released)
    # It is back: what it says is the truth.
    assert here.kinds().count(kind) - before == noted
    assert bool([*(place.directory / "outbox").glob("pay-*/*")]) is (released or name == "close")
    # Nobody could give the lease back. It holds nobody up for longer than it is forgiven to be silent.
    [held] = here.store.leases.held()
    assert held.person == here.person and word(lambda: act.do(here)) == "refused lease"
    store.silence()
    assert word(lambda: here.release() if released else act.do(here)) in (act.again if noted else ("done",))
    times = here.kinds().count(kind) - before
    assert times == 1 or (times == 2 and noted and kind in MAY_BE_TWICE)
    assert here.store.journal.verify().whole and not here.store.leases.held()


def _lost(far: Console, act: Act, title: str, released: bool) -> None:
    if not title:
        assert word(lambda: act.do(far)) == "done"
        return
    with pytest.raises(StateError) as caught:
        act.do(far)
    assert caught.value.title == title and caught.value.next_step
    assert ("payroll release" in caught.value.next_step) is released
    assert "postgresql://" not in str(caught.value)


@pytest.mark.parametrize("there", [True, False])
def test_an_opening_whose_answer_alone_is_lost_is_looked_for_before_its_concert_is_given_free(
    begun: dict[str, Place], store: SharedStore, wire: PostgresWire, tmp_path: Path, there: bool
) -> None:
    place = store.begin(begun["new"], tmp_path / "own")
    far, here = (Console(at) for at in (store.over(place, wire.port), place))

    def lost(forward: Forward) -> bytes:
        wire.mend()
        if there:
            forward()
        raise Dropped

    wire.on(events.OPENED, first(lambda: wire.on(COMMIT, lost)))
    with pytest.raises(StateError, match=UNKNOWN):
        far.open()
    assert (here.store.payroll.active(TARGET, CONCERT) is not None) is there is (events.OPENED in here.kinds())
    assert word(here.open) == ("refused open_run" if there else "done")


@pytest.mark.parametrize("name", ["export", "sign third"])
def test_it_is_walked_to_its_end_over_a_line_that_is_lost_again_and_again(
    begun: dict[str, Place], store: SharedStore, wire: PostgresWire, tmp_path: Path, name: str
) -> None:
    act = ACTS[name]
    place = store.begin(begun[act.begins], tmp_path / "own")
    far = Console(store.over(place, wire.port), act.who)
    for how in CUTS:
        cut(wire, act.kind, how)
        assert word(lambda: act.do(far)) == "StateError"
        wire.mend()
        store.silence()
        if CUTS[how][1]:
            break
    end = walk_on(place, SECOND)
    assert end.run.state is PayrollState.CLOSED and end.verify().verdict is Verdict.OK
    assert end.kinds().count(events.RELEASED) == 1
