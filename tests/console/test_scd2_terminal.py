"""Three keys with duplicates, found and repaired as they are on call: in a real terminal, then without one.

Real dbt over a practice platform. Whatever the console says is held against the rows, by a plain connector.
"""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import here
from tests.console.at_scd2 import (
    DIALOG,
    TABLE,
    at_key,
    at_keys,
    choose_the_other,
    confirm,
    move,
    planned,
    without_dbt,
)
from tests.console.at_terminal import (
    BACK_TAB,
    DEADLINE_S,
    DOWN,
    ENTER,
    ESC,
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
    without,
)
from tests.practice import RunningPlatform, copy_sandbox, running
from tests.terminal import Terminal

GRAVE = "expression_is_true_fct_musician_payment_attended_services_required_services"
REASON = "the webhook came twice, and late"
GATED_TEST = """
{{ config(store_failures=false) }}
{{ wait_for_gate('attendance') }}
select scd_id from {{ ref('br_attendance_scd2') }} where 1 = 0
"""

Row = dict[str, Any]
Rows = dict[str, Row]


@pytest.fixture(scope="module")
def own(sandbox_template: Path, warm_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("repairs") / "sandbox")) as platform:
        add_gates(platform)
        open_gate(platform, "attendance")
        (platform.dbt_project / "tests" / "gated_attendance.sql").write_text(GATED_TEST)
        yield platform


# -- behind the console ----------------------------------------------------------------------------------------------


def rows(own: RunningPlatform, table: str = TABLE) -> Rows:
    """The whole table, by scd_id."""
    found = ask(own, f"SELECT * FROM GCMS.{table}")
    table_rows = {row["SCD_ID"]: row for row in found}
    assert len(table_rows) == len(found)
    return table_rows


def changed(before: Rows, after: Rows) -> dict[str, set[str]]:
    """Columns that are not as they were, by scd_id. No row has come or gone."""
    assert before.keys() == after.keys()
    return {
        scd_id: {name for name, value in row.items() if value != after[scd_id][name]}
        for scd_id, row in before.items()
        if row != after[scd_id]
    }


def duplicates(table: Rows) -> dict[str, list[Row]]:
    """The current versions of each key that has several, in the order in which they begin."""
    current: dict[str, list[Row]] = {}
    for row in sorted(table.values(), key=lambda row: row["EFFECTIVE_FROM"]):
        if row["IS_CURRENT"]:
            current.setdefault(row["NATURAL_KEY"], []).append(row)
    return {key: versions for key, versions in current.items() if len(versions) > 1}


@dataclass(frozen=True, slots=True)
class Keys:
    """The three with duplicates."""

    tied: str
    triple: str
    plain: str


@dataclass(frozen=True, slots=True)
class Write:
    """The table around it, and what the journal knows of it."""

    before: Rows
    after: Rows
    write_id: str
    intent: dict[str, Any]
    outcome: dict[str, Any]

    def closed_all_but_one(self, natural_key: str) -> None:
        """Each of the key's current versions but one ends the day before the next one begins; nothing else changed."""
        versions = duplicates(self.before)[natural_key]
        losers = [row for row in versions if not self.after[row["SCD_ID"]]["IS_CURRENT"]]
        assert len(losers) == len(versions) - 1
        columns = {"IS_CURRENT", "EFFECTIVE_TO", "UPDATED_AT"}
        assert changed(self.before, self.after) == {row["SCD_ID"]: columns for row in losers}
        for loser in losers:
            begins = [row["EFFECTIVE_FROM"] for row in versions if row is not loser]
            following = min(begin for begin in begins if begin >= loser["EFFECTIVE_FROM"])
            assert self.after[loser["SCD_ID"]]["EFFECTIVE_TO"] == following - timedelta(days=1)


def entries(own: RunningPlatform, kind: str) -> dict[str, dict[str, Any]]:
    """Payloads of the journal, by subject."""
    with closing(sqlite3.connect(own.state_dir / "store.sqlite3")) as connection:
        found = connection.execute("SELECT subject, payload FROM journal WHERE kind = ? ORDER BY sequence", (kind,))
        return {subject: json.loads(payload) for subject, payload in found}


def newest_write(own: RunningPlatform, before: Rows) -> Write:
    """The last one that has ended."""
    outcomes = entries(own, "write.outcome")
    write_id = list(outcomes)[-1]
    return Write(before, rows(own), write_id, entries(own, "write.intent")[write_id], outcomes[write_id])


def headless(own: RunningPlatform, *words: str) -> dict[str, Any]:
    """What `gcms-tui scd2` answers."""
    done = here("--config", own.config, "scd2", *words, "--json")
    assert done.status == 0, done.err
    said: dict[str, Any] = json.loads(done.out)
    return said


