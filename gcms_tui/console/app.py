"""The console: its modes, its keys, and how it is entered and left."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.events import AppFocus
from textual.message import Message
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.timer import Timer

from gcms_tui.console.clipboard import osc52, save_private
from gcms_tui.console.copier import Copied, Copier
from gcms_tui.console.glyphs import ASCII, UNICODE
from gcms_tui.console.modes import PANES, without_configuration
from gcms_tui.console.once import Once, OnceEach
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed, Pane
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Escalation, Writes
from gcms_tui.console.terminal import Terminal, Watchdog, endings_leave, forget_terminal, screen_of_its_own
from gcms_tui.console.theme import Look, palette_for, textual_theme
from gcms_tui.console.tight import tight
from gcms_tui.console.writing.writer import Writer
from gcms_tui.core.errors import ConfigError, GcmsError

if TYPE_CHECKING:
    from gcms_tui.console.commands import Command
    from gcms_tui.core.payroll.hold import Hold
    from gcms_tui.core.run import Run
    from gcms_tui.operations.incidents.book import Listed
    from gcms_tui.operations.writing.doubts import Doubt


_KEYS = {
    "escape": "Esc",
    "enter": "Enter",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "space": "Space",
    "plus": "+",
    "minus": "-",
    "tab": "Tab",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


_DOUBTS_S = 15.0
"""From one look at writes without an outcome to the next, while there are some."""


@dataclass
class DoubtsRead(Message):
    """The journal's intents without an outcome; `unread`: it could not be asked."""

    doubts: tuple[Doubt, ...]
    unread: bool = False
    holds: tuple[Hold, ...] | None = None
    """What holds payroll; None where that could not be read."""
    incidents: Listed | None = None
    """Those that are open; None where that could not be read."""


