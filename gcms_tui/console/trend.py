"""The performance review: how long nodes take, what has become slower, how often runs and tests succeed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.headline import Headline
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed, Pane
from gcms_tui.console.present import moment_text
from gcms_tui.console.run_words import seconds_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.troubleshooting import CARD, NO_CARD, card_text, open_card
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.document import pair
from gcms_tui.console.widgets.lines import Lines
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.console.widgets.sparkline import sparkline
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Point
from gcms_tui.core.procedures.matching import Match, match_trend
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.run_history import NodeTrend, Trend

_WINDOWS = (7, 30, 90)
"""Days."""
_MARK = 9
"""`▲ slower` and a space."""
_NAME_LEAST, _NAME_MOST = 16, 60
_SPARK_MOST = 30
_FIGURES = (("runs", 5), ("mean", 8), ("p95", 8), ("max", 8), ("last", 8))
_DROPPED = ("max", "runs", "p95", "mean")
"""What a narrow terminal loses, in this order; never how long it took last."""


@dataclass
class TrendRead(Message):
    """What the history tells of so many days."""

    days: int
    trend: Trend


@dataclass(frozen=True, slots=True)
class TrendRow:
    """The header, which is always the first row, or a node."""

    key: str
    heading: str = ""
    node: NodeTrend | None = None


@dataclass(frozen=True, slots=True)
class TrendColumns:
    """Cells of the name and of the sparkline, and which figures there is room for."""

    name: int
    figures: tuple[tuple[str, int], ...]
    spark: int


def fit(width: int, name: int, points: int) -> TrendColumns:
    """Share `width` cells; `name` is the longest name's."""
    figures = list(_FIGURES)
    least = min(max(name, _NAME_LEAST), 30)
    for lost in _DROPPED:
        if 1 + _MARK + least + sum(cells + 2 for _, cells in figures) + 1 <= width:
            break
        figures = [figure for figure in figures if figure[0] != lost]
    rest = width - 2 - _MARK - sum(cells + 2 for _, cells in figures)
    shown = max(min(name, _NAME_MOST, rest), 0)
    spark = min(rest - shown - 2, points, _SPARK_MOST)
    return TrendColumns(shown, tuple(figures), spark if spark >= min(points, 5) and points > 1 else 0)


