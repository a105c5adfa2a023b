from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gcms_tui.core.dbt_command import RUNBOOK_COMMANDS, DbtCommand
from gcms_tui.core.query import Access
from gcms_tui.core.run import Holder, Person
from gcms_tui.core.run_preview import (
    Preview,
    SelectedNode,
    Surroundings,
    confirmation,
    dropped_tables,
    judged,
    left_out,
    named,
    refusal,
)

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
AROUND = Surroundings("sandbox", "/project", "target")
HOLDER = Holder("20260301-080000-aaaa", Person("ana", "ops1", "10.0.0.7"), 4711, NOW, ("build",))
FULL = DbtCommand("run", full_refresh=True)


def model(name: str, materialized: str = "table", *, scd2: bool = False, keeps: bool = False) -> SelectedNode:
    return SelectedNode(f"model.gcms.{name}", "model", name, materialized, f"GCMS.GOLD.{name}", scd2, keeps)


FACT, VIEW = model("fct"), model("sv", "view")
HISTORY = replace(model("br_a_scd2", "incremental", scd2=True), name="an_alias")
KEPT = model("br_b_scd2", "incremental", scd2=True, keeps=True)
SNAPSHOT = SelectedNode("snapshot.gcms.snap", "snapshot", "snap", "snapshot", "GCMS.BRONZE.SNAP")
TEST = SelectedNode("test.gcms.t", "test", "t")
SEED = SelectedNode("seed.gcms.s", "seed", "s", "seed", '"GCMS"."BRONZE"."s"')
ALL = (FACT, VIEW, HISTORY, KEPT, SNAPSHOT, TEST, SEED)


def preview(command: DbtCommand, nodes: tuple[SelectedNode, ...] = ALL) -> Preview:
    return Preview("id", command, ("dbt", *command.words), "/project", "sandbox", nodes, NOW, "print")


def test_a_full_refresh_leaves_out_history_that_nobody_named() -> None:
    assert left_out(FULL, ALL, ()) == (HISTORY, SNAPSHOT)
    assert left_out(FULL, ALL, ("br_a_scd2+", "fqn:gcms.bronze.snap")) == ()
    assert left_out(FULL, ALL, ("+fct", "tag:br_a_scd2", "br_a_scd2,tag:x", "br_a_scd*")) == (HISTORY, SNAPSHOT)
    assert left_out(DbtCommand("build"), ALL, ()) == ()
    assert left_out(DbtCommand("compile", full_refresh=True), ALL, ()) == ()


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("a_b", "a_b"), ("+a", "a"), ("a+", "a"), ("2+a+13", "a"), ("@a", "a"), ("gcms.gold.a", "a"),
        ("fqn:gcms.a", "a"), ("2a", "2a"), ("tag:a", ""), ("a,b", ""), ("a*", ""), ("models/a.sql", ""),
    ],
)  # fmt: skip
def test_a_selector_spells_out_one_name_or_none(selector: str, name: str) -> None:
    assert named(selector) == name


def test_what_is_dropped_is_named_in_full_and_views_and_kept_tables_are_not() -> None:
    assert dropped_tables(FULL, (FACT, VIEW, KEPT, TEST, SEED)) == ("gcms.gold.fct", 'gcms.bronze."s"')
    assert dropped_tables(replace(FULL, full_refresh=False), ALL) == ()


def test_a_full_refresh_wants_target_and_number_typed_and_tells_what_stays_and_what_is_lost() -> None:
    found = judged(preview(FULL, (FACT, VIEW, KEPT)), AROUND)
    assert found.confirmation == "sandbox 1 table"
    assert any("br_b_scd2" in said and "full_refresh: false" in said for said in found.warnings)
    assert not any("LOST" in said for said in found.warnings)
    lost = judged(preview(FULL, (FACT, HISTORY)), AROUND)
    assert lost.confirmation == "sandbox 2 tables"
    assert any("an_alias IS LOST" in said for said in lost.warnings)


@pytest.mark.parametrize("target", ["prod", "PROD_EU", "live", "gcms-production"])
def test_every_other_write_on_production_wants_the_target_typed(target: str) -> None:
    around = replace(AROUND, target=target)
    for entry in RUNBOOK_COMMANDS:
        typed = confirmation(entry.command, (), around)
        if entry.command.access is Access.READ:
            assert typed == ""
        else:
            assert typed == ("target" if entry.command.subcommand == "clean" else target)


def test_elsewhere_a_plain_yes_will_do_but_for_clean() -> None:
    assert confirmation(DbtCommand("build"), (), AROUND) == ""
    assert confirmation(DbtCommand("clean"), (), AROUND) == "target"


def test_nothing_selected_is_refused_for_each_command_that_selects_and_for_no_other() -> None:
    for entry in RUNBOOK_COMMANDS:
        why, next_step = refusal(entry.command, (), AROUND)
        assert bool(why) == bool(next_step) == entry.command.selects, entry.title
        assert refusal(entry.command, ALL, AROUND) == ("", "")


def test_a_holder_is_named_with_the_way_to_it() -> None:
    found = judged(preview(DbtCommand("build")), replace(AROUND, holder=HOLDER))
    assert "ana@ops1 (from 10.0.0.7) runs dbt build" in found.refusal
    assert "4711" in found.refusal
    assert HOLDER.run_id in found.next_step
    assert found.holder is HOLDER


def test_clean_waits_for_every_target_and_a_build_for_its_own() -> None:
    other = replace(AROUND, running=(HOLDER,))
    assert "deletes files" in refusal(DbtCommand("clean"), (), other)[0]
    assert "deletes files" in refusal(DbtCommand("deps"), (), other)[0]
    assert refusal(DbtCommand("build"), ALL, other) == ("", "")


def test_a_foreign_command_that_may_be_running_is_told_and_stops_what_pulls_the_ground() -> None:
    around = replace(AROUND, foreign="dbt build, begun 02:00 UTC outside this console, may be running")
    found = judged(preview(DbtCommand("build")), around)
    assert found.refusal == ""
    assert any("02:00" in said for said in found.warnings)
    assert "02:00" in judged(preview(DbtCommand("clean"), ()), around).refusal


def test_where_nothing_may_be_written_commands_that_read_remain() -> None:
    around = replace(AROUND, read_only_reason="--read-only")
    for entry in RUNBOOK_COMMANDS:
        assert bool(refusal(entry.command, ALL, around)[0]) == (entry.command.access is Access.WRITE)


def test_a_reason_given_before_stands() -> None:
    given = replace(preview(DbtCommand("build"), ()), refusal="another target", next_step="go there")
    assert (judged(given, AROUND).refusal, judged(given, AROUND).next_step) == ("another target", "go there")


def test_a_build_without_tests_proves_nothing() -> None:
    assert any("proves nothing" in said for said in judged(preview(DbtCommand("build"), (FACT,)), AROUND).warnings)
    assert judged(preview(DbtCommand("build"), (FACT, TEST)), AROUND).warnings == ()
