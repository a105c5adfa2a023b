"""The payroll pane, driven over a small desk: the concerts, opening a run, what holds payroll, whom one acts as."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.payroll.open_dialog import OpenDialog
from gcms_tui.console.payroll.pane import PayrollPane
from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.payroll.steps import Step
from gcms_tui.operations.payroll.concerts import ConcertState
from gcms_tui.operations.payroll.desk import PayrollDesk
from tests.console.driving import comes_to_rest, drawn, until
from tests.console.small_payroll import CHECKS, Pushed, SmallPayroll, payroll_pane, read, wizard

SMALL, LARGE = (80, 24), (140, 40)


@pytest.fixture
def small(tmp_path: Path) -> SmallPayroll:
    return SmallPayroll(tmp_path)


@pytest.mark.parametrize("size", [SMALL, LARGE, (50, 12)])
async def test_every_concert_is_told_with_its_state(small: SmallPayroll, size: tuple[int, int]) -> None:
    small.passed(*CHECKS)
    small.states["33"] = ConcertState.PARTLY_PAID, None, "3 of 24 payments are recorded as paid"
    app = small.app()
    async with app.run_test(size=size) as pilot:
        await payroll_pane(pilot)
        seen = drawn(app)
        for state in ("▲ partly paid", "► open, 4 spot-check", "○ never paid", "✓ paid 2026-01-09"):
            assert state in seen
        if size != (50, 12):
            assert "20 musicians   2,000.00" in seen and "no date     31" in seen and "no total" in seen
            assert "1 run open   1 never paid   4 concerts" in seen and "read just now" in seen
            assert "3 of 24 payments are recorded as paid" in seen
            assert "Find out why only some of it is paid" in seen


async def test_a_failure_keeps_what_was_known_and_an_empty_fact_says_so(
    small: SmallPayroll, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.error = Unavailable("Snowflake is away", "it does not answer", "Look at the line.")
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        pane = await payroll_pane(pilot)
        assert "Snowflake is away" in drawn(app) and "The concerts could not be read" in drawn(app)
        small.error = None
        await pilot.press("r")
        await until(pilot, lambda: pane.state.listed is not None, "the concerts")
        assert "Mahler 5" in drawn(app) and "Snowflake is away" not in drawn(app)
        small.error = Unavailable("Snowflake is away", "it does not answer", "Look at the line.")
        small.clock.pass_by(minutes=7)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "why, at once: somebody asked")
        await pilot.press("escape")
        assert "Mahler 5" in drawn(app) and "read 7 min ago" in drawn(app) and pane.concerts.faded
        small.error = None
        monkeypatch.setattr("tests.console.small_payroll.CONCERTS", ())
        await pilot.press("r")
        await until(pilot, lambda: not pane.concerts.rows, "no concert")
        await pilot.pause()
        assert "there is no concert to pay" in drawn(app)


async def test_the_filter_survives_the_way_into_a_run_and_back(small: SmallPayroll) -> None:
    small.passed(*CHECKS)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        pane = await payroll_pane(pilot)
        await pilot.press("slash", *"open sibel", "enter")
        assert [row.concert.concert_id for row in pane.concerts.rows] == ["7"]
        await pilot.press("enter")
        await wizard(pilot)
        before = small.listed
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is pane and small.listed > before, "the list, read anew")
        await read(pilot, pane)
        assert pane.wanted == "open sibel" and len(pane.concerts.rows) == 1
        await pilot.press("escape")
        assert len(pane.concerts.rows) == 4


@pytest.mark.parametrize(
    "concert_id, state, why",
    [
        ("30", None, "it is paid"),
        ("31", ConcertState.UNKNOWN, "whether it is paid is not known"),
        ("33", ConcertState.PARTLY_PAID, "some of it is paid already, and it is not known why"),
        ("7", None, "its run is open: Enter goes on with it"),
    ],
)
async def test_only_what_may_be_paid_is_opened(
    small: SmallPayroll, concert_id: str, state: ConcertState | None, why: str
) -> None:
    small.opened("7")
    if state is not None:
        small.states[concert_id] = state, None, ""
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        pane = await payroll_pane(pilot)
        pane.concerts.cursor = f"concert {concert_id}"
        await pilot.pause()
        assert pane.refusal("act") == "everybody is who they are logged in as"
        assert pane.refusal("new") == why
        assert (pane.refusal("open") is None) is (concert_id == "7")
        await pilot.press("o")
        assert app.screen is pane


async def test_a_run_is_opened_after_it_was_seen_for_what(small: SmallPayroll) -> None:
    app = small.app(target="prod", sandbox=False)
    async with app.run_test(size=SMALL) as pilot:
        pane = await payroll_pane(pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OpenDialog) and app.screen.armed, "the question")
        dialog, seen = app.screen, drawn(app)
        assert isinstance(dialog, OpenDialog) and dialog.way_out.has_focus
        for said in ("33  Mahler 5", "2026-02-27", "24", "6,120.00", "erin@ops-1", "PROD"):
            assert said in seen
        await pilot.press("enter")
        assert app.screen is pane and small.book().all() == ()
        small.refusal = Refused("Already paid", "24 payments are recorded.", "Look why.", guard="already_paid")
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OpenDialog) and app.screen.armed, "the question")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "Already paid" in drawn(app) and app.screen.armed, "the refusal")  # type: ignore[attr-defined]
        assert app.screen.way_out.has_focus  # type: ignore[attr-defined]
        small.refusal = None
        await pilot.press("tab", "enter")
        screen = await wizard(pilot)
        [run] = small.book().all()
        assert screen.run_id == run.run_id and run.concert_id == "33" and run.opened.person.user == "erin"
        assert screen.step is Step.FRESHNESS, "the first step that is open"


async def test_read_only_shows_everything_and_offers_nothing(tmp_path: Path) -> None:
    small = SmallPayroll(tmp_path, read_only=True)
    small.passed(*CHECKS)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        pane = await payroll_pane(pilot)
        assert "o New run" not in drawn(app) and "h Hold" not in drawn(app) and "READ-ONLY" in drawn(app)
        for action in ("new", "hold", "act"):
            assert pane.refusal(action) == "read-only: gcms.toml does not allow writing"
        pane.concerts.cursor = "concert 7"
        await pilot.press("o", "h", "a")
        assert app.screen is pane
        await pilot.press("enter")
        screen = await wizard(pilot)
        for action in ("again", "abandon", "cancel", "hold", "act"):
            assert screen.refusal(action) == "read-only: gcms.toml does not allow writing"
        assert "Nothing can be done here: read-only" in drawn(app)
        await pilot.press("enter")
        assert screen.has_class("-detail") and len(small.run(screen.run_id).entries) == 4


async def test_what_holds_payroll_is_told_on_every_pane(small: SmallPayroll, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = Pushed().install(monkeypatch)
    small.scene.critical = "attended_not_above_required (3 rows)"
    small.book("frank").holds.set("by hand", "the rates are wrong")
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        pane = await payroll_pane(pilot)
        seen = drawn(app)
        assert "PAYROLL HELD → 4" in seen and "by hand: the rates are wrong (set by frank at" in seen
        assert "critical test: attended_not_above_required (3 rows)" in seen and "■ held" in seen
        await pilot.press("1")
        assert "PAYROLL HELD → 4" in drawn(app)
        await pilot.press("4")
        await read(pilot, pane)
        listed, small.scene.critical = small.listed, ""
        await pilot.press("h")
        await until(pilot, lambda: small.listed > listed and app.screen is pane, "the concerts, after the hold")
        assert pushed.asked == ["hold_dialog"]
        await read(pilot, pane)
        small.book("erin").holds.lift(small.book().holds.open()[0].hold_id, "they are right now")
        await pilot.press("r")
        await comes_to_rest(pilot, lambda: not pane.state.holds and not pane._loader.busy, "the end of the hold")
        await pilot.pause()
        assert "HELD" not in drawn(app) and "not held" in drawn(app)


async def test_the_invented_people_are_played_where_there_are_any(
    small: SmallPayroll, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = Pushed(answer="frank").install(monkeypatch)
    small.may_act = (("frank", "finance"),)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        pane = await payroll_pane(pilot)
        opened, pane.acting._open = pane.acting._open, _gone
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "why nobody is played")
        await pilot.press("escape")
        assert pane.acting.whom == "" and pane.desk is not None and pane.desk.person.user == "erin"
        assert "AS frank" not in drawn(app)
        pane.acting._open = opened
        await pilot.press("a")
        await until(pilot, lambda: pane.desk is not None and pane.desk.person.user == "frank", "frank's desk")
        await pilot.pause()
        assert "AS frank" in drawn(app) and pushed.asked == ["acting_dialog", "acting_dialog"]
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OpenDialog) and app.screen.armed, "the question")
        await pilot.press("tab", "enter")
        await wizard(pilot)
        assert small.book().all()[0].opened.person.user == "frank" and "AS frank" in drawn(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is pane, "the list")
        await read(pilot, pane)
        assert "► open, 1 freshness" in drawn(app) and pane.concerts.cursor == "concert 33"


def _gone(whom: str) -> PayrollDesk:
    raise Refused("Nobody is played here", "This is no practice platform.", "Log in as yourself.", guard="acting")


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_title_is_only_data(
    small: SmallPayroll, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    title = "[bold red]Gala[/] \x1b]0;owned\x07 \u202egnirps 交響曲" + "x" * 300
    hostile = (("7]", title, date(2026, 2, 20), 1, "-1.00"),)
    monkeypatch.setattr("tests.console.small_payroll.CONCERTS", hostile)
    app = small.app()
    async with app.run_test(size=size) as pilot:
        pane = await payroll_pane(pilot)
        assert isinstance(pane, PayrollPane)
        seen = drawn(app)
        assert "[bold red]Gal" in seen and "\x1b" not in seen and "\u202e" not in seen
        assert all(len(line) <= size[0] for line in seen.splitlines())
        await pilot.press("c", "p")
        await pilot.pause()
        assert "Provenance of concert 7]" in drawn(app)
