"""A payroll at a real terminal: stopped by its tests, mended, signed by three and paid.

Real dbt over a practice platform. Whatever the console says is held against the journal, the file, Postgres and the
archive, by plain drivers. Two payrolls beside each other are walked in tests/cli/test_payroll_walk.py.
"""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gcms_tui.core.payroll import events
from tests.console.at_payroll import (
    act_as,
    at_concert,
    at_concerts,
    at_run,
    dbt_started,
    dbt_step,
    freshness,
    opened_run,
    step_is,
)
from tests.console.at_payroll_steps import (
    REASON,
    archived_beside_another,
    at_row,
    at_rows,
    begun,
    confirmed_at_last,
    ended,
    exported,
    gate_closed,
    hash_told,
    left,
    lifting,
    logged,
    no_answer,
    noted,
    planned_payment,
    revealed,
    signed,
    ticked,
    typed,
)
from tests.console.at_terminal import (
    DEADLINE_S,
    ENTER,
    TAB,
    RunFiles,
    add_gates,
    ask,
    drawn,
    journal,
    newest,
    open_gate,
    over,
    read,
    shown,
    typing_at,
    until,
    without,
)
from tests.payroll_agreement import sides
from tests.payroll_walk import HELD, TODAY, TRIO, Walk
from tests.practice import RunningPlatform, copy_sandbox, running
from tests.terminal import Terminal

CRITICAL = "expression_is_true_fct_musician_payment_attended_services_required_services"
ROWS = 20
"""What is drawn of the held concert to be looked at."""
SMALL, MIDDLE = (80, 24), (120, 40)
QUERY, ANSWER = "was one rehearsal missed?", "an illness, with a note"
ARCHIVE = f"GCMS.GOLD.FCT_MUSICIAN_PAYMENT_{TODAY.replace('-', '')}"
"""The archive's name, if it is free."""
MONOCHROME = {"default", "black", "white", "brightwhite", "brightblack"}
GATED_TEST = """
{{ config(store_failures=false) }}
{{ wait_for_gate('attendance') }}
select scd_id from {{ ref('br_attendance_scd2') }} where 1 = 0
"""


@pytest.fixture(scope="module")
def own(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("payrolls") / "sandbox")) as platform:
        add_gates(platform)
        open_gate(platform, "attendance")
        (platform.dbt_project / "tests" / "gated_attendance.sql").write_text(GATED_TEST)
        config = platform.config.read_text()
        assert 'finance = ["frank"]' in config
        # On two lists: whoever may sign in two roles signs in one of them.
        platform.config.write_text(config.replace('finance = ["frank"]', 'finance = ["erin", "frank"]'))
        yield platform


@pytest.fixture(scope="module")
def walk(own: RunningPlatform) -> Walk:
    """What is done by commands, and what is left behind the console."""
    return Walk(own)


def people(own: RunningPlatform) -> dict[str, tuple[str, str]]:
    """Name and e-mail, by the musician's id."""
    rows = ask(own, "SELECT MUSICIAN_ID, FULL_NAME, EMAIL FROM GCMS.GOLD.DIM_MUSICIAN")
    return {str(row["MUSICIAN_ID"]): (row["FULL_NAME"], row["EMAIL"]) for row in rows}


# -- the story -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(own: RunningPlatform, walk: Walk) -> Iterator[Terminal]:
    """A small terminal, at the tests that stop the held concert's run."""
    with at_concerts(own, size=SMALL) as terminal:
        shown(terminal, "PAYROLL HELD", "held")
        at_concert(terminal, HELD)
        terminal.send("o")
        shown(terminal, "Open a payroll run", "[ Cancel ]")
        read(terminal)
        terminal.send(ENTER)  # Cancel has the focus
        without(terminal, "Open a payroll run")
        assert not walk.entries(events.OPENED)
        opened_run(terminal, HELD)
        freshness(terminal)
        dbt_step(terminal, 2)
        dbt_step(terminal, 3, "failed")
        shown(terminal, "PAYROLL HELD", CRITICAL)
        yield terminal


@pytest.fixture(scope="module")
def run(walk: Walk, stopped: Terminal) -> str:
    return walk.run_of(HELD)


@pytest.fixture(scope="module")
def dropped(own: RunningPlatform, walk: Walk, stopped: Terminal) -> RunFiles:
    """Mended by commands, and built again; the line is lost under the tests."""
    walk.commands.repaired()
    dbt_started(stopped, 2, "R")
    step_is(stopped, 3, "fallen back")
    ask(own, "DELETE FROM GCMS.PUBLIC.GATES")
    dbt_started(stopped, 3)
    shown(stopped, "RUNNING  dbt test")
    found = newest(own)
    until(lambda: len(found.selected - found.finished()) == 1, "not all tests but one have passed")
    stopped.drop()
    assert stopped.process.wait(DEADLINE_S) == 128 + signal.SIGHUP
    assert found.running
    return found


