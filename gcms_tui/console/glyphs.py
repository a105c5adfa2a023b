"""The characters the console draws with, in Unicode and in plain ASCII, and outside text made fit for either."""

from __future__ import annotations

import unicodedata

from gcms_tui.core.frozen import frozen
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict


@frozen
class Glyphs:
    """One set of characters, each a single cell wide."""

    ascii: bool
    rule: str
    bar: str
    cursor: str
    dot: str
    ellipsis: str
    arrow: str
    waiting: str
    sparks: str
    """From the lowest value to the highest."""
    gap: str
    """Stands in a sparkline for a moment without a value."""

    def verdict(self, verdict: Verdict) -> str:
        """Symbol and word: `✗ FAIL`."""
        return f"{verdict.ascii_symbol if self.ascii else verdict.symbol} {verdict.name}"

    def text(self, value: str, limit: int | None = None) -> str:
        """Outside text on one line, with nothing in it that steers a terminal."""
        text = printable(value, limit)
        return _plain(text) if self.ascii else text

    def lines(self, value: str, limit: int = 20_000) -> list[str]:
        """Outside text that keeps its line breaks, as SQL and messages do; cut after `limit` characters."""
        cut = value[:limit] + (f" {self.ellipsis} {len(value) - limit} more characters" if len(value) > limit else "")
        return [self.text(line.replace("\t", "    ")) for line in cut.replace("\r\n", "\n").split("\n")]


UNICODE = Glyphs(
    ascii=False,
    rule="─",
    bar="│",
    cursor="▌",
    dot="·",
    ellipsis="…",
    arrow="→",
    waiting="·",
    sparks="▁▂▃▄▅▆▇",
    gap="·",
)
ASCII = Glyphs(
    ascii=True,
    rule="-",
    bar="|",
    cursor=">",
    dot="-",
    ellipsis="~",
    arrow="->",
    waiting=".",
    sparks="_.-=+*#",
    gap=" ",
)


def _plain(text: str) -> str:
    """`text` in ASCII: accents dropped, what has no counterpart as a question mark."""
    if text.isascii():
        return text
    return "".join(_letter(character) for character in text.replace("…", "~"))


def _letter(character: str) -> str:
    if character.isascii():
        return character
    base = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if base:
        return base
    return "" if unicodedata.combining(character) or character in "\u200d\ufe0f" else "?"
