"""Searching on the log screen: the line in which it is typed, going from match to match, and marking them."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

from gcms_tui.console import log_source
from gcms_tui.console.log_source import LogSource
from gcms_tui.console.log_window import LogWindow
from gcms_tui.console.pane import Pane
from gcms_tui.console.widgets.log_view import LogView
from gcms_tui.console.widgets.search_line import SearchLine
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.log_pattern import Pattern, PatternError, compile_pattern
from gcms_tui.core.log_view import LogState, Match

_ASKED_AGAIN_S = 0.1
"""After the marks of the lines in view were asked for in vain."""


class LogSearching(Pane):
    """The part of the log screen that searches."""

    source: LogSource
    window: LogWindow
    view: LogView
    state: LogState
    following: bool
    error: GcmsError | None
    pattern: Pattern | None = None
    """What is searched."""
    match: Match | None = None
    """The match that was gone to last."""
    note: str = ""
    """What there is to say about the last key."""
    wrong: tuple[Text, ...] | None = None
    """What is wrong with the expression that is being typed."""
    _quest: int = 0
    """The number of the search under way; 0: none."""

    def fetch(self, offset: int | None) -> None:
        """Have the lines around `offset` shown."""
        raise NotImplementedError

    def reveal(self) -> None:
        """Draw everything, with the cursor in view."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw what stands around the lines."""
        raise NotImplementedError

    @property
    def typing(self) -> bool:
        return bool(self.query(SearchLine))

    @property
    def seeking(self) -> bool:
        return bool(self._quest)

    # -- the line ---------------------------------------------------------------------------------------------------

    async def action_find(self) -> None:
        line = SearchLine("" if self.pattern is None else self.pattern.text)
        await self.mount(line, before=self.key_bar)
        self.set_focus(line)
        self.refresh_bindings()

    def on_input_changed(self, message: Input.Changed) -> None:
        self.wrong = None
        try:
            if message.value:
                compile_pattern(message.value)
        except PatternError as error:
            self.wrong = self._wrong(message.value, error)
        self.draw()

    def _wrong(self, text: str, error: PatternError) -> tuple[Text, ...]:
        """What is wrong, and below the expression a mark where."""
        palette, glyphs = self.look.palette, self.look.glyphs
        said = Text(glyphs.text(f"{error.title}: {error.message}", 200), palette.warn, no_wrap=True)
        if error.position is None:
            return (said,)
        start = max(error.position - 30, 0)
        before = glyphs.text(text[start : error.position])
        rest = glyphs.text(text[error.position :], 40)
        shown = Text.assemble(
            (before, palette.text), (rest[:1] or " ", f"bold reverse {palette.warn}"), (rest[1:], palette.text),
            no_wrap=True,
        )  # fmt: skip
        return said, shown

    def on_search_line_asked(self, message: SearchLine.Asked) -> None:
        if not message.text:
            self._close_line()
            self.end_search()
            return
        try:
            pattern = compile_pattern(message.text)
        except PatternError:
            return  # said above the log; the line stays open
        self._close_line()
        self.pattern, self.match, self.error = pattern, None, None
        self.view.marks.clear()
        self._quest = self.source.seek(self._here, 1, pattern=pattern)
        self.following = False
        self.note = ""
        self.refresh_bindings()
        self.draw()

    def on_search_line_left(self, message: SearchLine.Left) -> None:
        self._close_line()

    def _close_line(self) -> None:
        self.query(SearchLine).remove()
        self.wrong = None
        self.view.focus()
        self.draw()

    def end_search(self) -> None:
        self.pattern = self.match = self.error = None
        self._quest = 0
        self.note = ""
        self.view.marks.clear()
        self.source.forget_search()
        self.view.refresh()
        self.draw()
        self.refresh_bindings()

    # -- going to what is found -------------------------------------------------------------------------------------

    @property
    def _here(self) -> int:
        return self.window.current.offset if self.window.current is not None else 0

    def action_match(self, direction: int) -> None:
        if self.pattern is not None:
            self._seek(direction, failure=False)

    def action_failure(self, direction: int) -> None:
        self._seek(direction, failure=True)

    def _seek(self, direction: int, *, failure: bool) -> None:
        self.note = ""
        self.following = False
        self._failure = (direction, failure)
        start = self._here + 1 if direction > 0 else self._here
        self._quest = self.source.seek(start, direction, failure=failure)
        self.draw()

    _failure: tuple[int, bool] = (1, False)
    """The direction in which was looked last, and whether for a failure."""

    def on_sought(self, message: log_source.Sought) -> None:
        if message.serial != self._quest:
            return
        self._quest = 0
        direction, failure = self._failure
        if message.match is None:
            what = "error" if failure else "match"
            where = "" if not failure else " below" if direction > 0 else " above"
            self.note = f"no {what}{where}"
            self.draw()
            return
        if message.wrapped:
            self.note = "from the other end"
        if not failure:
            self.match = message.match
        self._failure = (1, False)
        self._go_to(message.match.offset)
        self.counted()

    def on_search_failed(self, message: log_source.SearchFailed) -> None:
        if message.serial == self._quest:
            self._quest = 0
            self.error = message.error
            self.draw()

    def _go_to(self, offset: int) -> None:
        at = next((place for place, line in enumerate(self.window.lines) if line.offset == offset), None)
        if at is not None:
            self.window.cursor = at
        if at is None or self.window.lacks(self.view.rows):
            self.fetch(offset)
        self.reveal()

    def counted(self) -> None:
        """Counting has gone on: the match gone to last may have its number by now."""
        match, found = self.match, self.state.found
        if match is None or match.rank is not None or found is None or self.pattern is None:
            return
        if self.state.searched == self.pattern.text and (found.done or found.scanned > match.offset):
            self.source.rank(match.offset)

    def on_ranked(self, message: log_source.Ranked) -> None:
        if self.match is not None and self.match.offset == message.match.offset and message.match.rank is not None:
            self.match = message.match
            self.draw()

    # -- marking ----------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """Have the matches in view marked: the search itself is asked, so that no expression can hold up the loop."""
        if self.pattern is None:
            return
        lines = self.view.lines_in_view()
        texts = {line.raw.offset: line.message for line in lines if line.raw.offset not in self.view.marks}
        self.source.marks(self.pattern, texts)

    def on_marked(self, message: log_source.Marked) -> None:
        if self.pattern is None:
            return
        if not message.answered or message.pattern != self.pattern:
            self.set_timer(_ASKED_AGAIN_S, self.mark)
            return
        if len(self.view.marks) > 5_000:
            self.view.marks.clear()
        self.view.marks.update(message.marks)
        self.view.refresh()
        self.mark()