class WholeCells(ScrollBarRender):
    """A scroll bar of whole cells: nothing that a plain terminal cannot show."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


class ConsoleApp(App[None]):
    """Owns what outlives a pane: keys that work everywhere, copying, leaving."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "list_pane.tcss"]
    """All at once: Textual parses everything anew for each stylesheet that comes later, before the first paint."""
    DEFAULT_MODE = "health"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "gcms-tui"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "pane('health')", "Health", id="pane.health", show=False, tooltip="Go to the health pane"),
        Binding("2", "pane('runs')", "Runs", id="pane.runs", show=False, tooltip="Go to dbt's runs"),
        Binding("3", "pane('scd2')", "SCD2", id="pane.scd2", show=False, tooltip="Go to the tables of versions"),
        Binding("4", "pane('payroll')", "Payroll", id="pane.payroll", show=False, tooltip="Go to payroll"),
        Binding("5", "pane('runbook')", "Runbook", id="pane.runbook", show=False, tooltip="Go to the runbook"),
        Binding("6", "pane('journal')", "Journal", id="pane.journal", show=False, tooltip="Go to the journal"),
        Binding("W", "pane('wall')", "Wall", id="pane.wall", show=False, tooltip="The verdict for a whole room"),
        Binding("colon,ctrl+p", "palette", "Commands", id="palette", tooltip="Everything that can be done here"),
        Binding("question_mark", "help", "Help", id="help", tooltip="The keys, and how to read the screen"),
        Binding(
            "ctrl+z", "suspend_process", "Suspend", id="suspend", show=False, tooltip="Back to the shell; fg returns"
        ),
        Binding("q,ctrl+q", "quit", "Quit", id="quit", tooltip="Leave the console"),
    ]

    def __init__(self, services: ConsoleServices, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        services = replace(
            services,
            open_runs=Once(services.open_runs),
            open_scd2=Once(services.open_scd2),
            open_payroll=OnceEach(services.open_payroll),
            open_runbook=Once(services.open_runbook),
            open_incidents=Once(services.open_incidents),
            open_pipeline=Once(services.open_pipeline),
            open_backups=Once(services.open_backups),
        )
        self.services = services
        self.writer = Writer()
        self.dbt_running: tuple[Run, ...] = ()
        """What is known of dbt commands that run just now."""
        self.doubts: tuple[Doubt, ...] = ()
        """Writes that nobody knows the outcome of, and that nobody is at any more; the oldest first."""
        self.writes = Writes()
        self.holds: tuple[Hold, ...] = ()
        """What holds payroll, as far as it is known."""
        self.escalation = Escalation()
        self.look = Look(palette_for(self.console.color_system), ASCII if services.ascii else UNICODE)
        self.register_theme(textual_theme(self.look.palette))
        self.set_reactive(App.theme, "gcms")  # setting it aloud would parse every stylesheet a second time
        self.stylesheet.set_variables(self.get_css_variables())
        self.crash = ""
        """The traceback of a bug, without the values of any variable; empty where there was none."""
        self._copier = Copier(self, services.copy_dir)
        self._doubts = Loader(self, "doubts")
        self._next_doubts: Timer | None = None
        self._next_escalation: Timer | None = None
        self.set_class(services.ascii, "-ascii")
        if services.ascii:
            ScrollBar.renderer = WholeCells
        for mode, pane in PANES.items():
            self.add_mode(
                mode, partial(pane if services.config_error is None else without_configuration, services, self.look)
            )

    @property
    def pane(self) -> Pane | None:
        """The pane in front, whatever dialogs lie over it."""
        base = self.screen_stack[0] if self.screen_stack else None
        return base if isinstance(base, Pane) else None

    def get_key_display(self, binding: Binding) -> str:
        if binding.key_display:
            return binding.key_display
        return "+".join(_KEYS.get(key, key) for key in binding.key.split("+")).replace("ctrl+", "^")

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        """Why an action that works everywhere does not work now."""
        if action == "pane" and self.services.config_error is not None:
            return "there is no configuration"
        if action == "suspend_process" and self.writer.busy:
            return "a write is under way"
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.refusal(action) else True

    def action_pane(self, mode: str) -> None:
        self.switch_mode(mode)

    def action_help(self) -> None:
        from gcms_tui.console.commands import commands
        from gcms_tui.console.help import Help

        pane = self.screen if isinstance(self.screen, Pane) else self.pane
        title = pane.TITLE if pane is not None and pane.TITLE else "Here"
        groups: dict[str, list[Command]] = {title: [], "Everywhere": [], "Moving about": []}
        for command in commands(self, self.screen):
            group = "Moving about" if command.moves else "Everywhere" if command.node is self else title
            groups[group].append(command)
        services = self.services
        here = (
            ("version", services.version),
            ("target", services.target),
            ("configuration", str(services.settings.path or "none")),
            ("mode", f"READ-ONLY: {services.read_only_reason}" if services.read_only else "WRITE"),
        )
        self.push_screen(Help(self.look, tuple(groups.items()), here))

    def action_palette(self) -> None:
        from gcms_tui.console.commands import commands
        from gcms_tui.console.palette import CommandPalette
        from gcms_tui.console.runbook.useful import to_copy

        choices = (*commands(self, self.screen), *to_copy(self, self.services.settings))
        self.push_screen(CommandPalette(self.look, choices), self._run_command)

    def action_copy_text(self, text: str, what: str) -> None:
        self.post_message(CopyAsked(text, what))

    async def action_quit(self) -> None:
        if self.writer.busy:
            self.tell("A write is under way and is not broken off: it takes seconds. Then quit again.", warning=True)
        else:
            await super().action_quit()

    async def _run_command(self, chosen: Command | None) -> None:
        if chosen is not None:
            await self.run_action(chosen.action, default_namespace=chosen.node)

    def on_app_focus(self, event: AppFocus) -> None:
        if self.pane is not None:
            self.pane.looked_at()

    def dbt_is(self, running: tuple[Run, ...]) -> None:
        """Somebody has seen which dbt commands run: every pane says so in its bar at the top."""
        self.dbt_running = running
        for screen in self.screen_stack:
            if isinstance(screen, Pane):
                screen.status_bar.running = running

    # -- writes in doubt --------------------------------------------------------------------------------------------

    def look_for_doubts(self) -> None:
        """Ask the journal, off the loop, for writes that have no outcome. The warehouse is not asked."""
        self._doubts.ask(self._read_doubts)

    def _read_doubts(self) -> DoubtsRead:
        holds: tuple[Hold, ...] | None = None
        with suppress(GcmsError):
            holds = self.services.holds()
        incidents: Listed | None = None
        with suppress(GcmsError):
            incidents = self.services.open_incidents().book.open_ones()
        try:
            return DoubtsRead(self.services.doubts(), holds=holds, incidents=incidents)
        except ConfigError:  # nothing to be written to is configured; whoever wants to is told why
            return DoubtsRead((), holds=holds, incidents=incidents)
        except GcmsError:
            return DoubtsRead((), unread=True, holds=holds, incidents=incidents)

    def on_doubts_read(self, message: DoubtsRead) -> None:
        if message.holds is not None:
            self.holds_are(message.holds)
        if message.incidents is not None:
            self.incidents_are(message.incidents)
        self.doubts_are(message.doubts, unread=message.unread)
        if self._doubts.asked_again:
            self.look_for_doubts()

    def doubts_are(self, doubts: tuple[Doubt, ...], *, unread: bool = False) -> None:
        """Somebody has seen them: every pane says so in its bar at the top, until they are settled."""
        self.doubts = tuple(doubt for doubt in doubts if not doubt.under_way)
        writing = next((doubt.entry for doubt in doubts if doubt.under_way), None)
        self.writes = Writes(len(self.doubts), f"{writing.user}@{writing.host}" if writing else "", unread)
        for screen in self.screen_stack:
            if isinstance(screen, Pane):
                screen.writes_are(self.writes)
        if self._next_doubts is not None:
            self._next_doubts.stop()
        self._next_doubts = self.set_timer(_DOUBTS_S, self.look_for_doubts) if doubts or unread else None

    def holds_are(self, holds: tuple[Hold, ...]) -> None:
        """Somebody has seen what holds payroll: every pane says so in its bar at the top."""
        self.holds = holds
        for screen in self.screen_stack:
            if isinstance(screen, Pane):
                screen.status_bar.held = bool(holds)

    def incidents_are(self, listed: Listed) -> None:
        """Somebody has seen which incidents are open: every pane says where an escalation is overdue, also one that
        becomes so while nothing is read."""
        from gcms_tui.console.runbook.escalation import standing

        self.escalation, next_s = standing(listed, self.services.now())
        for screen in self.screen_stack:
            if isinstance(screen, Pane):
                screen.status_bar.escalation = self.escalation
        if self._next_escalation is not None:
            self._next_escalation.stop()
        self._next_escalation = self.set_timer(next_s, lambda: self.incidents_are(listed)) if next_s else None

    # -- copying ----------------------------------------------------------------------------------------------------

    def on_copy_asked(self, message: CopyAsked) -> None:
        sequence = osc52(message.text, os.environ)
        if sequence and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
        self._copier.save(message.what, message.text, sent=bool(sequence))

    def on_copied(self, message: Copied) -> None:
        self._copier.go_on()
        where = f"Saved in {message.path}, for you alone."
        sent = "Sent to the terminal's clipboard. " if message.sent else "Too long for the terminal's clipboard. "
        self.tell(f"{sent}{where}")

    def on_load_failed(self, message: LoadFailed) -> None:
        self._copier.go_on()
        self.tell(f"{message.error.message} {message.error.next_step}", title=message.error.title, warning=True)

    def tell(self, said: str, *, title: str = "", warning: bool = False) -> None:
        """A short word in the corner. What it says is data, whatever it looks like."""
        text = self.look.glyphs.text
        self.notify(
            text(said, 400), title=text(title, 80), severity="warning" if warning else "information", markup=False
        )

    def refresh_css(self, animate: bool = True) -> None:
        """Does nothing: Textual would parse every stylesheet again as the theme is first set, before the first paint.
        The look stands from the beginning and never changes."""

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, tight(renderable) if isinstance(renderable, ChopsUpdate) else renderable)
        if isinstance(screen, Pane) and renderable is not None and not self._batch_count:
            screen.has_been_painted()

    # -- leaving ----------------------------------------------------------------------------------------------------

    def _fatal_error(self) -> None:
        # Textual's own prints every local variable, passwords and all.
        self.crash = traceback.format_exc()
        self._close_messages_no_wait()


