"""A run's timeline: one lane for each of dbt's threads, over an axis of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from gcms_tui.console.live_words import node_colour, status_mark
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.node_list import NodeRow, reason, taken, took_text
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.run_progress import NodeProgress
from gcms_tui.core.timeline import Bar, Lane, Tick, Timeline, timeline

_NUMBER = re.compile(r"Thread-([0-9]{1,9})\b")
_FILLS = {"running": ("╌", "."), "skipped": (" ", " "), "cancelled": ("╌", ".")}
_FILL = ("━", "=")


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane, or a line of words between the lanes."""

    key: str
    lane: Lane | None = None
    chosen: str | None = None
    """The node under the cursor, where it is in this lane."""
    words: str = ""
    ticks: tuple[Tick, ...] = ()
    about: NodeRow | None = None
    """The chosen node, told below the lanes."""

    @property
    def heading(self) -> str:
        return "" if self.lane is not None else self.words or " "


class Lanes(RowList[LaneRow]):
    """Up and down go from lane to lane, left and right from node to node."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "pick(-1)", "Earlier", id="list.earlier", show=False, tooltip="To the node before"),
        Binding("right,l", "pick(1)", "Later", id="list.later", show=False, tooltip="To the node after"),
    ]

    QUIET = True

    @dataclass
    class Picked(Message):
        """Another node is under the cursor."""

        unique_id: str

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.chosen: str | None = None
        self._laid: Sequence[NodeProgress] = ()
        self._now: datetime | None = None
        self.timeline = Timeline(0, None, 0.0, (), ())

    def tell(self, nodes: Sequence[NodeProgress], now: datetime, chosen: str | None) -> None:
        """Lay the nodes out anew."""
        self._laid, self._now, self.chosen = nodes, now, chosen
        label = self._label()
        self.timeline = timeline(nodes, now, max(self.scrollable_content_region.width - label - 3, 0))
        self._show_lanes()
        self._follow()

    def choose(self, unique_id: str | None) -> None:
        """Put the cursor on a node."""
        if unique_id != self.chosen:
            self.chosen = unique_id
            self._show_lanes()
            self._follow()

    def _follow(self) -> None:
        lane = self._lane_of(self.chosen)
        if lane is not None and lane.thread != self.cursor:
            self.cursor = lane.thread

    def measure(self) -> bool:
        if self._now is not None and self.timeline.columns != self._columns():
            self.call_later(self.tell, self._laid, self._now, self.chosen)
        return False

    def _columns(self) -> int:
        return max(self.scrollable_content_region.width - self._label() - 3, 0)

    def _label(self) -> int:
        """Cells for the threads' names."""
        return 9 if self.scrollable_content_region.width >= 60 else 3

    def _show_lanes(self) -> None:
        rows = []
        hidden = sum(lane.hidden for lane in self.timeline.lanes)
        if hidden:
            nodes = "node is" if hidden == 1 else "nodes are"
            rows.append(LaneRow("hidden", words=f"{hidden:,} {nodes} too short to be drawn at this width"))
        rows.append(LaneRow("axis", ticks=self.timeline.ticks))
        for lane in self.timeline.lanes:
            mine = any(bar.node.unique_id == self.chosen for bar in lane.bars)
            rows.append(LaneRow(lane.thread, lane, self.chosen if mine else None))
        node = next((node for node in self._laid if node.unique_id == self.chosen), None)
        if node is not None and self._now is not None:
            rows += [LaneRow("blank"), LaneRow("about", about=NodeRow(node, taken(node, self._now)))]
        self.show(tuple(rows) if self.timeline.lanes else ())

    def _lane_of(self, unique_id: str | None) -> Lane | None:
        return next(
            (lane for lane in self.timeline.lanes if any(bar.node.unique_id == unique_id for bar in lane.bars)), None
        )

    # -- the cursor -------------------------------------------------------------------------------------------------

    def action_move(self, steps: int) -> None:
        """To another lane, and there to the node that ran at about the same time."""
        before = self._bar(self.cursor)
        super().action_move(steps)
        bars = self._bars(self.cursor)
        middle = before.start + before.width // 2 if before else 0
        if bars:
            self._pick(min(bars, key=lambda bar: max(bar.start - middle, middle - bar.start - bar.width + 1, 0)))

    def action_pick(self, steps: int) -> None:
        bars = self._bars(self.cursor)
        at = next((place for place, bar in enumerate(bars) if bar.node.unique_id == self.chosen), 0)
        if bars:
            self._pick(bars[min(max(at + steps, 0), len(bars) - 1)])

    def _pick(self, bar: Bar) -> None:
        self.chosen = bar.node.unique_id
        self._show_lanes()
        self.post_message(self.Picked(self.chosen))

    def _bars(self, thread: str | None) -> tuple[Bar, ...]:
        return next((lane.bars for lane in self.timeline.lanes if lane.thread == thread), ())

    def _bar(self, thread: str | None) -> Bar | None:
        return next((bar for bar in self._bars(thread) if bar.node.unique_id == self.chosen), None)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self, row: LaneRow, width: int, *, current: bool) -> Text:
        palette, glyphs, label = self.look.palette, self.look.glyphs, self._label()
        if row.lane is None:
            return self._between(row, label, width)
        thread = cell(glyphs.text(short(row.lane.thread, label), label), label, glyphs.ellipsis)
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent), (f"{thread} ", palette.muted))
        start = line.cell_len
        for bar in row.lane.bars:
            line.append(" " * (start + bar.start - line.cell_len))
            line.append_text(self._drawn(bar, bar.node.unique_id == row.chosen))
        return line

    def _drawn(self, bar: Bar, chosen: bool) -> Text:
        """Symbol, as much of the name as there is room for, and a stroke to the end."""
        palette, glyphs, node = self.look.palette, self.look.glyphs, bar.node
        text = status_mark(node.status, self.look)
        if bar.width >= 5:
            name = Text(glyphs.text(node.name, 120))
            if name.cell_len > bar.width - 3:
                name.truncate(bar.width - 4)
                name.append(glyphs.ellipsis)
            text.append(" ").append(name.plain, palette.strong if chosen else palette.text).append(" ")
        fill = _FILLS.get(node.status, _FILL)[glyphs.ascii]
        gap = bar.width > 2 and node.status != "running"  # or it would run into the next
        text.append(fill * (bar.width - text.cell_len - gap), node_colour(node.status, self.look))
        if chosen:
            text.stylize(f"reverse {palette.accent}" if bar.width < 5 else f"bold underline on {palette.cursor}")
        return text

    def _between(self, row: LaneRow, label: int, width: int) -> Text:
        """A line that is no lane."""
        palette, glyphs = self.look.palette, self.look.glyphs
        if row.about is None:
            return Text(f" {' ' * label} {row.words}", palette.faint) if row.words else self._axis(row, label)
        node = row.about.node
        line = Text(" ").append_text(status_mark(node.status, self.look))
        line.append(f" {glyphs.text(node.status, 24)}  ", node_colour(node.status, self.look))
        line.append(glyphs.text(node.name, 200), f"bold {palette.strong}")
        told = (took_text(row.about), f"{node.failures:,} rows" if node.failures else "", reason(node))
        for part in told:
            if part:
                line.append(f" {glyphs.dot} ", palette.line).append(glyphs.text(part, 200), palette.muted)
        if line.cell_len > width:
            line.truncate(width - 1)
            line.append(glyphs.ellipsis)
        return line

    def _axis(self, row: LaneRow, label: int) -> Text:
        line = Text(" " * (label + 2))
        for tick in row.ticks:
            line.append(" " * (label + 2 + tick.column - line.cell_len))
            line.append(tick.label, self.look.palette.faint)
        return line


def short(thread: str, width: int) -> str:
    """`thread 2` of `Thread-2 (worker)`."""
    found = _NUMBER.search(thread)
    if found is None:
        return thread.removesuffix("Thread").lower() or thread
    return f"thread {found[1]}" if width >= 8 else found[1]
