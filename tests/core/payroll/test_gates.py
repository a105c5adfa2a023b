"""The fold of a run's entries, and which step may be done when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll import events, gates
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun, PayrollState, fold
from gcms_tui.core.payroll.steps import STEPS, Step
from gcms_tui.core.writing.journal import FIRST, Entry
from gcms_tui.core.writing.plan import canonical
from tests.operations.memory import HOUR, NOW
from tests.operations.payroll.scene import LIMITS

FROZEN: dict[str, Any] = {
    "fingerprint": "f1",
    "payees": "p1",
    "calculated_at": None,
    "totals": {
        "entries": 2,
        "musicians": 2,
        "gross": "10.00",
        "deductions": "0.00",
        "net": "10.00",
        "hash_total": "3",
        "by_pay_type": [],
    },
}
FILE: dict[str, Any] = {
    "fingerprint": "f1", "payees": "p1", "host": "ops-1", "directory": "d", "files": {"a.csv": "s1"}, "file": "a.csv",
    "sha256": "s1", "manifest": "m1",
}  # fmt: skip


class Story:
    """Entries one after the other, a minute apart."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.at = NOW - 6 * HOUR
        self.tell(events.OPENED, concert="7", title="Sibelius 2", date="2026-02-20", target="t", fact="gold.f")

    def tell(self, event: str, /, user: str = "erin", **payload: Any) -> Story:
        self.at += timedelta(minutes=1)
        at, number = self.at.isoformat(timespec="microseconds"), len(self.entries) + 1
        self.entries.append(Entry(number, at, user, "ops-1", "", event, "pay-1", canonical(payload), FIRST, FIRST))
        return self

    def check(self, step: Step, passed: bool = True, **more: Any) -> Story:
        more = {"frozen": FROZEN, **more} if step is Step.TESTS else more
        return self.tell(events.CHECKED, step=step.value, passed=passed, words=step.value, **more)

    def checks(self) -> Story:
        return self.check(Step.FRESHNESS).check(Step.MODELS).check(Step.TESTS)

    def ticked(self) -> Story:
        self.tell(events.SAMPLED, rows=[{"row": "1", "reasons": ["sample"]}], variance={})
        return self.tell(events.TICKED, row="1", verdict="ok", note="")

    def exported(self) -> Story:
        return self.checks().ticked().tell(events.EXPORTED, **FILE)

    def signed(self, *roles: Role) -> Story:
        self.exported()
        for role in roles or tuple(Role):
            self.tell(
                events.SIGNED, f"{role}-1", role=role.value, says="", statement="s", sha256="s1", signature="", key=""
            )
        return self

    def released(self) -> Story:
        return self.signed().tell(events.RELEASED, host="h", directory="o", file="a.csv", sha256="s1")

    @property
    def run(self) -> PayrollRun:
        return fold(self.entries)

    def states(self, now: Any = NOW) -> dict[Step, StepState]:
        return {item.step: item.state for item in gates.look(self.run, now, LIMITS)}

    def refused(self, step: Step, now: Any = NOW, holds: tuple[Hold, ...] = ()) -> str:
        """By which guard; empty where it may be done."""
        try:
            gates.require(self.run, step, now, LIMITS, holds)
        except Refused as error:
            return error.guard
        return ""


def test_each_step_waits_for_the_one_before() -> None:
    story = Story()
    stages: tuple[Callable[[], object], ...] = (
        lambda: story.check(Step.FRESHNESS),
        lambda: story.check(Step.MODELS),
        lambda: story.check(Step.TESTS),
        story.ticked,
        lambda: story.tell(events.EXPORTED, **FILE),
        lambda: story.tell(events.RELEASED, host="h", directory="o", file="a.csv", sha256="s1"),
        lambda: story.tell(events.RECORDED, write="w", date="2026-03-01", entries=2, net="10.00", already=False),
        lambda: story.tell(events.ARCHIVED, write="w", table="t", kind="transient", fingerprint="f1", alike=True),
        lambda: story.tell(events.CLOSED, exceptions="none", markdown_sha256=""),
    )
    for step, stage in zip(STEPS, stages, strict=True):
        assert gates.next_step(story.run, NOW, LIMITS) is step
        assert story.refused(step) == ""
        assert all(story.refused(later) == step.value for later in step.later)
        stage()
        assert story.states()[step] is StepState.PASSED
    assert story.run.state is PayrollState.CLOSED
    assert {story.refused(step) for step in STEPS} == {"ended"}


@pytest.mark.parametrize("step", [Step.FRESHNESS, Step.MODELS, Step.TESTS])
def test_what_was_found_wrong_stops_all_that_follows(step: Step) -> None:
    story = Story()
    for earlier in step.earlier:
        story.check(earlier)
    story.check(step, passed=False)
    assert story.states()[step] is StepState.FAILED
    assert story.refused(step) == ""
    assert story.refused(Step.SPOT_CHECK) == step.value