def repaired_headless(own: RunningPlatform, natural_key: str, before: Rows) -> Write:
    plan = headless(own, "plan", "--table", TABLE, "--key", natural_key)
    words = ("--confirm", natural_key, "--reason", "as in the runbook", "--no-tests")
    said = headless(own, "apply", plan["plan"], *words)
    assert (said["outcome"], said["rows"], said["verified"]["key"]["verdict"]) == (
        "applied",
        len(plan["changes"]),
        "OK",
    )
    assert not changed(before, rows(own, said["backup"]))
    write = newest_write(own, before)
    assert write.write_id == said["repair"]
    return write


# -- the story -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def start(own: RunningPlatform) -> Rows:
    return rows(own)


@pytest.fixture(scope="module")
def keys(start: Rows) -> Keys:
    found = duplicates(start)
    (triple,) = (key for key, versions in found.items() if len(versions) == 3)
    (tied,) = (key for key, versions in found.items() if len({row["RECORDED_AT"] for row in versions}) == 1)
    (plain,) = found.keys() - {triple, tied}
    return Keys(tied, triple, plain)


@pytest.fixture(scope="module")
def first(own: RunningPlatform, start: Rows) -> Iterator[Terminal]:
    """A console at the list of keys. Whoever goes further comes back there."""
    with at_keys(own) as terminal:
        yield terminal


@pytest.fixture(scope="module")
def tied(own: RunningPlatform, start: Rows, keys: Keys, first: Terminal) -> Write:
    """Repaired in the first console, its tests seen through; a second one held a plan of the same rows meanwhile."""
    with at_keys(without_dbt(own)) as second:
        for terminal in (first, second):
            at_key(terminal, keys.tied)
            chosen = choose_the_other(terminal)
            planned(terminal, keys.tied)
        confirm(first, keys.tied, REASON)
        shown(first, "APPLIED: 1 row written, exactly as planned", "OK  1 current version of 3")
        shown(first, "1 of 5 tests failed: one_current_version", "other keys may not be")
        shown(first, newest(own).run_id)
        write = newest_write(own, start)
        (kept,) = (row["SCD_ID"] for row in duplicates(start)[keys.tied] if write.after[row["SCD_ID"]]["IS_CURRENT"])
        assert kept.startswith(chosen)
        first.send(ESC)
        shown(first, "OK  1 current of 3 versions")
        first.send(ESC)
        shown(first, "the last")
        without(first, keys.tied)

        over(own)
        confirm(second, keys.tied, "as planned")
        shown(second, "REFUSED by the guard rows_moved: nothing was written")
        assert not changed(write.after, rows(own))
    return write


@dataclass(frozen=True, slots=True)
class Dropped:
    """A write whose tests the line was lost under."""

    write: Write
    run: RunFiles
    went_on: bool


@pytest.fixture(scope="module")
def dropped(own: RunningPlatform, keys: Keys, first: Terminal, tied: Write) -> Dropped:
    ask(own, "DELETE FROM GCMS.PUBLIC.GATES")
    at_key(first, keys.triple)
    planned(first, keys.triple)
    confirm(first, keys.triple, "the line will drop")
    shown(first, "APPLIED: 2 rows written", "OK  1 current version of 3", "4/5")
    first.drop()
    assert first.process.wait(DEADLINE_S) == 128 + signal.SIGHUP
    run = newest(own)
    went_on = run.running
    write = newest_write(own, tied.after)
    open_gate(own, "attendance")
    over(own)
    return Dropped(write, run, went_on)


@pytest.fixture(scope="module")
def undone(own: RunningPlatform, keys: Keys, dropped: Dropped) -> Write:
    """What the console that is gone had written."""
    words = ("--confirm", keys.triple, "--reason", "to see that it can be", "--no-tests")
    said = headless(own, "undo", dropped.write.write_id, *words)
    assert (said["kind"], said["outcome"], said["rows"]) == ("undo", "applied", 2)
    assert said["verified"]["key"]["defects"].keys() == {"duplicate_current", "overlap"}
    return newest_write(own, dropped.write.after)


@pytest.fixture(scope="module")
def sound(own: RunningPlatform, keys: Keys, undone: Write) -> tuple[Write, Write]:
    """The two keys that are left, without a terminal."""
    again = repaired_headless(own, keys.triple, undone.after)
    return again, repaired_headless(own, keys.plain, again.after)


def test_a_read_only_console_shows_it_all_and_offers_no_write(own: RunningPlatform, start: Rows, keys: Keys) -> None:
    with at_keys(own, "--read-only") as terminal:
        shown(terminal, "READ-ONLY", "Esc Back")
        assert "Plan all" not in terminal.text()
        terminal.send("B")
        at_key(terminal, keys.plain)
        shown(terminal, "KEEP", "close", "Enter Keep")
        assert "a Plan" not in terminal.text()
        terminal.send("auC")
        move(terminal, DOWN)
        drawn(terminal)
        assert "Before" not in terminal.text()
    assert not changed(start, rows(own)) and journal(own) == []


