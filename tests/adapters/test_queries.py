"""The query library: every file is what it says it is, and an operator's own cannot be anything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from gcms_tui.adapters import queries as adapter
from gcms_tui.adapters.queries import RUNBOOK_SECTIONS, QueryLibrary
from gcms_tui.adapters.statement_kind import problems, sample_identifiers
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.query import Access, Query, parse_query

LIBRARY = QueryLibrary.load()

RUNBOOK = {
    "43-51": ("Daily 2", ("source_freshness", "table_columns", "loaded_tables")),
    "70-73": ("Daily 4", ("payment_fact_freshness",)),
    "91-93": ("Weekly 1", ("create_schema",)),
    "96-99": ("Weekly 1", ("table_kind", "clone_table", "clone_transient_table", "table_differences")),
    "112": (
        "Weekly 2",
        (
            *("rename_table", "undrop_table", "swap_tables", "overwrite_table"),
            *("clone_table_before", "clone_transient_table_before"),
        ),
    ),
    "124-132": ("Weekly 4", ("row_count",)),
    "153-161": ("Monthly 1", ("scd2_integrity", "scd2_duplicate_keys_sample")),
    "171-178": ("Monthly 2", ("scd2_late_corrections",)),
    "186-196": ("Monthly 3", ("payroll_discrepancies", "payroll_totals")),
    "205-214": ("Monthly 4", ("model_timings_dbt_artifacts", "model_timings_elementary")),
    "241-243": ("E1 3", ("failed_test_rows",)),
    "248-256": ("E1 4", ("payment_rule_violations",)),
    "275-282": ("E2 1", ("scd2_duplicate_groups",)),
    "287-291": ("E2 2", ("scd2_key_versions",)),
    "296-302": (
        "E2 3",
        ("scd2_close_version", "scd2_close_version_unstamped", "scd2_end_version", "scd2_key_integrity",
         "scd2_closing_convention", "scd2_restore_version", "scd2_restore_version_unstamped", "scd2_restore_end",
         "scd2_delete_copies", "scd2_insert_copy", "scd2_insert_copies"),
    ),
    "312": ("E2 5", ("dbt_query_history", "query_history_by_tag")),
    "331": ("E3 2", ("supabase_session",)),
    "336-339": ("E3 3", ("supabase_newest_rows",)),
    "365-367": ("Pre-payroll 1", ("source_freshness",)),
    "389-403": ("Pre-payroll 4", ("payroll_spot_check", "payroll_previous_payments", "payroll_previous_concert")),
    "411-423": ("Pre-payroll 5", ("payroll_export", "payroll_control_totals")),
    "440-444": ("Post-payroll 1", ("supabase_payments", "signed_payments", "lock_payments", "mark_paid")),
    "450-451": (
        "Post-payroll 2",
        ("clone_table", "clone_transient_table", "payroll_create_snapshot", "payroll_fill_snapshot"),
    ),
    "482-490": ("T2", ("source_freshness", "scd2_freshness")),
    "554-579": ("Monitoring", ("monitoring",)),
}  # fmt: skip
"""The runbook's SQL by its lines: the section it stands in, and the queries that answer it."""


@pytest.mark.parametrize("lines", RUNBOOK)
def test_every_statement_of_the_runbook_has_its_counterpart(lines: str) -> None:
    section, names = RUNBOOK[lines]
    for name in names:
        query = LIBRARY.get(name)
        assert section in query.section.split(", "), f"{name} is not filed under {section}"
        assert query.instead, f"{name} does not say what was wrong"


def test_the_sections_that_are_checked_are_those_with_statements() -> None:
    assert {section for section, _ in RUNBOOK.values()} <= {*RUNBOOK_SECTIONS, "E2 5"}


def test_every_query_is_what_it_says_it_is() -> None:
    assert LIBRARY.problems() == []


@pytest.mark.parametrize("name", LIBRARY.names())
def test_no_query_holds_a_value_or_a_table_of_its_own(name: str) -> None:
    """Names come from configuration; what stands literally in a FROM is a table expression or the catalogue."""
    query = LIBRARY.get(name)
    tree = sqlglot.parse_one(query.named(sample_identifiers(query)), read=query.dialect.value)
    expressions = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        configured = "SAMPLE" in (table.db, table.name) or not table.name
        catalogue = table.db.lower() == "information_schema" or table.name in ("pg_stat_ssl", "pg_stat_activity")
        written_here = not table.db and (table.name in expressions or not isinstance(table.this, exp.Identifier))
        assert configured or catalogue or written_here, table.sql()


