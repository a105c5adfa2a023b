"""Eight hours of the wall over the practice platform, in about a minute: what they cost, and whether anything grows.

A look takes as long as ever, which is many minutes of so fast a clock: with a change at every refresh there are fewer
looks than there would be in eight real hours.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from gcms_tui.sandbox.lifecycle import Platform
from tests.benchmarks.measure import Row
from tests.benchmarks.wall_hours import SPEED
from tests.terminal import Terminal

HOURS = 8
REFRESH_MIN = 15
_HOUR_S = 3600 / SPEED
_BYTES_A_MINUTE = 2048
_MEMORY = 1.05
"""As much may differ from one moment to another without anything having grown."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds at one moment."""

    memory_kb: int
    threads: int
    descriptors: int

    @classmethod
    def by(cls, pid: int) -> Held:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        told = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return cls(int(told["VmRSS"].split()[0]), int(told["Threads"]), len(os.listdir(f"/proc/{pid}/fd")))


def wall(platform: Platform) -> list[Row]:
    """First with two dbt runs in eight hours; then with one before each refresh, so that every one is a look."""
    log = platform.dbt_project / "logs" / "dbt.log"
    every = REFRESH_MIN / 60
    return [
        *_hours(platform, f"wall, {HOURS} h, dbt runs twice", lambda: os.utime(log), (2.4, 5.1)),
        *_hours(
            platform,
            f"wall, {HOURS} h, a change at every refresh",
            lambda: os.utime(log),
            tuple(every * place for place in range(2, round(HOURS / every))),
        ),
    ]


def _hours(platform: Platform, what: str, change: Callable[[], None], at: tuple[float, ...]) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        counted = Path(directory) / "queries"
        options = ["--config", str(platform.config), "--read-only", "--refresh", f"{REFRESH_MIN}m"]
        argv = [sys.executable, "-m", "tests.benchmarks.wall_hours", str(counted), *options]
        with Terminal(argv, columns=120, rows=36) as terminal:
            terminal.wait_for("next look", timeout=60)
            began = time.monotonic()
            _pass_by(terminal, began, 1, change, at)
            start, bytes_before = _at_rest(terminal), terminal.received
            _pass_by(terminal, began, HOURS, change, at)
            sent, end = terminal.received - bytes_before, _at_rest(terminal)
            terminal.send("q")
            terminal.wait_gone()
        queries = int(counted.read_text(encoding="utf-8")) if counted.exists() else 0
    a_minute = sent / ((HOURS - 1) * 60)
    memory = end.memory_kb / start.memory_kb
    return [
        Row(what, f"{queries} queries", f"a look each time {HOURS * 60 // REFRESH_MIN * 15}", "", ""),
        Row(
            "  bytes to the terminal",
            f"{a_minute:,.0f} a minute",
            "",
            "",
            f"<= {_BYTES_A_MINUTE:,} {_verdict(a_minute <= _BYTES_A_MINUTE)}",
        ),
        Row(
            "  memory",
            f"{end.memory_kb / 1024:.1f} MiB",
            f"after 1 h {start.memory_kb / 1024:.1f} MiB",
            f"{memory:.2f} x",
            f"no growth {_verdict(memory <= _MEMORY)}",
        ),
        _same("  threads", start.threads, end.threads),
        _same("  descriptors", start.descriptors, end.descriptors),
    ]


def _at_rest(terminal: Terminal) -> Held:
    """The least of what it holds within a refresh: between two looks, and not in the midst of one."""
    until, seen = time.monotonic() + 1.5 * REFRESH_MIN / 60 * _HOUR_S, []
    while time.monotonic() < until:
        terminal.pump(0.05)
        seen.append(Held.by(terminal.process.pid))
    return Held(*(min(getattr(held, field.name) for held in seen) for field in fields(Held)))


def _same(what: str, start: int, end: int) -> Row:
    return Row(what, str(end), f"after 1 h {start}", "", f"no growth {_verdict(end <= start)}")


def _verdict(good: bool) -> str:
    return "ok" if good else "OVER"


def _pass_by(
    terminal: Terminal, began: float, until_hour: float, change: Callable[[], None], at: tuple[float, ...]
) -> None:
    """Keep reading what is drawn until it is so late; `change` comes about at those hours."""
    hour = (time.monotonic() - began) / _HOUR_S
    while hour < until_hour:
        terminal.pump(0.05)
        assert terminal.process.poll() is None, terminal.text()
        later = (time.monotonic() - began) / _HOUR_S
        if any(hour < moment <= later for moment in at):
            change()
        hour = later
