"""A verdict in letters that can be read across a room. Pure."""

from __future__ import annotations

from gcms_tui.core.verdict import Verdict

HEIGHT = 5
SCALES = ((4, 2), (2, 1), (1, 1))
"""How many cells wide and high a dot may be, the largest first: a cell is about twice as high as it is wide."""

_LETTERS = {
    "A": (".###.", "#...#", "#####", "#...#", "#...#"),
    "F": ("#####", "#....", "####.", "#....", "#...."),
    "I": ("###", ".#.", ".#.", ".#.", "###"),
    "K": ("#...#", "#..#.", "###..", "#..#.", "#...#"),
    "L": ("#....", "#....", "#....", "#....", "#####"),
    "N": ("#...#", "##..#", "#.#.#", "#..##", "#...#"),
    "O": (".###.", "#...#", "#...#", "#...#", ".###."),
    "R": ("####.", "#...#", "####.", "#..#.", "#...#"),
    "U": ("#...#", "#...#", "#...#", "#...#", ".###."),
    "W": ("#...#", "#...#", "#.#.#", "##.##", "#...#"),
}


def letters(verdict: Verdict, width: int, height: int, dot: str) -> list[str]:
    """The word as large as `width` and `height` cells allow; nothing where they do not."""
    rows = [" ".join(_LETTERS[letter][row] for letter in verdict.name).replace(".", " ") for row in range(HEIGHT)]
    for across, down in SCALES:
        if len(rows[0]) * across <= width and HEIGHT * down <= height:
            return ["".join(cell * across for cell in row).replace("#", dot) for row in rows for _ in range(down)]
    return []
