"""dbt runs as they are met on a bad line: real dbt over a practice platform, the console in a real terminal.

Two nodes are added to the project that end when the test says so: nothing here is a race against dbt.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.console.at_terminal import (
    DEADLINE_S,
    DOWN,
    ENTER,
    ESC,
    TAB,
    RunFiles,
    add_gates,
    agree,
    ask,
    console,
    drawn,
    journal,
    newest,
    open_gate,
    over,
    read,
    seen,
    shown,
    until,
    without,
)
from tests.practice import RunningPlatform, copy_sandbox, running
from tests.terminal import Terminal

GRAVE = "expression_is_true_fct_musician_payment_attended_services_required_services"
GATED_TEST = """
{{ config(store_failures=false) }}
{{ wait_for_gate('tests') }}
select instrument_id from {{ ref('dim_instrument') }} where 1 = 0
"""
SLOW_MODEL = "select system$wait(600) as waited\n"


@pytest.fixture(scope="module")
def own(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("line") / "sandbox")) as platform:
        config = platform.config.read_text()
        platform.config.write_text(f'personal_columns = ["rate"]\n{config}')
        add_gates(platform)
        (platform.dbt_project / "tests" / "gated_gold.sql").write_text(GATED_TEST)
        (platform.dbt_project / "models" / "gold" / "slow_report.sql").write_text(SLOW_MODEL)
        yield platform


def at_runs(own: RunningPlatform) -> Terminal:
    """The console, opened at the runs."""
    terminal = console(own)
    terminal.send("2")
    shown(terminal, "2 Runs", "foreign run")
    return terminal


def choose(terminal: Terminal, title: str) -> None:
    """The runbook's command of that title, as far as its preview."""
    terminal.send("s")
    shown(terminal, "Start a dbt command", title)
    seen(terminal, lambda: bool(marked(terminal)), "no cursor")
    while title not in (before := marked(terminal)):
        terminal.send(DOWN)
        seen(terminal, lambda before=before: marked(terminal) not in ("", before), "the cursor stays")  # type: ignore[misc]
    terminal.send(ENTER)
    shown(terminal, "Before it starts", "[ Cancel ]")


def marked(terminal: Terminal) -> str:
    """The line of the chooser that the cursor is on."""
    return next((line for line in terminal.text().splitlines() if "│▌" in line), "")


def nodes_of_preview(terminal: Terminal) -> list[str]:
    """The names below `Nodes`, as far as there is room for them."""
    drawn(terminal)
    lines = [line.partition("│")[2].strip(" │▄▃▂▁▅▆▇█") for line in terminal.text().splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith("Nodes  "))
    return [line.split()[1].rstrip("…") for line in lines[start + 1 :] if line.startswith(("test ", "model "))]


@dataclass(frozen=True, slots=True)
class GoldRun:
    """The gold tests, that the line was lost under."""

    run: RunFiles


@pytest.fixture(scope="module")
def first(own: RunningPlatform) -> Iterator[Terminal]:
    with at_runs(own) as terminal:
        yield terminal


@pytest.fixture(scope="module")
def left(own: RunningPlatform, first: Terminal) -> RunFiles:
    """Started in the first console, and not at its end."""
    choose(first, "Test gold")
    shown(first, "WRITE on  SANDBOX", "dbt test --select gold", "17 nodes: 17 tests", "gated_gold", GRAVE[:40])
    shown(first, "Tab, then Enter")
    agree(first, "Start")
    shown(first, "RUNNING", "dbt test --select gold", "running    gated_gold", "15 pass", "16 of 17")
    return newest(own)


@pytest.fixture(scope="module")
def second(own: RunningPlatform, left: RunFiles) -> Iterator[Terminal]:
    """A console at the runs, opened when that one ran. Whoever goes further comes back there."""
    with at_runs(own) as terminal:
        yield terminal


@pytest.fixture(scope="module")
def tested(own: RunningPlatform, first: Terminal, left: RunFiles, second: Terminal) -> GoldRun:
    """Refused to the second console, lost with the first one's line, found and watched to its end in the second."""
    shown(second, "running", "test --select gold")
    choose(second, "Build everything")
    shown(second, left.run_id, "dbt test --select gold", "refused, see above")
    read(second)
    second.send(TAB + ENTER)
    second.send(ESC)
    without(second, "Before it starts")
    assert newest(own) == left

    first.drop()
    assert first.process.wait(DEADLINE_S) == 128 + signal.SIGHUP
    assert left.running
    shown(second, "running", "16/17")
    second.send(ENTER)
    shown(second, "RUNNING", "running    gated_gold", "16 of 17")
    open_gate(own, "tests")
    shown(second, "FAILED", "17 of 17", "16 of 17 tests passed", "exit 1")
    back(second)
    shown(second, "nothing is running")
    over(own)
    return GoldRun(left)