def test_nothing_but_the_typed_key_and_a_reason_writes(
    own: RunningPlatform, start: Rows, keys: Keys, first: Terminal
) -> None:
    at_key(first, keys.plain)
    planned(first, keys.plain)
    read(first)
    first.send(ENTER)  # Cancel has the focus
    without(first, DIALOG)

    planned(first, keys.plain)
    read(first)
    first.send(TAB)
    typing_at(first, "the confirmation, typed")
    first.send(f"\x1b[200~{keys.plain}\x1b[201~")
    shown(first, "Pasting does not count here", "the confirmation, typed")
    first.send(ENTER)
    typing_at(first, "why it is done")
    first.send(ENTER)  # leads to no answer
    first.send(REASON)
    shown(first, REASON, f"type  {keys.plain}  to confirm")
    first.send(BACK_TAB)
    typing_at(first, "the confirmation, typed")
    first.send(f"{keys.plain}0")
    shown(first, f"{keys.plain}0", f"type  {keys.plain}  to confirm")
    first.send(TAB)
    typing_at(first, REASON)
    first.send(TAB)
    shown(first, "[ Cancel ]")  # past the answer that writes
    first.send(ENTER)
    without(first, DIALOG)
    first.send(ESC)
    shown(first, "the last")
    assert not changed(start, rows(own)) and journal(own) == []


def test_a_tie_is_chosen_and_its_repair_is_proven(own: RunningPlatform, keys: Keys, tied: Write) -> None:
    tied.closed_all_but_one(keys.tied)
    assert (tied.intent["reason"], tied.outcome["outcome"], tied.outcome["rows"]) == (REASON, "applied", 1)
    assert not changed(tied.before, rows(own, tied.intent["backup"]))
    verified = entries(own, "scd2.verified")[tied.write_id]
    assert (verified["key"]["verdict"], verified["tests"]["verdict"]) == ("OK", "FAIL")
    assert verified["tests"]["run"] in entries(own, "run.start")


def test_a_line_that_drops_while_the_tests_run_loses_nothing(
    own: RunningPlatform, keys: Keys, dropped: Dropped
) -> None:
    dropped.write.closed_all_but_one(keys.triple)
    assert dropped.write.outcome["outcome"] == "applied"
    assert dropped.went_on
    assert json.loads((dropped.run.directory / "end.json").read_text())["exit_code"] == 1
    assert len(dropped.run.selected) == 5
    (left,) = dropped.run.selected - dropped.run.finished()
    assert "one_current_version" in left


def test_a_repair_is_undone_to_the_byte_and_done_again(
    keys: Keys, dropped: Dropped, undone: Write, sound: tuple[Write, Write]
) -> None:
    repair, (again, plain) = dropped.write, sound
    assert not changed(repair.before, undone.after)
    assert undone.intent["undoes"] == repair.write_id
    again.closed_all_but_one(keys.triple)
    assert all(columns == {"UPDATED_AT"} for columns in changed(repair.after, again.after).values())
    plain.closed_all_but_one(keys.plain)
    assert not duplicates(plain.after)


def test_the_fact_is_rebuilt_and_its_critical_test_is_green(own: RunningPlatform, sound: tuple[Write, Write]) -> None:
    too_many = "SELECT COUNT(*) AS N FROM GCMS.GOLD.FCT_MUSICIAN_PAYMENT WHERE ATTENDED_SERVICES > REQUIRED_SERVICES"
    assert ask(own, too_many)[0]["N"] > 0
    build = ("runs", "start", "--yes", "--json", "--", "build", "--select", "+fct_musician_payment")
    done = here("--config", own.config, *build)
    assert done.status == 0, done.out
    nodes = {node["name"]: node["status"] for node in map(json.loads, done.out.splitlines()) if node["event"] == "node"}
    assert nodes[GRAVE] == "pass"
    assert nodes["fct_musician_payment"] == "success"
    assert ask(own, too_many)[0]["N"] == 0


def test_a_byte_that_is_flipped_in_the_store_is_told_by_its_entry(
    own: RunningPlatform, sound: tuple[Write, Write]
) -> None:
    verify = ("--config", own.config, "journal", "verify")
    done = here(*verify)
    assert (done.status, done.out.split()[0]) == (0, "WHOLE:"), done.err
    entry = flip(own.state_dir / "store.sqlite3", REASON)
    done = here(*verify)
    assert done.status == 2
    assert done.out.startswith(f"BROKEN at entry {entry}: ")


def flip(store: Path, text: str) -> int:
    """A byte of this in a payload of the journal; answers the number of the entry."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    holding, data, place = entries_with(store, text), bytearray(store.read_bytes()), -1
    assert holding
    while (place := data.find(text.encode(), place + 1)) >= 0:
        data[place] ^= 1
        store.write_bytes(data)
        if found := holding - entries_with(store, text):
            (entry,) = found
            return entry
        data[place] ^= 1  # a plan's, or what a page was before it was split
    raise AssertionError(f"{text} is not in {store}")


def entries_with(store: Path, text: str) -> set[int]:
    with closing(sqlite3.connect(store)) as connection:
        found = connection.execute("SELECT sequence FROM journal WHERE INSTR(payload, ?) > 0", (text,))
        return {int(sequence) for (sequence,) in found}
