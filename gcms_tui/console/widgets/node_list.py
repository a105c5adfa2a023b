"""The nodes of a run, one a line, failing first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.text import Text
from textual import events

from gcms_tui.console.live_words import node_colour, rank, so_far_text, status_mark
from gcms_tui.console.run_words import seconds_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.run_progress import NodeProgress

_STATUS, _KIND, _TOOK, _ROWS, _GAP = 12, 9, 10, 9, 2
_NAME_LEAST, _NAME_GOOD, _NAME_MOST = 16, 36, 64
_NAME_LETTERS = 120
"""Letters of a name that are looked at before it is cut to its column."""
ORDERS = ("failing first", "as begun", "slowest first")


@dataclass(frozen=True, slots=True)
class NodeRow:
    node: NodeProgress
    seconds: float | None = None
    """How long it took, or has taken so far in whole seconds."""

    @property
    def key(self) -> str:
        return self.node.unique_id

    @property
    def heading(self) -> str:
        return ""


class NodeRows:
    """Makes the rows, the same objects for what has not changed."""

    def __init__(self) -> None:
        self._known: dict[str, NodeRow] = {}

    def rows(self, nodes: Sequence[NodeProgress], order: str, now: datetime) -> tuple[NodeRow, ...]:
        known = self._known
        made = []
        for node in nodes:
            row = known.get(node.unique_id)
            same = row is not None and (row.node is node or row.node == node)
            if row is None or not same or node.status == "running":
                seconds = taken(node, now)
                if row is None or not same or row.seconds != seconds:
                    row = known[node.unique_id] = NodeRow(node, seconds)
            made.append(row)
        if order == "failing first":
            ranks = {status: rank(status) for status in {node.status for node in nodes}}
            made.sort(key=lambda row: ranks[row.node.status])
        elif order == "slowest first":
            made.sort(key=lambda row: -(row.seconds or 0.0))
        return tuple(made)


def taken(node: NodeProgress, now: datetime) -> float | None:
    """Seconds that it took; of one that runs, whole seconds so far."""
    if node.status == "running" and node.started_at is not None:
        return float(max((now - node.started_at) // timedelta(seconds=1), 0))
    if node.elapsed_s is None and node.started_at and node.finished_at:
        return (node.finished_at - node.started_at) / timedelta(seconds=1)
    return node.elapsed_s


class NodeList(RowList[NodeRow]):
    """Until a person moves it, the cursor stays with the row on top: the first that failed, or what runs."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.touched = False
        """A person has chosen a row: the cursor is theirs."""

    def show(self, rows: tuple[NodeRow, ...]) -> None:
        super().show(rows)
        if not self.touched and rows and self.cursor != rows[0].key:
            self.cursor = rows[0].key

    def choose(self, unique_id: str) -> None:
        """A person has chosen this node elsewhere."""
        self.touched = True
        self.cursor = unique_id

    def action_move(self, steps: int) -> None:
        self.touched = True
        super().action_move(steps)

    def on_click(self, event: events.Click) -> None:
        self.touched = True
        super().on_click(event)

    def draw(self, row: NodeRow, width: int, *, current: bool) -> Text:
        palette, glyphs, node = self.look.palette, self.look.glyphs, row.node
        tint = node_colour(node.status, self.look)
        quiet = node.status in ("waiting", "skipped", "not begun")
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append_text(status_mark(node.status, self.look)).append(" ")
        took, kind, rows, said = _fit(width - 1 - _STATUS - 2)
        line.append(cell(glyphs.text(node.status, _STATUS + 4), _STATUS - 2, glyphs.ellipsis), tint).append(" ")
        name = width - line.cell_len - 1 - sum(column + _GAP for column in (took, kind, rows, said) if column)
        label = glyphs.text(node.name, _NAME_LETTERS)
        line.append(cell(label, max(name, 0), glyphs.ellipsis), palette.faint if quiet else palette.text)
        texts = (
            (kind, glyphs.text(node.resource_type, 12), palette.faint, False),
            (took, took_text(row), palette.muted, True),
            (rows, f"{node.failures:,} rows" if node.failures else "", tint, True),
            (said, glyphs.text(reason(node), 200), palette.faint, False),
        )
        for column, text, style, right in texts:
            if column:
                line.append(" " * _GAP).append(cell(text, column, glyphs.ellipsis, right=right), style)
        return line


def took_text(row: NodeRow) -> str:
    return so_far_text(row.seconds or 0.0) if row.node.status == "running" else seconds_text(row.seconds)


def reason(node: NodeProgress) -> str:
    """The line of its message that says most: dbt repeats the node's name on the first line of an error."""
    if node.status in ("success", "pass"):
        return ""
    lines = [line.strip() for line in node.message.splitlines() if line.strip()]
    return lines[1] if len(lines) > 1 and " Error in " in lines[0] else lines[0] if lines else ""


def _fit(room: int) -> tuple[int, int, int, int]:
    """Cells for time, type, failing rows and reason, in `room` cells beside the name; 0 where one is left out."""
    took = _TOOK if room >= _NAME_LEAST + _TOOK + _GAP else 0
    rows = _ROWS if room >= _NAME_LEAST + _TOOK + _ROWS + 2 * _GAP else 0
    kind = _KIND if room >= _NAME_GOOD + _TOOK + _ROWS + _KIND + 3 * _GAP else 0
    spare = room - _NAME_MOST - _TOOK - _ROWS - _KIND - 4 * _GAP
    return took, kind, rows, spare if spare >= 20 else 0