class TrendList(RowList[TrendRow]):
    """One line a node, regressions first, as the history orders them."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._columns = TrendColumns(20, _FIGURES, 0)

    def measure(self) -> bool:
        before, nodes = self._columns, [row.node for row in self._rows if row.node is not None]
        name = max((cell_len(self.look.glyphs.text(node.name, _NAME_MOST)) for node in nodes), default=0)
        points = max((len(node.points) for node in nodes), default=0)
        self._columns = fit(self.scrollable_content_region.width, name, points)
        return self._columns != before

    def draw(self, row: TrendRow, width: int, *, current: bool) -> Text:
        palette, glyphs, columns = self.look.palette, self.look.glyphs, self._columns
        if row.node is None:
            line = Text(" " * (1 + _MARK) + cell("node", columns.name), f"bold {palette.muted}")
            for title, cells in columns.figures:
                line.append("  " + cell(title, cells, right=True))
            return line.append("  history" if columns.spark >= 7 else "")
        node = row.node
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        symbol = Verdict.WARN.ascii_symbol if glyphs.ascii else Verdict.WARN.symbol
        line.append(cell(f"{symbol} slower" if node.regressed else "", _MARK), f"bold {palette.warn}")
        line.append(cell(glyphs.text(node.name, 200), columns.name, glyphs.ellipsis), palette.text)
        seconds = {"mean": node.mean_s, "p95": node.p95_s, "max": node.max_s, "last": node.last_s}
        for title, cells in columns.figures:
            said = brief_seconds(seconds[title]) if title in seconds else f"{node.runs:,}"
            tint = palette.warn if title == "last" and node.regressed else palette.muted
            line.append("  " + cell(said, cells, right=True), palette.strong if title == "mean" else tint)
        if columns.spark:
            line.append("  ").append_text(sparkline(_points(node, columns.spark), columns.spark, self.look))
        return line


def brief_seconds(seconds: float) -> str:
    """In eight cells: `3.7 s`, `14.2 s`, `2:05 min`, `1:07 h`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d} min" if whole < 3_600 else f"{whole // 3_600}:{whole % 3_600 // 60:02d} h"


def _points(node: NodeTrend, most: int) -> tuple[Point, ...]:
    """The last of them, at most so many."""
    from datetime import UTC, datetime

    newest = node.points[-most:]
    last = len(newest) - 1
    slow = Verdict.WARN if node.regressed else Verdict.OK
    began = datetime.fromtimestamp(0, UTC)  # only the order counts here
    return tuple(Point(began, slow if at == last else Verdict.OK, seconds) for at, seconds in enumerate(newest))


class TrendScreen(Pane):
    """Over a pane; Esc leads back to it."""

    TITLE = "Trend"
    CSS_PATH: ClassVar[list[str]] = ["trend.tcss"]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "window", "Window", id="trend.window", tooltip="Look at 7, 30 or 90 days"),
        CARD,
        Binding("c", "copy", "Copy", id="trend.copy", tooltip="Copy the review as a table"),
        Binding("r", "refresh", "Refresh", id="trend.refresh", tooltip="Read the history again"),
        Binding("e", "error", "Error", id="trend.error", tooltip="The last failure in full"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: RunDesk) -> None:
        super().__init__(services, look)
        self.days = 30
        self.read: TrendRead | None = None
        self.error: GcmsError | None = None
        self._desk = desk
        self._loader = Loader(self, "trend")
        self.headline = Headline(look, id="headline")
        self.metrics = Lines(id="metrics")
        self.nodes = TrendList(look, id="nodes")
        self.about = Brief(look, id="node")

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.headline
        yield self.metrics
        yield self.nodes
        yield self.about
        yield self.key_bar

    def on_mount(self) -> None:
        self.nodes.focus()
        self._load()

    def _load(self) -> None:
        """Read the window that is wanted; one that was asked for meanwhile is read behind it."""
        days = self.days
        self._loader.start(lambda: TrendRead(days, self._desk.history.trend(timedelta(days=days))))
        self.draw()
        self.refresh_bindings()

    def on_trend_read(self, message: TrendRead) -> None:
        self.read, self.error = message, None
        nodes = tuple(TrendRow(node.unique_id, node=node) for node in message.trend.nodes)
        self.nodes.show((TrendRow("§header", heading="header"), *nodes) if nodes else ())
        if message.days != self.days:
            self._load()
        self.draw()
        self.refresh_bindings()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.error = message.error
        self.draw()
        self.refresh_bindings()
        self.action_error()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        palette, read = self.look.palette, self.read
        self.headline.parts = self._headline()
        self.metrics.show(self._metrics)
        said = "Reading the history." if self._loader.busy else "No run of this window tells of any node."
        if self.error is not None and read is None:
            said = "The history could not be read: e says why, r tries again."
        self.nodes.empty = Text(f" {said}", palette.muted)
        self.about.said = self._about()
        self.say(
            Status(title="Trend", refresh=("reading",) if self._loader.busy else ("",), stale=self.error is not None)
        )

    def _headline(self) -> tuple[Part, ...]:
        palette, read = self.look.palette, self.read
        windows = Text("  ").join(
            Text(
                f"[{days} days]" if days == self.days else f"{days}",
                f"bold {palette.accent}" if days == self.days else palette.faint,
            )
            for days in _WINDOWS
        )
        parts = [Part((windows,), 0)]
        if read is not None:
            slower = sum(node.regressed for node in read.trend.nodes)
            said = (
                Text(f"{slower} slower than usual", f"bold {palette.warn}")
                if slower
                else Text("none slower than usual", palette.muted)
            )
            parts.append(Part((said,), 1))
            parts.append(Part((Text(f"{read.trend.runs:,} runs since {read.trend.since:%Y-%m-%d}", palette.muted),), 2))
        return tuple(parts)

    def _metrics(self, width: int) -> list[Text]:
        if self.read is None:
            return []
        palette, trend = self.look.palette, self.read.trend
        lines: list[Text] = []
        for label, said in (("K1 runs", trend.run_success), ("K2 tests", trend.test_pass)):
            named = Text(f" {label:<10}", f"bold {palette.accent}")
            lines += pair(named, Text(self.look.glyphs.text(said, 300), palette.text), width)
        return [*lines, Text()]

    def _about(self) -> tuple[Text, ...]:
        node = self.focused_node
        if node is None:
            return ()
        palette, glyphs = self.look.palette, self.look.glyphs
        first = Text(glyphs.text(f"{node.resource_type}  {node.unique_id}", 300), palette.muted)
        usual = f"last {seconds_text(node.last_s)}, mean {seconds_text(node.mean_s)} of {node.runs:,} runs"
        if self.card is None:
            return first, Text(usual, palette.warn if node.regressed else palette.faint)
        return first, Text(f"{usual} {glyphs.arrow} ", palette.warn).append_text(card_text(self.card, self.look))

    @property
    def focused_node(self) -> NodeTrend | None:
        return next((row.node for row in self.nodes.rows if row.key == self.nodes.cursor), None)

    @property
    def card(self) -> Match | None:
        """The runbook's, where the focused node has become slower."""
        node = self.focused_node
        return match_trend(node) if node is not None else None

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self.about.said = self._about()
        self.refresh_bindings()

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        match action:
            case "copy" if self.read is None:
                return "the history has not been read"
            case "card" if self.card is None:
                return "no node is focused" if self.focused_node is None else NO_CARD
            case "refresh" if self._loader.busy:
                return "it is being read"
            case "error" if self.error is None:
                return "nothing has failed"
        return None if action == "back" else super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action in ("error", "card")

    def action_back(self) -> None:
        self.dismiss(None)

    def action_window(self) -> None:
        self.days = _WINDOWS[(_WINDOWS.index(self.days) + 1) % len(_WINDOWS)]
        self._load()

    def action_refresh(self) -> None:
        self._load()

    async def action_card(self) -> None:
        await open_card(self, self.card)

    def action_error(self) -> None:
        if self.error is not None:
            self.app.push_screen(ErrorDialog(self.look, self.error))

    def action_copy(self) -> None:
        if self.read is not None:
            self.app.post_message(CopyAsked(trend_text(self.read.trend), "the performance review"))


def trend_text(trend: Trend) -> str:
    """Tab-separated seconds, with the window and the two metrics."""
    head = [
        f"-- {trend.runs} runs since {moment_text(trend.since)}",
        f"-- {trend.run_success}",
        f"-- {trend.test_pass}",
    ]
    return "\n".join([*head, "node\ttype\truns\tmean_s\tp95_s\tmax_s\tlast_s\tregressed", *_rows(trend.nodes)])


def _rows(nodes: Iterable[NodeTrend]) -> Iterable[str]:
    for node in nodes:
        figures = (f"{seconds:.3f}" for seconds in (node.mean_s, node.p95_s, node.max_s, node.last_s))
        yield "\t".join(
            [node.unique_id, node.resource_type, str(node.runs), *figures, "slower" if node.regressed else ""]
        )
