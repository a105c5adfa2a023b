"""Which views of a run there are, and which one is open."""

from __future__ import annotations

from rich.text import Text

from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Bar, Part, fit_parts


class Views(Bar):
    """`n Nodes 13   t Timeline   m Messages 29`."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._told: tuple[str, int, int, str] = ("nodes", 0, 0, "")

    def tell_of(self, view: str, nodes: int, messages: int, order: str) -> None:
        self._told = (view, nodes, messages, order)
        self.tell()

    def line(self) -> Text:
        view, nodes, messages, order = self._told
        palette = self.look.palette
        parts = []
        for rank, (name, key, label, detail) in enumerate(
            (
                ("nodes", "n", "Nodes", f"{nodes:,} {order}" if view == "nodes" else f"{nodes:,}"),
                ("timeline", "t", "Timeline", ""),
                ("messages", "m", "Messages", f"{messages:,}"),
            )
        ):
            here = name == view
            style = f"bold underline {palette.strong}" if here else palette.muted
            short = Text.assemble((key, f"bold {palette.accent}"), " ", (label, style))
            full = short.copy().append(f" {detail}", palette.faint) if detail else short
            parts.append(Part((full, short), 0 if here else 1 + rank))
        return Text(" ").append_text(fit_parts(parts, self.size.width - 1, Text("   ")))