def back(terminal: Terminal) -> None:
    """From a run to all of them."""
    terminal.send(ESC)
    shown(terminal, "foreign run")


def test_a_run_whose_line_was_lost_is_found_again_and_watched_to_its_end(own: RunningPlatform, tested: GoldRun) -> None:
    assert not tested.run.running
    assert json.loads((tested.run.directory / "end.json").read_text())["exit_code"] == 1
    assert [kind for kind, subject in journal(own) if subject == tested.run.run_id].count("run.start") == 1


def test_the_rows_of_the_failing_critical_test_are_those_of_the_warehouse_and_masked_until_asked_for(
    own: RunningPlatform, tested: GoldRun, second: Terminal
) -> None:
    rows = ask(own, f"SELECT * FROM GCMS.TEST_RESULTS.{GRAVE} ORDER BY NET_AMOUNT")
    assert rows and all(isinstance(row["NET_AMOUNT"], Decimal) for row in rows)
    second.send("f")
    shown(second, "1 critical: hold the payroll", "cause", "SCD2 Corruption", "net_amount", "masked")
    drawn(second)
    for row in rows:
        line = line_with(second, str(row["PAYMENT_KEY"]))
        assert "masked" in line and str(row["RATE"]) not in line.split()
        assert [str(row["GROSS_AMOUNT"]), str(row["DEDUCTIONS"]), str(row["NET_AMOUNT"])] == line.split()[-4:-1]
    assert ("rows.reveal", tested.run.run_id) not in journal(own)

    second.send("u")
    shown(second, "Reveal personal data", "unmasks rate")
    agree(second, "Reveal, and record it")
    shown(second, "REVEALED: rate", *(str(row["RATE"]) for row in rows))
    drawn(second)
    for row in rows:
        line = line_with(second, str(row["PAYMENT_KEY"]))
        assert str(row["RATE"]) in line.split() and "masked" not in line
    back(second)
    assert journal(own).count(("rows.reveal", tested.run.run_id)) == 1


def line_with(terminal: Terminal, word: str) -> str:
    return next(line for line in terminal.text().splitlines() if word in line.split())


def test_a_retry_and_only_failed_tests_name_exactly_what_failed(
    own: RunningPlatform, tested: GoldRun, second: Terminal
) -> None:
    second.send("R")
    shown(second, "Before it starts", "1 node: 1 test", "dbt test --select", "Tab, then Enter")
    (name,) = nodes_of_preview(second)
    assert len(name) >= 40 and GRAVE.startswith(name)
    second.send(ESC)
    without(second, "Before it starts")

    second.send("F")
    shown(second, "result:fail result:error", "1 node: 1 test", "Tab, then Enter")
    (name,) = nodes_of_preview(second)
    assert len(name) >= 40 and GRAVE.startswith(name)
    agree(second, "Start")
    shown(second, "FAILED", "1 of 1", "exit 1")
    back(second)
    run = newest(own)
    assert run != tested.run
    assert len(run.selected) == 1
    over(own)
    assert (run.directory / "end.json").exists()


def test_dbt_outlives_a_console_that_is_killed_and_is_cancelled_from_the_next(
    own: RunningPlatform, tested: GoldRun, second: Terminal
) -> None:
    choose(second, "Build everything")
    shown(second, "WRITE on  SANDBOX", "dbt build", "Tab, then Enter")
    agree(second, "Start")
    shown(second, "RUNNING", "dbt build", "running    slow_report")
    run = newest(own)
    until(lambda: len(run.finished()) > 3, "some nodes have succeeded")
    second.process.kill()
    second.process.wait()
    assert run.running

    with at_runs(own) as terminal:
        terminal.send(ENTER)
        shown(terminal, "RUNNING", "running    slow_report")
        os.kill(run.pid, signal.SIGSTOP)  # it hears of the cancel when this test lets it
        try:
            terminal.send("x")
            shown(terminal, "Ask the run to stop", "dbt build")
            agree(terminal, "Ask it to stop")
            shown(terminal, "CANCEL ASKED", "dbt has not stopped yet")
            assert run.running and "CANCELLED" not in terminal.text()
        finally:
            os.kill(run.pid, signal.SIGCONT)
        shown(terminal, "CANCELLED", "dbt has stopped")
        assert not run.running
        assert [kind for kind, subject in journal(own) if subject == run.run_id][:2] == ["run.start", "run.cancel"]

        terminal.send(ESC)
        shown(terminal, "nothing is running", "■ cancelled", "foreign run")
        terminal.send("R")
        shown(terminal, "Before it starts", "Tab, then Enter")
        again = run.selected - run.finished()
        assert any(unique_id.endswith(".slow_report") for unique_id in again)
        shown(terminal, f"{len(again)} nodes")
        names = nodes_of_preview(terminal)
        assert "slow_report" in names
        aliases = run.aliases()
        assert all(any(aliases[unique_id].startswith(name) for unique_id in again) for name in names)
