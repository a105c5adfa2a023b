"""The screen of what is done step by step: the list of steps, the page beside it, and a step's dbt run, followed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.timer import Timer

from gcms_tui.console.following import DbtSeen, FollowedRun, Judging, RunsOpened, is_under_way
from gcms_tui.console.headline import Banner, Headline
from gcms_tui.console.live_words import so_far_text
from gcms_tui.console.pane import Loader, Pane
from gcms_tui.console.present import age_text, ago
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.steps.step_list import StepList, StepRow
from gcms_tui.console.steps.step_page import StepPage
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import Document
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run

STEPS_CSS = str(Path(__file__).with_name("steps.tcss"))
"""Whole: a path is taken from the directory of the class that inherits it."""
_AGES_S, _SECONDS_S = 60.0, 1.0
"""How often ages are told anew, and what counts seconds."""


class StepsScreen(Pane):
    """Esc leaves everything as it is: what was done is in the journal, what goes on is taken up by whoever comes."""

    CSS_PATH: ClassVar[list[str]] = [STEPS_CSS]  # type: ignore[assignment]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-medium"), (34, "-tall")]
    DETAIL: ClassVar[type[Document]] = Document
    NUMBER: ClassVar[int]
    """Of the pane that it lies over."""
    WHOLE: ClassVar[str]
    """What is read, in a word: `the run`."""

    standing: object | None
    """None until it was read."""
    following: FollowedRun | None
    """The dbt run of a step that is under way, or is being judged."""
    step_error: tuple[object, GcmsError] | None
    """Which step could not be done, and why."""

    def __init__(self, services: ConsoleServices, look: Look, what: str) -> None:
        """`what`: in the names of its threads."""
        super().__init__(services, look)
        self.standing = None
        self.following = None
        self.step_error = None
        self.failure: GcmsError | None = None
        """Why the newest reading failed."""
        self.headline = Headline(look, id="headline")
        self.underline = Headline(look, id="underline")
        self.banner = Banner(look, id="banner")
        self.steps = StepList(look, id="steps")
        self.detail = self.DETAIL(id="detail")
        self._detailed: object | None = None
        self._read_at = services.now()
        self._loader = Loader(self, what)
        self._worker = Loader(self, f"{what} step")
        self._opener = Loader(self, f"{what} runs")
        self._sought = False
        """It was asked whether a dbt run is pending."""
        self._next: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.banner
        yield self.headline
        yield self.underline
        with Container(id="body"):
            yield self.steps
            yield self.detail
        yield self.key_bar

    def on_mount(self) -> None:
        self.steps.focus()
        self.read()
        self.set_interval(_AGES_S, self.draw)
        self.set_interval(_SECONDS_S, self._tick)

    def on_unmount(self) -> None:
        if self.following is not None:
            self.following.let_go()

    # -- what a subclass does ---------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read it off the loop; where it is being read, once more after that."""
        raise NotImplementedError

    def first_line(self) -> tuple[Part, ...]:
        raise NotImplementedError

    def second_line(self) -> tuple[Part, ...]:
        raise NotImplementedError

    def banner_lines(self) -> tuple[Text, ...]:
        """What has to be read before the steps."""
        raise NotImplementedError

    def rows(self) -> tuple[StepRow, ...]:
        """None until it was read."""
        raise NotImplementedError

    def step_page(self) -> StepPage | None:
        """Of the step under the cursor."""
        raise NotImplementedError

    @property
    def next_step(self) -> object | None:
        raise NotImplementedError

    @property
    def doing(self) -> object | None:
        """The step that is being done from here."""
        raise NotImplementedError

    def refreshing(self) -> str:
        """In a word, how it comes to be newer than it was read; empty where it does not."""
        return "live" if self.dbt_run is not None else ""

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Tell everything anew."""
        self.headline.parts, self.underline.parts = self.first_line(), self.second_line()
        self.banner.said = self.banner_lines()
        said = "It could not be read: e says why, r tries again."
        said = f"Reading {self.WHOLE}." if self._loader.busy else said
        self.steps.empty = Text(f" {said}", self.look.palette.muted)
        self.draw_steps()
        self.draw_detail()
        data = "" if self.standing is None else f"read {ago(self.services.now() - self._read_at)}"
        title, stale = f"{self.NUMBER} {self.TITLE}", self.failure is not None
        self.say(Status(title=title, data=data, stale=stale, refresh=(self.refreshing(),)))

    def draw_steps(self) -> None:
        now, doing, on = self.services.now(), self.doing, self.next_step
        self.steps.show(
            tuple(
                replace(
                    row,
                    age=age_text(now - row.by.at, young="now") if row.by is not None else "",
                    doing=self._word if row.step is doing else "",
                    is_next=row.step is on,
                )
                for row in self.rows()
            )
        )

    @property
    def _word(self) -> str:
        """What is being done, in a word."""
        if self.following is None:
            return "looking"
        run = self.dbt_run
        if run is None:
            return "judging"
        return so_far_text((self.services.now() - run.record.started_at).total_seconds())

    def draw_detail(self) -> None:
        page = self.step_page()
        if page is None:
            nothing = self.steps.empty or Text()
            self.detail.show(lambda width: [nothing], keep_place=False)
            return
        self.detail.show(page.page, keep_place=self._detailed is page.step)
        self._detailed = page.step

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self.draw_detail()
        self.refresh_bindings()

    def _tick(self) -> None:
        """Another second has passed: only what counts seconds reads otherwise."""
        if self.doing is not None and self.is_current:
            self.draw()

    # -- when to look again -----------------------------------------------------------------------------------------

    def _stop_waiting(self) -> None:
        if self._next is not None:
            self._next.stop()
            self._next = None

    def looked_at(self) -> None:
        self.read()

    def on_screen_suspend(self) -> None:
        self._stop_waiting()

    # -- the step's dbt run -----------------------------------------------------------------------------------------

    @property
    def dbt_run(self) -> Run | None:
        """The dbt run that is under way."""
        following = self.following
        return following.run if following is not None and is_under_way(following.run) else None

    def seek_pending_again(self) -> None:
        """With the next reading: what could not be judged may be by now."""
        self._sought = self.following is not None

    def on_dbt_seen(self, message: DbtSeen) -> None:
        following = self.following
        if following is None:
            return
        following.seen(message.look)
        run = message.look.run
        others = tuple(one for one in self.console_app.dbt_running if one.run_id != run.run_id)
        running = (run, *others) if is_under_way(run) else others
        if running != self.console_app.dbt_running:
            self.console_app.dbt_is(running)
        self.draw()
        self.refresh_bindings()

    def on_judging(self, message: Judging) -> None:
        if self.following is not None:
            self.following.judging = True
        self.draw()

    def on_runs_opened(self, message: RunsOpened) -> None:
        from gcms_tui.console.run import RunScreen

        if self.in_front:
            self.app.push_screen(RunScreen(self.services, self.look, message.desk, message.run_id))

    # -- what is open -----------------------------------------------------------------------------------------------

    @property
    def error(self) -> GcmsError | None:
        """What there is to be read of failures."""
        return self.step_error[1] if self.step_error is not None else self.failure

    def error_of(self, step: object) -> GcmsError | None:
        """Why it could not be done, where somebody tried just now."""
        return self.step_error[1] if self.step_error is not None and self.step_error[0] is step else None

    @property
    def reads(self) -> bool:
        """The page has the person's eyes."""
        return self.detail.has_focus or self.has_class("-detail")

    def something_is_open(self) -> bool:
        return True

    def action_read(self) -> None:
        self.add_class("-detail")
        self.detail.focus()
        self.refresh_bindings()

    def action_back(self) -> None:
        """Leave the page; then back to what it lies over."""
        if self.reads:
            self.remove_class("-detail")
            self.steps.focus()
            self.refresh_bindings()
        else:
            self.dismiss(None)