def test_the_reads_are_reads_and_the_writes_are_named() -> None:
    writes = {name for name in LIBRARY.names() if LIBRARY.get(name).access is Access.WRITE}
    assert writes == {
        *("clone_table", "clone_table_before", "clone_transient_table", "clone_transient_table_before"),
        *("create_journal_anchors", "create_schema", "insert_journal_anchor"),
        *("lock_payments", "mark_paid", "overwrite_table"),
        *("payroll_create_snapshot", "payroll_fill_snapshot", "rename_table"),
        *("scd2_close_version", "scd2_close_version_unstamped", "scd2_end_version"),
        *("scd2_restore_version", "scd2_restore_version_unstamped", "scd2_restore_end"),
        *("scd2_delete_copies", "scd2_insert_copy", "scd2_insert_copies"),
        *("swap_tables", "undrop_table"),
    }


def test_an_unknown_name_is_a_key_error_with_the_nearest_known_one() -> None:
    with pytest.raises(KeyError):
        LIBRARY.get("source_fresness")
    assert LIBRARY.nearest("source_fresness") == "source_freshness"
    assert LIBRARY.nearest("zzz") is None


def test_reading_the_library_does_not_import_the_parser() -> None:
    code = (
        "import sys; from gcms_tui.adapters.queries import QueryLibrary; library = QueryLibrary.load();"
        "[library.get(name) for name in library.names()]; sys.exit('sqlglot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_packaged_files_the_checkouts_are_read() -> None:
    checkout = Path(adapter.__file__).parents[2] / "queries"
    assert set(LIBRARY.names()) == {path.stem for path in checkout.glob("*.sql")}


# --- an operator's own queries -------------------------------------------------------------------------------------


def own(directory: Path, name: str, sql: str, *, front: str | None = None, **changes: str) -> Path:
    """A file in `directory` with the shipped front comment of `name`, texts in it changed, over another statement."""
    comment = front or LIBRARY.text(name).partition("*/")[0]
    for old, new in changes.items():
        assert old in comment
        comment = comment.replace(old, new)
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}.sql"
    path.write_text(f"{comment}*/\n{sql}\n", encoding="utf-8")
    return path


def refusal(directory: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        QueryLibrary.load(directory)
    assert caught.value.title == "A query of your own cannot be used"
    assert "gcms-tui queries show" in caught.value.next_step
    return caught.value.message


def test_an_override_takes_the_place_of_its_namesake_alone(tmp_path: Path) -> None:
    path = own(tmp_path, "row_count", "SELECT SUM(1) AS row_count FROM {table} -- ours")
    library = QueryLibrary.load(tmp_path)
    assert library.get("row_count").sql.endswith("-- ours")
    assert library.get("row_count").source == str(path)
    assert library.names() == LIBRARY.names()
    assert library.get("source_freshness") == LIBRARY.get("source_freshness")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DELETE FROM {table}", "it is DELETE, not a single SELECT, SHOW or DESCRIBE"),
        ("DROP TABLE {table}", "it is DROP"),
        ("UPDATE {table} SET a = 1", "it is UPDATE"),
        ("CREATE TABLE x AS SELECT 1 AS row_count FROM {table}", "it is CREATE"),
        ("COPY INTO @stage FROM (SELECT 1 AS row_count FROM {table})", "it is COPY"),
        ("CALL wipe('{table}', {table})", "it is COMMAND"),
        ("EXPLAIN DELETE FROM {table}", "it is COMMAND"),
        ("TRUNCATE TABLE {table}", "it is TRUNCATE"),
        ("SELECT 1 AS row_count INTO x FROM {table}", "there is INTO in it"),
        ("WITH gone AS (DELETE FROM {table}) SELECT 1 AS row_count", "there is DELETE in it"),
        ("SELECT COUNT(*) AS row_count, SYSTEM$CANCEL_QUERY('x') AS b FROM {table}", "SYSTEM$CANCEL_QUERY may do"),
        ("SELECT ids.NEXTVAL AS row_count FROM {table}", "NEXTVAL may do something"),
        ("SHOW TABLES LIKE {table} ->> DELETE FROM x", "the statement is no snowflake SQL"),
        ("SELECT COUNT(* AS row_count FROM {table}", "the statement is no snowflake SQL"),
        ("SELECT 1 AS row_count FROM {table}; DELETE FROM x", "left open, or not allowed"),
        ("", "placeholder declared and used differ: table"),
    ],
)
def test_an_override_that_does_more_than_read_is_refused(tmp_path: Path, sql: str, why: str) -> None:
    own(tmp_path, "row_count", sql)
    assert why in refusal(tmp_path)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1 AS row_count FROM {table} FOR UPDATE", "there is LOCK in it"),
        ("SELECT nextval('a') AS row_count FROM {table}", "NEXTVAL may do something"),
        ("SELECT pg_catalog.pg_terminate_backend(1) AS row_count FROM {table}", "PG_TERMINATE_BACKEND may do"),
        ("WITH x AS (UPDATE {table} SET a = 1 RETURNING a) SELECT a AS row_count FROM x", "there is UPDATE in it"),
    ],
)
def test_so_are_postgres_ways_to_write(sql: str, why: str) -> None:
    front = "/*\nname: a\npurpose: b\nsection: c\naccess: read\ndialect: postgres\nrelation table: t\n"
    query = parse_query(f"{front}result row_count integer: n\n*/{sql}", "a.sql")
    assert why in "".join(problems(query))


