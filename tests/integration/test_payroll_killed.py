"""A console that is killed at every call of every step of a payroll: what was to be done is in the journal or can be
done again, and the payroll is walked to its end, once, whoever takes it up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.run import PayrollState
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.lease import DEAD_AFTER
from tests.integration.payroll_acts import ACTS, Act, left_behind
from tests.integration.payroll_killing import Program, Request
from tests.integration.payroll_walk import Console, Place, walk_on, word

MOST = 40
"""Far more calls than a step has."""
SECOND = timedelta(seconds=1)
ONCE = (events.OPENED, events.RELEASED, events.RECORDED, events.ARCHIVED, events.CLOSED)
MAY_BE_TWICE = (events.EXPORTED, events.HELD)
"""What is done once more where it is done once more."""


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with Program.started() as started:
        yield started


@pytest.mark.parametrize("name", ACTS)
def test_killed_at_any_call_nothing_is_half_done_lost_or_done_twice(
    begun: dict[str, Place], program: Program, tmp_path: Path, name: str
) -> None:
    act, locked = ACTS[name], 0
    left: list[str] = []
    before = Console(begun[act.begins]).kinds()
    for kill_at in range(1, MOST):
        place = begun[act.begins].copied(tmp_path / str(kill_at))
        [how] = program.ask(Request(str(place.directory), name, kill_at))
        assert how in ("killed", "done")
        found = left_behind(place, before)
        if found not in left:
            if left:  # at first nothing has been done
                locked += _unlocked_in_time(place)
                _walked_to_its_end(place.copied(tmp_path / f"{kill_at} walked"))
            left.append(found)
        _done_again(act, place, before)
        if how == "done":
            break
    else:
        pytest.fail("a step with more calls than there can be")
    assert tuple(left) == act.left
    assert locked or act.kind in (events.HELD, events.LIFTED)


def _unlocked_in_time(place: Place) -> bool:
    """Nothing is locked for whoever sees that the process is gone; whether it is for another host until it is silent
    for too long."""
    assert Console(place).store.leases.held() == ()
    elsewhere = [Console(place, ("max", "ops-9"), later=DEAD_AFTER + more) for more in (timedelta(0), SECOND)]
    still, no_more = (bool(console.store.leases.held()) for console in elsewhere)
    assert not no_more
    return still


def _done_again(act: Act, place: Place, before: list[str]) -> None:
    """It is in the journal, and that is told to whoever does it once more; or it is not, and they do it."""
    here = Console(place, act.who, later=SECOND)
    noted = act.kind in here.kinds()[len(before) :]
    ended = word(lambda: act.do(here))
    assert ended in (act.again if noted else act.undone)
    times = here.kinds()[len(before) :].count(act.kind)
    assert times == 1 or (times == 2 and act.kind in MAY_BE_TWICE) or (times == 0 and ended != "done")


def _walked_to_its_end(place: Place) -> None:
    here = walk_on(place, SECOND)
    run = here.run
    assert run.state is PayrollState.CLOSED and run.exported is not None
    kinds = [entry.kind for entry in run.entries]
    assert [kinds.count(kind) for kind in ONCE] == [1] * len(ONCE)
    # One file is out, and whole; nothing lies where it may be taken for another.
    assert {seen.path.name: seen.sha256 for seen in here.files.released(run.run_id)} == run.exported.files
    assert [path.name for path in (place.directory / "outbox").glob("*pay-*")] == [run.run_id]
    assert not [*(place.directory / "prepared").glob("*pay-*")]
    assert here.store.leases.held() == () == here.doubts.open()
    assert here.verify().verdict is Verdict.OK
    told = "".join(entry.payload for entry in here.store.journal.entries(1_000))
    assert "example.org" not in told and "Musician" not in told
