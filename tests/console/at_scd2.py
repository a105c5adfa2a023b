"""SCD2 tables at a terminal: to a key, through a plan's dialog, and what is typed there."""

from __future__ import annotations

from dataclasses import replace

from tests.console.at_terminal import DOWN, ENTER, TAB, UP, console, drawn, read, seen, shown, typing_at, without
from tests.practice import RunningPlatform
from tests.terminal import Terminal

TABLE = "bronze.br_attendance_scd2"
DIALOG = "Before it is written"


def without_dbt(own: RunningPlatform) -> RunningPlatform:
    """For a console that starts no dbt, and is not to import it either."""
    elsewhere = replace(own, config=own.config.with_name("without_dbt.toml"))
    text = own.config.read_text()
    elsewhere.config.write_text(text.replace("[dbt]", '[dbt]\nexecutable = "/usr/bin/false"'))
    return elsewhere


def at_keys(own: RunningPlatform, *options: str) -> Terminal:
    """The console, opened at the keys with duplicates."""
    terminal = console(own, *options)
    terminal.send("3")
    shown(terminal, "FAIL", TABLE, "3 keys duplicate", "3 tables")
    terminal.send(ENTER)
    shown(terminal, "[duplicate 3]", "2 current", "3 current", "the last")
    return terminal


def at_key(terminal: Terminal, natural_key: str) -> None:
    """From the list of keys to one of them."""
    drawn(terminal)
    while (way := way_to(terminal, natural_key)) is not None:
        move(terminal, way)
        drawn(terminal)
    terminal.send(ENTER)
    shown(terminal, "What the rules go by")


def way_to(terminal: Terminal, natural_key: str) -> str | None:
    """Which way the key's line lies; None where the cursor is on it. A picture that is half drawn may have neither."""

    def place(text: str) -> int:
        return next((place for place, line in enumerate(terminal.lines) if line.startswith(text)), -1)

    def told() -> bool:
        return place(f"▌{natural_key} ") >= 0 or min(place("▌"), place(f" {natural_key} ")) >= 0

    seen(terminal, told, f"{natural_key} or the cursor is not there")
    if place(f"▌{natural_key} ") >= 0:
        return None
    return DOWN if place(f" {natural_key} ") > place("▌") else UP


def marked(terminal: Terminal) -> str:
    """The line of the list that the cursor is on."""
    return next((line for line in terminal.text().splitlines() if line.startswith("▌")), "")


def move(terminal: Terminal, key: str) -> None:
    """To the next line there is; what a line begins with tells it, for the rest may change where it stands."""

    def where() -> list[str]:
        return marked(terminal).split()[:3]

    before = where()
    terminal.send(key)
    seen(terminal, lambda: where() not in ([], before), "the cursor stays")


def planned(terminal: Terminal, natural_key: str) -> None:
    terminal.send("a")
    shown(terminal, DIALOG, f"type  {natural_key}  to confirm", "[ Cancel ]")


def confirm(terminal: Terminal, natural_key: str, reason: str) -> None:
    """What the plan asks for, typed; and the answer given."""
    read(terminal)
    terminal.send(TAB)
    typing_at(terminal, "the confirmation, typed")
    terminal.send(natural_key)
    shown(terminal, "say why, in the second line")
    terminal.send(ENTER)
    typing_at(terminal, "why it is done")
    terminal.send(reason)
    shown(terminal, "Tab to the answer, then Enter")
    terminal.send(ENTER)
    shown(terminal, "[ Write ]")
    read(terminal)
    terminal.send(ENTER)
    without(terminal, "[ Write ]")


def choose_the_other(terminal: Terminal) -> str:
    """The second of two versions that tie is the one to keep; answers how its id begins."""
    shown(terminal, "A full tie")
    terminal.send("a")  # refused
    move(terminal, DOWN)
    drawn(terminal)
    assert DIALOG not in terminal.text() and "tied" in marked(terminal)
    terminal.send(ENTER)
    shown(terminal, "chosen by hand", "KEEP", "empty")
    _, _, role, scd_id, *_ = marked(terminal).replace("▌", "▌ ").split()
    assert role == "KEEP"
    return scd_id.rstrip("…")
