"""One-line bars that say as much as fits, the most important first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text


@dataclass(frozen=True, slots=True)
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
