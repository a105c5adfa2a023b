"""The runbook walked without a terminal, over a practice platform: the weekly refresh and its backup brought back, the
monthly audit, and the stale source from an incident to fresh. What the console says is held against the tables, by a
plain driver."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import snowflake.connector

from gcms_tui.sandbox.airbyte.connections import REFERENCE
from tests.commands import TABLE, WHY, Commands
from tests.practice import copy_sandbox, running

FACT = "gold.fct_musician_payment"
STALE = "freshness.supabase_instrument"


@dataclass(frozen=True, slots=True)
class Walk(Commands):
    """Procedures, and the tables that they leave behind."""

    def step(self, run: str, name: str, *words: str, verdict: str = "OK") -> dict[str, Any]:
        """The step as it was recorded."""
        _, said = self.told("runbook", "step", run, name, *words)
        done: dict[str, Any] = next(step for step in said["steps"] if step["step"] == name)
        assert done["verdict"] == verdict, done
        return done

    def wanted(self, *words: str) -> str:
        """What is to be typed."""
        status, said = self.told(*words)
        assert (status, said["refused"]["guard"]) == (65, "confirmation"), said
        return str(said["refused"]["message"]).rpartition(": ")[2]

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """All of it, by a plain driver."""
        return sorted(self.sql(f"SELECT * FROM {table}"), key=repr)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with snowflake.connector.connect(**self.platform.snowflake) as connection:
            return [tuple(row) for row in connection.cursor().execute(statement).fetchall()]  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def walk(sandbox_template: Path, warm_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("walk") / "sandbox")) as platform:
        # The first of the escalation path is called at once: nobody waits for a quarter of an hour.
        with platform.config.open("a", encoding="utf-8") as config:
            config.write('\n[contacts]\nescalation = ["Data Engineer (0 min)", "Manager (1 hour)"]\n')
        walk = Walk(platform)
        walk.repaired()
        yield walk


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The weekly procedure behind us, and the SCD2 table as it was when its set was made."""

    closed: dict[str, Any]
    set_id: str
    history: list[tuple[object, ...]]


@pytest.fixture(scope="module")
def refreshed(walk: Walk) -> Refreshed:
    run = walk.does("runbook", "start", "weekly")["run"]
    assert walk.refused("runbook", "step", run, "backup", "--confirm", "all", *WHY) == "confirmation"
    assert walk.told("runbook", "step", run, "backup") == (3, {})  # shown, and no reason wanted for that
    tables = walk.does("backup", "create")
    backup = walk.step(run, "backup", "--confirm", tables["confirmation"], *WHY)
    assert len(backup["evidence"]) == len(tables["tables"])
    assert walk.refused("runbook", "step", run, "full-refresh", "--yes") == "gate"
    assert walk.step(run, "counts-before")["ids"] == backup["ids"]
    history, fact = walk.rows(TABLE), walk.rows(FACT)

    walk.step(run, "full-refresh", "--confirm", walk.wanted("runbook", "step", run, "full-refresh"))
    walk.step(run, "test-all", "--yes")
    counted = walk.step(run, "counts-after")
    walk.step(run, "docs", "--yes")
    served = walk.step(run, "docs-serve", "--yes")
    assert walk.refused("--read-only", "runbook", "docs", "--stop") == "read_only"
    walk.does("runbook", "docs", "--stop")

    assert walk.rows(TABLE) == history and walk.rows(FACT) != fact  # payments were calculated anew
    assert counted["ids"] == backup["ids"] and len(counted["evidence"]) == len(tables["tables"])
    assert any("ssh -N -L" in line for line in served["evidence"])
    return Refreshed(walk.does("runbook", "close", run), backup["ids"]["backup"], history)


