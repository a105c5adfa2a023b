"""Payroll at a terminal: from the list of concerts into a run, and its first three steps done as a person does them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tests.console.at_terminal import DOWN, ENTER, UP, agree, console, drawn, seen, shown, without
from tests.practice import RunningPlatform
from tests.terminal import Terminal

HOME = "\x1b[H"
CURSORS = ("▌", ">")
"""What marks a line: the second with `--ascii`."""
_SIDE = re.compile("[│|]")
"""What parts the list from the page beside it."""
NAMES = (
    "Verify data freshness",
    "Run dbt models",
    "Run critical tests",
    "Manual spot check",
    "Export payroll data",
    "Sign-off",
    "Record payroll run",
    "Archive payroll snapshot",
    "Document in log",
)
"""The steps, as the list has them."""
PEOPLE = ("yourself", "erin", "frank", "maria")
"""Whom one may act as, as they are listed."""


def at_concerts(
    own: RunningPlatform, *options: str, size: tuple[int, int] = (200, 50), env: Mapping[str, str] | None = None
) -> Terminal:
    """The console, opened at the concerts."""
    terminal = console(own, *options, size=size, env=env)
    terminal.send("4")
    listed(terminal)
    return terminal


def listed(terminal: Terminal) -> None:
    """The concerts are there."""
    shown(terminal, "4 Payroll", "musicians", "on demand")
    seen(terminal, lambda: len(_marked(terminal)) == 1, "no cursor")


def at_concert(terminal: Terminal, concert_id: str) -> None:
    """The cursor, to a concert of the list."""
    to_line(terminal, lambda line: f"  {concert_id}  " in line)


def opened_run(terminal: Terminal, concert_id: str) -> None:
    """A payroll run is opened for the concert, and the wizard stands at its first step."""
    at_concert(terminal, concert_id)
    terminal.send("o")
    shown(terminal, "Open a payroll run", "[ Cancel ]")
    agree(terminal, "Open it")
    in_wizard(terminal)


def at_run(terminal: Terminal, concert_id: str) -> None:
    """From the list to the run that the concert has."""
    at_concert(terminal, concert_id)
    terminal.send(ENTER)
    in_wizard(terminal)


def in_wizard(terminal: Terminal) -> None:
    shown(terminal, "4 Payroll run", "of 9 passed")


def at_step(terminal: Terminal, number: int) -> None:
    """The cursor, to a step, by its number."""
    to_line(terminal, lambda line: line[1:].startswith(f"{number} ") and NAMES[number - 1] in line)


def step_is(terminal: Terminal, number: int, state: str) -> None:
    """Until the step stands so: `passed`, `failed`, `fallen back`, `open`."""
    seen(terminal, lambda: f" {state} " in step_line(terminal, number), f"step {number} is not {state}")


def step_line(terminal: Terminal, number: int) -> str:
    """The step's line as it stands there now; empty where it is not to be seen."""
    found = (line for line in _lines(terminal) if line[1:].startswith(f"{number} ") and NAMES[number - 1] in line)
    return next(found, "")


def freshness(terminal: Terminal, state: str = "passed") -> None:
    at_step(terminal, 1)
    terminal.send(ENTER)
    step_is(terminal, 1, state)


def dbt_step(terminal: Terminal, number: int, state: str = "passed") -> None:
    """Step 2 or 3: its command is looked at, started, followed and judged."""
    dbt_started(terminal, number)
    step_is(terminal, number, state)


def dbt_started(terminal: Terminal, number: int, key: str = ENTER) -> None:
    """`key`: Enter, or R where it has passed before."""
    at_step(terminal, number)
    terminal.send(key)
    shown(terminal, "Before it starts", "starts exactly this", "[ Cancel ]")
    agree(terminal, "Start")


def act_as(terminal: Terminal, login: str) -> None:
    """Play one of the practice platform's people."""
    terminal.send("a")
    shown(terminal, "whom to act as", f"{login} ")
    terminal.send(HOME)
    _chosen(terminal, PEOPLE[0])
    for person in PEOPLE[1 : PEOPLE.index(login) + 1]:
        terminal.send(DOWN)
        _chosen(terminal, person)
    terminal.send(ENTER)
    shown(terminal, f"AS {login}")
    drawn(terminal)
    without(terminal, "reading")


def _chosen(terminal: Terminal, login: str) -> None:
    """In a frame the cursor is not at the beginning of the line."""
    marked = [f"{cursor}{login} " for cursor in CURSORS]
    seen(terminal, lambda: any(said in terminal.text() for said in marked), f"not at {login}")


def to_line(terminal: Terminal, wanted: Callable[[str], bool]) -> None:
    """The cursor, to the line of the list that `wanted` says is the one."""
    seen(terminal, lambda: any(wanted(line) for line in _lines(terminal)), "no such line")
    seen(terminal, lambda: len(_marked(terminal)) == 1, "no cursor")
    while not wanted(_marked(terminal)[0]):
        lines, before = _lines(terminal), _marked(terminal)
        at = next(place for place, line in enumerate(lines) if wanted(line))
        _press(terminal, DOWN if at > lines.index(before[0]) else UP, before)


def _press(terminal: Terminal, key: str, before: list[str]) -> None:
    """A picture may come in pieces: for a moment there is no cursor, or there are two."""
    terminal.send(key)
    seen(terminal, lambda: len(_marked(terminal)) == 1 and _marked(terminal) != before, "the cursor stays")


def _lines(terminal: Terminal) -> list[str]:
    """The list's, without what stands beside it."""
    return [_SIDE.split(line, maxsplit=1)[0] for line in terminal.text().splitlines()]


def _marked(terminal: Terminal) -> list[str]:
    return [line for line in _lines(terminal) if line.startswith(CURSORS)]