@pytest.fixture(scope="module")
def resumed(own: RunningPlatform, dropped: RunFiles) -> Iterator[Terminal]:
    """A second console, a large one without colours, takes the tests up and sees them pass."""
    config = own.config.read_text()
    # It starts no dbt: none has to be imported for it.
    own.config.write_text(config.replace("[dbt]", '[dbt]\nexecutable = "/usr/bin/false"'))
    with at_concerts(own, env={"NO_COLOR": "1"}) as terminal:
        at_run(terminal, HELD)
        shown(terminal, "RUNNING  dbt test")
        open_gate(own, "attendance")
        step_is(terminal, 3, "passed")
        over(own)
        yield terminal


@pytest.fixture(scope="module")
def lifted(resumed: Terminal) -> Terminal:
    """By a second person; whoever set it was refused."""
    gate_closed(resumed, 4, "Payroll is held", "a second person")
    lifting(resumed)
    shown(resumed, "REFUSED by the guard second_person")
    left(resumed, "Lift a hold")
    shown(resumed, "  Holds  ", "l Lift")
    left(resumed, "  Holds  ")
    act_as(resumed, "frank")
    lifting(resumed)
    ended(resumed, "LIFTED", "lifted by   frank")
    shown(resumed, "Nothing holds payroll")
    left(resumed, "Nothing holds payroll")
    without(resumed, "PAYROLL HELD")
    return resumed


@pytest.fixture(scope="module")
def looked_at(own: RunningPlatform, walk: Walk, lifted: Terminal, run: str) -> Terminal:
    """Every row: one is asked about, which stops the payroll, and answered."""
    at_rows(lifted, ROWS)
    shown(lifted, "names are masked", "AS frank")
    (drawn_rows,) = walk.entries(events.SAMPLED, run)
    rows, everybody = [str(row["row"]) for row in drawn_rows["rows"]], people(own)
    noted(lifted, "q", "what is to be cleared up", QUERY)
    shown(lifted, "1 open query: the payroll waits", QUERY)
    lifted.send("n")
    ticked(lifted, ROWS - 1)
    shown(lifted, f"{ROWS} of {ROWS} rows looked at")
    at_row(lifted, rows[3])
    drawn(lifted)
    assert not any(personal in lifted.text() for personal in everybody[rows[3]])
    assert not walk.entries(events.REVEALED)
    revealed(lifted)
    shown(lifted, *everybody[rows[3]])
    lifted.send("b")
    shown(lifted, "This payroll beside the last", "deductions", "difference", "What is looked at by hand")
    left(lifted, "This payroll beside the last")
    left(lifted, "Spot check, concert")
    step_is(lifted, 4, "failed")
    gate_closed(lifted, 5, "A gate is closed", "1 query not answered")

    at_rows(lifted, ROWS)
    shown(lifted, "names are masked")  # it was left
    at_row(lifted, rows[0])
    noted(lifted, "a", "what was found out", ANSWER)
    shown(lifted, "done: Esc leads back to the steps")
    left(lifted, "Spot check, concert")
    step_is(lifted, 4, "passed")
    return lifted


@pytest.fixture(scope="module")
def prepared(looked_at: Terminal) -> str:
    """The file's hash, as the screen has it."""
    return exported(looked_at)


@pytest.fixture(scope="module")
def released(looked_at: Terminal, prepared: str) -> str:
    """What the screen says once the third has signed."""
    act_as(looked_at, "erin")
    signed(looked_at, HELD, "SIGNED as Data engineer")
    shown(looked_at, "1 of 3 signed")
    begun(looked_at, 6, "erin has signed as Data engineer")
    looked_at.send(TAB)
    typed(looked_at, "the confirmation, typed", HELD)
    no_answer(looked_at, "not as Finance: erin has signed as Data engineer", "Sign")
    left(looked_at, "Who has signed")
    act_as(looked_at, "frank")
    signed(looked_at, HELD, "SIGNED as Finance")
    step_is(looked_at, 6, "open")
    act_as(looked_at, "maria")
    said = signed(looked_at, HELD, "Signed by three: the file is released.")
    step_is(looked_at, 6, "passed")
    return said


@pytest.fixture(scope="module")
def closed(own: RunningPlatform, looked_at: Terminal, released: str) -> None:
    """In a terminal that has become small: recorded, archived beside another table of the day, documented."""
    ask(own, f"CREATE TABLE {ARCHIVE} AS SELECT 1 AS TAKEN")
    looked_at.resize(*SMALL)
    act_as(looked_at, "erin")
    planned_payment(looked_at, TODAY, HELD)
    confirmed_at_last(looked_at, HELD, "Record as paid")
    ended(looked_at, "DONE", f"as paid on {TODAY}")
    step_is(looked_at, 7, "passed")
    archived_beside_another(looked_at, HELD)
    begun(looked_at, 9, "The log, as it will stand")
    looked_at.send(TAB)
    typing_at(looked_at, "exceptions")
    looked_at.send("   ")
    no_answer(looked_at, '"none" is an answer, blank is not', "Write it, and close the run")
    left(looked_at, "The log, as it will stand")
    logged(looked_at, "none")
    shown(looked_at, "✓ CLOSED", "9 of 9 passed")
    painted = {paint for row in looked_at.screen.buffer.values() for cell in row.values() for paint in cell[1:3]}
    assert painted <= MONOCHROME