@pytest.mark.covers("Weekly 1", "Weekly 2", "Weekly 3", "Weekly 4", "Weekly 5")
def test_the_weekly_refresh_is_walked_to_its_end_and_its_backup_brought_back(walk: Walk, refreshed: Refreshed) -> None:
    assert (refreshed.closed["state"], refreshed.closed["verdict"]) == ("closed", "OK")
    clones = [item["clone"] for item in walk.does("backup", "list", "--table", TABLE)["backups"]]
    (clone,) = [name for name in clones if name.endswith(refreshed.set_id.replace("-", "_"))]
    walk.sql(f"DELETE FROM {TABLE} WHERE NOT is_current")
    walk.sql(f"UPDATE {TABLE} SET is_current = FALSE")
    assert walk.told("backup", "counts", "--after", refreshed.set_id)[0] == 2

    shown = walk.does("backup", "restore", TABLE, "--from", clone)
    confirmed = ("--plan", shown["plan"], "--confirm", TABLE, *WHY)
    back = walk.does("backup", "restore", TABLE, "--from", clone, *confirmed)

    assert (back["outcome"], back["verdict"]) == ("applied", "OK")
    assert walk.rows(TABLE) == refreshed.history


@pytest.mark.covers("E3 1", "E3 2", "E3 3", "E3 4", "E3 5", "E1 5", "Escalation")
def test_the_stale_source_is_an_incident_until_it_is_synced_built_and_fresh(walk: Walk) -> None:
    with psycopg.connect(walk.platform.postgres) as supabase:
        supabase.execute("UPDATE instrument SET name = 'Contrabassoon', updated_at = now() WHERE id = 16")
    assert walk.told("health", "--only", STALE)[0] == 2
    incident = walk.does("incident", "open", "--finding", STALE)
    assert incident["finding"]["verdict"] == "FAIL"
    assert [step["state"] for step in walk.does("incident", "show", "last")["escalation"]] == ["overdue", "waiting"]
    walk.does("incident", "ack", "last")

    run = walk.does("runbook", "start", "pipeline-failure")["run"]
    failed = walk.step(run, "airbyte", verdict="FAIL")
    assert REFERENCE.name in failed["words"]
    walk.step(run, "supabase")
    stopped = walk.step(run, "where-stopped", verdict="FAIL")
    assert "instrument" in stopped["words"].lower() and "airbyte" in stopped["words"]
    walk.step(run, "restart", "--evidence", "Airbyte answers: nothing was restarted")
    assert walk.refused("runbook", "step", run, "build", "--yes") == "gate"
    synced = walk.step(run, "sync", "--confirm", REFERENCE.name, *WHY)
    assert synced["ids"]["job"]
    assert walk.refused("runbook", "step", run, "sync", "--confirm", REFERENCE.name, *WHY) == "nothing_to_sync"
    walk.step(run, "fresh")
    walk.step(run, "build", "--yes")
    assert walk.does("runbook", "close", run)["verdict"] == "OK"
    assert walk.does("health", "--only", STALE)["verdict"] == "OK"
    tables = walk.does("pipeline", "status")["tables"]
    assert {item["stream"]: item["stopped"] for item in tables}["instrument"] == "nowhere", tables

    walk.does("incident", "close", "last", "--cause", "the last sync failed", "--done", f"synced as {run}")
    told = walk.does("incident", "postmortem", "last")["markdown"]
    assert STALE.replace("_", "\\_") in told and run in told.replace("\\", "")
    assert walk.does("incident", "list")["incidents"] == []


@pytest.mark.covers("Monthly 1", "Monthly 2", "Monthly 3", "Monthly 4")
def test_the_monthly_audit_is_walked_and_is_one_report(walk: Walk, refreshed: Refreshed) -> None:
    run = walk.does("runbook", "start", "monthly")["run"]
    walk.step(run, "scd2")
    walk.step(run, "corrections", "--evidence", "no pattern in them")
    walk.step(run, "accuracy")
    walk.step(run, "performance", "--evidence", "no model has become slow")
    report = Path(walk.step(run, "report")["ids"]["report"])
    assert walk.does("runbook", "close", run)["verdict"] == "OK"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text(encoding="utf-8")
    assert "br\\_attendance\\_scd2" in text


def test_coverage_is_printed_with_the_tests_that_walk_each_step(walk: Walk) -> None:
    _, said = walk.told("runbook", "coverage")
    rows = {row["section"]: row for row in said["steps"]}
    assert len(rows) == len(said["steps"]) == 53
    assert not [row for row in rows.values() if any(not why.startswith("screen") for why in row["missing"])]
    for section in ("Weekly 1", "Monthly 4", "E3 3", "Escalation"):
        assert any("tests/cli/test_runbook_walk.py" in test for test in rows[section]["tests"])