def run_console(
    services: ConsoleServices, console: Callable[[ConsoleServices, type[Driver]], ConsoleApp] | None = None
) -> int:
    """Run the console, or another one made like it, in this process's terminal until it is left.

    The exit status: 0, 128 + the number of the signal that ended it, or 70 where it stopped on a bug.
    """
    app = (console or ConsoleApp)(services, Terminal)
    watchdog = Watchdog(app.writer.wait)

    def leave(code: int) -> None:
        if code == 129 and isinstance(app._driver, Terminal):
            app._driver.fall_silent()
        app.exit(return_code=code)

    def dropped() -> bool:
        return isinstance(app._driver, Terminal) and app._driver.line_has_dropped()

    async def stay() -> None:
        with endings_leave(leave, dropped, watchdog):
            try:
                await app.run_async()
            finally:
                _let_the_write_end(app.writer)

    with screen_of_its_own(services.copy_dir / "stderr.log"):
        asyncio.run(stay())
    watchdog.disarm()
    if app.return_code == 129:
        forget_terminal()
    return _after_a_bug(app, services) if app.crash else app.return_code or 0


def _let_the_write_end(writer: Writer) -> None:
    """Keeps the process, its connections and its lease for as long: nothing else is to be done any more."""
    if writer.busy and sys.__stderr__ is not None:
        with suppress(OSError):  # a terminal that has gone
            sys.__stderr__.write("A write is under way. It is not broken off: it ends in a moment.\n")
            sys.__stderr__.flush()
    writer.wait()


def _after_a_bug(app: ConsoleApp, services: ConsoleServices) -> int:
    try:
        where = f"The details are in {save_private(services.copy_dir, 'crash.txt', app.crash)}"
    except GcmsError as error:
        where = f"The details could not be saved: {error.message}"
    reason = app.crash.strip().splitlines()[-1]
    sys.stderr.write(f"The console stopped on a bug of its own: {app.look.glyphs.text(reason, 300)}\n{where}\n")
    return 70