# -- what came of it -------------------------------------------------------------------------------------------------


def test_a_critical_test_stops_it_and_the_gate_is_named(walk: Walk, stopped: Terminal, run: str) -> None:
    gate_closed(stopped, 4, "A gate is closed", "3 Run critical tests: failed")
    states = walk.states(run)
    assert (states["freshness"], states["models"], states["tests"]) == ("passed", "passed", "failed")
    assert states["spot-check"] == "open"


def test_a_line_that_drops_under_the_tests_loses_nothing(
    walk: Walk, resumed: Terminal, dropped: RunFiles, run: str
) -> None:
    """It was judged once, by the console that took it up."""
    assert json.loads((dropped.directory / "end.json").read_text())["exit_code"] == 0
    assert dropped.selected == dropped.finished()
    tests = [entry for entry in walk.entries(events.CHECKED, run) if entry["step"] == "tests"]
    assert [entry["passed"] for entry in tests] == [False, True]
    assert tests[-1]["run"] == dropped.run_id and tests[-1]["frozen"]
    started = [entry["run"] for entry in walk.entries(events.STARTED, run) if entry["step"] == "tests"]
    assert [entry["run"] for entry in tests] == started


def test_a_hold_is_lifted_by_a_second_person(walk: Walk, lifted: Terminal) -> None:
    (held,), (freed,) = walk.entries(events.HELD), walk.entries(events.LIFTED)
    assert CRITICAL in held["reason"] and held["cause"] == "critical test" and held["user"] != "frank"
    assert (freed["user"], freed["hold"], freed["reason"]) == ("frank", held["hold"], REASON)


def test_rows_are_looked_at_and_what_is_asked_is_answered(walk: Walk, looked_at: Terminal, run: str) -> None:
    said, (drawn_rows,) = walk.entries(events.TICKED, run), walk.entries(events.SAMPLED, run)
    rows = [str(row["row"]) for row in drawn_rows["rows"]]
    assert {entry["row"]: entry["verdict"] for entry in said} == {**dict.fromkeys(rows, "ok"), rows[0]: "answered"}
    assert [entry["note"] for entry in said if entry["row"] == rows[0]] == [QUERY, ANSWER]
    assert {entry["user"] for entry in (*said, *walk.entries(events.REVEALED, run))} == {"frank"}
    assert len(walk.entries(events.REVEALED)) == 1


def test_three_people_sign_the_file_that_leaves(walk: Walk, prepared: str, released: str, run: str) -> None:
    file = walk.released_file(run)
    assert hash_told(released) == prepared == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    signatures = walk.entries(events.SIGNED, run)
    assert {entry["role"]: entry["user"] for entry in signatures} == TRIO
    assert [entry["sha256"] for entry in signatures] == [prepared] * 3


def test_file_supabase_and_archive_agree(own: RunningPlatform, walk: Walk, closed: None, run: str) -> None:
    (archive,) = walk.entries(events.ARCHIVED, run)
    assert archive["table"].upper() == f"{ARCHIVE}_{HELD}".partition(".")[2], "nothing is written over"
    seen = sides(walk.released_file(run), HELD, archive["table"], own.postgres, own.snowflake)
    assert seen.file and not seen.differences and seen.dates == {TODAY}
    totals = walk.does("show", run)["frozen"]["totals"]
    assert (str(sum(seen.file.values())), len(seen.file)) == (totals["net"], totals["entries"])


def test_no_journal_entry_holds_a_name_or_an_address(own: RunningPlatform, closed: None) -> None:
    with closing(sqlite3.connect(own.state_dir / "store.sqlite3")) as connection:
        told = "\n".join(payload for (payload,) in connection.execute("SELECT payload FROM journal"))
    assert QUERY in told
    assert not [personal for names in people(own).values() for personal in names if personal in told]


def test_a_read_only_console_proves_it_and_offers_no_key_that_writes(
    own: RunningPlatform, closed: None, run: str
) -> None:
    before = journal(own)
    with at_concerts(own, "--read-only", "--ascii", size=MIDDLE) as terminal:
        shown(terminal, "READ-ONLY", "0 runs open", f"paid {TODAY}")
        drawn(terminal)
        for keys in ("o New run", "h Hold", "a Act as"):
            assert keys not in terminal.text()
        terminal.send("oha")
        at_run(terminal, HELD)
        shown(terminal, "+ CLOSED", "9 of 9 passed", "Enter Read", "v Verify")
        for keys in ("Enter Do", "R Again", "h Hold", "a Act as", "x Abandon"):
            assert keys not in terminal.text()
        terminal.send("Rhaxv")
        shown(terminal, f"Proof of {run}", "+ OK", "+ released file", "+ Supabase", "+ archive", "+ log")
        drawn(terminal)
        assert "FAIL" not in terminal.text() and terminal.text().isascii()
    assert journal(own) == before
