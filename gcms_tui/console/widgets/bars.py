"""One-line bars that say as much as fits, the most important first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Region
from textual.widget import Widget

from gcms_tui.console.theme import Look
from gcms_tui.core.frozen import frozen


@frozen
class Part:
    """One statement of a bar, in ever shorter wordings."""

    wordings: tuple[Text, ...]
    rank: int
    """The highest rank is the first to be shortened, and then to go."""


def fit_parts(parts: Sequence[Part], width: int, separator: Text) -> Text:
    """The parts in their order, shortened and dropped by rank until they fit in `width` cells."""
    choice: list[int | None] = [0] * len(parts)
    while (line := _join(parts, choice, separator)).cell_len > width:
        victims = [place for place, chosen in enumerate(choice) if chosen is not None]
        if not victims:
            break
        victim = max(victims, key=lambda place: (parts[place].rank, place))
        chosen = choice[victim]
        assert chosen is not None
        choice[victim] = chosen + 1 if chosen + 1 < len(parts[victim].wordings) else None
        if len(victims) == 1 and choice[victim] is None:
            line.truncate(width)
            break
    return line


def _join(parts: Sequence[Part], choice: Sequence[int | None], separator: Text) -> Text:
    shown = [part.wordings[chosen] for part, chosen in zip(parts, choice, strict=True) if chosen is not None]
    return separator.join(shown)


class Bar(Widget):
    """One line that sends to the terminal only what reads otherwise than before."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.look = look
        self._line = Text()

    def line(self) -> Text:
        """What the bar says now, at its present width."""
        raise NotImplementedError

    def tell(self) -> None:
        """Draw what has changed since it was last drawn."""
        start, end = changed(self._line, self.line())
        if start < end:
            self.refresh(Region(start, 0, end - start, 1))

    def render(self) -> Text:
        self._line = self.line()
        return self._line


def changed(before: Text, after: Text) -> tuple[int, int]:
    """The cells from the first to past the last that differ; (0, 0) where none does."""
    old, new = _cells(before), _cells(after)
    alike = next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    if alike == len(old) == len(new):
        return 0, 0
    start = sum(cell_len(letter) for letter, _ in new[:alike])
    if len(old) != len(new) or before.cell_len != after.cell_len:
        return start, max(before.cell_len, after.cell_len)
    tail = next(place for place, (a, b) in enumerate(zip(reversed(old), reversed(new), strict=True)) if a != b)
    end = sum(cell_len(letter) for letter, _ in new[: len(new) - tail])
    return start, max(end, sum(cell_len(letter) for letter, _ in old[: len(old) - tail]))


def _cells(text: Text) -> list[tuple[str, str]]:
    """Each letter with all of its styles."""
    styles = [str(text.style)] * len(text.plain)
    for span in text.spans:
        for place in range(max(span.start, 0), min(span.end, len(styles))):
            styles[place] += f" {span.style}"
    return list(zip(text.plain, styles, strict=True))
