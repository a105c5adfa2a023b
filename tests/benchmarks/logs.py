"""Logs: opening, memory, searching and following, beside grep and toolong (`tl`) in the same run."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from gcms_tui.adapters.log_file import LogFile
from gcms_tui.core.log_pattern import compile_pattern
from tests.benchmarks.measure import Row, in_turn, process_seconds, seconds_to_text
from tests.terminal import Terminal

GCMS_TUI = str(Path(sys.executable).with_name("gcms-tui"))
RUNS = 5
SMALL, LARGE = 5_000_000, 1_000_000_000
LAST = "the last line of all"
ANY = "On model.gcms."
"""Stands on every screen of the log: toolong opens at the beginning."""
PHRASE, EXPRESSION = "Database Error", r"Database Error in model fct_\w+"
LINES_A_SECOND, POURING_S = 10_000, 8.0


@dataclass(frozen=True, slots=True)
class Logs:
    small: Path
    large: Path


@contextmanager
def made() -> Iterator[Logs]:
    """A small log and a large one, as dbt writes them; deleted afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="gcms-bench-logs-"))
    try:
        logs = Logs(directory / "small" / "dbt.log", directory / "large" / "dbt.log")
        _write(logs.small, SMALL)
        _write(logs.large, LARGE)
        yield logs
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _write(path: Path, size: int) -> None:
    """Blocks of one invocation each, over and over; what is searched stands near the end alone."""
    path.parent.mkdir()
    chance = random.Random(1)
    blocks = [_invocation(chance) for _ in range(40)]
    written = 0
    with path.open("wb") as file:
        while written < size:
            written += file.write(chance.choice(blocks))
        file.write(b"\x1b[0m02:52:19.519721 [error] [MainThread]: Database Error in model fct_x (models/x.sql)\n")
        file.write(f"\x1b[0m02:52:20.519721 [info ] [MainThread]: {LAST}\n".encode())


def _invocation(chance: random.Random) -> bytes:
    rule = "=" * 30
    lines = ["", "", f"{rule} 02:52:19.519721 | {uuid.UUID(int=chance.getrandbits(128))} {rule}"]
    for number in range(300):
        head = f"\x1b[0m02:52:{number % 60:02d}.{chance.randrange(10**6):06d} [debug] [Thread-{number % 4 + 1} (]:"
        lines.append(f'{head} Using snowflake connection "model.gcms.fct_musician_payment"')
        lines.append(f'{head} On model.gcms.fct_musician_payment: /* {{"app": "dbt"}} */')
        lines += [
            "select",
            "    musician_id,",
            "    count(*) as attended",
            "from GCMS.silver.sv_attendance",
            "group by 1",
        ]
        lines.append(f"{head} SQL status: SUCCESS 1 in 0.{number:03d} seconds")
        if number % 10 == 0:
            status = "[\x1b[32mSUCCESS 1\x1b[0m in 0.4s]"
            done = f"{number + 1} of 300 OK created sql table model GOLD.dim_concert .... {status}"
            lines.append(head.replace("debug", "info ") + f" {done}")
    return "\n".join(lines).encode() + b"\n"


def opening(logs: Logs) -> list[Row]:
    """From the start of the program to the last line of the log on the screen."""
    env = {**os.environ, "TERM": "xterm-256color"}
    large, small = in_turn(
        RUNS,
        lambda: seconds_to_text([GCMS_TUI, "log", str(logs.large)], LAST, env),
        lambda: seconds_to_text([GCMS_TUI, "log", str(logs.small)], LAST, env),
    )
    rows = [Row.of_pair("opening a 1 GB log", large, small, "a 5 MB log", 1.2)]
    toolong = _toolong()
    if toolong is None:
        return rows
    for name, path, ours in (("1 GB", logs.large, large), ("5 MB", logs.small, small)):
        what = f"  a {name} log, beside toolong's first screen"
        try:
            theirs = [seconds_to_text([toolong, str(path)], ANY, env) for _ in range(RUNS)]
        except AssertionError:
            rows.append(Row(what, f"{median(ours):.3f} s", "tl drew no log", "", ""))
        else:
            rows.append(replace(Row.of_pair(what, ours, theirs, "tl", 1.0), budget=""))
    return rows


def _toolong() -> str | None:
    beside = Path(sys.executable).with_name("tl")
    return str(beside) if beside.exists() else shutil.which("tl")


def memory(logs: Logs) -> list[Row]:
    """What the console and its processes hold once a log is counted and a search has been through it."""
    small, _ = _resident(logs.small)
    large, at_first = _resident(logs.large)
    growth = large - small
    verdict = "ok" if growth <= 32 else "OVER"
    return [
        Row(
            "memory for a 1 GB log, all processes",
            f"{growth:+.0f} MB",
            f"a 5 MB log {small:.0f} MB",
            "",
            f"<= 32 MB {verdict}",
        ),
        Row("  the console alone, from first screen on", f"{at_first:+.0f} MB", "", "", ""),
    ]