def test_checks_grow_old_and_a_prepared_file_lets_only_the_tests_do_so() -> None:
    ticked = Story().checks().ticked()
    assert set(ticked.states(NOW + 19 * HOUR).values()) == {StepState.FALLEN, StepState.PASSED, StepState.OPEN}
    assert ticked.refused(Step.EXPORT, NOW + 19 * HOUR) == "freshness"
    exported = Story().exported()
    assert exported.refused(Step.SIGN_OFF, NOW + 80 * HOUR) == ""
    assert exported.refused(Step.SIGN_OFF, NOW + 91 * HOUR) == "tests"
    assert Story().released().refused(Step.RECORD, NOW + 900 * HOUR) == ""


def test_the_same_data_keeps_what_was_done_on_it_and_other_data_does_not() -> None:
    story = Story().signed()
    assert story.check(Step.MODELS).refused(Step.SIGN_OFF) == "tests"
    assert story.check(Step.TESTS).refused(Step.SIGN_OFF) == ""
    assert len(story.run.signatures) == 3 and story.run.exported is not None
    story.check(Step.TESTS, frozen={**FROZEN, "payees": "p2"})
    run = story.run
    assert not run.signatures and run.exported is None and run.sample is None and not run.ticks
    assert story.states()[Step.SIGN_OFF] is StepState.FALLEN
    assert story.refused(Step.EXPORT) == "spot-check"


def test_changed_data_voids_everything_back_to_the_tests() -> None:
    story = Story().signed().tell(events.VOIDED, why="2 payments, and there were 3", found={})
    states = story.states()
    assert [step for step, state in states.items() if state is StepState.FALLEN] == [
        Step.TESTS, Step.SPOT_CHECK, Step.EXPORT, Step.SIGN_OFF,
    ]  # fmt: skip
    assert story.run.frozen is None
    assert story.check(Step.TESTS).refused(Step.EXPORT) == "spot-check"


def test_rejecting_reopens_the_export() -> None:
    story = Story().signed(Role.ENGINEER, Role.FINANCE).tell(events.REJECTED, "max", role="manager", reason="too much")
    assert story.refused(Step.EXPORT) == "" and story.refused(Step.SIGN_OFF) == "export"
    assert "too much" in story.run.fallen[Step.SIGN_OFF]
    assert story.states()[Step.SPOT_CHECK] is StepState.PASSED


def test_a_query_blocks_until_it_is_answered() -> None:
    story = Story().checks().ticked().tell(events.TICKED, row="9", verdict="query", note="why so much?")
    assert story.states()[Step.SPOT_CHECK] is StepState.FAILED and story.refused(Step.EXPORT) == "spot-check"
    assert story.tell(events.TICKED, row="9", verdict="answered", note="a rise").refused(Step.EXPORT) == ""


def test_a_query_voids_the_signatures_and_an_answer_does_not_bring_them_back() -> None:
    story = Story().signed(Role.ENGINEER, Role.FINANCE)
    assert len(story.tell(events.TICKED, row="1", verdict="ok", note="again").run.signatures) == 2
    story.tell(events.TICKED, row="9", verdict="query", note="why so much?")
    assert not story.run.signatures and story.run.exported is not None
    assert story.run.fallen[Step.SIGN_OFF] == "a query was raised since"
    assert story.refused(Step.SIGN_OFF) == "spot-check"
    story.tell(events.TICKED, row="9", verdict="answered", note="a rise")
    assert not story.run.signatures and story.refused(Step.SIGN_OFF) == ""
    assert story.states()[Step.SIGN_OFF] is StepState.FALLEN


def test_a_hold_stops_what_pays_and_neither_what_checks_nor_what_documents() -> None:
    hold = (Hold("h", "incident", "wrong rates"),)
    assert Story().refused(Step.FRESHNESS, holds=hold) == ""
    assert Story().checks().refused(Step.SPOT_CHECK, holds=hold) == "hold"
    released = Story().released()
    assert released.refused(Step.RECORD, holds=hold) == "hold"
    released.tell(events.RECORDED, write="w", date="2026-03-01", entries=2, net="10.00", already=False)
    assert released.refused(Step.ARCHIVE, holds=hold) == ""


def test_a_clock_that_was_set_back_stops_everything() -> None:
    story = Story().checks()
    assert {story.refused(step, NOW - 7 * HOUR) for step in STEPS} == {"clock"}
    assert story.states(NOW - 7 * HOUR)[Step.TESTS] is StepState.FALLEN


def test_what_is_released_is_not_done_again() -> None:
    released = Story().released()
    assert {released.refused(step) for step in STEPS[:6]} == {"released"}
    assert released.refused(Step.RECORD) == ""


@pytest.mark.parametrize(
    "edit",
    [
        lambda entries: entries[1:],
        lambda entries: [],
        lambda entries: [*entries, _edited(entries[-1], kind=events.CHECKED, payload='{"step": "tests"}')],
        lambda entries: [*entries, _edited(entries[-1], kind=events.SIGNED, payload='{"role": "owner"}')],
        lambda entries: [*entries, _edited(entries[-1], kind=events.RECORDED, payload="[]")],
    ],
)
def test_entries_that_were_edited_tell_of_no_run(edit: Any) -> None:
    with pytest.raises(ValueError, match="entr"):
        fold(edit(Story().checks().entries))


def _edited(entry: Entry, **changes: Any) -> Entry:
    return Entry(**{**{name: getattr(entry, name) for name in Entry.__slots__}, **changes})
