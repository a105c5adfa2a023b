"""What is done at a terminal over a practice platform: waiting for what is to be read, answering, looking behind it."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import snowflake.connector

from gcms_tui.console.guarded import HOLD_S
from tests.practice import RunningPlatform
from tests.terminal import Terminal

DEADLINE_S = 180
ESC, ENTER, TAB, BACK_TAB = "\x1b", "\r", "\t", "\x1b[Z"
UP, DOWN = "\x1b[A", "\x1b[B"

WAIT_FOR_GATE = """
{% macro wait_for_gate(gate) %}
  {% if execute %}
    {% set seen = namespace(open=false) %}
    {% for _ in range(4000) if not seen.open %}
      {% set found = run_query("select count(*) from gcms.public.gates where gate = '" ~ gate ~ "'") %}
      {% set seen.open = found.rows[0][0] > 0 %}
      {% do run_query("select system$wait(300, 'MILLISECONDS')") %}
    {% endfor %}
  {% endif %}
{% endmacro %}
"""


def add_gates(own: RunningPlatform) -> None:
    """Nodes of the project can wait until the test lets them go on: `open_gate`."""
    (own.dbt_project / "macros" / "wait_for_gate.sql").write_text(WAIT_FOR_GATE)
    ask(own, "CREATE TABLE GCMS.PUBLIC.GATES (GATE VARCHAR)")


def open_gate(own: RunningPlatform, gate: str) -> None:
    ask(own, f"INSERT INTO GCMS.PUBLIC.GATES VALUES ('{gate}')")


def ask(own: RunningPlatform, sql: str) -> list[dict[str, Any]]:
    """By a plain connector."""
    with (
        closing(snowflake.connector.connect(**own.snowflake)) as connection,
        connection.cursor(snowflake.connector.DictCursor) as cursor,
    ):
        return [dict(row) for row in cursor.execute(sql).fetchall()]  # type: ignore[union-attr]


def console(
    own: RunningPlatform, *options: str, size: tuple[int, int] = (200, 50), env: Mapping[str, str] | None = None
) -> Terminal:
    """Opened, and connected to the sandbox. `size`: columns and rows; `env`: what is set beside what is."""
    argv = [sys.executable, "-m", "gcms_tui", "--config", str(own.config), *options]
    columns, rows = size
    around = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(env or {})}
    terminal = Terminal(argv, columns=columns, rows=rows, env=around)
    shown(terminal, "SANDBOX")
    return terminal


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def shown(terminal: Terminal, *texts: str) -> None:
    terminal.wait_for(*texts, timeout=DEADLINE_S)


def seen(terminal: Terminal, condition: Callable[[], bool], what: str) -> None:
    """Until the screen is so."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}:\n{terminal.text()}"
        terminal.pump(0.1)


def typing_at(terminal: Terminal, text: str) -> None:
    """Until what is typed goes to the line that this stands in: the terminal's own cursor tells."""
    seen(terminal, lambda: text in terminal.lines[terminal.screen.cursor.y], f"typing does not go to: {text}")


def without(terminal: Terminal, text: str) -> None:
    seen(terminal, lambda: text not in terminal.text(), f"{text} still on the screen")


def drawn(terminal: Terminal) -> None:
    """Until nothing more comes: a picture arrives in several pieces."""
    while terminal.pump(0.5):
        pass


def read(terminal: Terminal) -> None:
    """Until what is shown has been there for as long as it takes to count."""
    counts_from = time.monotonic() + HOLD_S
    while time.monotonic() < counts_from:
        terminal.pump(0.05)


def agree(terminal: Terminal, answer: str) -> None:
    """Move to the answer and give it, once what is shown counts."""
    read(terminal)
    terminal.send(TAB)
    shown(terminal, f"[ {answer} ]")
    terminal.send(ENTER)
    without(terminal, f"[ {answer} ]")


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What a run has left so far."""

    directory: Path

    @property
    def run_id(self) -> str:
        return self.directory.name

    @property
    def selected(self) -> set[str]:
        return set(json.loads((self.directory / "run.json").read_text())["selected"])

    @property
    def pid(self) -> int:
        return int(json.loads((self.directory / "process.json").read_text())["pid"])

    @property
    def running(self) -> bool:
        return Path(f"/proc/{self.pid}").exists() and not (self.directory / "end.json").exists()

    def aliases(self) -> dict[str, str]:
        """What its nodes are called, by unique id."""
        nodes = json.loads((self.directory / "target" / "manifest.json").read_text())["nodes"]
        return {unique_id: node["alias"] for unique_id, node in nodes.items()}

    def finished(self) -> set[str]:
        """Nodes that succeeded, by dbt's own events."""
        found = set()
        whole, _, _ = (self.directory / "events.jsonl").read_text().rpartition("\n")
        for line in whole.splitlines():
            if '"NodeFinished"' in line:
                node = json.loads(line)["data"]["node_info"]
                found |= {node["unique_id"]} if node["node_status"] in ("success", "pass") else set()
        return found


def newest(own: RunningPlatform) -> RunFiles:
    """Of the runs that were started here."""
    events = (own.state_dir / "runs").glob("*/events.jsonl")
    return RunFiles(max((path.parent for path in events), key=lambda path: path.name))


def journal(own: RunningPlatform) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(own.state_dir / "store.sqlite3")) as connection:
        return connection.execute("SELECT kind, subject FROM journal ORDER BY sequence").fetchall()


def over(own: RunningPlatform) -> None:
    """Until no run holds the lease any more: its keeper fetches failing rows after dbt's end."""
    until(lambda: not any((own.state_dir / "leases").glob("*.json")), "a run goes on")