@pytest.mark.parametrize("sql", ["SHOW LOCKS", "SHOW TABLES", "DESCRIBE TABLE a.b", "SELECT 1 UNION ALL SELECT 2"])
def test_show_describe_and_unions_are_reads(sql: str) -> None:
    query = parse_query(f"/*\nname: a\npurpose: b\nsection: c\naccess: read\n*/{sql}", "a.sql")
    assert [problem for problem in problems(query) if "declared a read" in problem] == []


def test_a_write_that_only_reads_is_told_too() -> None:
    query = parse_query("/*\nname: a\npurpose: b\nsection: c\naccess: write\n*/SELECT 1 AS one", "a.sql")
    assert "declared a write, but it only reads" in problems(query)


@pytest.mark.parametrize(
    ("name", "sql", "changes", "why"),
    [
        ("row_count", "SELECT COUNT(*) AS rows_there FROM {table}", {}, "returns rows_there"),
        ("row_count", "SELECT COUNT(*) AS n FROM {table}", {"result row_count": "result n"}, "its results: n integer"),
        ("row_count", "DELETE FROM {table}", {"access: read": "access: write"}, "its access: write"),
        ("row_count", "SELECT 1 AS row_count FROM {other}", {"relation table": "relation other"}, "other relation"),
        ("row_count", "SELECT 1 AS row_count", {"relation table": "instead"}, "unknown, repeated or incomplete"),
        ("row_count", "SELECT 1 AS row_count FROM {table}", {"name: row_count": "name: rows"}, "its name: rows"),
        ("loaded_tables", "SELECT 1", {"name_prefix text": "name_prefix integer"}, "declared and used differ"),
    ],
)
def test_an_override_that_asks_another_question_is_refused(
    tmp_path: Path, name: str, sql: str, changes: dict[str, str], why: str
) -> None:
    own(tmp_path, name, sql, **changes)
    assert why in refusal(tmp_path)


def test_an_override_that_stands_in_for_nothing_is_refused(tmp_path: Path) -> None:
    own(tmp_path, "row_count", "SELECT COUNT(*) AS row_count FROM {table}").rename(tmp_path / "row_counts.sql")
    assert "there is no query row_counts to stand in for: do you mean row_count?" in refusal(tmp_path)


def test_every_wrong_override_is_named_at_once(tmp_path: Path) -> None:
    own(tmp_path, "row_count", "DELETE FROM {table}")
    own(tmp_path, "source_freshness", "SELECT 1", front="no comment")
    message = refusal(tmp_path)
    assert "row_count.sql" in message
    assert "source_freshness.sql" in message


def test_an_override_others_may_write_is_refused(tmp_path: Path) -> None:
    own(tmp_path, "row_count", "SELECT COUNT(*) AS row_count FROM {table}").chmod(0o666)
    with pytest.raises(ConfigError, match="can be changed by others"):
        QueryLibrary.load(tmp_path)


def test_an_override_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "row_count.sql").write_bytes(b"/*\xff*/")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        QueryLibrary.load(tmp_path)
    with pytest.raises(ConfigError, match="No such file or directory"):
        QueryLibrary.load(tmp_path / "missing")


def test_other_files_beside_the_overrides_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("DELETE FROM x", encoding="utf-8")
    (tmp_path / "row_count.sql~").write_text("DELETE FROM x", encoding="utf-8")
    assert QueryLibrary.load(tmp_path).get("row_count") == LIBRARY.get("row_count")


def test_the_parsers_own_warnings_stay_inside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(tmp_path, "row_count", "CALL wipe({table})")
    refusal(tmp_path)
    assert capsys.readouterr().err == ""


def test_every_section_is_written_in_the_short_form() -> None:
    forms = ("Daily ", "Weekly ", "Monthly ", "E1 ", "E2 ", "E3 ", "Pre-payroll ", "Post-payroll ", "T", "K")
    for query in map(LIBRARY.get, LIBRARY.names()):
        assert isinstance(query, Query)
        for section in query.section.split(", "):
            assert section == "Monitoring" or (section.startswith(forms) and section[-1].isdigit()), query.name