def _resident(path: Path) -> tuple[float, float]:
    """MB resident in all processes in the end, and by how much the console itself has grown since its first screen."""
    lines = int(subprocess.run(["wc", "-l", path], capture_output=True, text=True, check=True).stdout.split()[0])
    with Terminal([GCMS_TUI, "log", str(path)], columns=140, rows=40) as terminal:
        terminal.wait_for(LAST, timeout=30)
        console = terminal.process.pid
        first = _rss(console)
        terminal.wait_for(f"line {lines:,} of {lines:,}", timeout=60)
        terminal.send(f"/{PHRASE}\r")
        terminal.wait_for("1 of 1", timeout=60)
        for key in ("\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~"):
            terminal.send(key)
            while terminal.pump(0.3):
                pass
        children = Path(f"/proc/{console}/task/{console}/children").read_text(encoding="ascii").split()
        children += [child for task in Path(f"/proc/{console}/task").iterdir() for child in _children(task)]
        last = _rss(console)
        total = last + sum(_rss(int(child)) for child in set(children))
    return total, last - first


def _children(task: Path) -> list[str]:
    return (task / "children").read_text(encoding="ascii").split()


def _rss(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def searching(logs: Logs) -> list[Row]:
    """The whole large log, from asking to the final count; its lines have been counted, as soon after it is opened."""
    rows = []
    for what, text, options in (
        ("a phrase", PHRASE, ["-c"]),
        ("an expression", EXPRESSION, ["-cE"]),
        ("a phrase in either case", PHRASE.lower(), ["-ci"]),
    ):
        argv = ["grep", *options, text, str(logs.large)]
        ours, grep = in_turn(RUNS, lambda text=text: _count(logs.large, text), lambda argv=argv: process_seconds(argv))  # type: ignore[misc]
        row = Row.of_pair(f"searching 1 GB for {what}", ours, grep, "grep -c", 2.0)
        pace = sorted(b / a for a, b in zip(ours, grep, strict=True))[RUNS // 2]
        rows.append(replace(row, ratio=f"{pace:.2f} x pace", budget=f">= 0.5 x {'ok' if pace >= 0.5 else 'OVER'}"))
    return rows


def _count(path: Path, text: str) -> float:
    log = LogFile(path)
    try:
        while not log.poll().lines.done:
            time.sleep(0.01)
        began = time.monotonic()
        log.search(compile_pattern(text))
        while (found := log.poll().found) is None or not found.done:
            time.sleep(0.01)
        seconds = time.monotonic() - began
        assert found.number == 1, found
        return seconds
    finally:
        log.close()


def pouring() -> Row:
    """The longest stall of the loop while lines pour into the log that is followed."""
    with tempfile.TemporaryDirectory() as directory:
        path, result = Path(directory) / "dbt.log", Path(directory) / "stalls.json"
        path.write_bytes(b"\x1b[0m02:52:19.519721 [info ] [MainThread]: the first line\n")
        argv = [sys.executable, "-m", "tests.benchmarks.heartbeat", str(result), "log", str(path)]
        with Terminal(argv, columns=140, rows=40) as terminal:
            terminal.wait_for("the first line", timeout=60)
            writer = threading.Thread(target=_pour, args=(path,))
            writer.start()
            while writer.is_alive():
                terminal.pump(0.1)
            terminal.wait_for(LAST, timeout=30)
            terminal.send("q")
            terminal.wait_gone()
        worst_ms = json.loads(result.read_text(encoding="utf-8"))[0] * 1000
    verdict = "ok" if worst_ms <= 100 else "OVER"
    what = f"longest stall, {LINES_A_SECOND:,} lines/s arriving"
    return Row(what, f"{worst_ms:.0f} ms", "", "", f"<= 100 ms {verdict}")


def _pour(path: Path) -> None:
    line = (
        b"\x1b[0m02:52:19.519721 [debug] [Thread-1 (]: On model.gcms.fct_musician_payment: select something from gold\n"
    )
    batch = line * (LINES_A_SECOND // 100)
    began = time.monotonic()
    with path.open("ab", buffering=0) as file:
        for tick in range(int(POURING_S * 100)):
            file.write(batch)
            time.sleep(max(began + (tick + 1) / 100 - time.monotonic(), 0))
        file.write(f"\x1b[0m02:52:20.519721 [info ] [MainThread]: {LAST}\n".encode())


def rows() -> list[Row]:
    """All of it: takes a minute, and a gigabyte of disk meanwhile."""
    with made() as logs:
        return [*opening(logs), *memory(logs), *searching(logs), pouring()]
