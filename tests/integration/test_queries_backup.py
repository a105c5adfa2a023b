"""Backup and restore: a backup is never written over, and proves equal to what it backs up."""

from __future__ import annotations

import pytest
from snowflake.connector.errors import ProgrammingError

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Identifier, Schema
from tests.integration.asking import Asking, relation


def test_a_transient_table_is_backed_up_transient_and_never_over_another(workbench: Asking) -> None:
    table, backup = relation("gold.dim_concert"), relation("gold_backup.dim_concert_r1")
    names: dict[str, Identifier] = {"table": table, "backup": backup, "backup_schema": Schema("GOLD_BACKUP")}
    workbench.rows("create_schema", names)
    workbench.rows("create_schema", names)
    with pytest.raises(ProgrammingError) as permanent:
        workbench.rows("clone_table", names)
    assert permanent.value.errno == 2120
    workbench.rows("clone_transient_table", names)
    with pytest.raises(ProgrammingError, match="already exists"):
        workbench.rows("clone_transient_table", names)
    count = workbench.row("row_count", {"table": backup})["row_count"]
    differences = workbench.row("table_differences", names)
    assert differences == {"table_rows": count, "backup_rows": count, "only_in_table": 0, "only_in_backup": 0}
    workbench.plain("UPDATE gold.dim_concert SET venue = 'elsewhere' WHERE concert_id = 1")
    workbench.plain("INSERT INTO gold.dim_concert SELECT * FROM gold.dim_concert WHERE concert_id = 2")
    changed = workbench.row("table_differences", names)
    assert changed == {"table_rows": count + 1, "backup_rows": count, "only_in_table": 2, "only_in_backup": 2}
    workbench.rows("overwrite_table", names)
    assert workbench.row("table_differences", names) == differences


def test_a_table_is_renamed_swapped_and_a_permanent_one_cloned(workbench: Asking) -> None:
    workbench.plain("CREATE OR REPLACE TABLE gcms_ops.good AS SELECT 1 AS a")
    workbench.plain("CREATE OR REPLACE TABLE gcms_ops.bad AS SELECT 2 AS a")
    good, bad, copy = (relation(f"gcms_ops.{name}") for name in ("good", "bad", "copy"))
    workbench.rows("swap_tables", {"table": bad, "restored": good})
    assert workbench.plain("SELECT a FROM gcms_ops.bad") == [(1,)]
    workbench.rows("rename_table", {"table": good, "renamed": relation("gcms_ops.worse")})
    assert workbench.plain("SELECT a FROM gcms_ops.worse") == [(2,)]
    workbench.rows("clone_table", {"table": bad, "backup": copy})
    assert workbench.plain("SELECT a FROM gcms_ops.copy") == [(1,)]


def test_a_restore_is_told_by_what_the_table_its_clone_and_the_backup_have_apart(workbench: Asking) -> None:
    table, before, backup = (relation(f"gcms_ops.restored{name}") for name in ("", "_before", "_backup"))
    names: dict[str, Identifier] = {"table": table, "before": before, "backup": backup}
    workbench.plain("CREATE OR REPLACE TABLE gcms_ops.restored_backup AS SELECT column1 AS a FROM VALUES (1), (1), (2)")
    workbench.plain("CREATE OR REPLACE TABLE gcms_ops.restored AS SELECT column1 AS a FROM VALUES (1), (3)")
    workbench.plain("CREATE OR REPLACE TABLE gcms_ops.restored_before AS SELECT column1 AS a FROM VALUES (1), (NULL)")
    # One row of 1 is not two: it is in the table alone, and two are in the backup alone.
    assert workbench.row("restore_state", names) == {
        "table_rows": 2, "added_since": 1, "removed_since": 1, "only_in_table": 2, "only_in_backup": 2
    }  # fmt: skip
    described: dict[str, Identifier] = {"information_schema": table.information_schema}
    standing = workbench.rows("backup_tables", described, schema_name="GCMS_OPS")
    [found] = [row for row in standing if row["table_name"] == "RESTORED_BACKUP"]
    assert (found["is_transient"], found["row_count"]) == ("NO", 3) and found["created"] and found["table_owner"]


def test_who_holds_grants_is_not_told_where_the_warehouse_has_no_such_view(workbench: Asking) -> None:
    described: dict[str, Identifier] = {"information_schema": relation("gold.dim_concert").information_schema}
    with pytest.raises(ProgrammingError, match="does not exist"):
        workbench.rows("table_grants", described, schema_name="GOLD", table_name="DIM_CONCERT")


@pytest.mark.parametrize("name", ["undrop_table", "clone_table_before", "clone_transient_table_before"])
def test_time_travel_is_refused_in_words_where_the_warehouse_has_none(workbench: Asking, name: str) -> None:
    names = {"table": relation("gold.dim_concert"), "restored": relation("gold.dim_concert_before")}
    values: dict[str, Scalar] = (
        {} if name == "undrop_table" else {"statement_id": "01b2c3d4-0000-0000-0000-000000000000"}
    )
    with pytest.raises(ProgrammingError, match="Unsupported feature"):
        workbench.rows(name, names, **values)
