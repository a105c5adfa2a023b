"""The help: every key in force where the cursor was, and how to read what is shown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gcms_tui.console.commands import Command
from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.core.verdict import Verdict

_MEANING = {
    Verdict.OK: "looked at, and as it should be",
    Verdict.WARN: "past its target, not yet past its alert",
    Verdict.FAIL: "past its alert: act",
    Verdict.UNKNOWN: "not known: nothing was looked at, or nothing could be. Not green, and worse than a failure",
}


class Help(PageDialog):
    """Generated from the bindings, so that it cannot say anything else than the keys do."""

    def __init__(
        self, look: Look, groups: Sequence[tuple[str, Sequence[Command]]], here: Sequence[tuple[str, str]]
    ) -> None:
        super().__init__(look, "Help")
        self._groups = groups
        self._here = here
        """Which console this is: labels and what they say."""

    def page(self, width: int) -> Sequence[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        lines: list[Text] = []
        for title, members in self._groups:
            lines.append(Text(f" {title}", f"bold {palette.accent}"))
            for command in members:
                lines += self._entry("  ".join(command.keys), command.tooltip, width)
            lines.append(Text())
        lines.append(Text(" Verdicts", f"bold {palette.accent}"))
        for verdict, meaning in _MEANING.items():
            lines += self._entry(glyphs.verdict(verdict), meaning, width, self.look.colour(verdict))
        lines += self._entry("STALE", "an old answer: grey, and no longer believed", width, palette.warn)
        lines += [Text(), Text(" This console", f"bold {palette.accent}")]
        for label, said in self._here:
            lines += self._entry(label, glyphs.text(said), width)
        return lines

    def _entry(self, label: str, meaning: str, width: int, style: str = "") -> list[Text]:
        palette = self.look.palette
        head = Text.assemble((f" {label:<16} ", style or f"bold {palette.text}"))
        wrapped = flow(Text(meaning, palette.muted), max(width - head.cell_len - 1, 10))
        return [head.append_text(wrapped[0]), *(Text(" " * 18).append_text(line) for line in wrapped[1:])]

    def as_text(self) -> str:
        return "\n".join(line.plain for line in self.page(100))
