"""The log screen: one log file of any size, followed, filtered and searched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from gcms_tui.console import log_source
from gcms_tui.console.headline import Banner, Headline, failure_lines
from gcms_tui.console.log_keys import MOVES
from gcms_tui.console.log_search import LogSearching
from gcms_tui.console.log_source import Goal, LogSource
from gcms_tui.console.log_window import LogWindow
from gcms_tui.console.log_words import Whereabouts, whereabouts
from gcms_tui.console.pane import CopyAsked, LoadFailed, Pane
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.log_view import LogView
from gcms_tui.core.byte_size import size_text
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.log_line import ENTRY, Level
from gcms_tui.core.log_view import Count, LogFilter, LogPage, LogState

_LEVELS = (None, Level.INFO, Level.WARN, Level.ERROR)
_SIDEWAYS = 8


class LogScreen(LogSearching, Pane):
    """Shows the log at `path`. Push it, or make it a mode's own screen (`alone`: there is nothing to go back to)."""

    TITLE = "Log"
    CSS_PATH = "log.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Search", id="log.find", tooltip="Search the whole log; a wrong expression says where",
                priority=True),
        Binding("n", "match(1)", "Next", id="log.next", tooltip="The next match"),
        Binding("N", "match(-1)", "Previous", id="log.previous", show=False, tooltip="The match before"),
        Binding("e", "failure(1)", "Error", id="log.error", tooltip="The next error or failed node below"),
        Binding("E", "failure(-1)", "Error above", id="log.error_above", show=False,
                tooltip="The nearest error or failed node above"),
        Binding("l", "level", "Level", id="log.level", tooltip="Show info and above, warn and above, errors only, all"),
        Binding("i", "invocation", "Invocation", id="log.invocation", tooltip="Only the invocation under the cursor"),
        Binding("t", "thread", "Thread", id="log.thread", tooltip="Only the thread under the cursor"),
        Binding("f", "follow", "Follow", id="log.follow", tooltip="Stay at the end as the log grows"),
        Binding("w", "wrap", "Wrap", id="log.wrap", tooltip="Fold long lines, or let them run on"),
        Binding("v", "range", "Range", id="log.range", tooltip="Begin a range of lines at the cursor"),
        Binding("c", "copy", "Copy", id="log.copy", tooltip="Copy the line, or the range"),
        Binding("s", "save", "Save", id="log.save", tooltip="Save what is shown to a file of your own"),
        *MOVES,
    ]  # fmt: skip

    def __init__(
        self,
        services: ConsoleServices,
        look: Look,
        path: Path,
        *,
        title: str = "",
        wanted: LogFilter = LogFilter(),  # noqa: B008 (frozen)
        alone: bool = False,
    ) -> None:
        super().__init__(services, look)
        self.path = path
        self.name_shown = title or path.name
        self.wanted = wanted
        self.state = LogState()
        self.following = True
        self.window = LogWindow()
        self.error: GcmsError | None = None
        """Why the log cannot be shown."""
        self._alone = alone
        self._goal: Goal | None = None
        self._numbering = False
        self.source = LogSource(self, lambda: services.open_log(path))
        self.headline = Headline(look, id="headline")
        self.banner = Banner(look, id="banner")
        self.view = LogView(look, self.window, id="view")

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.banner
        yield self.headline
        yield self.view
        yield self.key_bar

    def on_mount(self) -> None:
        self.view.focus()
        self.draw()
        self.source.open(200)

    def on_unmount(self) -> None:
        self.source.close()

    # -- what comes in ----------------------------------------------------------------------------------------------

    def on_opened(self, message: log_source.Opened) -> None:
        if message.page.lines:
            last = message.page.lines[-1]
            self.window.size = last.offset + last.size
        self._show(message.page, None)
        self.source.watch()
        if self.wanted:
            self.fetch(None)
        self.refresh_bindings()

    def on_polled(self, message: log_source.Polled) -> None:
        before, self.state = self.state, message.state
        self._numbering = False
        self.window.size = self.state.size
        if before.generation not in (0, self.state.generation):
            self.view.forget()
            self.match = None
            self.window.chosen_from = None
            self.fetch(None if self.following else 0)
        elif self.state.size != before.size or (self.following and not self.window.lines):
            self.window.ends = False
            if self.following:
                self.fetch(None)
            else:
                self._fetch_more()
        elif self._can_be_numbered():
            self.fetch(None if self.following else self._offset)
        self.counted()
        self.draw()

    def _can_be_numbered(self) -> bool:
        """The lines in view have been counted by now."""
        count = self.state.lines
        if self.wanted:
            count = (self.state.shown if self.state.wanted == self.wanted else None) or Count()
        window = self.window
        return window.first is None and bool(window.lines) and count.scanned >= window.lines[0].offset

    def on_paged(self, message: log_source.Paged) -> None:
        goal, self._goal = self._goal, None
        if message.page is not None and message.goal.wanted == self.wanted and (
            message.goal.generation in (0, self.state.generation)
        ):  # fmt: skip
            here = None if self.window.current is None else self.window.current.offset
            place = message.goal.place(goal, here, following=self.following)
            if place is not None and not message.page.covers(place):
                return self.fetch(place)
            self._show(message.page, place)
        if goal is not None and (message.page is None or goal != message.goal):
            self.fetch(goal.offset)
        elif self._can_be_numbered() and not self._numbering:
            self._numbering = True  # counted while the page was on its way; once, should the count be of another file
            self.fetch(None if self.following else self._offset)
        else:
            self._fetch_more()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.error, self.note = message.error, ""
        self.draw()

    def fetch(self, offset: int | None) -> None:
        """Have the lines around `offset` shown, or the last ones: what was asked for before is not wanted any more."""
        window = self.window
        at_it = window.cursor == len(window.lines) - 1 if offset is None else offset == self._offset
        stays = at_it and bool(window.lines)
        goal = Goal(offset, self.wanted, 4 * self.view.rows + 40, self.state.generation, stays)
        self._goal = goal
        self.source.page(goal)

    def _fetch_more(self) -> None:
        """Keep lines at hand on both sides of the cursor."""
        if self._goal is None and not self.source.fetching and self.window.lacks(self.view.rows):
            self.fetch(self._offset)

    @property
    def _offset(self) -> int:
        """Where the cursor's line begins."""
        return self.window.current.offset if self.window.current is not None else 0

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _show(self, page: LogPage, offset: int | None) -> None:
        self.error = None
        self.window.take(page, offset)
        if self.view.drawer.plain and any(ENTRY.match(b"\n" + line.head[:200]) for line in page.lines):
            self.view.drawer.plain = False
        self.reveal()

    def reveal(self) -> None:
        """Draw what the window holds now, with the cursor in view."""
        self.view.reveal()
        self.mark()
        self.draw()

    def draw(self) -> None:
        window, state = self.window, self.state
        self.view.empty = Text(self._nothing(), self.look.palette.muted)
        at = None if window.current is None or not state.size else min(window.current.offset / state.size, 1.0)
        if at is not None and window.ends and window.cursor == len(window.lines) - 1:
            at = 1.0
        self.headline.parts = whereabouts(
            Whereabouts(
                name=self.name_shown,
                state=state,
                wanted=self.wanted,
                rank=window.rank,
                share=at,
                following=self.following,
                searched="" if self.pattern is None else self.pattern.text,
                on_match=self.match is not None and self.match.offset == self._offset,
                match=None if self.match is None else self.match.rank,
                seeking=self.seeking,
                note=self.note,
                chosen=self.window.chosen,
            ),
            self.look,
        )
        self.banner.said = self._said()
        self.say(Status(title=self.TITLE or "", data=size_text(state.size) if state.exists else "no file"))

    def _nothing(self) -> str:
        if self.error is not None:
            return " The log cannot be shown."
        if not self.source.opened or self._goal is not None:
            return " Looking."
        if self.wanted and self.state.size:
            return " No line passes the filter. Esc clears it."
        if not self.state.exists:
            return " There is no such file yet. It appears here as soon as it is written."
        return " The log is empty."

    def _said(self) -> tuple[Text, ...]:
        """Errors, in two lines: what, and what to do."""
        error = self.error or self.state.problem
        if self.wrong is not None or error is None:
            return self.wrong or ()
        return failure_lines(error, self.look, self.look.palette.fail)

    # -- moving -----------------------------------------------------------------------------------------------------

    def action_move(self, lines: int) -> None:
        self.note = ""
        if lines < 0:
            self.following = False
        self.window.move(lines)
        self._fetch_more()
        self.reveal()

    def action_page(self, direction: int) -> None:
        self.action_move(direction * max(self.view.rows - 1, 1))

    def action_top(self) -> None:
        self.following = False
        if self.window.starts:
            self.action_move(-len(self.window.lines))
        else:
            self.fetch(0)

    def action_bottom(self) -> None:
        self.note = ""
        self.following = True
        if self.window.ends:
            self.window.move(len(self.window.lines))
            self.reveal()
        else:
            self.fetch(None)
            self.draw()

    def action_sideways(self, direction: int) -> None:
        self.window.left = max(self.window.left + direction * _SIDEWAYS, 0)
        self.view.refresh()

    def on_log_view_scrolled(self, message: LogView.Scrolled) -> None:
        self.action_move(message.lines)

    def on_log_view_pointed(self, message: LogView.Pointed) -> None:
        self.action_move(message.index - self.window.cursor)

    def action_follow(self) -> None:
        if self.following:
            self.following = False
            self.draw()
        else:
            self.action_bottom()

    def action_wrap(self) -> None:
        self.window.wrap = not self.window.wrap
        self.window.left = 0
        self.reveal()

    # -- filters ----------------------------------------------------------------------------------------------------

    def narrow(self, wanted: LogFilter) -> None:
        """Show what passes `wanted`, from the cursor's line on."""
        self.wanted = wanted
        self.note = ""
        self.match, self._quest = None, 0
        self.source.abandon()
        self.fetch(None if self.following else self._offset)
        self.draw()
        self.refresh_bindings()

    def action_level(self) -> None:
        at = _LEVELS.index(self.wanted.level) if self.wanted.level in _LEVELS else 0
        self.narrow(replace(self.wanted, level=_LEVELS[(at + 1) % len(_LEVELS)]))

    def action_invocation(self) -> None:
        if self.wanted.invocation_id is not None:
            self.narrow(replace(self.wanted, invocation_id=None))
        else:
            self.source.invocation(self._offset)

    def on_owned(self, message: log_source.Owned) -> None:
        if message.invocation_id is None:
            self.console_app.tell("No header above this line tells which invocation it is of.")
        else:
            self.following = False
            self.narrow(replace(self.wanted, invocation_id=message.invocation_id))

    def action_thread(self) -> None:
        if self.wanted.thread is not None:
            self.narrow(replace(self.wanted, thread=None))
            return
        above = (log_source.thread_of(line.head) for line in reversed(self.window.lines[: self.window.cursor + 1]))
        thread = next((name for name in above if name), None)
        if thread is None:
            self.console_app.tell("This line names no thread.")
        else:
            self.following = False
            self.narrow(replace(self.wanted, thread=thread))

    # -- taking lines away ------------------------------------------------------------------------------------------

    def action_range(self) -> None:
        self.window.chosen_from = None if self.window.chosen_from is not None else self._offset
        self.following = False
        self.note = ""
        self.reveal()
        self.refresh_bindings()

    def action_copy(self) -> None:
        start = self.window.chosen_from if self.window.chosen_from is not None else self._offset
        self.source.take(*sorted((start, self._offset)))

    def on_taken(self, message: log_source.Taken) -> None:
        lines = f"{message.lines:,} line{'' if message.lines == 1 else 's'}"
        self.window.chosen_from, self.note = None, f"copied {lines}"
        if not message.whole:
            self.console_app.tell(f"Only the first {lines}: save (s) takes all of them.")
        self.app.post_message(CopyAsked(message.text, f"{lines} of {self.name_shown}"))
        self.reveal()

    def action_save(self) -> None:
        stamp = self.services.now().strftime("%Y%m%dT%H%M%SZ")
        if self.source.save(self.services.copy_dir, f"{self.path.stem}-{stamp}.log"):
            self.note = "saving"
            self.draw()

    def on_saved(self, message: log_source.Saved) -> None:
        self.note = f"saved as {message.path.name}"
        self.console_app.tell(f"Saved in {message.path}, for you alone.")
        self.draw()

    # -- going back -------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        nothing = self.window.current is None
        match action:
            case "find" if self.typing:
                return "it is being typed"
            case "find" | "failure" | "level" | "save" if not self.source.opened:
                return "no log is open"
            case "match" if self.pattern is None:
                return "nothing is searched"
            case "invocation" | "thread" if nothing and not self.wanted:
                return "no line is under the cursor"
            case "copy" | "range" if nothing:
                return "no line is under the cursor"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action in ("find", "match") or super().pointless(action)

    def something_is_open(self) -> bool:
        return not self._alone or self.window.chosen_from is not None or self.pattern is not None or bool(self.wanted)

    def action_back(self) -> None:
        """End the range; then the search; then the filter; then leave the log."""
        self.note = ""
        if self.window.chosen_from is not None:
            self.window.chosen_from = None
        elif self.pattern is not None:
            self.end_search()
        elif self.wanted:
            self.narrow(LogFilter())
        elif not self._alone:
            self.dismiss(None)
            return
        self.reveal()
        self.refresh_bindings()
