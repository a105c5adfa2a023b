"""On the practice platform alone: which of the invented people to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen

from gcms_tui.console.dialogs import DIALOG_CSS, fit_frame
from gcms_tui.console.key_bar import KeyBar
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk

_LOGIN = 20


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody to be."""

    login: str
    """Empty for oneself."""
    role: str
    now: bool = False
    """It is them already."""
    heading: str = ""

    @property
    def key(self) -> str:
        return self.login


class ActorList(RowList[Actor]):
    """Login and role."""

    def draw(self, row: Actor, width: int, *, current: bool) -> Text:
        palette, text = self.look.palette, self.look.glyphs.text
        line = Text.assemble((self.look.glyphs.cursor if current else " ", palette.accent))
        name = text(row.login, _LOGIN * 2) or "yourself"
        line.append(cell(name, _LOGIN, self.look.glyphs.ellipsis), palette.strong)
        line.append(f"  {text(row.role, 60)}{'  (now)' if row.now else ''}", palette.muted)
        return line


class ActingDialog(ModalScreen[str]):
    """Answers with a login, or an empty text for oneself; None where nothing is to change."""

    CSS_PATH: ClassVar[list[str]] = [DIALOG_CSS]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Be them", id="acting.choose", tooltip="Act as the one who is marked"),
        Binding("escape", "leave", "Close", id="acting.leave", tooltip="Stay who you are"),
    ]

    def __init__(self, look: Look, desk: PayrollDesk) -> None:
        super().__init__()
        self.look = look
        now = desk.person.user
        invented = tuple(Actor(login, role, login == now) for login, role in desk.may_act)
        itself = not any(actor.now for actor in invented)
        self._actors: Sequence[Actor] = (Actor("", "as you logged in", itself), *invented)

    def compose(self) -> ComposeResult:
        frame = Vertical(id="dialog")
        frame.border_title = Text(" Practice: whom to act as ")
        with frame:
            yield ActorList(self.look, id="choices")
            yield KeyBar(self.look)

    def on_mount(self) -> None:
        self._fit(self.app.size)
        listed = self.query_one(ActorList)
        listed.show(tuple(self._actors))
        listed.cursor = next(actor.key for actor in self._actors if actor.now)
        listed.focus()

    def on_resize(self, event: Resize) -> None:
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        fit_frame(self.query_one("#dialog"), size, lambda _: len(self._actors) + 1)

    def on_row_list_chosen(self, message: ActorList.Chosen) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        cursor = self.query_one(ActorList).cursor
        if cursor is not None:
            self.dismiss(cursor)

    def action_leave(self) -> None:
        self.dismiss(None)
